// SPDX-License-Identifier: Apache-2.0
#include "edge_agent/local_api.hpp"

#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <thread>

namespace holdfast::edge_agent {
namespace {

class LocalApiTest : public testing::Test {
 protected:
  void SetUp() override {
    char name[] = "/tmp/hf-api-XXXXXX";
    folder_ = mkdtemp(name);
    loop_ = *base::EventLoop::create();
  }
  void TearDown() override {
    unlink(socket().c_str());
    rmdir(folder_.c_str());
  }
  std::string socket() const { return folder_ + "/agent.sock"; }

  /// Asks from another thread while the loop runs here.
  base::Result<LocalResponse> ask(const std::string& method, const std::string& target) {
    base::Result<LocalResponse> answer = base::fail(base::Code::kInternal, "not asked");
    std::thread client([&] {
      answer = ask_local(socket(), method, target, 5'000);
      loop_->stop();
    });
    loop_->run();
    client.join();
    return answer;
  }

  std::string folder_;
  std::unique_ptr<base::EventLoop> loop_;
};

TEST_F(LocalApiTest, AnswersWhatTheHandlerSays) {
  auto api = LocalApi::listen(*loop_, socket(), [](const LocalRequest& request) {
    return LocalResponse{200, "text/plain",
                         request.method + " " + request.path + " " + request.query.at("key")};
  });
  ASSERT_TRUE(api) << api.error().message();
  const auto answer = ask("GET", "/v1/why?key=File%2Fmotd");
  ASSERT_TRUE(answer) << answer.error().message();
  EXPECT_EQ(answer->status, 200);
  EXPECT_EQ(answer->body, "GET /v1/why File/motd");
}

TEST_F(LocalApiTest, CarriesAnAnswerLargerThanASocketBuffer) {
  const std::string large(3U << 20U, 'x');
  auto api =
      LocalApi::listen(*loop_, socket(), [&](const LocalRequest&) { return LocalResponse{200, "", large}; });
  ASSERT_TRUE(api);
  const auto answer = ask("GET", "/");
  ASSERT_TRUE(answer) << answer.error().message();
  EXPECT_EQ(answer->body, large);
}

TEST_F(LocalApiTest, IsOpenToItsOwnerAlone) {
  auto api = LocalApi::listen(*loop_, socket(), [](const LocalRequest&) { return LocalResponse{}; });
  ASSERT_TRUE(api);
  struct stat info{};
  ASSERT_EQ(stat(socket().c_str(), &info), 0);
  EXPECT_EQ(info.st_mode & 0777U, 0600U);
}

TEST_F(LocalApiTest, SaysThatNobodyListens) {
  const auto answer = ask_local(socket(), "GET", "/", 1'000);
  ASSERT_FALSE(answer);
  EXPECT_EQ(answer.error().code(), base::Code::kUnavailable);
}

TEST_F(LocalApiTest, RefusesAPathThatNoUnixSocketCanHave) {
  const auto api = LocalApi::listen(*loop_, "/tmp/" + std::string(200, 'a'), {});
  ASSERT_FALSE(api);
  EXPECT_NE(api.error().message().find("choose a shorter --data folder"), std::string::npos);
}

TEST(LocalRequest, IsReadWithItsQueryDecoded) {
  const auto request = parse_local_request("GET /v1/why?key=a%20b&x=&y HTTP/1.1\r\n");
  ASSERT_TRUE(request);
  EXPECT_EQ(request->path, "/v1/why");
  EXPECT_EQ(request->query, (std::map<std::string, std::string>{{"key", "a b"}, {"x", ""}, {"y", ""}}));
}

TEST(LocalRequest, IsRefusedWhereItIsNotHttp) {
  for (const char* head : {"", "GET", "GET /", "GET / SMTP", "GET /%4 HTTP/1.1", "GET /%zz HTTP/1.1"}) {
    EXPECT_FALSE(parse_local_request(head)) << head;
  }
}

}  // namespace
}  // namespace holdfast::edge_agent
