// SPDX-License-Identifier: Apache-2.0
// An agent that dies at any change of a pod of several containers, or at any commit, ends where one ends that lives, and stops and starts
// nothing more than that.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <map>
#include <set>

#include "edge_agent/fake_node.hpp"
#include "edge_agent/network_image.hpp"

namespace holdfast::edge_agent {
namespace {

using namespace std::chrono_literals;
using base::ContainerName;

struct Death {};

constexpr const char* kImage = "registry.example.com/web:1";
constexpr const char* kShim = "not really a program";

std::string container(const std::string& name, const std::string& args, const std::string& more = "") {
  return R"({"name":")" + name + R"(","image":")" + kImage + R"(","args":[")" + args + "\"]" + more + "}";
}
std::string pod(const std::string& args) {
  return R"({"initContainers":[)" + container("one", args) + "," +
         container("side", args, R"(,"restartPolicy":"Always")") + R"(],"containers":[)" +
         container("app", args) + "," + container("log", args) + "]}";
}
std::string job() {
  return R"({"template":{"spec":{"restartPolicy":"Never","initContainers":[)" +
         container("side", "x", R"(,"restartPolicy":"Always")") + R"(],"containers":[)" +
         container("app", "x") + "]}}}";
}

FakeApp impatient() {
  FakeApp app("app");
  app.policy.progress_deadline = 30s;
  return app;
}
FakeApp first() { return impatient().pod("web", pod("one")).workload("Job", "once", job()); }
FakeApp second() { return impatient().pod("web", pod("two")).file("a", "/etc/a", "a"); }

/// What the hub says it says again to an agent that died; what a hand did it does once.
struct Chapter {
  bool is_by_hand;
  std::function<void(FakeNode&)> tell;
};

std::vector<Chapter> story() {
  return {
      {false, [](FakeNode& node) { node.accept(node.state({1, 1}, {first()})); }},
      {false, [](FakeNode& node) { node.accept(node.state({1, 2}, {second()})); }},
      {true,
       [](FakeNode& node) { node.containers.exit_by_hand(ContainerName("hf.default.web._network"), 137); }},
      {false,
       [](FakeNode& node) {
         node.accept(node.state({1, 3}, {}, {removal_of(second(), sync::RemovalMode::kPrune)}));
       }},
  };
}

std::set<std::string> end_state(FakeNode& node) {
  std::set<std::string> out;
  for (const char* pod : {"web", "once"}) {
    for (const char* one : {"_network", "one", "side", "app", "log"}) {
      const ContainerName name("hf.default." + std::string(pod) + "." + one);
      const auto* state = node.containers.container(name);
      if (state == nullptr) continue;
      const auto& args = node.containers.spec_of(name)->arguments;
      out.insert(std::string(base::to_string(state->phase)) + " " + name.str() + " " +
                 (args && !args->empty() ? args->front() : ""));
    }
  }
  for (const auto& section : node.engine().snapshot().sections)
    out.insert("section " + section.name + " " + std::string(sync::to_string(section.phase)));
  return out;
}

struct Told {
  bool died = false;
  std::vector<std::set<std::string>> ends;
  std::map<std::string, int> changes;  ///< how often each was carried out, but for stops
};

class Story {
 public:
  Story(std::optional<int> die_at, bool after, bool reboots) : die_at_(die_at), reboots_(reboots) {
    folder_ = testing::TempDir() + "pod-several-crash-" + std::to_string(::getpid());
    std::filesystem::create_directories(folder_);
    std::ofstream(folder_ + "/shim") << kShim;
    base::ImageInfo image;
    image.id = base::ImageId("sha256:" + base::Digest::of("image").hex());
    image.tags = {kImage};
    node.containers.add_image(image);
    image.id = base::ImageId("sha256:" + base::Digest::of("shim").hex());
    image.tags = {network_image_name(kShim)};
    node.containers.know_archive(network_archive(kShim, image.tags.front()), image);
    node.pod_places.shim = folder_ + "/shim";
    node.containers.set_program(ContainerName("hf.default.web.one"), {.exits_with = 0, .exits_after = 1s});
    node.containers.set_program(ContainerName("hf.default.once.app"), {.exits_with = 0, .exits_after = 1s});
    node.containers.set_program(ContainerName("hf.default.web.app"), {.stop_takes = 1s});
    EXPECT_TRUE(node.restart());
    node.containers.before_change([this](const std::string& /*what*/) {
      if (dies_here()) throw Death{};
    });
    node.store.on_commit([this, after] {
      if (!dies_here()) return sync::FakeStore::AtCommit::kCommit;
      return after ? sync::FakeStore::AtCommit::kCrashAfter : sync::FakeStore::AtCommit::kCrashBefore;
    });
  }
  ~Story() { std::filesystem::remove_all(folder_); }

