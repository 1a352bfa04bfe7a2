// SPDX-License-Identifier: Apache-2.0
// What a ContainerSpec says is so inside a real container.
#include <unistd.h>

#include <filesystem>
#include <fstream>

#include "base/engine_contract.hpp"

namespace holdfast::base {
namespace {

class PodmanEngineContract : public EngineContract {
 protected:
  /// Runs it to its end, and gives back what it said.
  std::string said_by(ContainerSpec spec, const std::string& script) {
    spec.arguments = {"sh", "-c", script + "; echo END"};
    const ContainerId id = started(spec);
    EXPECT_TRUE(until_says(id, "END\n"));
    const auto output = logs(id);
    EXPECT_DONE(output);
    const std::string text = output ? output->text : "";
    return text.substr(0, text.rfind("END\n"));
  }
};
INSTANTIATE_TEST_SUITE_P(Engine, PodmanEngineContract,
                         testing::Values(EngineKind{"Podman", [] { return make_podman_world(); }}),
                         engine_kind_name);

TEST_P(PodmanEngineContract, EnvironmentFolderHostnameAndUser) {
  ContainerSpec spec = world().that_runs("hf.surroundings");
  spec.env = {{"GREETING", "hello \"world\" ä"}, {"EMPTY", ""}};
  spec.working_dir = "/bin";
  spec.hostname = "camera-1";
  spec.user = "1000:1001";
  EXPECT_EQ(
      said_by(spec, "echo \"$GREETING|$EMPTY\"; echo $PWD; cat /proc/sys/kernel/hostname; id -u; id -g"),
      "hello \"world\" ä|\n/bin\ncamera-1\n1000\n1001\n");
}

TEST_P(PodmanEngineContract, EntrypointAndArguments) {
  ContainerSpec spec = world().that_runs("hf.words");
  spec.entrypoint = {"echo", "one two"};
  spec.arguments = {"three", "END"};
  const ContainerId id = started(spec);
  ASSERT_TRUE(until_says(id, "END\n"));
  EXPECT_EQ(logs(id)->text, "one two three END\n");
}

TEST_P(PodmanEngineContract, AMemoryMountIsEmptyWhateverTheImageHasThere) {
  ContainerSpec spec = world().that_runs("hf.memory");
  spec.memory_mounts = {{"/opt", 1U << 20U, 01777}};
  EXPECT_EQ(said_by(spec, "ls /opt; echo mine > /opt/y && cat /opt/y"), "mine\n");
}

TEST_P(PodmanEngineContract, AMemoryMountWhereTheImageHasNothingIsForEverybody) {
  ContainerSpec spec = world().that_runs("hf.memory");
  spec.memory_mounts = {{"/scratch", 1U << 20U, 01777}};
  spec.user = "1000:1000";
  EXPECT_EQ(said_by(spec, "echo mine > /scratch/y && cat /scratch/y"), "mine\n");
}

TEST_P(PodmanEngineContract, BindsMemoryMountsAndAReadOnlyRoot) {
  std::string folder = (std::filesystem::temp_directory_path() / "holdfast-bind-XXXXXX").string();
  ASSERT_NE(::mkdtemp(folder.data()), nullptr);
  std::ofstream(folder + "/given") << "from the host\n";
  ContainerSpec spec = world().that_runs("hf.mounts");
  spec.binds = {{folder, "/data", false}, {folder + "/given", "/one-file", true}};
  spec.memory_mounts = {{"/scratch", 1U << 20U, 0700}};
  spec.read_only_root = true;
  EXPECT_EQ(said_by(spec,
                    "cat /one-file; echo back > /data/taken; echo x > /scratch/y && cat /scratch/y; "
                    "(echo x > /one-file) 2>/dev/null || echo one-file; (echo x > /root-file) 2>/dev/null || "
                    "echo root"),
            "from the host\nx\none-file\nroot\n");
  std::ifstream taken(folder + "/taken");
  std::string line;
  std::getline(taken, line);
  EXPECT_EQ(line, "back");
  std::filesystem::remove_all(folder);
}

TEST_P(PodmanEngineContract, CapabilitiesAndPrivileges) {
  ContainerSpec none = world().that_runs("hf.none");
  none.capabilities_drop = {"ALL"};
  none.no_new_privileges = true;
  EXPECT_EQ(said_by(none,
                    "while read name value; do case $name in CapEff:|NoNewPrivs:) echo $value;; esac; done < "
                    "/proc/self/status"),
            "0000000000000000\n1\n");
  ContainerSpec one = world().that_runs("hf.one");
  one.capabilities_drop = {"ALL"};
  one.capabilities_add = {"NET_BIND_SERVICE"};
  EXPECT_EQ(
      said_by(
          one,
          "while read name value; do case $name in CapEff:) echo $value;; esac; done < /proc/self/status"),
      "0000000000000400\n");
}

TEST_P(PodmanEngineContract, AMemoryLimitEndsWhatTakesMore) {
  ContainerSpec spec = world().that_runs("hf.greedy");
  spec.memory_bytes_max = 16U << 20U;
  spec.arguments = {"sh", "-c", "x=0123456789abcdef; while :; do x=$x$x; done"};
  const ContainerId id = started(spec);
  ASSERT_TRUE(until_phase(id, ContainerPhase::kExited));
  EXPECT_NE(inspect(id)->exit_code, 0);
}

TEST_P(PodmanEngineContract, ANetworkIsSharedWithAnotherContainer) {
  ContainerSpec owning = world().that_runs("hf.owner");
  owning.hostname = "mypod";
  const ContainerId owner = started(owning);
  ContainerSpec spec = world().that_runs("hf.guest");
  spec.network = ContainerNetwork::kShared;
  spec.shared_with = owner;
  spec.arguments = {"sh", "-c", "hostname; ls -l /proc/self/ns/net; echo END"};
  const ContainerId guest = started(spec);
  ASSERT_TRUE(until_says(guest, "END\n"));
  const std::string text = logs(guest)->text;
  EXPECT_NE(text.find("mypod"), std::string::npos) << text;
  const auto state = inspect(owner);
  ASSERT_TRUE(state);
  const std::string mine =
      std::filesystem::read_symlink("/proc/" + std::to_string(state->pid) + "/ns/net").string();
  EXPECT_NE(text.find(mine), std::string::npos) << text << mine;
}

}  // namespace
}  // namespace holdfast::base
