// SPDX-License-Identifier: Apache-2.0
#include "edge_agent/gpu_request.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "edge_agent/fake_boards.hpp"

namespace holdfast::edge_agent {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Pair;

/// As nvidia-ctk writes it.
const std::string kYaml =
    "---\ncdiVersion: 0.5.0\ncontainerEdits:\n  hooks:\n  - args:\n    - nvidia-ctk\n    hookName: "
    "createContainer\ndevices:\n- containerEdits:\n    deviceNodes:\n    - path: /dev/nvidia0\n  name: "
    "\"0\"\n"
    "- containerEdits:\n    deviceNodes:\n    - path: /dev/nvidia1\n  name: \"1\"\n- containerEdits: {}\n  "
    "name: "
    "all\nkind: nvidia.com/gpu\n";
const base::EngineAbilities kDocker{
    .gives_devices = true, .knows_cdi = false, .runtimes = {"nvidia", "runc"}};
const base::EngineAbilities kDockerWithCdi{
    .gives_devices = true, .knows_cdi = true, .runtimes = {"nvidia", "runc"}};

BoardFiles with(BoardFiles files, const std::string& path, const std::string& content) {
  files.emplace_back(path, content);
  return files;
}

GpuOffer offer_of(const BoardFiles& files) {
  const FakeBoard board(testing::TempDir(), files);
  return gpu_offer(MachineTree(board.root()));
}

base::ContainerSpec given(const BoardFiles& files, const base::EngineAbilities& engine,
                          const std::vector<std::uint32_t>& which = {0}) {
  base::ContainerSpec spec;
  const auto status = give_gpus(offer_of(files), engine, which, spec);
  EXPECT_TRUE(status) << status.error().message();
  return spec;
}

TEST(GpuOffer, CountsNvidiasGpusAndNothingBesideThem) {
  struct Row {
    const char* name;
    BoardFiles files;
    std::uint32_t count;
    bool is_jetson;
  };
  for (const auto& row :
       {Row{"Orin", jetson_agx_orin(), 1, true}, Row{"Xavier", jetson_agx_xavier(), 1, true},
        Row{"Nano", jetson_nano(), 1, true}, Row{"Raspberry Pi", raspberry_pi_4(), 0, false},
        Row{"gateway with Intel's", x86_gateway(), 0, false},
        Row{"two cards", x86_with_nvidia_cards(2), 2, false}}) {
    const auto offer = offer_of(row.files);
    EXPECT_EQ(offer.count, row.count) << row.name;
    EXPECT_EQ(offer.is_jetson, row.is_jetson) << row.name;
    EXPECT_THAT(offer.cdi, IsEmpty()) << row.name;
  }
}

TEST(GpuOffer, ReadsTheNamesOfCdiDevices) {
  const std::string json =
      R"({"cdiVersion":"0.5.0","kind":"nvidia.com/gpu","devices":[{"name":"0"},{"name":"1"},{"name":"all"}]})";
  const std::string uuids =
      "devices:\n- name: GPU-6a0c\n- name: GPU-77fe\n- name: all\nkind: nvidia.com/gpu\n";
  const auto two = x86_with_nvidia_cards(2);
  EXPECT_THAT(offer_of(with(two, "/etc/cdi/nvidia.yaml", kYaml)).cdi, ElementsAre("0", "1"));
  EXPECT_THAT(offer_of(with(two, "/var/run/cdi/nvidia.json", json)).cdi, ElementsAre("0", "1"));
  EXPECT_THAT(offer_of(with(two, "/etc/cdi/nvidia.yaml", uuids)).cdi, ElementsAre("GPU-6a0c", "GPU-77fe"));
  const std::string early = "devices:\n- name: all\nkind: nvidia.com/gpu\n";
  EXPECT_THAT(offer_of(with(jetson_agx_orin(), "/etc/cdi/nvidia.yaml", early)).cdi, ElementsAre("all"));
}

TEST(GpuOffer, ASpecificationWhoseKindStandsBehindFiveHundredKilobytesIsFound) {
  std::string content = "cdiVersion: 0.5.0\ncontainerEdits:\n";
  while (content.size() < 500'000) content += "  - hostPath: /usr/lib/aarch64-linux-gnu/tegra/libnvidia.so\n";
  content += "devices:\n- name: \"0\"\nkind: nvidia.com/gpu\n";
  EXPECT_THAT(offer_of(with(jetson_agx_orin(), "/etc/cdi/nvidia.yaml", content)).cdi, ElementsAre("0"));
}

TEST(GpuOffer, SpecificationsOfOtherDevicesAndDamagedOnesAreNotOfGpus) {
  auto files = with(x86_with_nvidia_cards(1), "/etc/cdi/vendor.yaml",
                    "cdiVersion: 0.5.0\nkind: vendor.com/fpga\n# nvidia.com/gpu\n");
  files = with(files, "/etc/cdi/nvidia.yaml.old", kYaml);
  files = with(files, "/etc/cdi/cut.json", R"({"kind":"nvidia.com/gpu","dev)");
  files = with(files, "/etc/cdi/number.json", R"({"kind":7})");
  EXPECT_THAT(offer_of(files).cdi, IsEmpty());
}

TEST(GpuRequest, OnAMachineWithCardsIsADeviceRequestOfTheDriver) {
  const auto spec = given(x86_with_nvidia_cards(2), kDocker, {0, 1});
  const base::DeviceRequest wanted{
      .driver = "nvidia", .count = 0, .ids = {"0", "1"}, .capabilities = {"gpu"}};
  EXPECT_THAT(spec.device_requests, ElementsAre(wanted));
  EXPECT_EQ(spec.runtime, "");
}

TEST(GpuRequest, OnAJetsonIsTheRuntimeThatGivesItsOneGpu) {
  for (const auto& files : {jetson_agx_orin(), jetson_agx_xavier(), jetson_nano()}) {
    const auto spec = given(files, kDocker);
    EXPECT_EQ(spec.runtime, "nvidia");
    EXPECT_THAT(spec.env, ElementsAre(Pair("NVIDIA_VISIBLE_DEVICES", "all"),
                                      Pair("NVIDIA_DRIVER_CAPABILITIES", "all")));
    EXPECT_THAT(spec.device_requests, IsEmpty());
  }
}

TEST(GpuRequest, LeavesWhatTheManifestSaysOfTheRuntimesVariables) {
  base::ContainerSpec spec;
  spec.env.emplace_back("NVIDIA_DRIVER_CAPABILITIES", "compute");
  ASSERT_TRUE(give_gpus(offer_of(jetson_agx_orin()), kDocker, {0}, spec));
  EXPECT_THAT(spec.env, ElementsAre(Pair("NVIDIA_DRIVER_CAPABILITIES", "compute"),
                                    Pair("NVIDIA_VISIBLE_DEVICES", "all")));
}

TEST(GpuRequest, IsByCdiWhereTheEngineReadsTheSpecification) {
  for (const auto& board : {x86_with_nvidia_cards(2), jetson_agx_orin()}) {
    const auto spec = given(with(board, "/etc/cdi/nvidia.yaml", kYaml), kDockerWithCdi);
    const base::DeviceRequest wanted{
        .driver = "cdi", .count = 0, .ids = {"nvidia.com/gpu=0"}, .capabilities = {}};
    EXPECT_THAT(spec.device_requests, ElementsAre(wanted));
    EXPECT_EQ(spec.runtime, "");
  }
  EXPECT_EQ(given(with(jetson_agx_orin(), "/etc/cdi/nvidia.yaml", kYaml), kDocker).runtime, "nvidia")
      << "an engine that reads none has its own way";
}

TEST(GpuRequest, OfNoneChangesNothing) {
  EXPECT_EQ(given(raspberry_pi_4(), base::EngineAbilities{}, {}), base::ContainerSpec{});
}

TEST(GpuRequest, AnEngineThatGivesNoneIsToldAsThat) {
  struct Row {
    const char* name;
    BoardFiles files;
    base::EngineAbilities engine;
    const char* message;
  };
  for (const auto& row :
       {Row{"podman", with(x86_with_nvidia_cards(1), "/etc/cdi/nvidia.yaml", kYaml), {}, "is podman"},
        Row{"a Jetson whose Docker was not configured",
            jetson_agx_orin(),
            {.gives_devices = true, .knows_cdi = true, .runtimes = {"runc"}},
            "nvidia-ctk runtime configure"}}) {
    base::ContainerSpec spec;
    const auto status = give_gpus(offer_of(row.files), row.engine, {0}, spec);
    ASSERT_FALSE(status) << row.name;
    EXPECT_EQ(status.error().code(), base::Code::kUnsupported) << row.name;
    EXPECT_THAT(status.error().message(), HasSubstr(row.message)) << row.name;
    EXPECT_EQ(spec, base::ContainerSpec{}) << row.name;
  }
}

}  // namespace
}  // namespace holdfast::edge_agent
