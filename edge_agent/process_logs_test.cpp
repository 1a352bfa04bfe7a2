// SPDX-License-Identifier: Apache-2.0
#include "edge_agent/process_logs.hpp"

#include <gtest/gtest.h>
#include <zstd.h>

#include <filesystem>

#include "base/file_io.hpp"
#include "base/limits/agent.hpp"

namespace holdfast::edge_agent {
namespace {

namespace fs = std::filesystem;
namespace limits = base::limits;

class ProcessLogsTest : public testing::Test {
 protected:
  void SetUp() override {
    char name[] = "/tmp/hf-logs-XXXXXX";
    folder_ = mkdtemp(name);
    fs::create_directory(folder_ + "/web");
  }
  void TearDown() override { fs::remove_all(folder_); }

  void segment(int sequence, const std::string& text) {
    ASSERT_TRUE(base::write_file(folder_ + "/web/" + std::to_string(sequence) + ".log", text, 0600));
  }
  std::vector<std::string> texts(const LogQuery& query = {std::nullopt, 1U << 20U}) {
    std::vector<std::string> out;
    const auto lines = ProcessLogs(folder_).read("web", query);
    EXPECT_TRUE(lines) << lines.error().message();
    if (lines) {
      for (const auto& line : *lines) out.push_back(line.text);
    }
    return out;
  }
  std::vector<std::string> files() {
    std::vector<std::string> out;
    for (const auto& entry : fs::directory_iterator(folder_ + "/web")) out.push_back(entry.path().filename());
    std::sort(out.begin(), out.end());
    return out;
  }

  std::string folder_;
};

TEST_F(ProcessLogsTest, ReadsSegmentsInOrderOldestFirst) {
  segment(10, "3000 o ten\n");
  segment(9, "1000 o nine\n2000 e warn\n");
  EXPECT_EQ(texts(), (std::vector<std::string>{"nine", "warn", "ten"}));
}

TEST_F(ProcessLogsTest, CompressesWhatIsClosedAndStillReadsIt) {
  segment(1, "1000 o one\n");
  segment(2, "2000 o two\n");
  ASSERT_EQ(ProcessLogs(folder_).tidy("web"), std::size_t{1});
  EXPECT_EQ(files(), (std::vector<std::string>{"1.log.zst", "2.log"}));
  EXPECT_EQ(texts(), (std::vector<std::string>{"one", "two"}));
  EXPECT_EQ(ProcessLogs(folder_).tidy("web"), std::size_t{0}) << "does nothing when nothing changed";
}

TEST_F(ProcessLogsTest, GivesOnlyWhatIsNewEnoughAndTheNewestThatFits) {
  segment(1, "1000 o one\n2000 o two\n3000 o three\n");
  EXPECT_EQ(texts({base::WallTime(std::chrono::milliseconds(2000)), 1U << 20U}),
            (std::vector<std::string>{"two", "three"}));
  EXPECT_EQ(texts({std::nullopt, 6}), (std::vector<std::string>{"three"}));
}

TEST_F(ProcessLogsTest, TellsOfASegmentThatCannotBeReadAndGoesOn) {
  ASSERT_TRUE(base::write_file(folder_ + "/web/1.log.zst", "garbage", 0600));
  segment(2, "2000 o two\n");
  const auto lines = texts();
  ASSERT_EQ(lines.size(), 2U);
  EXPECT_NE(lines[0].find("1.log.zst cannot be read"), std::string::npos);
  EXPECT_EQ(lines[1], "two");
}

TEST_F(ProcessLogsTest, TouchesNoSegmentThatIsNotNeeded) {
  ASSERT_TRUE(
      base::write_file(folder_ + "/web/1.log.zst", "garbage that would be told if it were read", 0600));
  segment(2, "2000 o two\n");
  segment(3, "3000 o three\n4000 o four\n");
  EXPECT_EQ(texts({std::nullopt, 9}), (std::vector<std::string>{"four"}));
  EXPECT_EQ(texts({base::WallTime(std::chrono::milliseconds(2500)), 1U << 20U}),
            (std::vector<std::string>{"three", "four"}));
}

TEST_F(ProcessLogsTest, ASegmentWithoutALineEndsNothing) {
  segment(1, "1000 o one\n");
  segment(2, "");
  segment(3, "3000 o three\n");
  EXPECT_EQ(texts({base::WallTime(std::chrono::milliseconds(500)), 1U << 20U}),
            (std::vector<std::string>{"one", "three"}));
}

TEST_F(ProcessLogsTest, ABombIsARemarkAndCostsNothing) {
  const std::string huge(8U << 20U, '\n');
  std::string bomb(ZSTD_compressBound(huge.size()), '\0');
  bomb.resize(ZSTD_compress(bomb.data(), bomb.size(), huge.data(), huge.size(), 1));
  ASSERT_TRUE(base::write_file(folder_ + "/web/1.log.zst", bomb, 0600));
  const auto lines = texts();
  ASSERT_EQ(lines.size(), 1U);
  EXPECT_NE(lines[0].find("larger than a segment"), std::string::npos) << lines[0];
}

TEST_F(ProcessLogsTest, DropsTheOldestOverTheLimit) {
  const std::string noise(200U << 10U, 'x');
  const int count = static_cast<int>(limits::kLogBytesPerProcessMax / noise.size()) + 2;
  for (int i = 1; i <= count; ++i) {
    ASSERT_TRUE(base::write_file(folder_ + "/web/" + std::to_string(i) + ".log.zst", noise, 0600));
  }
  ASSERT_TRUE(ProcessLogs(folder_).tidy("web"));
  std::size_t bytes = 0;
  for (const auto& entry : fs::directory_iterator(folder_ + "/web")) bytes += entry.file_size();
  EXPECT_LE(bytes, limits::kLogBytesPerProcessMax);
  EXPECT_FALSE(fs::exists(folder_ + "/web/1.log.zst"));
  EXPECT_TRUE(fs::exists(folder_ + "/web/" + std::to_string(count) + ".log.zst"));
}

TEST(LogLine, IsReadOrRefused) {
  const auto line = parse_log_line("1700000000123 e hello world");
  ASSERT_TRUE(line);
  EXPECT_EQ(line->time.time_since_epoch().count(), 1700000000123);
  EXPECT_EQ(line->stream, 'e');
  EXPECT_EQ(line->text, "hello world");
  for (const char* torn : {"", "17", "17 ", "17 o", "x o text"}) EXPECT_FALSE(parse_log_line(torn)) << torn;
}

}  // namespace
}  // namespace holdfast::edge_agent
