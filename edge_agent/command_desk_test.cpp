// SPDX-License-Identifier: Apache-2.0
#include "edge_agent/command_desk.hpp"

#include <gtest/gtest.h>

#include <filesystem>
#include <nlohmann/json.hpp>

#include "base/file_io.hpp"
#include "edge_agent/process_effective.hpp"

namespace holdfast::edge_agent {
namespace {

namespace fs = std::filesystem;
const base::WallTime kNow{std::chrono::milliseconds(10'000)};

class CollectLogsTest : public testing::Test {
 protected:
  void SetUp() override {
    char name[] = "/tmp/hf-desk-XXXXXX";
    folder_ = mkdtemp(name);
    write("default/web", "1000 o one\n2000 e two\n2000 o three\n");
    write("shop/till", "1500 o till\n");
  }
  void TearDown() override { fs::remove_all(folder_); }

  void write(const std::string& process, const std::string& text) {
    const auto folder = folder_ + "/" + instance_of({sync::ClaimKind::kProcess, process}).instance;
    fs::create_directory(folder);
    ASSERT_TRUE(base::write_file(folder + "/1.log", text, 0600));
  }
  base::Json collect(const LogsOrder& order) {
    const auto answer = collect_logs(ProcessLogs(folder_), order, kNow);
    EXPECT_TRUE(answer) << answer.error().message();
    return answer ? *answer : base::Json{{"lines", base::Json::array()}, {"cursor", ""}};
  }
  static std::vector<std::string> texts(const base::Json& answer) {
    std::vector<std::string> out;
    for (const auto& line : answer.at("lines")) out.push_back(line.at("text").get<std::string>());
    return out;
  }

  std::string folder_;
};

using Texts = std::vector<std::string>;

TEST_F(CollectLogsTest, MixesProcessesByTime) {
  const auto answer = collect({});
  EXPECT_EQ(texts(answer), (Texts{"one", "till", "two", "three"}));
  EXPECT_EQ(answer["lines"][1]["process"], "shop.till");
  EXPECT_EQ(answer["lines"][2]["stream"], "stderr");
}

TEST_F(CollectLogsTest, GivesOneProcessByTheNameAPersonKnows) {
  EXPECT_EQ(texts(collect({.resource = "Process/web"})), (Texts{"one", "two", "three"}));
  EXPECT_EQ(texts(collect({.resource = "Process/shop/till"})), (Texts{"till"}));
}

TEST_F(CollectLogsTest, GoesOnAfterTheCursorWithoutLossOrRepeat) {
  const auto first = collect({.resource = "Process/web"});
  EXPECT_TRUE(texts(collect({.resource = "Process/web", .cursor = first["cursor"]})).empty());
  write("default/web", "1000 o one\n2000 e two\n2000 o three\n2000 o four\n2500 o five\n");
  const auto second = collect({.resource = "Process/web", .cursor = first["cursor"]});
  EXPECT_EQ(texts(second), (Texts{"four", "five"}));
  EXPECT_TRUE(texts(collect({.resource = "Process/web", .cursor = second["cursor"]})).empty());
}

TEST_F(CollectLogsTest, KeepsToSinceAndToTheNewestLines) {
  EXPECT_EQ(texts(collect({.since = "8.5s"})), (Texts{"till", "two", "three"}));
  EXPECT_EQ(texts(collect({.tail_lines = 1})), (Texts{"three"}));
}

TEST_F(CollectLogsTest, ShowsBytesThatAreNoText) {
  write("default/web",
        "1000 o a\xff"
        "b\n");
  EXPECT_EQ(texts(collect({.resource = "Process/web"})), (Texts{"a\\xffb"}));
}

TEST_F(CollectLogsTest, SaysWhatIsWrong) {
  const auto error = [&](const LogsOrder& order) {
    const auto answer = collect_logs(ProcessLogs(folder_), order, kNow);
    return answer ? std::string("no error") : answer.error().message();
  };
  EXPECT_EQ(error({.resource = "Process/none"}),
            "Process/none: there are no logs of such a process on this node");
  EXPECT_EQ(error({.resource = "File/motd"}),
            "File/motd: only processes and containers have logs; write Process/NAME, Pod/NAME, "
            "Deployment/NAME, DaemonSet/NAME, Job/NAME or CronJob/NAME");
  EXPECT_EQ(error({.resource = "Process/web", .container = "app"}),
            "container: a Process has none; leave it out");
  EXPECT_EQ(error({.since = "yesterday"}),
            "since: yesterday is neither a duration (1h30m) nor a time (RFC 3339)");
  EXPECT_EQ(error({.cursor = "x"}), "cursor: not one that an earlier answer gave");
}

}  // namespace
}  // namespace holdfast::edge_agent
