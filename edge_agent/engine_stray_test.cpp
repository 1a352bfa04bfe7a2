// SPDX-License-Identifier: Apache-2.0
// Containers that carry the node's mark, and that neither its records nor an application know of after these were lost: told once, and
// left alone. What was let go on purpose is none.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "edge_agent/fake_node.hpp"
#include "edge_agent/inventory_rebuild.hpp"
#include "edge_agent/pod_labels.hpp"
#include "edge_agent/tables.hpp"

namespace holdfast::edge_agent {
namespace {

using namespace std::chrono_literals;
using base::ContainerName;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

constexpr const char* kImage = "registry.example.com/web:1";

class EngineStray : public ::testing::Test {
 protected:
  EngineStray() { node.have_image(kImage); }
  static FakeApp app(const std::string& name) {
    return FakeApp(name).pod(name,
                             std::string(R"({"containers":[{"name":"app","image":")") + kImage + "\"}]}");
  }
  /// A copy of a container of ours under another name, as it would be with a mark for that name.
  void leave(const std::string& pod, const base::MacKey& key) {
    const ContainerName name("hf.default." + pod + ".app");
    const Marks marks(node.identity.uid, key);
    base::ContainerSpec spec;
    spec.name = name;
    spec.image = kImage;
    spec.labels = {{pod_labels::kPod, "default/" + pod},
                   {pod_labels::kContainer, "app"},
                   {pod_labels::kMark,
                    marks.make({sync::ClaimKind::kContainer, name.str()}, {"", "Pod", "default", pod})}};
    node.containers.create_by_hand(spec);
    node.containers.start_by_hand(name);
  }

  /// The agent finds an empty store, as after a disk that was exchanged; its hub has not spoken yet.
  void lose_records() {
    sync::FakeStore nothing({kAgentTables.begin(), kAgentTables.end()});
    sync::FakeStore fresh({kAgentTables.begin(), kAgentTables.end()});
    ASSERT_TRUE(rescue_store(nothing, fresh));
    node.kill();
    node.store = std::move(fresh);
    ASSERT_TRUE(node.boot());
    node.settle();
  }

  FakeNode node;
};

TEST_F(EngineStray, IsToldOnceAndLeftAlone) {
  leave("lost", node.identity.mark_key);
  node.desire({app("web")});
  node.settle();
  EXPECT_EQ(node.count_events("Stray"), 0U) << "nothing was lost that could explain it";
  lose_records();
  node.desire({app("web")});
  node.settle();
  EXPECT_THAT(node.last_event("Stray"),
              HasSubstr("Pod/lost: container hf.default.lost.app was made by this node"));
  node.forget_touched();
  node.pass(1h);
  ASSERT_TRUE(node.restart());
  node.pass(1h);
  EXPECT_EQ(node.count_events("Stray"), 1U);
  EXPECT_THAT(node.containers.changes(), IsEmpty());
  EXPECT_TRUE(node.containers.running().contains("hf.default.lost.app"));
}

TEST_F(EngineStray, WithAMarkOfAnotherNodeIsNobodys) {
  base::MacKey another = node.identity.mark_key;
  another[0] ^= 1;
  leave("foreign", another);
  lose_records();
  node.desire({app("web")});
  node.settle();
  EXPECT_EQ(node.count_events("Stray"), 0U);
}

TEST_F(EngineStray, NothingOfAnApplicationIsOne) {
  const auto two =
      std::string(
          R"({"replicas":2,"selector":{"matchLabels":{"a":"b"}},"template":{"metadata":{"labels":{"a":"b"}},)") +
      R"("spec":{"containers":[{"name":"app","image":")" + kImage + "\"}]}}}";
  const auto web = app("web").workload("Deployment", "shop", two);
  node.desire({web});
  node.pass(10s);
  ASSERT_TRUE(node.restart());
  node.pass(10s);
  lose_records();
  node.desire({web});
  node.pass(10s);
  node.desire({app("web").without("Pod/web").workload("Deployment", "shop", two)});
  node.pass(1min);
  EXPECT_EQ(node.count_events("Stray"), 0U);
}

TEST_F(EngineStray, WhatWasLetGoOnPurposeIsNone) {
  FakeMeta kept;
  kept.prune_disabled = true;
  const auto released = app("released");
  const auto spec = std::string(R"({"containers":[{"name":"app","image":")") + kImage + "\"}]}";
  node.desire({FakeApp("web").pod("kept", spec, kept), released, app("stays")});
  node.settle();
  node.desire({app("stays")}, {removal_of(released, sync::RemovalMode::kRelease),
                               removal_of(FakeApp("web"), sync::RemovalMode::kPrune)});
  node.settle();
  for (int i = 0; i < 3; ++i) {
    ASSERT_TRUE(node.restart());
    node.pass(10min);
  }
  EXPECT_EQ(node.count_events("Stray"), 0U);
  EXPECT_EQ(node.containers.running().size(), 3U);
}

TEST_F(EngineStray, WhereNobodyNeedsContainersTheEngineIsNotAsked) {
  node.desire({FakeApp("app").file("motd", "/etc/motd", "hello")});
  node.pass(1h);
  EXPECT_EQ(node.containers.touched(), base::EngineTouched{});
}

TEST_F(EngineStray, WhatGitLetGoOfWhileTheRecordsWereLostIsTold) {
  node.desire({app("web")});
  node.settle();
  lose_records();
  EXPECT_EQ(node.count_events("Stray"), 0U) << "the hub has not spoken yet";
  node.desire({FakeApp("app").file("motd", "/etc/motd", "hello")});
  node.settle();
  EXPECT_THAT(node.last_event("Stray"), HasSubstr("Pod/web: container hf.default.web.app"));
  EXPECT_TRUE(node.containers.running().contains("hf.default.web.app"));
}

}  // namespace
}  // namespace holdfast::edge_agent
