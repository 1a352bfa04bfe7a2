// SPDX-License-Identifier: Apache-2.0
#include "edge_agent/container_logs.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "base/fake_clock.hpp"
#include "base/fake_engine.hpp"
#include "base/limits/agent.hpp"
#include "base/limits/hub.hpp"
#include "edge_agent/pod_labels.hpp"

namespace holdfast::edge_agent {
namespace {

using namespace std::chrono_literals;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

class ContainerLogsTest : public ::testing::Test {
 protected:
  ContainerLogsTest() {
    base::ImageInfo image;
    image.id = base::ImageId("sha256:" + std::string(64, 'a'));
    image.tags = {"web:1"};
    engine_.add_image(image);
  }
  /// A container of this owner, which has printed nothing yet.
  base::ContainerName has(const sync::ResourceKey& owner, const std::string& pod,
                          const std::string& container, const std::string& role = "main") {
    base::ContainerSpec spec;
    spec.name = base::ContainerName("hf.default." + pod + "." + container);
    spec.image = "web:1";
    spec.labels = {{pod_labels::kPod, "default/" + pod},
                   {pod_labels::kContainer, container},
                   {pod_labels::kRole, role},
                   {pod_labels::kMark, marks_.make({sync::ClaimKind::kContainer, spec.name.str()}, owner)}};
    engine_.create_by_hand(spec);
    return spec.name;
  }
  void says(const base::ContainerName& name, const std::string& text) {
    engine_.say_by_hand(name, text);
    clock_.advance(1ms);
  }
  base::Result<base::Json> ask(const LogsOrder& order) {
    std::optional<base::Result<base::Json>> out;
    const auto subject = log_subject(order);
    auto collection = LogCollection::begin(order, clock_.wall());
    if (!subject || !collection) return base::fail(base::Code::kInvalid, "not asked");
    const auto begun = logs_.add(*std::move(collection), *subject, order.container, [&](auto collected) {
      out = collected ? base::Result<base::Json>(collected->finish()) : base::fail(collected.error());
    });
    if (!begun) return base::fail(begun.error());
    for (int round = 0; round < 200 && !out; ++round) engine_.deliver();
    return out.value_or(base::fail(base::Code::kInternal, "never ended"));
  }
  std::vector<std::string> texts(const LogsOrder& order) {
    const auto answer = ask(order);
    if (!answer) return {answer.error().message()};
    std::vector<std::string> out;
    for (const auto& line : answer->at("lines"))
      out.push_back(line.at("process").get<std::string>() + " " + line.at("text").get<std::string>());
    return out;
  }

