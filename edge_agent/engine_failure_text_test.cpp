// SPDX-License-Identifier: Apache-2.0
// What a failed revision says of itself: which resource, which pod and container, and what that has to complain of. In each event, in the
// section and in `why`.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "edge_agent/fake_node.hpp"

namespace holdfast::edge_agent {
namespace {

using namespace std::chrono_literals;
using base::ContainerName;
using sync::SectionPhase;
using ::testing::AllOf;
using ::testing::HasSubstr;

constexpr const char* kImage = "registry.example.com/web:1";

std::string pod_spec(const std::string& of_container, const std::string& image = kImage) {
  return R"({"containers":[{"name":"app","image":")" + image + "\"" + of_container + "}]}";
}
std::string deployment(const std::string& pod) {
  return R"({"selector":{"matchLabels":{"a":"b"}},"template":{"metadata":{"labels":{"a":"b"}},"spec":)" +
         pod + "}}";
}

struct Row {
  const char* name;
  std::string pod;
  const char* text;
};
class FailureText : public ::testing::TestWithParam<Row> {
 protected:
  FailureText() {
    node.have_image(kImage);
    node.containers.set_exec("ready", {.exit_code = 1, .output = "HTTP 500\n"});
    for (const char* pod : {"web", "web-0"})
      node.containers.set_program(
          ContainerName(std::string("hf.default.") + pod + ".app"),
          {.exits_with = GetParam().name == std::string("Crash") ? std::optional(1) : std::nullopt,
           .exits_after = 20ms});
  }
  /// The first revision has none of it.
  void expect_told(FakeApp bad, const std::string& resource, const std::string& pod) {
    bad.policy.progress_deadline = 60s;
    node.desire({FakeApp("app").file("motd", "/etc/motd", "1")});
    node.settle();
    node.desire({std::move(bad)});
    node.pass(20min);
    ASSERT_EQ(node.section("app").phase, SectionPhase::kQuarantined);
    const auto names_it = AllOf(HasSubstr(resource), HasSubstr(pod), HasSubstr(GetParam().text));
    for (const char* event : {"Failed", "Quarantined", "RolledBack"})
      EXPECT_THAT(node.last_event(event), names_it) << event;
    EXPECT_THAT(node.section("app").message, names_it);
    const auto why = node.engine().why("File/motd");
    ASSERT_TRUE(why);
    EXPECT_THAT(why->front().blocked_by, names_it);
  }
  FakeNode node;
};

TEST_P(FailureText, OfAPodNamesContainerAndCause) {
  expect_told(FakeApp("app").file("motd", "/etc/motd", "2").pod("web", GetParam().pod), "Pod/web", "");
}

TEST_P(FailureText, OfADeploymentNamesPodContainerAndCause) {
  expect_told(
      FakeApp("app").file("motd", "/etc/motd", "2").workload("Deployment", "web", deployment(GetParam().pod)),
      "Deployment/web", GetParam().name == std::string("Image") ? "" : "pod web-0");
}

INSTANTIATE_TEST_SUITE_P(
    Table, FailureText,
    ::testing::Values(
        Row{"Readiness", pod_spec(R"(,"readinessProbe":{"exec":{"command":["ready"]}})"),
            "container app: readiness probe: its command ended with 1: HTTP 500"},
        Row{"Startup", pod_spec(R"(,"startupProbe":{"exec":{"command":["ready"]},"failureThreshold":100})"),
            "container app: startup probe: its command ended with 1: HTTP 500"},
        Row{"Crash", pod_spec(""), "container app exited with code 1; restarted "},
        Row{"Image", pod_spec(R"(,"imagePullPolicy":"Never")", "registry.example.com/none:1"),
            "ErrImageNeverPull: "}),
    [](const auto& info) { return info.param.name; });

}  // namespace
}  // namespace holdfast::edge_agent
