// SPDX-License-Identifier: Apache-2.0
// Nothing that a person types reaches another route.
#include "hub/cli/api_path.hpp"

#include <gtest/gtest.h>

namespace holdfast::cli {
namespace {

TEST(ApiPath, IsBuiltOfPartsAndQueries) {
  EXPECT_EQ(ApiPath("nodes").text(), "/apis/holdfast.dev/v1/nodes");
  EXPECT_EQ(ApiPath("nodes").part("n-1").part("why").query("key", "File/motd").text(),
            "/apis/holdfast.dev/v1/nodes/n-1/why?key=File%2Fmotd");
  EXPECT_EQ(ApiPath("nodes").query("a", "1").query("b", "2").text(), "/apis/holdfast.dev/v1/nodes?a=1&b=2");
}

TEST(ApiPath, LeavesOutEmptyQueries) {
  EXPECT_EQ(ApiPath("nodes").query("a", "").text(), "/apis/holdfast.dev/v1/nodes");
}

TEST(ApiPath, EncodesWhatIsTyped) {
  EXPECT_EQ(ApiPath("nodes").part("../applications").text(), "/apis/holdfast.dev/v1/nodes/..%2Fapplications");
  EXPECT_EQ(ApiPath("nodes").part("..").text(), "/apis/holdfast.dev/v1/nodes/%2E%2E");
  EXPECT_EQ(ApiPath("nodes").part("a?watch=1#x").text(), "/apis/holdfast.dev/v1/nodes/a%3Fwatch%3D1%23x");
  EXPECT_EQ(encode_component("ü \r\n+&"), "%C3%BC%20%0D%0A%2B%26");
}

}  // namespace
}  // namespace holdfast::cli