  base::FakeClock clock_;
  base::FakeEngine engine_{clock_};
  Marks marks_{sync::NodeUid("n-1"), base::MacKey{}};
  ContainerLogs logs_{engine_, marks_};
  const sync::ResourceKey pod_{"", "Pod", "default", "web"};
  const sync::ResourceKey deployment_{"apps", "Deployment", "default", "shop"};
};

TEST_F(ContainerLogsTest, OfAPodAreThoseOfItsContainersMixedByTime) {
  const auto app = has(pod_, "web", "app");
  const auto side = has(pod_, "web", "side");
  has(pod_, "web", "_network", "network");
  says(has({"", "Pod", "default", "other"}, "other", "app"), "not this");
  says(app, "one");
  says(side, "two");
  says(app, "three");
  EXPECT_THAT(texts({.resource = "Pod/web"}), ElementsAre("web/app one", "web/side two", "web/app three"));
  EXPECT_THAT(texts({.resource = "pod/web", .container = "side"}), ElementsAre("web/side two"));
  const auto answer = ask({.resource = "Pod/web"});
  ASSERT_TRUE(answer);
  EXPECT_EQ(answer->at("sources"), 2);
}

TEST_F(ContainerLogsTest, OfADeploymentAreThoseOfAllItsPodsOrOfOne) {
  says(has(deployment_, "shop-0", "app"), "zero");
  says(has(deployment_, "shop-1", "app"), "one");
  EXPECT_THAT(texts({.resource = "Deployment/shop"}), ElementsAre("shop-0/app zero", "shop-1/app one"));
  EXPECT_THAT(texts({.resource = "Pod/shop-1"}), ElementsAre("shop-1/app one"));
  EXPECT_THAT(texts({}), ElementsAre("shop-0/app zero", "shop-1/app one"));
}

TEST_F(ContainerLogsTest, GoesOnAfterTheCursorWithoutLossOrRepeat) {
  const auto app = has(pod_, "web", "app");
  engine_.say_by_hand(app, "one");
  engine_.say_by_hand(app, "two");
  const auto first = ask({.resource = "Pod/web"});
  ASSERT_TRUE(first);
  engine_.say_by_hand(app, "three");
  const std::string cursor = first->at("cursor");
  EXPECT_THAT(texts({.resource = "Pod/web", .cursor = cursor}), ElementsAre("web/app three"));
  const auto second = ask({.resource = "Pod/web", .cursor = cursor});
  ASSERT_TRUE(second);
  EXPECT_THAT(texts({.resource = "Pod/web", .cursor = second->at("cursor")}), IsEmpty());
}

/// All of one millisecond, and more new ones than the engine gives: what it cut is what was given before.
TEST_F(ContainerLogsTest, AfterTheCursorNothingIsTakenForGivenThatTheEngineCut) {
  const auto app = has(pod_, "web", "app");
  for (int i = 0; i < 9; ++i) engine_.say_by_hand(app, "old");
  const std::string cursor = ask({.resource = "Pod/web"})->at("cursor");
  for (const auto* text : {"a", "b", "c", "d"}) engine_.say_by_hand(app, text);
  EXPECT_THAT(texts({.resource = "Pod/web", .cursor = cursor, .tail_lines = 3}),
              ElementsAre("web/app b", "web/app c", "web/app d"));
  const std::string line(100'000, 'x');
  for (int i = 0; i < 12; ++i) engine_.say_by_hand(app, line);
  engine_.say_by_hand(app, "last");
  const auto flood = texts({.resource = "Pod/web", .cursor = cursor});
  ASSERT_GE(flood.size(), 5U) << "half a megabyte of the newest";
  EXPECT_EQ(flood.back(), "web/app last");
}

TEST_F(ContainerLogsTest, SinceAndTheNewestLines) {
  const auto app = has(pod_, "web", "app");
  says(app, "old");
  clock_.advance(10min);
  says(app, "a");
  says(app, "b");
  EXPECT_THAT(texts({.resource = "Pod/web", .since = "1m"}), ElementsAre("web/app a", "web/app b"));
  EXPECT_THAT(texts({.resource = "Pod/web", .tail_lines = 1}), ElementsAre("web/app b"));
}

TEST_F(ContainerLogsTest, AFloodIsCutToTheNewest) {
  const auto app = has(pod_, "web", "app");
  const std::string line(1'000, 'x');
  for (int i = 0; i < 5'000; ++i) engine_.say_by_hand(app, line);
  engine_.say_by_hand(app, "last");
  const auto answer = ask({.resource = "Pod/web"});
  ASSERT_TRUE(answer);
  EXPECT_LE(answer->dump().size(), base::limits::kLogAnswerBytesMax);
  EXPECT_GT(answer->dump().size(), base::limits::kLogAnswerBytesMax / 2);
  EXPECT_EQ(answer->at("lines").back().at("text"), "last");
}

TEST_F(ContainerLogsTest, SaysWhatIsWrong) {
  const auto app = has(pod_, "web", "app");
  EXPECT_THAT(texts({.resource = "Pod/none"}), ElementsAre(HasSubstr("Pod/none: there are no containers")));
  EXPECT_THAT(texts({.resource = "Job/web"}), ElementsAre(HasSubstr("Job/web: there are no containers")));
  EXPECT_THAT(texts({.resource = "Pod/web", .container = "b"}),
              ElementsAre("Pod/web: has no container b; it has: app"));
  base::ContainerSpec copy = *engine_.spec_of(app);
  copy.name = base::ContainerName("copied");
  engine_.create_by_hand(copy);
  says(copy.name, "of somebody else");
  EXPECT_THAT(texts({}), IsEmpty()) << "a mark counts for its own name alone";

  engine_.set_gone(true);
  EXPECT_THAT(texts({.resource = "Pod/web"}), ElementsAre(HasSubstr("no container engine")));
  EXPECT_THAT(texts({}), IsEmpty());
}

TEST_F(ContainerLogsTest, OneThatGoesMeanwhileIsLeftOutAndOneThatFailsIsTold) {
  const auto app = has(pod_, "web", "app");
  says(app, "hello");
  engine_.set_failure(base::EngineCall::kLogs, base::Error(base::Code::kNotFound, "gone"));
  EXPECT_THAT(texts({.resource = "Pod/web"}), IsEmpty());
  engine_.set_failure(base::EngineCall::kLogs, base::Error(base::Code::kIo, "torn"));
  EXPECT_THAT(texts({.resource = "Pod/web"}), ElementsAre("web/app cannot be read: torn"));
}

TEST_F(ContainerLogsTest, SoManyAreReadAtATime) {
  has(pod_, "web", "app");
  std::size_t ended = 0;
  for (std::size_t i = 0; i < base::limits::kLogReadsMax; ++i) {
    EXPECT_TRUE(logs_.add(*LogCollection::begin({}, clock_.wall()), {}, "", [&](const auto&) { ++ended; }));
  }
  const auto more =
      logs_.add(*LogCollection::begin({}, clock_.wall()), {}, "", [&](const auto&) { ++ended; });
  ASSERT_FALSE(more);
  EXPECT_EQ(more.error().code(), base::Code::kLimit);
  for (int round = 0; round < 20; ++round) engine_.deliver();
  EXPECT_EQ(ended, base::limits::kLogReadsMax);
  EXPECT_TRUE(ask({}));
}

}  // namespace
}  // namespace holdfast::edge_agent
