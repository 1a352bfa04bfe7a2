// SPDX-License-Identifier: Apache-2.0
#include "sync/store/segment_log.hpp"

#include <gtest/gtest.h>

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "base/fake_random.hpp"
#include "sync/store/fake_segments.hpp"

namespace holdfast::sync {
namespace {

using base::Code;
using namespace std::chrono_literals;

constexpr base::WallTime kNow{std::chrono::milliseconds{1'767'225'600'000}};
constexpr std::size_t kMany = 1'000;

/// Three segments of 512 bytes; a record of a name like "event 17" takes 40 or 48 of them.
class SegmentLogTest : public testing::Test {
 protected:
  SegmentLogTest() { open(); }

  void open() {
    log.reset();
    auto opened = SegmentLog::open(files, random, options);
    ASSERT_TRUE(opened) << opened.error().message();
    log.emplace(*std::move(opened));
  }
  /// The next record says its number.
  std::uint64_t append(base::WallTime now = kNow) {
    const auto appended = log->append("event " + std::to_string(++count), now);
    EXPECT_TRUE(appended) << appended.error().message();
    return appended.value_or(0);
  }
  void append(std::size_t records) {
    for (std::size_t i = 0; i < records; ++i) append();
  }
  SegmentRun read(std::uint64_t after, std::size_t count_max = kMany) {
    const auto run = log->read(after, 1U << 20U, count_max);
    EXPECT_TRUE(run) << run.error().message();
    return run ? run->value_or(SegmentRun{}) : SegmentRun{};
  }
  /// Everything that waits, as somebody would take it: the number of the first and of the last record, and how many were
  /// told to be missing.
  struct Taken {
    std::vector<std::string> payloads;
    std::uint64_t lost = 0;
  };
  Taken take() {
    Taken out;
    for (auto run = read(log->acknowledged()); run.first > 0; run = read(log->acknowledged())) {
      out.lost += run.lost;
      out.payloads.insert(out.payloads.end(), run.payloads.begin(), run.payloads.end());
      EXPECT_TRUE(log->acknowledge(run.last()));
    }
    return out;
  }
  static std::string event(std::size_t number) { return "event " + std::to_string(number); }
  /// Which file holds the newest records.
  std::string& newest_file() {
    std::size_t newest = 0;
    std::uint64_t first = 0;
    for (std::size_t i = 0; i < options.segments; ++i) {
      const auto header = decode_segment_header(files.bytes(i));
      if (header && header->first > first) {
        newest = i;
        first = header->first;
      }
    }
    return files.bytes(newest);
  }

