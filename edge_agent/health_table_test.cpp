// SPDX-License-Identifier: Apache-2.0
// The rows of docs/health.md for what a node holds, one by one: what is seen, and as what it counts.
#include <gtest/gtest.h>

#include <functional>

#include "edge_agent/fake_node.hpp"

namespace holdfast::edge_agent {
namespace {

using namespace std::chrono_literals;
using sync::Health;

FakeApp process(const std::string& more) {
  return FakeApp("app").process_spec("web", R"({"command":["/usr/bin/web"])" + more + "}");
}
constexpr const char* kReady =
    R"(,"readinessProbe":{"tcpSocket":{"port":80},"periodSeconds":1,"failureThreshold":1})";
constexpr const char* kAlive =
    R"(,"livenessProbe":{"tcpSocket":{"port":80},"periodSeconds":1,"failureThreshold":1})";
constexpr const char* kNever = R"(,"restartPolicy":"Never")";

void ends(FakeNode& node, std::int32_t code, std::chrono::milliseconds after = 1s) {
  base::FakeProgram program;
  program.exits_with = code;
  program.exits_after = after;
  node.host.set_program(node.process("web"), program);
}
void probe(FakeNode& node, const char* use, bool ok) {
  node.host.set_probe(std::string("process:default/web#") + use, {.ok = ok, .detail = "no"});
}
void lose(FakeNode& node) { node.host.kill_shim_by_hand(node.process("web")); }

struct Row {
  const char* name;
  std::function<void(FakeNode&)> story;
  const char* resource;
  Health health;
  const char* reason;
};

class HealthTable : public ::testing::TestWithParam<Row> {};

TEST_P(HealthTable, CountsAs) {
  FakeNode node;
  GetParam().story(node);
  const auto status = node.resource(GetParam().resource);
  EXPECT_EQ(sync::to_string(status.health), sync::to_string(GetParam().health));
  EXPECT_EQ(status.reason, GetParam().reason);
}

FakeApp files() { return FakeApp("app").file("a", "/etc/a", "x"); }
FakeApp unhealed() {
  FakeApp app = files();
  app.policy.self_heal = false;
  return app;
}
void desire(FakeNode& node, const FakeApp& app, std::chrono::milliseconds time = 2s) {
  node.desire({app});
  node.pass(time);
}

INSTANTIATE_TEST_SUITE_P(ConfigMapAndSecret, HealthTable,
                         ::testing::Values(Row{"ConfigMap",
                                               [](auto& n) {
                                                 desire(n, FakeApp("app").config_map("c", {{"k", "v"}}));
                                               },
                                               "ConfigMap/c", Health::kHealthy, ""},
                                           Row{"Secret",
                                               [](auto& n) {
                                                 const auto key = n.sealing_keys.newest().key.public_key();
                                                 desire(n, FakeApp("app").secret("s", key, {{"k", "v"}}));
                                               },
                                               "Secret/s", Health::kHealthy, ""}),
                         [](const auto& info) { return info.param.name; });

INSTANTIATE_TEST_SUITE_P(File, HealthTable,
                         ::testing::Values(Row{"AsItShouldBe", [](auto& n) { desire(n, files()); }, "File/a",
                                               Health::kHealthy, ""},
                                           Row{"Gone",
                                               [](auto& n) {
                                                 desire(n, unhealed());
                                                 n.host.remove_by_hand("/etc/a");
                                                 n.run();
                                               },
                                               "File/a", Health::kMissing, "SelfHealDisabled"},
                                           Row{"Differs",
                                               [](auto& n) {
                                                 desire(n, unhealed());
                                                 n.host.edit_by_hand("/etc/a", "y");
                                                 n.run();
                                               },
                                               "File/a", Health::kDegraded, "SelfHealDisabled"},
                                           Row{"CannotBePutRight",
                                               [](auto& n) {
                                                 desire(n, files());
                                                 n.host.edit_by_hand("/etc/a", "y");
                                                 n.host.set_fault("/etc/a", base::FileFault::kReadOnly);
                                                 n.run();
                                               },
                                               "File/a", Health::kDegraded, "RepairFailed"},
                                           Row{"CannotBeLookedAt",
                                               [](auto& n) {
                                                 desire(n, files());
                                                 n.host.set_fault("/etc/a", base::FileFault::kIo);
                                                 n.engine().look_at_everything();
                                                 n.run();
                                               },
                                               "File/a", Health::kUnknown, "Unobservable"}),
                         [](const auto& info) { return info.param.name; });

INSTANTIATE_TEST_SUITE_P(
    Process, HealthTable,
    ::testing::Values(Row{"Runs", [](auto& n) { desire(n, process("")); }, "Process/web", Health::kHealthy,
                          ""},
                      Row{"NotForLongEnough", [](auto& n) { desire(n, process(R"(,"minReadySeconds":5)")); },
                          "Process/web", Health::kProgressing, "MinReady"},
                      Row{"Young", [](auto& n) { desire(n, process(""), 50ms); }, "Process/web",
                          Health::kProgressing, "Starting"},
                      Row{"NotReadyYet",
                          [](auto& n) {
                            probe(n, "readiness", false);
                            desire(n, process(kReady));
                          },
                          "Process/web", Health::kProgressing, "NotReady"},
                      Row{"NotReadyAnyMore",
                          [](auto& n) {
                            probe(n, "readiness", true);
                            desire(n, process(kReady));
                            probe(n, "readiness", false);
                            n.pass(3s);
                          },
                          "Process/web", Health::kDegraded, "NotReady"},
                      Row{"NotAlive",
                          [](auto& n) {
                            base::FakeProgram slow;
                            slow.stop_takes = 20s;
                            n.host.set_program(n.process("web"), slow);
                            probe(n, "liveness", false);
                            desire(n, process(kAlive), 3s);
                          },
                          "Process/web", Health::kDegraded, "Unhealthy"},
                      Row{"WithoutItsShim",
                          [](auto& n) {
                            desire(n, process(""));
                            lose(n);
                            n.run();
                          },
                          "Process/web", Health::kHealthy, "ShimLost"},
                      Row{"Unlimited",
                          [](auto& n) {
                            n.host.set_limits_unenforced("no cgroups");
                            desire(n, process(R"(,"resources":{"limits":{"memory":"64Mi"}})"));
                          },
                          "Process/web", Health::kHealthy, "LimitsNotEnforced"},
                      Row{"EndedWell",
                          [](auto& n) {
                            ends(n, 0);
                            desire(n, process(kNever));
                          },
                          "Process/web", Health::kHealthy, "Completed"},
                      Row{"EndedBadly",
                          [](auto& n) {
                            ends(n, 1, 1s);
                            desire(n, process(kNever), 3s);
                          },
                          "Process/web", Health::kDegraded, "Failed"},
                      Row{"EndsAgainAndAgain",
                          [](auto& n) {
                            ends(n, 1, 1s);
                            desire(n, process(""), 4s);
                          },
                          "Process/web", Health::kDegraded, "CrashLoopBackOff"},
                      Row{"CannotBeStartedAgain",
                          [](auto& n) {
                            ends(n, 1, 1s);
                            desire(n, process(""), 500ms);
                            base::FakeProgram gone;
                            gone.start_error = base::Error(base::Code::kNotFound, "no such program");
                            n.host.set_program(n.process("web"), gone);
                            n.pass(1s);
                          },
                          "Process/web", Health::kDegraded, "StartFailed"},
                      Row{"IsAHookThatRuns",
                          [](auto& n) {
                            FakeMeta meta;
                            meta.hook = "PreSync";
                            desire(n, FakeApp("app").process_spec(
                                          "web", R"({"command":["/w"],"restartPolicy":"Never"})", meta));
                          },
                          "Process/web", Health::kProgressing, "HookRunning"},
                      Row{"IsAHookThatIsOver",
                          [](auto& n) {
                            FakeMeta meta;
                            meta.hook = "PreSync";
                            ends(n, 0);
                            desire(n, FakeApp("app").process_spec(
                                          "web", R"({"command":["/w"],"restartPolicy":"Never"})", meta));
                          },
                          "Process/web", Health::kHealthy, "HookSucceeded"}),
    [](const auto& info) { return info.param.name; });

}  // namespace
}  // namespace holdfast::edge_agent
