// SPDX-License-Identifier: Apache-2.0
// Where the two answers are one, and where they are not.
#include "edge_agent/hosts_fault.hpp"

#include <gtest/gtest.h>

namespace holdfast::edge_agent {
namespace {

using base::Code;
using base::Error;

TEST(HostsFault, IsWhatAnotherRevisionWouldMeet) {
  for (const Code code : {Code::kNoSpace, Code::kTimeout, Code::kUnavailable, Code::kIo}) {
    EXPECT_TRUE(is_hosts_fault(Error(code, "x"))) << base::to_string(code);
    EXPECT_TRUE(is_hosts_fault_of_pull(Error(code, "x"))) << base::to_string(code);
  }
  for (const Code code : {Code::kInvalid, Code::kNotFound, Code::kPermission, Code::kUnsupported}) {
    EXPECT_FALSE(is_hosts_fault(Error(code, "x"))) << base::to_string(code);
    EXPECT_FALSE(is_hosts_fault_of_pull(Error(code, "x"))) << base::to_string(code);
  }
}

TEST(HostsFault, WrongBytesAreTheDisksHereAndTheRegistrysThere) {
  EXPECT_TRUE(is_hosts_fault(Error(Code::kCorrupt, "x")));
  EXPECT_FALSE(is_hosts_fault_of_pull(Error(Code::kCorrupt, "x")));
  EXPECT_FALSE(is_hosts_fault(Error(Code::kConflict, "x")));
  EXPECT_TRUE(is_hosts_fault_of_pull(Error(Code::kConflict, "x")));
}

}  // namespace
}  // namespace holdfast::edge_agent
