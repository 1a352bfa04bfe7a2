// SPDX-License-Identifier: Apache-2.0
// Random, by its fake (whose numbers are known) and by the kernel's (of which only the form is).
#include "base/random.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <array>
#include <set>

#include "base/fake_random.hpp"
#include "base/system_random.hpp"

namespace holdfast::base {
namespace {

using namespace std::chrono_literals;

/// Gives the bytes it was told to, to place a draw exactly.
class ScriptedRandom final : public Random {
 public:
  explicit ScriptedRandom(std::vector<std::uint64_t> words) : words_(std::move(words)) {}
  void fill(std::span<std::uint8_t> out) override {
    const std::uint64_t word = words_.at(at_++);
    for (std::size_t i = 0; i < out.size(); ++i) out[i] = static_cast<std::uint8_t>(word >> (8 * (i % 8)));
  }
  std::size_t drawn() const { return at_; }

 private:
  std::vector<std::uint64_t> words_;
  std::size_t at_ = 0;
};

TEST(FakeRandom, GivesTheNumbersOfXoshiro256StarStar) {
  // Reference: Blackman and Vigna's xoshiro256starstar.c seeded by their splitmix64.c with 1.
  FakeRandom random(1);
  EXPECT_EQ(random.next(), 0xb3f2af6d0fc710c5U);
  EXPECT_EQ(random.next(), 0x853b559647364ceaU);
  EXPECT_EQ(random.next(), 0x92f89756082a4514U);
}

TEST(FakeRandom, TheSameSeedGivesTheSameNumbers) {
  FakeRandom a(42);
  FakeRandom b(42);
  FakeRandom c(43);
  std::vector<std::uint64_t> from_a, from_b, from_c;
  for (int i = 0; i < 20; ++i) {
    from_a.push_back(a.next());
    from_b.push_back(b.next());
    from_c.push_back(c.next());
  }
  EXPECT_EQ(from_a, from_b);
  EXPECT_NE(from_a, from_c);
}

TEST(FakeRandom, FillsLengthsThatAreNoWholeWords) {
  FakeRandom a(7);
  FakeRandom b(7);
  std::array<std::uint8_t, 11> bytes{};
  a.fill(bytes);
  const std::uint64_t first = b.next();
  const std::uint64_t second = b.next();
  EXPECT_EQ(bytes[0], static_cast<std::uint8_t>(first));
  EXPECT_EQ(bytes[7], static_cast<std::uint8_t>(first >> 56U));
  EXPECT_EQ(bytes[8], static_cast<std::uint8_t>(second));
  EXPECT_EQ(a.next(), b.next());
}

TEST(Random, BelowStaysBelowAndReachesEveryValue) {
  FakeRandom random(9);
  std::set<std::uint64_t> seen;
  for (int i = 0; i < 1000; ++i) seen.insert(random.below(6));
  EXPECT_EQ(seen, (std::set<std::uint64_t>{0, 1, 2, 3, 4, 5}));
  EXPECT_EQ(random.below(1), 0U);
}

TEST(Random, BelowDrawsAgainWhereSmallValuesWouldBeFavoured) {
  // 2^64 is one more than a multiple of 3, so the largest word belongs to no whole run.
  ScriptedRandom random({UINT64_MAX, UINT64_MAX - 1});
  EXPECT_EQ(random.below(3), 2U);
  EXPECT_EQ(random.drawn(), 2U);
  ScriptedRandom whole({UINT64_MAX});
  EXPECT_EQ(whole.below(std::uint64_t{1} << 63U), (std::uint64_t{1} << 63U) - 1);
}

TEST(Random, JitterIsFullAndInclusive) {
  FakeRandom random(11);
  std::set<std::chrono::milliseconds> seen;
  for (int i = 0; i < 200; ++i) seen.insert(random.jitter(3ms));
  EXPECT_EQ(seen, (std::set<std::chrono::milliseconds>{0ms, 1ms, 2ms, 3ms}));
  EXPECT_EQ(random.jitter(0ms), 0ms);
  EXPECT_EQ(random.jitter(-5ms), 0ms);
}

TEST(Random, AUuidIsOfVersionFour) {
  const char* form = "[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}";
  FakeRandom fake(13);
  SystemRandom real;
  std::set<std::string> seen;
  for (int i = 0; i < 100; ++i) {
    for (Random* random : {static_cast<Random*>(&fake), static_cast<Random*>(&real)}) {
      const std::string uuid = random->uuid();
      EXPECT_THAT(uuid, testing::MatchesRegex(form));
      seen.insert(uuid);
    }
  }
  EXPECT_EQ(seen.size(), 200U);
}

TEST(SystemRandom, FillsAllOfAnySpan) {
  SystemRandom random;
  std::array<std::uint8_t, 1000> bytes{};
  random.fill(bytes);
  random.fill({});
  // 1000 bytes that miss more than half of all values happen once in 2^600 runs.
  EXPECT_GT(std::set<std::uint8_t>(bytes.begin(), bytes.end()).size(), 128U);
}

}  // namespace
}  // namespace holdfast::base
