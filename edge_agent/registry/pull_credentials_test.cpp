// SPDX-License-Identifier: Apache-2.0
#include "edge_agent/registry/pull_credentials.hpp"

#include <gtest/gtest.h>

namespace holdfast::edge_agent {
namespace {

TEST(Credentials, AreThoseOfTheRegistryAlone) {
  const std::string config =
      R"({"auths":{"https://index.docker.io/v1/":{"auth":"YTpi"},"ghcr.io":{"username":"u","password":"p:q"},)"
      R"("https://quay.io/v2/":{"auth":"Yzpk","email":"x"}}})";
  EXPECT_EQ(credentials_for(config, "docker.io").value(), (PullCredentials{"a", "b"}));
  EXPECT_EQ(credentials_for(config, "ghcr.io").value(), (PullCredentials{"u", "p:q"}));
  EXPECT_EQ(credentials_for(config, "quay.io").value(), (PullCredentials{"c", "d"}));
  EXPECT_TRUE(credentials_for(config, "evil.ghcr.io").value().empty());
  EXPECT_EQ((PullCredentials{"u", "p"}).basic(), "Basic dTpw");
}

TEST(Credentials, ThatCannotBeReadAreNotRepeated) {
  for (const char* bad : {"hunter2", "{}", R"({"auths":[]})", R"({"auths":{"a.io":{"auth":"hunter2"}}})",
                          R"({"auths":{"a.io":{"identitytoken":"hunter2"}}})"}) {
    const auto read = credentials_for(bad, "a.io");
    ASSERT_FALSE(read) << bad;
    EXPECT_EQ(read.error().message().find("hunter2"), std::string::npos) << bad;
  }
}

}  // namespace
}  // namespace holdfast::edge_agent
