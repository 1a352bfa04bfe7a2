// SPDX-License-Identifier: Apache-2.0
#include "base/engine/container_json.hpp"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>
#include <string>

#include "base/json.hpp"

namespace holdfast::base {
namespace {

Json create_json(const ContainerSpec& spec, EngineMake engine = EngineMake::kDocker) {
  return *parse_json(to_create_json(spec, engine));
}
Json text(const char* json) { return *parse_json(json); }

TEST(ContainerJson, APlainContainerLeavesAllToImageAndEngineButItsRestarts) {
  ContainerSpec spec;
  spec.name = ContainerName("hf.web");
  spec.image = "web:1";
  EXPECT_EQ(create_json(spec), text(R"({"Image":"web:1","Tty":false,"OpenStdin":false,
    "HostConfig":{"RestartPolicy":{"Name":"no"},"AutoRemove":false,"NetworkMode":"bridge"}})"));
}

TEST(ContainerJson, ProgramAndSurroundings) {
  ContainerSpec spec;
  spec.image = "web:1";
  spec.entrypoint = {"/bin/web", "-v"};
  spec.arguments = std::vector<std::string>{};
  spec.env = {{"A", "b=c"}, {"EMPTY", ""}};
  spec.labels = {{"holdfast.dev/key", "x"}};
  spec.working_dir = "/srv";
  spec.user = "1000:100";
  spec.hostname = "web";
  spec.extra_hosts = {{"db", "10.0.0.1"}};
  spec.stop_signal = "SIGINT";
  spec.stop_timeout = std::chrono::seconds(30);
  spec.init = true;
  spec.log_driver = "json-file";
  spec.log_options = {{"max-size", "1m"}};
  spec.runtime = "nvidia";
  const Json json = create_json(spec);
  EXPECT_EQ(json["Entrypoint"], text(R"(["/bin/web","-v"])"));
  EXPECT_EQ(json["Cmd"], text("[]"));
  EXPECT_EQ(json["Env"], text(R"(["A=b=c","EMPTY="])"));
  EXPECT_EQ(json["Labels"], text(R"({"holdfast.dev/key":"x"})"));
  EXPECT_EQ(json["WorkingDir"], "/srv");
  EXPECT_EQ(json["User"], "1000:100");
  EXPECT_EQ(json["Hostname"], "web");
  EXPECT_EQ(json["StopSignal"], "SIGINT");
  EXPECT_EQ(json["StopTimeout"], 30);
  const Json& host = json["HostConfig"];
  EXPECT_EQ(host["ExtraHosts"], text(R"(["db:10.0.0.1"])"));
  EXPECT_EQ(host["Init"], true);
  EXPECT_EQ(host["LogConfig"], text(R"({"Type":"json-file","Config":{"max-size":"1m"}})"));
  EXPECT_EQ(host["Runtime"], "nvidia");
}

TEST(ContainerJson, MountsAndNetworks) {
  ContainerSpec spec;
  spec.binds = {{"/data", "/var/lib/data", false}, {"/etc/x:y", "/x", true}};
  spec.memory_mounts = {{"/tmp", 1048576, 01777}, {"/run", {}, 0755}};
  spec.ports = {{80, 8080, "", PortProtocol::kTcp},
                {80, 8081, "127.0.0.1", PortProtocol::kTcp},
                {53, 53, "", PortProtocol::kUdp}};
  spec.ipc_is_shareable = true;
  const Json json = create_json(spec);
  const Json& host = json["HostConfig"];
  EXPECT_EQ(host["Mounts"],
            text(R"([{"Type":"bind","Source":"/data","Target":"/var/lib/data","ReadOnly":false},
    {"Type":"bind","Source":"/etc/x:y","Target":"/x","ReadOnly":true}])"));
  EXPECT_EQ(host["Tmpfs"], text(R"({"/tmp":"rw,mode=01777,size=1048576","/run":"rw,mode=0755"})"));
  EXPECT_EQ(create_json(spec, EngineMake::kPodman)["HostConfig"]["Tmpfs"],
            text(R"({"/tmp":"rw,mode=01777,notmpcopyup,size=1048576","/run":"rw,mode=0755,notmpcopyup"})"));
  EXPECT_EQ(json["ExposedPorts"], text(R"({"80/tcp":{},"53/udp":{}})"));
  EXPECT_EQ(host["PortBindings"],
            text(R"({"80/tcp":[{"HostIp":"","HostPort":"8080"},{"HostIp":"127.0.0.1","HostPort":"8081"}],
    "53/udp":[{"HostIp":"","HostPort":"53"}]})"));
  EXPECT_EQ(host["IpcMode"], "shareable");

  ContainerSpec sharing;
  sharing.network = ContainerNetwork::kShared;
  sharing.shared_with = ContainerId("ab");
  EXPECT_EQ(create_json(sharing)["HostConfig"]["NetworkMode"], "container:ab");
  EXPECT_EQ(create_json(sharing)["HostConfig"]["IpcMode"], "container:ab");
  EXPECT_FALSE(create_json(sharing)["HostConfig"].contains("UTSMode")) << "Docker would refuse it";
  EXPECT_EQ(create_json(sharing, EngineMake::kPodman)["HostConfig"]["UTSMode"], "container:ab");
  sharing.network = ContainerNetwork::kHost;
  EXPECT_EQ(create_json(sharing)["HostConfig"]["NetworkMode"], "host");
  sharing.network = ContainerNetwork::kNone;
  EXPECT_EQ(create_json(sharing)["HostConfig"]["NetworkMode"], "none");
}

TEST(ContainerJson, SecurityAndResources) {
  ContainerSpec spec;
  spec.read_only_root = true;
  spec.privileged = true;
  spec.no_new_privileges = true;
  spec.capabilities_add = {"NET_ADMIN"};
  spec.capabilities_drop = {"ALL"};
  spec.memory_bytes_max = 67108864;
  spec.cpu_milli_max = 1500;
  spec.cpu_shares = 512;
  spec.processes_max = 100;
  spec.devices = {{"/dev/video0", "/dev/video1", "rw"}};
  spec.device_requests = {{"nvidia", -1, {}, {"gpu"}}, {"cdi", 0, {"nvidia.com/gpu=0"}, {}}};
  const Json json = create_json(spec);
  const Json& host = json["HostConfig"];
  EXPECT_EQ(host["ReadonlyRootfs"], true);
  EXPECT_EQ(host["Privileged"], true);
  EXPECT_EQ(host["SecurityOpt"], text(R"(["no-new-privileges"])"));
  EXPECT_EQ(host["CapAdd"], text(R"(["NET_ADMIN"])"));
  EXPECT_EQ(host["CapDrop"], text(R"(["ALL"])"));
  EXPECT_EQ(host["Memory"], 67108864);
  EXPECT_EQ(host["NanoCpus"], 1500000000);
  EXPECT_EQ(host["CpuShares"], 512);
  EXPECT_EQ(host["PidsLimit"], 100);
  EXPECT_EQ(
      host["Devices"],
      text(R"([{"PathOnHost":"/dev/video0","PathInContainer":"/dev/video1","CgroupPermissions":"rw"}])"));
  EXPECT_EQ(host["DeviceRequests"],
            text(R"([{"Driver":"nvidia","Count":-1,"DeviceIDs":[],"Capabilities":[["gpu"]]},
    {"Driver":"cdi","Count":0,"DeviceIDs":["nvidia.com/gpu=0"],"Capabilities":[[]]}])"));
}

TEST(ContainerJson, ACommand) {
  ExecCommand command;
  EXPECT_FALSE(to_exec_json(command));
  command.argv = {"cat", "/etc/x"};
  command.env = {{"A", "b"}};
  command.user = "0";
  command.working_dir = "/";
  EXPECT_EQ(*parse_json(*to_exec_json(command)), text(R"({"AttachStdout":true,"AttachStderr":true,"Tty":false,
    "Cmd":["cat","/etc/x"],"Env":["A=b"],"User":"0","WorkingDir":"/"})"));
}

TEST(ContainerJson, NothingIsNobodyAndNeverAllOfThem) {
  EXPECT_EQ(container_target(ContainerId("ab"), "/json"), "/containers/ab/json");
  EXPECT_EQ(container_target(ContainerId(), "?v=1"), "/containers/-?v=1");
  EXPECT_EQ(image_target("r/web:1", "/json"), "/images/r/web:1/json");
  EXPECT_EQ(image_target("", ""), "/images/-");
}

TEST(ContainerJson, FiltersAndEscapes) {
  EXPECT_EQ(to_filter_json({{"a", "b"}, {"c", ""}}), R"({"label":["a=b","c"]})");
  EXPECT_EQ(query_escaped("a b&c=/:é"), "a%20b%26c%3D%2F%3A%C3%A9");
  EXPECT_EQ(path_escaped("r.io:5000/web@sha256:01?x"), "r.io:5000/web@sha256:01%3Fx");
}

}  // namespace
}  // namespace holdfast::base