  base::FakeRandom random{1};
  FakeSegments files;
  SegmentLogOptions options{.segment_bytes = 512, .segments = 3, .age_max = 24h};
  std::optional<SegmentLog> log;
  std::size_t count = 0;
};

TEST_F(SegmentLogTest, GivesWhatWasAppendedInOrder) {
  EXPECT_EQ(append(), 1U);
  EXPECT_EQ(append(), 2U);
  const auto run = read(0);
  EXPECT_EQ(run.first, 1U);
  EXPECT_EQ(run.lost, 0U);
  EXPECT_EQ(run.payloads, (std::vector{event(1), event(2)}));
  EXPECT_EQ(read(1).payloads, std::vector{event(2)});
  EXPECT_EQ(read(2).first, 0U) << "there is nothing behind the last";
}

TEST_F(SegmentLogTest, KeepsToBothBoundsAndGivesOneAtLeast) {
  append(3);
  EXPECT_EQ(read(0, 2).payloads.size(), 2U);
  EXPECT_EQ((*log->read(0, 8, kMany))->payloads.size(), 1U) << "a second would be beyond";
  EXPECT_EQ((*log->read(0, 1, kMany))->payloads.size(), 1U)
      << "one that is too large alone is given all the same";
  EXPECT_EQ((*log->read(0, 14, kMany))->payloads.size(), 2U);
}

TEST_F(SegmentLogTest, ARecordAtItsLimitIsTakenAndOneOverItIsNot) {
  FakeSegments large;
  auto roomy = *SegmentLog::open(large, random);
  EXPECT_TRUE(roomy.append(std::string(base::limits::kOutboxRecordBytesMax, 'x'), kNow));
  const auto over = roomy.append(std::string(base::limits::kOutboxRecordBytesMax + 1, 'x'), kNow);
  EXPECT_EQ(over.error().code(), Code::kLimit);
  EXPECT_EQ(roomy.waiting(), 1U);
}

TEST_F(SegmentLogTest, WhatIsAcknowledgedIsNotGivenAgainNotEvenAfterARestart) {
  append(30);
  const auto id = log->id();
  ASSERT_TRUE(log->acknowledge(17));
  EXPECT_EQ(log->waiting(), 13U);
  open();
  EXPECT_EQ(log->id(), id);
  EXPECT_EQ(log->acknowledged(), 17U);
  EXPECT_EQ(read(log->acknowledged()).payloads.front(), event(18));
  EXPECT_EQ(append(), 31U) << "and sequences go on";
  EXPECT_EQ(log->lost(), 0U);
}

TEST_F(SegmentLogTest, NothingThatWasNeverThereIsAcknowledged) {
  append(3);
  EXPECT_EQ(log->acknowledge(4).error().code(), Code::kInvalid);
  EXPECT_EQ(log->waiting(), 3U);
}

TEST_F(SegmentLogTest, UsesTheSameFilesForEver) {
  const auto before = files.bytes_on_disk();
  for (int i = 0; i < 500; ++i) {
    const auto sequence = append();
    if (i % 7 > 0) continue;
    ASSERT_TRUE(log->acknowledge(sequence));
  }
  EXPECT_EQ(files.bytes_on_disk(), before);
  EXPECT_EQ(log->lost(), 0U);
}

TEST_F(SegmentLogTest, WhenItIsFullTheOldestGoAndTheGapIsTold) {
  append(100);
  EXPECT_GT(log->lost(), 0U);
  const auto lost = log->lost();
  const auto first = read(0);
  EXPECT_EQ(first.lost, lost);
  EXPECT_EQ(first.first, lost + 1);
  const auto taken = take();
  EXPECT_EQ(taken.lost, lost);
  EXPECT_EQ(taken.payloads.front(), event(lost + 1));
  EXPECT_EQ(taken.payloads.back(), event(100));
  EXPECT_EQ(taken.payloads.size() + taken.lost, 100U);
}

TEST_F(SegmentLogTest, AGapOutlivesARestart) {
  append(100);
  const auto lost = log->lost();
  open();
  EXPECT_EQ(log->lost(), lost);
  EXPECT_EQ(take().lost, lost);
  open();
  EXPECT_EQ(log->lost(), 0U);
  EXPECT_EQ(take().lost, 0U) << "told once";
}

TEST_F(SegmentLogTest, WhatIsTooOldGoes) {
  append(3);
  append(kNow + 25h);
  const auto run = read(0);
  EXPECT_EQ(run.lost, 3U);
  EXPECT_EQ(run.payloads, std::vector{event(4)});
}

TEST_F(SegmentLogTest, AtTheLimitOfItsAgeItStays) {
  append(3);
  append(kNow + 24h);
  EXPECT_EQ(read(0).payloads.size(), 4U);
}

TEST_F(SegmentLogTest, WhatWasWrittenBeforeTheClockWasSetIsOfNoAge) {
  append(base::WallTime(5min));
  append(kNow);
  EXPECT_EQ(read(0).payloads.size(), 2U);
}

TEST_F(SegmentLogTest, WritesNothingWhileNothingHappens) {
  append(5);
  ASSERT_TRUE(log->sync());
  ASSERT_TRUE(log->acknowledge(5));
  const auto writes = files.writes();
  const auto syncs = files.syncs();
  read(0);
  ASSERT_TRUE(log->acknowledge(5));
  EXPECT_EQ(files.writes(), writes);
  ASSERT_TRUE(log->sync());
  ASSERT_TRUE(log->sync());
  EXPECT_EQ(files.syncs(), syncs);
}

// ---- power cuts ----

TEST_F(SegmentLogTest, APowerCutTakesWhatWasNotSyncedAndNothingElse) {
  append(5);
  ASSERT_TRUE(log->sync());
  append(3);
  files.power_cut();
  open();
  const auto taken = take();
  EXPECT_EQ(taken.payloads.size(), 5U);
  EXPECT_EQ(taken.lost, 0U);
}

/// Whatever of the cache reached the disk: what was synced is there, in order, nothing comes twice, and no sequence that was
/// synced is given to another record.
TEST_F(SegmentLogTest, HoldsThroughAThousandPowerCuts) {
  std::map<std::uint64_t, std::string> synced;
  std::map<std::uint64_t, std::string> appended;
  std::uint64_t told = 0;
  options.segments = 12;  // so that nothing goes for want of room
  open();
  for (int round = 0; round < 1'000; ++round) {
    const auto steps = random.below(12);
    for (std::uint64_t step = 0; step < steps; ++step) {
      const auto sequence = append();
      ASSERT_FALSE(synced.contains(sequence)) << "round " << round;
      appended[sequence] = event(count);
      if (random.below(4) == 0) {
        ASSERT_TRUE(log->sync());
        synced = appended;
      }
    }
    if (random.below(2) == 0) {
      ASSERT_TRUE(log->sync());
      synced = appended;
      do {
        const auto run = read(log->acknowledged(), 1 + random.below(8));
        for (std::size_t i = 0; i < run.payloads.size(); ++i) {
          ASSERT_EQ(run.payloads[i], synced[run.first + i]) << "round " << round;
        }
        if (run.first == 0 || random.below(3) == 0) continue;
        ASSERT_TRUE(log->acknowledge(run.last()));
        told = run.last();
      } while (log->waiting() > 20);
    }
    if (random.below(2) == 0) files.power_cut(&random);
    open();
    appended = synced;
    // What the cache held may be there too; it is nobody's loss if not.
    for (auto at = log->acknowledged();;) {
      const auto run = read(at);
      if (run.payloads.empty()) break;
      for (std::size_t i = 0; i < run.payloads.size(); ++i) appended[run.first + i] = run.payloads[i];
      at = run.last();
    }
    for (const auto& [sequence, payload] : synced) {
      const bool may_be_gone = sequence <= told;
      const auto run = read(sequence - 1, 1);
      ASSERT_TRUE(may_be_gone || (run.first == sequence && run.payloads.at(0) == payload))
          << "round " << round << ": " << sequence << " is lost";
    }
  }
}

TEST_F(SegmentLogTest, AnAcknowledgementThatThePowerCutTookOnlyMeansTheSameAgain) {
  append(4);
  ASSERT_TRUE(log->sync());
  ASSERT_TRUE(log->acknowledge(4));
  files.power_cut();
  open();
  EXPECT_EQ(take().payloads.size(), 4U);
}

// ---- damage ----

TEST_F(SegmentLogTest, ATornRecordAtTheEndIsCutAndItsSequenceIsNotUsedAgain) {
  append(5);
  auto& bytes = newest_file();
  bytes[bytes.find("event 5")] = 'X';
  open();
  EXPECT_GT(append(), 5U);
  const auto taken = take();
  EXPECT_EQ(taken.payloads, (std::vector{event(1), event(2), event(3), event(4), event(6)}));
  EXPECT_EQ(taken.lost, 1U);
}

TEST_F(SegmentLogTest, PowerCutsInARowDoNotUseUpItsFiles) {
  append(5);
  ASSERT_TRUE(log->sync());
  for (int i = 0; i < 5; ++i) {
    append();
    auto& bytes = newest_file();
    bytes[bytes.find(event(count)) - 30] ^= 1;
    open();
  }
  append();
  EXPECT_EQ(take().payloads.size(), 6U);
}

TEST_F(SegmentLogTest, ADamagedRecordLosesItselfAndIsCounted) {
  append(5);
  auto& bytes = newest_file();
  bytes[bytes.find("event 3") - 20] ^= 1;
  open();
  EXPECT_EQ(log->lost(), 1U);
  const auto taken = take();
  EXPECT_EQ(taken.payloads, (std::vector{event(1), event(2), event(4), event(5)}));
  EXPECT_EQ(taken.lost, 1U);
}

TEST_F(SegmentLogTest, DamageUnderARunningAgentIsCountedAsWell) {
  append(5);
  auto& bytes = newest_file();
  bytes[bytes.find("event 3")] ^= 1;
  bytes[bytes.find("event 5")] ^= 1;
  const auto taken = take();
  EXPECT_EQ(taken.payloads, (std::vector{event(1), event(2), event(4)}));
  EXPECT_EQ(taken.lost, 2U);
}

TEST_F(SegmentLogTest, WithoutItsHeaderASegmentIsStillReadByItsRecords) {
  append(15);
  auto& bytes = newest_file();
  bytes.replace(0, kSegmentHeaderBytes, kSegmentHeaderBytes, '\0');
  open();
  const auto taken = take();
  EXPECT_EQ(taken.payloads.size(), 15U);
  EXPECT_EQ(taken.lost, 0U);
  EXPECT_GT(append(), 15U + 1'000U) << "who knows what stood there";
}

TEST_F(SegmentLogTest, AZeroedSegmentInTheMiddleIsAGap) {
  append(25);  // three segments of 9, 8 and 8
  const auto before = read(0);
  const auto middle = read(before.last());
  for (std::size_t i = 0; i < options.segments; ++i) {
    if (decode_segment_header(files.bytes(i))->first == middle.first) files.bytes(i).assign(512, '\0');
  }
  open();
  const auto taken = take();
  EXPECT_EQ(taken.lost, middle.payloads.size());
  EXPECT_EQ(taken.payloads.size() + taken.lost, 25U);
}

TEST_F(SegmentLogTest, ATailThatTheDiskForgotIsNotWrittenAgainUnderTheSameSequences) {
  append(5);
  ASSERT_TRUE(log->acknowledge(5));
  auto& bytes = newest_file();
  bytes.replace(kSegmentHeaderBytes, 400, 400, '\0');
  open();
  EXPECT_GT(append(), 5U);
  EXPECT_EQ(take().lost, 0U) << "who was to have them has them";
}

TEST_F(SegmentLogTest, ATruncatedFileIsMadeWholeAgain) {
  append(5);
  auto& bytes = newest_file();
  bytes.resize(bytes.find("event 4"));
  open();
  EXPECT_EQ(files.bytes_on_disk(), 3U * 512U);
  append();
  const auto taken = take();
  EXPECT_EQ(taken.payloads, (std::vector{event(1), event(2), event(3), event(6)}));
  EXPECT_EQ(taken.lost, 1U) << "one at least";
}

TEST_F(SegmentLogTest, GarbageEverywhereBeginsANewLogAndSaysThatSomethingIsLost) {
  append(5);
  const auto id = log->id();
  for (std::size_t i = 0; i < options.segments; ++i) {
    for (auto& byte : files.bytes(i)) byte = static_cast<char>(random.below(256));
  }
  open();
  EXPECT_NE(log->id(), id);
  append();
  const auto taken = take();
  EXPECT_EQ(taken.payloads, std::vector{event(6)});
  EXPECT_GE(taken.lost, 1U);
}

TEST_F(SegmentLogTest, AFileOfAnotherLogIsNotReadAsOurs) {
  append(3);
  FakeSegments foreign;
  auto other = *SegmentLog::open(foreign, random, options);
  ASSERT_TRUE(other.append("a stranger's", kNow));
  files.bytes(1) = foreign.bytes(0);
  open();
  EXPECT_EQ(take().payloads.size(), 3U);
}

TEST_F(SegmentLogTest, OldRecordsOfAReusedFileAreNeverTakenForNewOnes) {
  append(9);
  const std::string old = files.bytes(0);
  ASSERT_TRUE(log->acknowledge(9));
  append(20);
  ASSERT_TRUE(log->acknowledge(29));
  append(3);
  auto& bytes = newest_file();
  const auto end = bytes.find_last_not_of('\0') + 1;
  const auto at = (end + 7) / 8 * 8;
  bytes.replace(at, 512 - at, old.substr(kSegmentHeaderBytes, 512 - at));
  open();
  for (const auto& payload : take().payloads) EXPECT_GE(payload, event(30));
}

TEST_F(SegmentLogTest, AnyByteMayFlip) {
  for (std::size_t at = 0; at < 512; ++at) {
    FakeSegments flipped;
    auto one = *SegmentLog::open(flipped, random, options);
    for (int i = 0; i < 8; ++i) ASSERT_TRUE(one.append(event(static_cast<std::size_t>(i)), kNow));
    flipped.bytes(0)[at] = static_cast<char>(flipped.bytes(0)[at] ^ 0x10);
    const auto again = SegmentLog::open(flipped, random, options);
    ASSERT_TRUE(again) << at << ": " << again.error().message();
    EXPECT_GE(again->waiting() + again->lost(), 7U) << at;
    EXPECT_LE(again->waiting(), 8U) << at;
    EXPECT_GT(again->last(), 7U) << at;
  }
}

TEST_F(SegmentLogTest, ANewerFormatIsLeftAlone) {
  append(3);
  files.bytes(2).replace(0, kSegmentHeaderBytes, encode_segment_header({.log = log->id()}, 2));
  const auto before = files.bytes(2);
  const auto writes = files.writes();
  const auto opened = SegmentLog::open(files, random, options);
  EXPECT_EQ(opened.error().code(), Code::kTooNew);
  EXPECT_EQ(files.bytes(2), before);
  EXPECT_EQ(files.writes(), writes);
}

// ---- a disk that is full ----

TEST_F(SegmentLogTest, ADiskThatIsFullFromTheBeginningIsSaid) {
  FakeSegments full;
  full.set_full(true);
  EXPECT_EQ(SegmentLog::open(full, random, options).error().code(), Code::kNoSpace);
  full.set_full(false);
  EXPECT_TRUE(SegmentLog::open(full, random, options));
}

TEST_F(SegmentLogTest, ARecordThatWasNotTakenLeavesNoTrace) {
  append(8);
  files.set_full(true);
  for (int i = 0; i < 5; ++i) EXPECT_FALSE(log->append("too late", kNow));
  files.set_full(false);
  append();
  const auto taken = take();
  EXPECT_EQ(taken.payloads.size(), 9U);
  EXPECT_EQ(taken.payloads.back(), event(9));
  EXPECT_EQ(taken.lost, 0U);
}

}  // namespace
}  // namespace holdfast::sync
