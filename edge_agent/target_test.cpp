// SPDX-License-Identifier: Apache-2.0
// What a section holds that this agent cannot load.
#include "edge_agent/target.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "edge_agent/fake_fleet.hpp"

namespace holdfast::edge_agent {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

TEST(ClaimsIn, AreThoseOfEveryResource) {
  const FakeApp app = FakeApp("app").file("a", "/a", "A").process("web", {"/w"}).config_map("c", {});
  EXPECT_THAT(claims_in(app.bytes()), ElementsAre(path_claim("/a"), process_claim("web")));
}

TEST(ClaimsIn, AreReadAroundWhatIsNotKnownHere) {
  EXPECT_THAT(claims_in(R"({"policy":{},"resources":[
      {"apiVersion":"holdfast.dev/v9","kind":"Robot","metadata":{"name":"r2"}},
      {"apiVersion":"holdfast.dev/v1","kind":"File","metadata":{"name":"a"},"spec":{"path":"/a","content":"A"}},
      {"apiVersion":"holdfast.dev/v1","kind":"File","metadata":{"name":"b"},"spec":{"path":"/b/","new":true}},
      {"apiVersion":"holdfast.dev/v1","kind":"File","metadata":{"name":"c"},"spec":{"path":"/c","new":true}},
      {"apiVersion":"holdfast.dev/v2","kind":"Process","metadata":{"name":"web","namespace":"shop"}},
      {"apiVersion":"holdfast.dev/v2","kind":"Process","metadata":{"name":"db"},"spec":7},
      {"apiVersion":7}, 8, null]})"),
              ElementsAre(path_claim("/a"), path_claim("/c"), process_claim("default/db"),
                          process_claim("shop/web")));
}

TEST(ClaimsIn, AreNoneOfWhatIsNoSection) {
  for (const char* bytes : {"", "[]", "7", R"({"resources":{}})", R"({"resources":7})"}) {
    EXPECT_THAT(claims_in(bytes), IsEmpty()) << bytes;
  }
}

}  // namespace
}  // namespace holdfast::edge_agent
