// SPDX-License-Identifier: Apache-2.0
// Pods: what is read of a manifest, Kubernetes' defaults, and what the parts owe each other. The fields one by one: kubernetes_fields_test.cpp.
#include "sync/model/pod_spec.hpp"

#include <gtest/gtest.h>

#include <functional>
#include <nlohmann/json.hpp>
#include <string>

#include "base/limits/model.hpp"
#include "sync/model/kubernetes_examples.hpp"

namespace holdfast::sync {
namespace {

using base::Code;
using base::Json;
using std::chrono::seconds;
namespace limits = base::limits;

Json pod_json() {
  return *base::parse_json(
      R"({"metadata": {"name": "a"}, "spec": {"containers": [{"name": "app", "image": "app:1"}]}})");
}

base::Result<PodTemplate> parse(const char* pointer, Json value) {
  Json pod = pod_json();
  pod[Json::json_pointer(pointer)] = std::move(value);
  return parse_pod(pod);
}

TEST(PodSpec, HasKubernetesDefaults) {
  const auto pod = parse_pod(pod_json());
  ASSERT_TRUE(pod) << pod.error().message();
  EXPECT_EQ(pod->spec.restart_policy, RestartPolicy::kAlways);
  EXPECT_EQ(pod->spec.termination_grace, seconds{30});
  EXPECT_FALSE(pod->spec.host_network);
  ASSERT_EQ(pod->spec.containers.size(), 1U);
  const auto& app = pod->spec.containers.front();
  EXPECT_EQ(app.image.text(), "docker.io/library/app:1");
  EXPECT_EQ(app.pull_policy, PullPolicy::kIfNotPresent);
  EXPECT_TRUE(app.command.empty());
  EXPECT_EQ(app.working_dir, "");
  EXPECT_FALSE(app.liveness);
  EXPECT_EQ(app.security, ContainerSecurity{});
  EXPECT_EQ(app.resources, ContainerResources{});
}

TEST(PodSpec, ReadsAWholeOne) {
  const auto pod = parse_pod(*base::parse_json(kPodExample));
  ASSERT_TRUE(pod) << pod.error().message();
  EXPECT_EQ(pod->labels, (StringMap{{"app", "camera"}}));
  const PodSpec& spec = pod->spec;
  EXPECT_EQ(spec.termination_grace, seconds{20});
  EXPECT_EQ(spec.hostname, "cam");
  EXPECT_EQ(spec.host_aliases, (std::vector<HostAlias>{{"10.0.0.7", {"store", "store.example.com"}}}));
  EXPECT_EQ(spec.image_pull_secrets, (std::vector<std::string>{"registry"}));
  EXPECT_EQ(spec.security.fs_group, 2000U);
  EXPECT_EQ(spec.security.supplemental_groups, (std::vector<std::uint32_t>{44}));
  ASSERT_EQ(spec.init_containers.size(), 2U);
  EXPECT_FALSE(spec.init_containers[0].is_sidecar);
  EXPECT_TRUE(spec.init_containers[1].is_sidecar);
  EXPECT_EQ(
      spec.volumes,
      (std::vector<VolumeSpec>{
          {"conf",
           DataVolume{DataVolume::Kind::kConfigMap, "settings", {{"mode", "a/mode", 0400}}, 0444, true}},
          {"keys",
           DataVolume{DataVolume::Kind::kSecret, "token", {{"token", "token", std::nullopt}}, 0400, false}},
          {"tmp", EmptyDirVolume{true, 64U << 20U}},
          {"data", HostPathVolume{"/var/lib/camera", HostPathType::kDirectoryOrCreate}}}));
}

TEST(PodSpec, ReadsAWholeContainer) {
  const auto pod = parse_pod(*base::parse_json(kPodExample));
  ASSERT_TRUE(pod) << pod.error().message();
  const ContainerSpec& app = pod->spec.containers.at(0);
  EXPECT_EQ(app.name, "app");
  EXPECT_EQ(app.image.registry, "registry.example.com:5000");
  EXPECT_EQ(app.command, (std::vector<std::string>{"./app"}));
  EXPECT_EQ(app.args, (std::vector<std::string>{"--name=$(NODE)"}));
  EXPECT_EQ(app.working_dir, "/srv");
  EXPECT_EQ(app.env,
            (std::vector<PodVariable>{{"LEVEL", "info"},
                                      {"MODE", ConfigMapKey{{"settings", "mode"}, true}},
                                      {"TOKEN", SecretKey{{"token", "token"}, false}},
                                      {"NODE", PodField{PodField::Kind::kNodeName, ""}},
                                      {"CPUS", ResourceField{ResourceField::Kind::kLimitsCpu, "app", 1}}}));
  EXPECT_EQ(app.env_from, (std::vector<EnvFrom>{{EnvFrom::Kind::kConfigMap, "settings", "C_", true},
                                                {EnvFrom::Kind::kSecret, "token", "", false}}));
  EXPECT_EQ(app.ports, (std::vector<ContainerPort>{{"http", 8080, 80, "0.0.0.0", Protocol::kTcp}}));
  EXPECT_EQ(app.resources, (ContainerResources{2'000, 512U << 20U, 500, 512U << 20U, 1}));
  EXPECT_EQ(std::get<HttpGetAction>(app.liveness->action).port, 8080) << "by its name";
  EXPECT_EQ(app.liveness->failure_threshold, 4);
  EXPECT_EQ(std::get<ExecAction>(app.readiness->action).command, (std::vector<std::string>{"cat", "ready"}));
  EXPECT_EQ(std::get<TcpSocketAction>(app.startup->action).port, 8080);
  EXPECT_EQ(app.pre_stop, PreStop{seconds{5}});
  EXPECT_EQ(app.mounts, (std::vector<VolumeMount>{{"conf", "/etc/app", "a/b", true}}));
}

TEST(PodSpec, AContainerHasWhatItsPodSaysOfUsers) {
  const auto pod = parse_pod(*base::parse_json(kPodExample));
  ASSERT_TRUE(pod) << pod.error().message();
  const ContainerSecurity& security = pod->spec.containers.at(0).security;
  EXPECT_EQ(security.user, (UserSecurity{1000, 1000, true, Seccomp::kRuntimeDefault}));
  EXPECT_EQ(security.allow_privilege_escalation, false);
  EXPECT_TRUE(security.read_only_root);
  EXPECT_EQ(security.capabilities_add, (std::vector<std::string>{"NET_BIND_SERVICE"}));
  EXPECT_EQ(security.capabilities_drop, (std::vector<std::string>{"ALL"}));
  EXPECT_EQ(pod->spec.init_containers.at(0).security.user,
            (UserSecurity{1000, {}, {}, Seccomp::kRuntimeDefault}));
}

TEST(PodSpec, OnlyATagThatMovesIsAlwaysPulled) {
  const auto policy = [](const char* image) {
    return parse("/spec/containers/0/image", image)->spec.containers.at(0).pull_policy;
  };
  EXPECT_EQ(policy("app"), PullPolicy::kAlways);
  EXPECT_EQ(policy("app:latest"), PullPolicy::kAlways);
  EXPECT_EQ(policy("app:1"), PullPolicy::kIfNotPresent);
  EXPECT_EQ(policy("app@sha256:0000000000000000000000000000000000000000000000000000000000000001"),
            PullPolicy::kIfNotPresent);
}

TEST(PodSpec, OnTheNetworkOfTheNodeAPortIsTheNodes) {
  Json pod = pod_json();
  pod["spec"]["hostNetwork"] = true;
  pod["spec"]["containers"][0]["ports"] = {{{"containerPort", 9100}}};
  const auto read = parse_pod(pod);
  ASSERT_TRUE(read) << read.error().message();
  EXPECT_EQ(read->spec.containers.at(0).ports.at(0).host_port, 9100);
  EXPECT_TRUE(holds_host_port(read->spec));
  EXPECT_FALSE(holds_host_port(parse_pod(pod_json())->spec));
}

TEST(PodSpec, NoCommandIsTheImagesOwn) {
  const auto pod = parse("/spec/containers/0/args", {"--fast"});
  ASSERT_TRUE(pod) << pod.error().message();
  EXPECT_TRUE(pod->spec.containers.at(0).command.empty());
}

TEST(PodSpec, ProgramsMayBeRelativeToTheirWorkingFolder) {
  const auto pod = parse("/spec/containers/0/livenessProbe", {{"exec", {{"command", {"./check"}}}}});
  ASSERT_TRUE(pod) << pod.error().message();
  EXPECT_EQ(std::get<ExecAction>(pod->spec.containers.at(0).liveness->action).command,
            (std::vector<std::string>{"./check"}));
}

TEST(PodSpec, ResourcesAreBounded) {
  const auto limited = [](const char* name, Json amount) {
    return parse("/spec/containers/0/resources", {{"limits", {{name, std::move(amount)}}}}).has_value();
  };
  EXPECT_TRUE(limited("memory", limits::kContainerMemoryBytesMin));
  EXPECT_FALSE(limited("memory", limits::kContainerMemoryBytesMin - 1));
  EXPECT_TRUE(limited("nvidia.com/gpu", limits::kGpusMax));
  EXPECT_FALSE(limited("nvidia.com/gpu", limits::kGpusMax + 1));
}

TEST(PodSpec, ARequestThatIsNotWrittenIsTheLimit) {
  const auto resources = [](const char* text) {
    return parse("/spec/containers/0/resources", *base::parse_json(text))->spec.containers.at(0).resources;
  };
  EXPECT_EQ(resources(R"({"limits": {"cpu": 1}})").cpu_milli_request, 1'000U);
  EXPECT_EQ(resources(R"({"requests": {"cpu": "250m"}})").cpu_milli_request, 250U);
  EXPECT_EQ(resources(R"({"requests": {"cpu": 0, "memory": "0"}})"), ContainerResources{});
}

TEST(PodSpec, RootOfTheNodeMayBeAHostPath) {
  const auto pod = parse("/spec/volumes", {{{"name", "root"}, {"hostPath", {{"path", "/"}}}}});
  ASSERT_TRUE(pod) << pod.error().message();
  EXPECT_EQ(std::get<HostPathVolume>(pod->spec.volumes.at(0).source).path, "/");
}

struct Bad {
  const char* name;
  const char* pointer;
  const char* value;
  const char* message;
};
class PodSpecRefuses : public testing::TestWithParam<Bad> {};

TEST_P(PodSpecRefuses, AndNamesTheField) {
  const auto pod = parse(GetParam().pointer, *base::parse_json(GetParam().value));
  ASSERT_FALSE(pod);
  EXPECT_EQ(pod.error().message(), GetParam().message);
}

#define APP "/spec/containers/0"
#define APP_AT "spec.containers[0]"
constexpr auto kName = [](const auto& row) { return row.param.name; };

INSTANTIATE_TEST_SUITE_P(
    Pod, PodSpecRefuses,
    testing::Values(
        Bad{"NoContainers", "/spec/containers", "[]", "spec.containers: must hold at least one container"},
        Bad{"NameTwice", "/spec/initContainers", R"([{"name": "app", "image": "b"}])",
            "spec.containers[0].name: \"app\" is there twice; change one"},
        Bad{"VolumeTwice", "/spec/volumes",
            R"([{"name": "v", "emptyDir": {}}, {"name": "v", "emptyDir": {}}])",
            "spec.volumes[1].name: \"v\" is there twice; change one"},
        Bad{"VolumeIsNotThere", APP "/volumeMounts", R"([{"name": "v", "mountPath": "/v"}])",
            APP_AT ".volumeMounts[0].name: \"v\" is the name of no volume of this pod"},
        Bad{"DnsPolicyNone", "/spec/dnsPolicy", R"("None")",
            "spec.dnsPolicy: \"None\" is not supported: a container gets the name servers of its node; set "
            "them there"},
        Bad{"Hostname", "/spec/hostname", R"("a.b")",
            "spec.hostname: \"a.b\" is not a name: lower-case letters, digits and '-', starting and ending "
            "with a letter "
            "or digit"},
        Bad{"HostAlias", "/spec/hostAliases", R"([{"ip": "1.2.3", "hostnames": ["a"]}])",
            "spec.hostAliases[0].ip: \"1.2.3\" is not an IP address"},
        Bad{"NodeSelector", "/spec/nodeSelector", R"({"gpu": "yes"})",
            "spec.nodeSelector: the Application's placement says which node runs it; write the labels as "
            "spec.placement.selector there"},
        Bad{"Misspelt", "/spec/restartPolicies", "1",
            "spec: unknown field \"restartPolicies\"; did you mean \"restartPolicy\"?"}),
    kName);

INSTANTIATE_TEST_SUITE_P(
    Container, PodSpecRefuses,
    testing::Values(
        Bad{"Image", APP "/image", R"("App")",
            APP_AT ".image: \"App\" is not an image such as \"registry.example.com/team/app:1.2\": its name "
                   "is lower-case "
                   "letters and digits, with '.', '_', '-' and '/' between"},
        Bad{"PullPolicy", APP "/imagePullPolicy", R"("Sometimes")",
            APP_AT ".imagePullPolicy: must be one of Always, IfNotPresent, Never"},
        Bad{"EmptyProgram", APP "/command", R"([""])", APP_AT ".command: must name a program"},
        Bad{"RestartPolicy", APP "/restartPolicy", R"("Always")",
            APP_AT ".restartPolicy: is of init containers alone; write the pod's"},
        Bad{"RestartPolicyOfInit", "/spec/initContainers",
            R"([{"name": "i", "image": "i", "restartPolicy": "Never"}])",
            "spec.initContainers[0].restartPolicy: must be Always, which makes it a sidecar; or take it out"},
        Bad{"ProbeOfInit", "/spec/initContainers",
            R"([{"name": "i", "image": "i", "livenessProbe": {"exec": {"command": ["a"]}}}])",
            "spec.initContainers[0].livenessProbe: an init container has none, unless restartPolicy: Always "
            "makes it a "
            "sidecar"},
        Bad{"MountTwice", APP "/volumeMounts",
            R"([{"name": "v", "mountPath": "/v"}, {"name": "v", "mountPath": "/v/"}])",
            APP_AT ".volumeMounts: the mountPath \"/v\" is there twice; remove one"},
        Bad{"MountPath", APP "/volumeMounts", R"([{"name": "v", "mountPath": "/a:b"}])",
            APP_AT ".volumeMounts[0].mountPath: \"/a:b\" holds a ':', which engines do not take"},
        Bad{"SubPathOutOfTheVolume", APP "/volumeMounts",
            R"([{"name": "v", "mountPath": "/a", "subPath": "../b"}])",
            APP_AT ".volumeMounts[0].subPath: \"/../b\" holds \"..\"; write the path without it"},
        Bad{"SleepTooLong", APP "/lifecycle", R"({"preStop": {"sleep": {"seconds": 31}}})",
            APP_AT
            ".lifecycle.preStop.sleep.seconds: is more than terminationGracePeriodSeconds, which is 30"},
        Bad{"TwoHooks", APP "/lifecycle",
            R"({"preStop": {"sleep": {"seconds": 1}, "exec": {"command": ["a"]}}})",
            APP_AT ".lifecycle.preStop: exactly one of exec and sleep must be given"},
        Bad{"NamedPort", APP "/livenessProbe", R"({"httpGet": {"port": "http"}})",
            APP_AT ".livenessProbe.httpGet.port: \"http\" is the name of no port of this container"},
        Bad{"StartupSuccess", APP "/startupProbe", R"({"exec": {"command": ["a"]}, "successThreshold": 2})",
            APP_AT ".startupProbe.successThreshold: must be 1 for a startup probe"}),
    kName);

INSTANTIATE_TEST_SUITE_P(
    Env, PodSpecRefuses,
    testing::Values(
        Bad{"Twice", APP "/env", R"([{"name": "A"}, {"name": "A"}])",
            APP_AT ".env: \"A\" is there twice; remove one"},
        Bad{"TwoSources", APP "/env",
            R"([{"name": "A", "valueFrom": {"fieldRef": {"fieldPath": "metadata.name"}, "secretKeyRef": {"name": "a", "key": "b"}}}])",
            APP_AT ".env[0].valueFrom: exactly one of configMapKeyRef, fieldRef, resourceFieldRef and "
                   "secretKeyRef must be "
                   "given"},
        Bad{"NoSource", APP "/env", R"([{"name": "A", "valueFrom": {}}])",
            APP_AT ".env[0].valueFrom: exactly one of configMapKeyRef, fieldRef, resourceFieldRef and "
                   "secretKeyRef must be "
                   "given"},
        Bad{"ValueTwice", APP "/env",
            R"([{"name": "A", "value": "", "valueFrom": {"fieldRef": {"fieldPath": "metadata.name"}}}])",
            APP_AT ".env[0]: only one of value and valueFrom may be given"},
        Bad{"PodIp", APP "/env",
            R"([{"name": "A", "valueFrom": {"fieldRef": {"fieldPath": "status.podIP"}}}])",
            APP_AT ".env[0].valueFrom.fieldRef.fieldPath: \"status.podIP\" is known only when the container "
                   "is made; listen "
                   "on 0.0.0.0, or use hostNetwork and status.hostIP"},
        Bad{"Uid", APP "/env", R"([{"name": "A", "valueFrom": {"fieldRef": {"fieldPath": "metadata.uid"}}}])",
            APP_AT
            ".env[0].valueFrom.fieldRef.fieldPath: \"metadata.uid\" is not supported; there are "
            "metadata.name, "
            "metadata.namespace, metadata.labels['KEY'], metadata.annotations['KEY'], spec.nodeName and "
            "status.hostIP"},
        Bad{"Resource", APP "/env",
            R"([{"name": "A", "valueFrom": {"resourceFieldRef": {"resource": "limits.disk"}}}])",
            APP_AT ".env[0].valueFrom.resourceFieldRef.resource: must be one of limits.cpu, limits.memory, "
                   "requests.cpu, "
                   "requests.memory"},
        Bad{"Divisor", APP "/env",
            R"([{"name": "A", "valueFrom": {"resourceFieldRef": {"resource": "limits.memory", "divisor": "1m"}}}])",
            APP_AT
            ".env[0].valueFrom.resourceFieldRef.divisor: must be a whole number for memory, such as 1Mi"},
        Bad{"OtherContainer", APP "/env",
            R"([{"name": "A", "valueFrom": {"resourceFieldRef": {"resource": "limits.cpu", "containerName": "b"}}}])",
            APP_AT ".env[0].valueFrom.resourceFieldRef.containerName: \"b\" is the name of no container of "
                   "this pod"},
        Bad{"EnvFromNothing", APP "/envFrom", R"([{"prefix": "A"}])",
            APP_AT ".envFrom[0]: exactly one of configMapRef and secretRef must be given"}),
    kName);

INSTANTIATE_TEST_SUITE_P(
    Ports, PodSpecRefuses,
    testing::Values(Bad{"HostPortTwice", APP "/ports",
                        R"([{"containerPort": 1, "hostPort": 80}, {"containerPort": 2, "hostPort": 80}])",
                        APP_AT ".ports[1].hostPort: 80 is there twice; change one"},
                    Bad{"HostAddressAlone", APP "/ports", R"([{"containerPort": 1, "hostIP": "::1"}])",
                        APP_AT ".ports[0].hostIP: means nothing without hostPort; write one, or take it out"},
                    Bad{"NameTwice", APP "/ports",
                        R"([{"containerPort": 1, "name": "a"}, {"containerPort": 2, "name": "a"}])",
                        APP_AT ".ports: the name \"a\" is there twice; change one"},
                    Bad{"NameTooLong", APP "/ports", R"([{"containerPort": 1, "name": "abcdefghijklmnop"}])",
                        APP_AT ".ports[0].name: \"abcdefghijklmnop\" must be at most 15 lower-case letters, "
                               "digits and '-', with a "
                               "letter"},
                    Bad{"Sctp", APP "/ports", R"([{"containerPort": 1, "protocol": "SCTP"}])",
                        APP_AT ".ports[0].protocol: \"SCTP\" is not supported; there are TCP and UDP"}),
    kName);

INSTANTIATE_TEST_SUITE_P(
    Resources, PodSpecRefuses,
    testing::Values(Bad{"Other", APP "/resources", R"({"limits": {"ephemeral-storage": "1Gi"}})",
                        APP_AT ".resources.limits: \"ephemeral-storage\" is not supported; there are cpu, "
                               "memory and nvidia.com/gpu"},
                    Bad{"TooLittleMemory", APP "/resources", R"({"limits": {"memory": "5Mi"}})",
                        APP_AT ".resources.limits.memory: less than 6Mi of memory; a mebibyte is written Mi "
                               "(\"m\" is a thousandth)"},
                    Bad{"HalfAGpu", APP "/resources", R"({"limits": {"nvidia.com/gpu": "500m"}})",
                        APP_AT
                        ".resources.limits[\"nvidia.com/gpu\"]: must be a whole number of GPUs from 0 to 64"},
                    Bad{"GpuRequested", APP "/resources", R"({"requests": {"nvidia.com/gpu": 1}})",
                        APP_AT ".resources: nvidia.com/gpu must be the same in requests and limits"},
                    Bad{"RequestOverLimit", APP "/resources",
                        R"({"limits": {"cpu": 1}, "requests": {"cpu": 2}})",
                        APP_AT ".resources.requests.cpu: is more than the limit"}),
    kName);

INSTANTIATE_TEST_SUITE_P(
    Security, PodSpecRefuses,
    testing::Values(
        Bad{"Capability", APP "/securityContext", R"({"capabilities": {"add": ["CAP_NET_ADMIN"]}})",
            APP_AT ".securityContext.capabilities.add[0]: \"CAP_NET_ADMIN\": write it without CAP_, as "
                   "Kubernetes does"},
        Bad{"NoCapability", APP "/securityContext", R"({"capabilities": {"drop": ["NET"]}})",
            APP_AT ".securityContext.capabilities.drop[0]: \"NET\" is not a capability such as "
                   "\"NET_ADMIN\", or \"ALL\""},
        Bad{"RootThatIsNone", APP "/securityContext", R"({"runAsNonRoot": true, "runAsUser": 0})",
            APP_AT ".securityContext: runAsNonRoot: true and runAsUser: 0 contradict each other; change one"},
        Bad{"PrivilegedWithout", APP "/securityContext",
            R"({"privileged": true, "allowPrivilegeEscalation": false})",
            APP_AT ".securityContext: allowPrivilegeEscalation: false contradicts privileged and SYS_ADMIN, "
                   "which may "
                   "everything; change one"},
        Bad{"SeccompOfTheNode", APP "/securityContext", R"({"seccompProfile": {"type": "Localhost"}})",
            APP_AT ".securityContext.seccompProfile.type: \"Localhost\" is not supported; write "
                   "RuntimeDefault, and the "
                   "profile into the engine's configuration"},
        Bad{"UserByName", "/spec/securityContext", R"({"runAsUser": "robot"})",
            "spec.securityContext.runAsUser: must be a whole number from 0 to 2147483647"}),
    kName);

INSTANTIATE_TEST_SUITE_P(
    Volumes, PodSpecRefuses,
    testing::Values(
        Bad{"NoSource", "/spec/volumes", R"([{"name": "v"}])",
            "spec.volumes[0]: exactly one of configMap, secret, emptyDir and hostPath must be given"},
        Bad{"TwoSources", "/spec/volumes", R"([{"name": "v", "emptyDir": {}, "hostPath": {"path": "/a"}}])",
            "spec.volumes[0]: exactly one of configMap, secret, emptyDir and hostPath must be given"},
        Bad{"Claim", "/spec/volumes", R"([{"name": "v", "persistentVolumeClaim": {"claimName": "a"}}])",
            "spec.volumes[0].persistentVolumeClaim: volumes of drivers need a cluster; write a hostPath of "
            "type "
            "DirectoryOrCreate, which outlives the pod"},
        Bad{"SizeOnDisk", "/spec/volumes", R"([{"name": "v", "emptyDir": {"sizeLimit": "1Gi"}}])",
            "spec.volumes[0].emptyDir.sizeLimit: nothing measures a folder on the disk; write medium: "
            "Memory, or take it "
            "out"},
        Bad{"HugePages", "/spec/volumes", R"([{"name": "v", "emptyDir": {"medium": "HugePages"}}])",
            "spec.volumes[0].emptyDir.medium: \"HugePages\" is not supported; write Memory, or take it out "
            "for the disk"},
        Bad{"HostPathType", "/spec/volumes",
            R"([{"name": "v", "hostPath": {"path": "/a", "type": "Folder"}}])",
            "spec.volumes[0].hostPath.type: must be one of DirectoryOrCreate, Directory, FileOrCreate, File, "
            "Socket, "
            "CharDevice, BlockDevice"},
        Bad{"ModeInDecimal", "/spec/volumes",
            R"([{"name": "v", "configMap": {"name": "m", "defaultMode": 644}}])",
            "spec.volumes[0].configMap.defaultMode: must be a whole number from 0 to 511"},
        Bad{"ModeWithSetuid", "/spec/volumes",
            R"([{"name": "v", "configMap": {"name": "m", "defaultMode": "4755"}}])",
            "spec.volumes[0].configMap.defaultMode: \"4755\" must be octal from \"0000\" to \"0777\", or a "
            "number from 0 to "
            "511"},
        Bad{"ItemTwice", "/spec/volumes",
            R"([{"name": "v", "secret": {"secretName": "s", "items": [{"key": "a", "path": "p"}, {"key": "b", "path": "p"}]}}])",
            "spec.volumes[0].secret.items: the path \"p\" is there twice; remove one"},
        Bad{"ItemOutOfTheVolume", "/spec/volumes",
            R"([{"name": "v", "configMap": {"name": "m", "items": [{"key": "a", "path": "/etc/passwd"}]}}])",
            "spec.volumes[0].configMap.items[0].path: \"/etc/passwd\" must be relative, such as "
            "\"conf/app.yaml\""}),
    kName);

/// At the limit a list is read, over it an error names it.
TEST(PodSpec, ListsAreBounded) {
  const auto list = [](std::size_t count, auto make) {
    Json out = Json::array();
    for (std::size_t i = 0; i < count; ++i) out.push_back(make(std::to_string(i)));
    return out;
  };
  const auto container = [](const std::string& i) { return Json{{"name", "c" + i}, {"image", "a:1"}}; };
  const auto volume = [](const std::string& i) {
    return Json{{"name", "v" + i}, {"emptyDir", Json::object()}};
  };
  const auto port = [](const std::string& i) { return Json{{"containerPort", 1 + std::stoi(i)}}; };
  const auto source = [](const std::string& i) { return Json{{"secretRef", {{"name", "s" + i}}}}; };
  const auto alias = [](const std::string& i) { return Json{{"ip", "10.0.0." + i}}; };
  struct Row {
    const char* pointer;
    std::size_t max;
    std::function<Json(const std::string&)> make;
  };
  const Row rows[] = {{"/spec/containers", limits::kContainersPerPodMax, container},
                      {"/spec/initContainers", limits::kContainersPerPodMax, container},
                      {"/spec/volumes", limits::kVolumesPerPodMax, volume},
                      {"/spec/hostAliases", limits::kHostAliasesMax, alias},
                      {APP "/ports", limits::kPortsPerContainerMax, port},
                      {APP "/envFrom", limits::kEnvFromMax, source}};
  for (const auto& row : rows) {
    const auto most = parse(row.pointer, list(row.max, row.make));
    EXPECT_TRUE(most) << row.pointer << ": " << most.error().message();
    const auto more = parse(row.pointer, list(row.max + 1, row.make));
    ASSERT_FALSE(more) << row.pointer;
    EXPECT_EQ(more.error().code(), Code::kLimit) << more.error().message();
  }
}

TEST(PodSpec, MountsAndItemsAreBounded) {
  const auto mounts = [](std::size_t count) {
    Json pod = pod_json();
    pod["spec"]["volumes"] = {{{"name", "v"}, {"emptyDir", Json::object()}}};
    for (std::size_t i = 0; i < count; ++i) {
      pod["spec"]["containers"][0]["volumeMounts"].push_back(
          {{"name", "v"}, {"mountPath", "/m" + std::to_string(i)}});
    }
    return parse_pod(pod);
  };
  EXPECT_TRUE(mounts(limits::kMountsPerContainerMax));
  EXPECT_EQ(mounts(limits::kMountsPerContainerMax + 1).error().code(), Code::kLimit);
  const auto items = [](std::size_t count) {
    Json list = Json::array();
    for (std::size_t i = 0; i < count; ++i) list.push_back({{"key", "k"}, {"path", "p" + std::to_string(i)}});
    return parse("/spec/volumes", {{{"name", "v"}, {"configMap", {{"name", "m"}, {"items", list}}}}});
  };
  EXPECT_TRUE(items(limits::kVolumeItemsMax));
  EXPECT_EQ(items(limits::kVolumeItemsMax + 1).error().code(), Code::kLimit);
}

}  // namespace
}  // namespace holdfast::sync
