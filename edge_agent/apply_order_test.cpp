// SPDX-License-Identifier: Apache-2.0
#include "edge_agent/apply_order.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>

namespace holdfast::edge_agent {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

DesiredItem item(const std::string& name, std::int64_t wave = 0, std::vector<std::string> depends_on = {},
                 int kind_order = 10) {
  return {.key = {.group = "holdfast.dev", .kind = "File", .ns = "default", .name = name},
          .claims = {},
          .effective = {},
          .wave = wave,
          .kind_order = kind_order,
          .depends_on = std::move(depends_on),
          .prune_disabled = false};
}

std::vector<std::string> order_of(const std::vector<DesiredItem>& items) {
  std::vector<std::string> out;
  for (const auto& placed : apply_order(items)) {
    out.push_back(std::to_string(placed.wave) + items[placed.item].key.name);
  }
  return out;
}

TEST(ApplyOrder, IsByNameWhereNothingElseDecides) {
  EXPECT_THAT(order_of({item("b"), item("a")}), ElementsAre("0a", "0b"));
}

TEST(ApplyOrder, PutsKindBeforeName) {
  EXPECT_THAT(order_of({item("a", 0, {}, 50), item("z", 0, {}, 0)}), ElementsAre("0z", "0a"));
}

TEST(ApplyOrder, PutsWaveBeforeKind) {
  EXPECT_THAT(order_of({item("a", 1, {}, 0), item("z", -1, {}, 50)}), ElementsAre("-1z", "1a"));
}

TEST(ApplyOrder, PutsDependenciesBeforeKindAndName) {
  EXPECT_THAT(order_of({item("a", 0, {"File/z"}, 0), item("z", 0, {}, 50)}), ElementsAre("0z", "0a"));
}

TEST(ApplyOrder, LiftsTheWaveOfWhatDependsOnALaterOne) {
  EXPECT_THAT(order_of({item("a", 0, {"File/b"}), item("b", 2), item("c", 1)}),
              ElementsAre("1c", "2b", "2a"));
}

TEST(ApplyOrder, FollowsAChain) {
  EXPECT_THAT(order_of({item("a", 0, {"File/b"}), item("b", 0, {"File/c"}), item("c", 3)}),
              ElementsAre("3c", "3b", "3a"));
}

TEST(ApplyOrder, SaysHowLongTheChainIsThatOneDependsOn) {
  std::map<std::string, std::uint32_t> depths;
  const std::vector<DesiredItem> items{item("a", 0, {"File/b"}), item("b", 0, {"File/c"}), item("c"),
                                       item("d")};
  for (const auto& placed : apply_order(items)) depths[items[placed.item].key.name] = placed.depth;
  EXPECT_EQ(depths, (std::map<std::string, std::uint32_t>{{"a", 2}, {"b", 1}, {"c", 0}, {"d", 0}}));
}

TEST(ApplyOrder, EndsWithACircleToo) {
  EXPECT_THAT(order_of({item("a", 0, {"File/b"}), item("b", 0, {"File/a"}), item("c")}),
              ElementsAre("0a", "0b", "0c"));
}

TEST(DependencyErrors, AreNoneForWhatIsThere) {
  EXPECT_THAT(dependency_errors({item("a", 0, {"File/b"}), item("b")}), IsEmpty());
}

TEST(DependencyErrors, NameWhatIsMissing) {
  const auto errors = dependency_errors({item("a", 0, {"Process/nobody"})});
  ASSERT_EQ(errors.size(), 1U);
  EXPECT_THAT(errors[0].message, HasSubstr("File/a depends on Process/nobody"));
}

TEST(DependencyErrors, NameACircle) {
  EXPECT_EQ(dependency_errors({item("a", 0, {"File/b"}), item("b", 0, {"File/a"}), item("c")}).size(), 2U);
}

}  // namespace
}  // namespace holdfast::edge_agent
