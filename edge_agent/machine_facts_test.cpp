// SPDX-License-Identifier: Apache-2.0
#include "edge_agent/machine_facts.hpp"

#include <gtest/gtest.h>

namespace holdfast::edge_agent {
namespace {

TEST(MachineFacts, NameArchitecturesAsKubernetesDoes) {
  EXPECT_EQ(architecture_name("aarch64"), "arm64");
  EXPECT_EQ(architecture_name("x86_64"), "amd64");
  EXPECT_EQ(architecture_name("armv7l"), "arm");
  EXPECT_EQ(architecture_name("riscv64"), "riscv64");
}

TEST(MachineFacts, SayWhereThisRuns) {
  const auto facts = machine_facts("/");
  EXPECT_EQ(facts.at("os"), "linux");
  EXPECT_FALSE(facts.at("arch").empty());
  EXPECT_FALSE(facts.at("kernel").empty());
  EXPECT_TRUE(facts.at("disk").ends_with("Mi"));
  EXPECT_TRUE(facts.at("memory").ends_with("Mi"));
  EXPECT_FALSE(facts.at("cpus").empty());
}

}  // namespace
}  // namespace holdfast::edge_agent