  Told tell() {
    bool mourned = false;
    Told told;
    for (const auto& chapter : story()) {
      for (int tries = 0; tries < 2; ++tries) {
        try {
          if (tries == 0 || !chapter.is_by_hand) chapter.tell(node);
          node.pass(60s);
        } catch (const Death&) {
        }
        if (!died_ || mourned) break;
        mourned = true;
        node.kill();
        if (reboots_) node.containers.reboot();
        node.store.restart();
        EXPECT_TRUE(node.boot());
      }
      told.ends.push_back(end_state(node));
    }
    node.containers.before_change(nullptr);
    node.store.on_commit(nullptr);
    told.died = died_;
    for (const auto& change : node.containers.changes()) {
      // What had not ended yet when the agent died is told to stop by the next one, too.
      if (!change.starts_with("stop ")) ++told.changes[change];
    }
    return told;
  }

 private:
  bool dies_here() {
    if (died_ || !die_at_ || count_++ != *die_at_) return false;
    died_ = true;
    return true;
  }

  std::optional<int> die_at_;
  bool reboots_;
  int count_ = 0;
  bool died_ = false;
  std::string folder_;
  FakeNode node;
};

class PodsOfSeveralKilled : public ::testing::TestWithParam<std::tuple<bool, bool>> {};

TEST_P(PodsOfSeveralKilled, AnywhereEndInTheSamePlace) {
  const auto [after, reboots] = GetParam();
  const Told expected = Story(std::nullopt, after, reboots).tell();
  ASSERT_FALSE(expected.died);
  EXPECT_THAT(expected.ends[0], ::testing::Contains("running hf.default.web.app one"));
  EXPECT_THAT(expected.ends[0], ::testing::Contains("exited hf.default.once.side x"));
  EXPECT_THAT(expected.ends[1], ::testing::Contains("running hf.default.web.log two"));
  EXPECT_EQ(expected.changes.at("start hf.default.web.one"), 3) << "twice made, once begun anew";
  EXPECT_THAT(expected.ends[3], ::testing::IsEmpty());
  int deaths = 0;
  for (int die_at = 0; die_at < 1'000; ++die_at) {
    const Told told = Story(die_at, after, reboots).tell();
    if (!told.died) break;
    ++deaths;
    for (std::size_t chapter = 0; chapter < expected.ends.size(); ++chapter)
      ASSERT_EQ(told.ends[chapter], expected.ends[chapter])
          << "died at " << die_at << ", seen after chapter " << chapter;
    if (!reboots) {
      ASSERT_EQ(told.changes, expected.changes) << "died at " << die_at;
    }
  }
  EXPECT_GT(deaths, 40);
}

INSTANTIATE_TEST_SUITE_P(Table, PodsOfSeveralKilled, ::testing::Combine(::testing::Bool(), ::testing::Bool()),
                         [](const auto& info) {
                           return std::string(std::get<0>(info.param) ? "AfterCommit" : "BeforeCommit") +
                                  (std::get<1>(info.param) ? "AndReboot" : "");
                         });

}  // namespace
}  // namespace holdfast::edge_agent
