// SPDX-License-Identifier: Apache-2.0
// An agent that dies at any change of a container, or at any commit, ends where one ends that lives: with the same containers.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <set>

#include "edge_agent/fake_node.hpp"
#include "edge_agent/fake_reaper.hpp"
#include "edge_agent/pod_labels.hpp"

namespace holdfast::edge_agent {
namespace {

using namespace std::chrono_literals;

constexpr const char* kImage = "registry.example.com/web:1";

std::string spec(const std::string& args, const std::string& more = "") {
  return std::string(R"({"containers":[{"name":"app","image":")") + kImage + R"(","args":[")" + args + "\"]" +
         more + "}]}";
}

FakeApp impatient() {
  FakeApp app("app");
  app.policy.progress_deadline = 4s;
  return app;
}
FakeApp first() { return impatient().pod("web", spec("one")).pod("leaves", spec("x")); }
FakeApp second() { return impatient().pod("web", spec("two")).file("a", "/etc/a", "a"); }
FakeApp third() {
  return second()
      .pod("web", spec("three"))
      .pod("bad", R"({"containers":[{"name":"app","image":"nowhere/x:1","imagePullPolicy":"Never"}]})");
}

using Chapter = std::function<void(FakeNode&)>;

std::vector<Chapter> story() {
  return {
      [](FakeNode& node) { node.accept(node.state({1, 1}, {first()})); },
      [](FakeNode& node) { node.accept(node.state({1, 2}, {second()})); },
      [](FakeNode& node) { node.accept(node.state({1, 3}, {third()})); },
      [](FakeNode& node) {
        node.accept(node.state({1, 4}, {}, {removal_of(second(), sync::RemovalMode::kPrune)}));
      },
  };
}

std::set<std::string> end_state(FakeNode& node) {
  std::set<std::string> out;
  for (const auto& name : node.containers.running()) {
    const auto* running = node.containers.spec_of(base::ContainerName(name));
    out.insert("runs " + name + " " + running->arguments->front());
  }
  for (const auto& section : node.engine().snapshot().sections)
    out.insert("section " + section.name + " " + std::string(sync::to_string(section.phase)));
  return out;
}

struct Told {
  bool died = false;
  std::vector<std::set<std::string>> ends;
};

Told tell(std::optional<int> die_at, bool after, bool reboots) {
  FakeNode node;
  node.have_image(kImage);
  Reaper reaper(node, die_at, after);
  bool mourned = false;
  Told told;
  for (const auto& chapter : story()) {
    for (int tries = 0; tries < 2; ++tries) {
      try {
        chapter(node);
        node.pass(60s);
      } catch (const Death&) {
      }
      if (!reaper.died() || mourned) break;
      mourned = true;
      node.kill();
      if (reboots) node.containers.reboot();
      node.store.restart();
      EXPECT_TRUE(node.boot());
    }
    told.ends.push_back(end_state(node));
  }
  node.containers.before_change(nullptr);
  node.store.on_commit(nullptr);
  told.died = reaper.died();
  return told;
}

class PodsKilled : public ::testing::TestWithParam<std::tuple<bool, bool>> {};

TEST_P(PodsKilled, AnywhereEndInTheSamePlace) {
  const auto [after, reboots] = GetParam();
  const Told expected = tell(std::nullopt, after, reboots);
  ASSERT_FALSE(expected.died);
  EXPECT_THAT(expected.ends[0], ::testing::Contains("runs hf.default.web.app one"));
  EXPECT_THAT(expected.ends[2], ::testing::Contains("runs hf.default.web.app two")) << "rolled back";
  EXPECT_THAT(expected.ends[3], ::testing::IsEmpty());
  int deaths = 0;
  for (int die_at = 0; die_at < 1'000; ++die_at) {
    const Told told = tell(die_at, after, reboots);
    if (!told.died) break;
    ++deaths;
    for (std::size_t chapter = 0; chapter < expected.ends.size(); ++chapter)
      ASSERT_EQ(told.ends[chapter], expected.ends[chapter])
          << "died at " << die_at << ", seen after chapter " << chapter;
  }
  EXPECT_GT(deaths, 20);
}

INSTANTIATE_TEST_SUITE_P(Table, PodsKilled, ::testing::Combine(::testing::Bool(), ::testing::Bool()),
                         [](const auto& info) {
                           return std::string(std::get<0>(info.param) ? "AfterCommit" : "BeforeCommit") +
                                  (std::get<1>(info.param) ? "AndReboot" : "");
                         });

}  // namespace
}  // namespace holdfast::edge_agent
