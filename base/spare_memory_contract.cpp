// SPDX-License-Identifier: Apache-2.0
// SpareMemory against the real kernel: what is given back is no longer resident, and all goes on.
#include <gtest/gtest.h>
#include <unistd.h>

#include <fstream>
#include <memory>
#include <string>
#include <vector>

#include "base/limits/agent.hpp"
#include "base/spare_memory.hpp"
#include "base/system_clock.hpp"

namespace holdfast::base {
namespace {

std::size_t resident_kib(const std::string& name) {
  std::ifstream status("/proc/self/status");
  std::string line;
  while (std::getline(status, line)) {
    if (line.starts_with(name + ":")) return std::stoul(line.substr(name.size() + 1));
  }
  return 0;
}

TEST(SpareMemoryContract, TheHeapsFreePagesAndTheCodeAreGivenBackAndTheProgramGoesOn) {
  const SystemClock clock;
  SpareMemory memory(clock);
  {
    std::vector<std::unique_ptr<std::string>> burst;
    burst.reserve(4'000);
    for (int i = 0; i < 4'000; ++i) burst.push_back(std::make_unique<std::string>(4'000, 'x'));
    // Of what lies on top of the others nothing is left that would keep them.
  }
  constexpr std::size_t kNoiseKib = 1'024;  // a sanitizer keeps what was freed, and books of its own
  const auto anonymous = resident_kib("RssAnon");
  const auto code = resident_kib("RssFile");
  memory.give_back();
  EXPECT_LE(resident_kib("RssAnon"), anonymous + kNoiseKib);
  // The kernel hears only who may write to the program's file: for others it stays where it is.
  if (::access("/proc/self/exe", W_OK) == 0) {
    EXPECT_LT(resident_kib("RssFile"), code);
  }
  memory.give_back();
  EXPECT_EQ(std::string(1'000, 'y').find('x'), std::string::npos) << "code that was given back is read again";
}

TEST(SpareMemoryContract, CodeThatWorkRanThroughIsUnmappedAndRunsAgain) {
  const SystemClock clock;
  SpareMemory memory(clock);
  const auto code = resident_kib("RssFile");
  ASSERT_GT(code * 1024, limits::kCodeMappedBytesMax) << "the program of this test has more";
  memory.unmap_code();
  const auto left = resident_kib("RssFile");
  EXPECT_LT(left, code);
  // No more often than it may.
  std::string all;
  for (int i = 0; i < 100; ++i) all += std::to_string(resident_kib("VmRSS"));
  memory.unmap_code();
  EXPECT_GE(resident_kib("RssFile"), left);
}

}  // namespace
}  // namespace holdfast::base
