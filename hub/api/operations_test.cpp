// SPDX-License-Identifier: Apache-2.0
#include "hub/api/operations.hpp"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>
#include <thread>

#include "hub/fake_fleet.hpp"

namespace holdfast::hub {
namespace {

using base::Json;
using namespace std::chrono_literals;

/// The loop of these tests does not run: what is answered is answered without it.
class OperationsTest : public testing::Test {
 protected:
  ApiResponse ask(const std::string& method, const std::string& path,
                  std::map<std::string, std::string> query = {}) {
    ApiRequest request;
    request.method = method;
    request.path = "/apis/holdfast.dev/v1/" + path;
    request.query = std::move(query);
    return operations.serve(request).value_or(ApiResponse{.status = 404});
  }

  FakeFleet fleet;
  std::unique_ptr<base::EventLoop> loop = base::EventLoop::create().value();
  Operations operations{*loop, *fleet.hub};
};

struct BadLogs {
  const char* name;
  std::map<std::string, std::string> query;
  const char* message;
};

TEST_F(OperationsTest, RefusesAQuestionForLogsThatCannotTravel) {
  const std::vector<BadLogs> table{
      {"resource", {{"resource", "\xff"}}, "resource: is not UTF-8"},
      {"container", {{"container", "\xff"}}, "container: is not UTF-8"},
      {"since", {{"since", "1\xc3"}}, "since: is not UTF-8"},
      {"cursor", {{"cursor", "\x80"}}, "cursor: is not UTF-8"},
      {"too many lines", {{"tailLines", "9007199254740993"}}, "tailLines: at most 1000000 are told"},
      {"beyond int64", {{"tailLines", "18446744073709551615"}}, "tailLines: at most 1000000 are told"},
      {"no number", {{"tailLines", "-1"}}, "tailLines: "},
  };
  for (const auto& row : table) {
    const auto answer = ask("GET", "nodes/cam-1/logs", row.query);
    EXPECT_EQ(answer.status, 400) << row.name;
    EXPECT_TRUE(Json::parse(answer.body)["message"].get<std::string>().starts_with(row.message))
        << row.name << ": " << answer.body;
  }
}

TEST_F(OperationsTest, NeverCarriesOutWhatWasToBeTriedOut) {
  EXPECT_EQ(ask("POST", "applications/a/sync", {{"dryRun", "All"}}).status, 400);
}

TEST_F(OperationsTest, LetsNobodyWaitForALoopThatHasStopped) {
  ApiResponse waiting;
  std::thread asker([&] { waiting = ask("GET", "resources"); });
  std::this_thread::sleep_for(20ms);
  operations.stop();
  asker.join();
  EXPECT_EQ(waiting.status, 503);
  EXPECT_EQ(ask("POST", "applications/a/refresh").status, 503);
}

}  // namespace
}  // namespace holdfast::hub
