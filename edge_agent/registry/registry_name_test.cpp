// SPDX-License-Identifier: Apache-2.0
// Under which names one registry is met.
#include "edge_agent/registry/registry_name.hpp"

#include <gtest/gtest.h>

namespace holdfast::edge_agent {
namespace {

TEST(RegistryName, DockersOwnIsOneByEachOfItsNames) {
  for (const char* key : {"https://index.docker.io/v1/", "index.docker.io",
                          "https://registry-1.docker.io/v2/", "Docker.IO", "http://docker.io"})
    EXPECT_EQ(registry_of_key(key), kDockerHub) << key;
  EXPECT_EQ(registry_host("docker.io"), kDockerHubApi);
}

TEST(RegistryName, OfOthersIsTheHostWithItsPort) {
  EXPECT_EQ(registry_of_key("https://R.example.com:5000/v2/"), "r.example.com:5000");
  EXPECT_EQ(registry_host("r.example.com:5000"), "r.example.com:5000");
}

}  // namespace
}  // namespace holdfast::edge_agent
