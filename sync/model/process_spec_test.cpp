// SPDX-License-Identifier: Apache-2.0
// Kind Process: fields and defaults of a Kubernetes container, and what is refused.
#include "sync/model/process_spec.hpp"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "base/limits/model.hpp"

namespace holdfast::sync {
namespace {

using base::Code;
using base::Json;
using std::chrono::seconds;
namespace limits = base::limits;

base::Result<ProcessSpec> parse(std::string_view spec) {
  const auto object =
      base::parse_json(R"({"apiVersion": "holdfast.dev/v1", "kind": "Process", "metadata": {}, "spec": )" +
                       std::string(spec) + "}");
  EXPECT_TRUE(object) << object.error().message();
  return parse_process_spec(*object);
}

/// A spec of one command and `more`.
std::string with(std::string_view more) { return R"({"command": ["sleep"], )" + std::string(more) + "}"; }

base::Result<ProcessSpec> with_json(Json spec) { return parse_process_spec(Json{{"spec", std::move(spec)}}); }

TEST(ProcessSpec, NeedsACommandAndHasKubernetesDefaults) {
  const auto spec = parse(R"({"command": ["/usr/bin/camera"]})");
  ASSERT_TRUE(spec) << spec.error().message();
  EXPECT_EQ(spec->command, (std::vector<std::string>{"/usr/bin/camera"}));
  EXPECT_TRUE(spec->args.empty());
  EXPECT_EQ(spec->working_dir, "/");
  EXPECT_EQ(spec->restart_policy, RestartPolicy::kAlways);
  EXPECT_EQ(spec->termination_grace, seconds{30});
  EXPECT_FALSE(spec->liveness);
  EXPECT_FALSE(spec->memory_bytes_max);
}

TEST(ProcessSpec, ReadsEveryField) {
  const auto spec = parse(R"({
    "command": ["camera", ""], "args": ["--fps", "30"],
    "env": [{"name": "A", "value": "1"}, {"name": "B"},
            {"name": "C", "valueFrom": {"configMapKeyRef": {"name": "m", "key": "k"}}}],
    "workingDir": "/srv//camera", "user": "1000:1000", "restartPolicy": "OnFailure",
    "livenessProbe": {"httpGet": {"port": 8080, "path": "/healthz", "httpHeaders": [{"name": "X-A", "value": "b c"}]},
                      "initialDelaySeconds": 3, "periodSeconds": 5, "timeoutSeconds": 2, "failureThreshold": 4},
    "readinessProbe": {"exec": {"command": ["true"]}, "successThreshold": 2},
    "resources": {"limits": {"memory": "128Mi", "cpu": "1500m"}},
    "terminationGracePeriodSeconds": 0})");
  ASSERT_TRUE(spec) << spec.error().message();
  EXPECT_EQ(spec->command, (std::vector<std::string>{"camera", ""}));
  EXPECT_EQ(spec->args, (std::vector<std::string>{"--fps", "30"}));
  ASSERT_EQ(spec->env.size(), 3U);
  EXPECT_EQ(spec->env[0].value, "1");
  EXPECT_EQ(spec->env[1].value, "");
  EXPECT_EQ(spec->env[2].config_map_key, (KeyRef{"m", "k"}));
  EXPECT_EQ(spec->working_dir, "/srv/camera");
  EXPECT_EQ(spec->user, "1000:1000");
  EXPECT_EQ(spec->restart_policy, RestartPolicy::kOnFailure);
  EXPECT_EQ(spec->memory_bytes_max, 128U << 20U);
  EXPECT_EQ(spec->cpu_milli_max, 1500U);
  EXPECT_EQ(spec->termination_grace, seconds{0});
  ASSERT_TRUE(spec->liveness);
  const auto& get = std::get<HttpGetAction>(spec->liveness->action);
  EXPECT_EQ(get.host, "127.0.0.1");
  EXPECT_EQ(get.port, 8080);
  EXPECT_EQ(get.path, "/healthz");
  EXPECT_EQ(get.headers, (std::vector<std::pair<std::string, std::string>>{{"X-A", "b c"}}));
  EXPECT_EQ(spec->liveness->initial_delay, seconds{3});
  EXPECT_EQ(spec->liveness->period, seconds{5});
  EXPECT_EQ(spec->liveness->timeout, seconds{2});
  EXPECT_EQ(spec->liveness->failure_threshold, 4);
  ASSERT_TRUE(spec->readiness);
  EXPECT_EQ(std::get<ExecAction>(spec->readiness->action).command, (std::vector<std::string>{"true"}));
  EXPECT_EQ(spec->readiness->success_threshold, 2);
}

TEST(ProcessSpec, QuantitiesMayBeNumbers) {
  const auto spec = parse(with(R"("resources": {"limits": {"memory": 1048576, "cpu": 0.5}})"));
  ASSERT_TRUE(spec) << spec.error().message();
  EXPECT_EQ(spec->memory_bytes_max, 1048576U);
  EXPECT_EQ(spec->cpu_milli_max, 500U);
}

TEST(ProcessSpec, ProbeOfAPortHasDefaults) {
  const auto spec = parse(with(R"("livenessProbe": {"tcpSocket": {"port": 65535, "host": "::1"}})"));
  ASSERT_TRUE(spec) << spec.error().message();
  EXPECT_EQ(std::get<TcpSocketAction>(spec->liveness->action).host, "::1");
  EXPECT_EQ(spec->liveness->period, seconds{10});
  EXPECT_EQ(spec->liveness->timeout, seconds{1});
  EXPECT_EQ(spec->liveness->success_threshold, 1);
  EXPECT_EQ(spec->liveness->failure_threshold, 3);
}

struct BadProcess {
  const char* name;
  std::string spec;
  const char* message;
};
class ProcessSpecRefuses : public testing::TestWithParam<BadProcess> {};

TEST_P(ProcessSpecRefuses, AndNamesTheField) {
  const auto spec = parse(GetParam().spec);
  ASSERT_FALSE(spec);
  EXPECT_EQ(spec.error().message(), GetParam().message);
}

INSTANTIATE_TEST_SUITE_P(
    Command, ProcessSpecRefuses,
    testing::Values(
        BadProcess{"NoCommand", "{}", "spec.command: must name a program"},
        BadProcess{"EmptyCommand", R"({"command": []})", "spec.command: must name a program"},
        BadProcess{"EmptyProgram", R"({"command": [""]})", "spec.command: must name a program"},
        BadProcess{"RelativeProgram", R"({"command": ["./camera"]})",
                   "spec.command: \"./camera\" must be an absolute path, or a plain name found in PATH"},
        BadProcess{"CommandIsAString", R"({"command": "sleep 1"})",
                   "spec.command: must be a list of strings, not a string"},
        BadProcess{"ArgumentIsANumber", R"({"command": ["sleep", 1]})",
                   "spec.command[1]: must be a string, not a number; put it in quotes"},
        BadProcess{"NulInArgument", with(R"("args": ["a\u0000b"])"),
                   "spec.args: holds a NUL character, which no program can be given"},
        BadProcess{"RelativeWorkingDir", with(R"("workingDir": "srv")"),
                   "spec.workingDir: \"srv\" is not absolute; a path on a node begins with '/'"},
        BadProcess{
            "UserWithGroupName", with(R"("user": "robot:robot")"),
            "spec.user: \"robot:robot\": a group can be given only with a number, as in \"1000:1000\""},
        BadProcess{"UserIsANumber", with(R"("user": 1000)"), "spec.user: must be a string; put it in quotes"},
        BadProcess{"UnknownRestartPolicy", with(R"("restartPolicy": "always")"),
                   "spec.restartPolicy: must be one of Always, OnFailure, Never"},
        BadProcess{"Misspelt", with(R"("arg": [])"), "spec: unknown field \"arg\"; did you mean \"args\"?"},
        BadProcess{"TooLongToBeReady", with(R"("minReadySeconds": 86401)"),
                   "spec.minReadySeconds: must be a whole number from 0 to 86400"},
        BadProcess{"NegativeGrace", with(R"("terminationGracePeriodSeconds": -1)"),
                   "spec.terminationGracePeriodSeconds: must be a whole number from 0 to 86400"}),
    [](const auto& row) { return row.param.name; });

INSTANTIATE_TEST_SUITE_P(
    Env, ProcessSpecRefuses,
    testing::Values(
        BadProcess{"NoName", with(R"("env": [{"value": "a"}])"),
                   "spec.env[0].name: this field is required and missing"},
        BadProcess{
            "NameWithEquals", with(R"("env": [{"name": "A=B"}])"),
            "spec.env[0].name: \"A=B\" must be letters, digits, '_', '-' and '.', not beginning with a "
            "digit"},
        BadProcess{"NameBeginsWithDigit", with(R"("env": [{"name": "A"}, {"name": "1A"}])"),
                   "spec.env[1].name: \"1A\" must be letters, digits, '_', '-' and '.', not beginning with a "
                   "digit"},
        BadProcess{"Twice", with(R"("env": [{"name": "A"}, {"name": "A"}])"),
                   "spec.env: \"A\" is there twice; remove one"},
        BadProcess{"ValueIsABoolean", with(R"("env": [{"name": "A", "value": true}])"),
                   "spec.env[0].value: must be a string, not a boolean; put it in quotes"},
        BadProcess{
            "ValueTwice",
            with(
                R"("env": [{"name": "A", "value": "", "valueFrom": {"configMapKeyRef": {"name": "m", "key": "k"}}}])"),
            "spec.env[0]: only one of value and valueFrom may be given"},
        BadProcess{"FieldRef", with(R"("env": [{"name": "A", "valueFrom": {"fieldRef": {}}}])"),
                   "spec.env[0].valueFrom.configMapKeyRef: this field is required and missing"},
        BadProcess{
            "SecretInEnv",
            with(R"("env": [{"name": "A", "valueFrom": {"secretKeyRef": {"name": "m", "key": "k"}}}])"),
            "spec.env[0].valueFrom.secretKeyRef: what a process is started with is kept on the node's disk, "
            "so "
            "a Secret may not be in it; write a File with contentFrom.secretKeyRef, and let the process read "
            "that"},
        BadProcess{"NulInValue", with(R"("env": [{"name": "A", "value": "a\u0000"}])"),
                   "spec.env[0].value: holds a NUL character, which no program can be given"}),
    [](const auto& row) { return row.param.name; });

INSTANTIATE_TEST_SUITE_P(
    Probes, ProcessSpecRefuses,
    testing::Values(
        BadProcess{"NoAction", with(R"("livenessProbe": {})"),
                   "spec.livenessProbe: exactly one of exec, httpGet and tcpSocket must be given"},
        BadProcess{"TwoActions",
                   with(R"("livenessProbe": {"exec": {"command": ["a"]}, "tcpSocket": {"port": 1}})"),
                   "spec.livenessProbe: exactly one of exec, httpGet and tcpSocket must be given"},
        BadProcess{"NamedPort", with(R"("livenessProbe": {"httpGet": {"port": "http"}})"),
                   "spec.livenessProbe.httpGet.port: must be a number: a Process has no named ports"},
        BadProcess{"PortZero", with(R"("livenessProbe": {"httpGet": {"port": 0}})"),
                   "spec.livenessProbe.httpGet.port: must be a whole number from 1 to 65535"},
        BadProcess{"PortTooLarge", with(R"("readinessProbe": {"tcpSocket": {"port": 65536}})"),
                   "spec.readinessProbe.tcpSocket.port: must be a whole number from 1 to 65535"},
        BadProcess{"Https", with(R"("livenessProbe": {"httpGet": {"port": 1, "scheme": "HTTPS"}})"),
                   "spec.livenessProbe.httpGet.scheme: \"HTTPS\" is not supported; only HTTP is"},
        BadProcess{"PathWithLineEnd",
                   with(R"("livenessProbe": {"httpGet": {"port": 1, "path": "/a\r\nX: y"}})"),
                   "spec.livenessProbe.httpGet.path: \"/a??X: y\" must begin with '/' and hold no spaces"},
        BadProcess{
            "HeaderWithLineEnd",
            with(
                R"("livenessProbe": {"httpGet": {"port": 1, "httpHeaders": [{"name": "A", "value": "a\nb"}]}})"),
            "spec.livenessProbe.httpGet.httpHeaders[0].value: holds a control character or is too long"},
        BadProcess{
            "HeaderNameWithSpace",
            with(
                R"("livenessProbe": {"httpGet": {"port": 1, "httpHeaders": [{"name": "A B", "value": ""}]}})"),
            "spec.livenessProbe.httpGet.httpHeaders[0].name: \"A B\" is not the name of an HTTP header"},
        BadProcess{"HostWithSpace", with(R"("livenessProbe": {"tcpSocket": {"port": 1, "host": "a b"}})"),
                   "spec.livenessProbe.tcpSocket.host: \"a b\" is not a host name or address"},
        BadProcess{"ExecWithoutCommand", with(R"("livenessProbe": {"exec": {}})"),
                   "spec.livenessProbe.exec.command: must name a program"},
        BadProcess{"PeriodZero", with(R"("livenessProbe": {"tcpSocket": {"port": 1}, "periodSeconds": 0})"),
                   "spec.livenessProbe.periodSeconds: must be a whole number from 1 to 86400"},
        BadProcess{"TimeoutTooLong",
                   with(R"("livenessProbe": {"tcpSocket": {"port": 1}, "timeoutSeconds": 301})"),
                   "spec.livenessProbe.timeoutSeconds: must be a whole number from 1 to 300"},
        BadProcess{"LivenessSuccess",
                   with(R"("livenessProbe": {"tcpSocket": {"port": 1}, "successThreshold": 2})"),
                   "spec.livenessProbe.successThreshold: must be 1 for a liveness probe"},
        BadProcess{"Grpc", with(R"("livenessProbe": {"grpc": {"port": 1}})"),
                   "spec.livenessProbe: unknown field \"grpc\""}),
    [](const auto& row) { return row.param.name; });

INSTANTIATE_TEST_SUITE_P(
    Resources, ProcessSpecRefuses,
    testing::Values(
        BadProcess{"Requests", with(R"("resources": {"requests": {"cpu": "1"}})"),
                   "spec.resources.requests: means nothing where no scheduler chooses a node; use limits"},
        BadProcess{
            "MilliBytes", with(R"("resources": {"limits": {"memory": "500m"}})"),
            "spec.resources.limits.memory: less than 1Mi of memory; a mebibyte is written Mi (\"m\" is a "
            "thousandth)"},
        BadProcess{
            "NegativeMemory", with(R"("resources": {"limits": {"memory": "-1Gi"}})"),
            "spec.resources.limits.memory: less than 1Mi of memory; a mebibyte is written Mi (\"m\" is a "
            "thousandth)"},
        BadProcess{"NoCpu", with(R"("resources": {"limits": {"cpu": "0"}})"),
                   "spec.resources.limits.cpu: must be at least 1m and a number of CPUs that can be, such as "
                   "\"500m\" or \"2\""},
        BadProcess{"NotAQuantity", with(R"("resources": {"limits": {"memory": "lots"}})"),
                   "spec.resources.limits.memory: \"lots\" is not a quantity such as \"500m\", \"2\" or "
                   "\"128Mi\""},
        BadProcess{"Gpu", with(R"("resources": {"limits": {"nvidia.com/gpu": "1"}})"),
                   "spec.resources.limits: unknown field \"nvidia.com/gpu\""}),
    [](const auto& row) { return row.param.name; });

TEST(ProcessSpec, ArgumentsAreBoundedInNumber) {
  const auto with_arguments = [](std::size_t count) {
    return with_json({{"command", {"a"}}, {"args", std::vector<std::string>(count, "x")}});
  };
  EXPECT_TRUE(with_arguments(limits::kCommandArgumentsMax - 1));
  EXPECT_EQ(with_arguments(limits::kCommandArgumentsMax).error().message(),
            "spec: command and args together: has 1025 items; at most 1024 are allowed");
}

TEST(ProcessSpec, ArgumentsAreBoundedInBytes) {
  const auto with_argument = [](std::size_t bytes) {
    return with_json({{"command", {"a", std::string(bytes, 'x')}}});
  };
  EXPECT_TRUE(with_argument(limits::kCommandBytesMax - 3)) << "each takes one byte more for its end";
  EXPECT_EQ(with_argument(limits::kCommandBytesMax - 2).error().code(), Code::kLimit);
}

TEST(ProcessSpec, EnvironmentIsBoundedInNumberAndBytes) {
  const auto with_variables = [](std::size_t count, std::size_t bytes) {
    Json env = Json::array();
    for (std::size_t i = 0; i < count; ++i)
      env.push_back({{"name", "V" + std::to_string(i)}, {"value", std::string(bytes, 'x')}});
    return with_json({{"command", {"a"}}, {"env", env}});
  };
  EXPECT_TRUE(with_variables(limits::kCommandArgumentsMax, 1));
  EXPECT_EQ(with_variables(limits::kCommandArgumentsMax + 1, 1).error().code(), Code::kLimit);
  EXPECT_TRUE(with_variables(1, limits::kCommandBytesMax - 4));
  EXPECT_EQ(with_variables(1, limits::kCommandBytesMax - 3).error().code(), Code::kLimit);
}

TEST(ProcessSpec, MemoryLimitIsAtLeastAMebibyte) {
  EXPECT_EQ(parse(with(R"("resources": {"limits": {"memory": "1Mi"}})"))->memory_bytes_max,
            limits::kProcessMemoryBytesMin);
  EXPECT_FALSE(parse(with(R"("resources": {"limits": {"memory": "1023Ki"}})")));
}

}  // namespace
}  // namespace holdfast::sync
