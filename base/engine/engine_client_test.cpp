// SPDX-License-Identifier: Apache-2.0
// EngineClient against a server that answers what a test says, byte for byte: what no real engine does on demand.
#include "base/engine/engine_client.hpp"

#include <gtest/gtest.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstdio>
#include <deque>
#include <filesystem>
#include <list>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "base/fake_clock.hpp"
#include "base/handle.hpp"
#include "base/limits/engine.hpp"
#include "base/limits/https.hpp"

namespace holdfast::base {
namespace {

using std::chrono::milliseconds;

constexpr int kRoundsMax = 2000;
constexpr milliseconds kRound{10};

/// Serves one socket on the test's loop. The n-th request for a path gets the n-th answer said for it, the last again and again.
class ScriptedEngine {
 public:
  ScriptedEngine(EventLoop& loop, std::string path) : loop_(loop), path_(std::move(path)) {
    answer("/_ping", {"HTTP/1.1 200 OK\r\nApi-Version: 1.41\r\nContent-Length: 2\r\n\r\nOK"});
    listener_ = Fd(::socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    std::snprintf(address.sun_path, sizeof address.sun_path, "%s", path_.c_str());
    EXPECT_EQ(::bind(listener_.get(), reinterpret_cast<sockaddr*>(&address), sizeof address), 0);
    EXPECT_EQ(::listen(listener_.get(), 300), 0);
    EXPECT_TRUE(loop_.watch(listener_.get(), Ready::kRead, [this](Ready) { accept(); }));
  }
  ~ScriptedEngine() {
    loop_.unwatch(listener_.get());
    for (Connection& one : connections_) close(one);
    ::unlink(path_.c_str());
  }
  ScriptedEngine(const ScriptedEngine&) = delete;
  ScriptedEngine& operator=(const ScriptedEngine&) = delete;

  struct Answer {
    std::string bytes;
    bool is_closed_after = true;
    bool is_early = false;  ///< with the head of the request, not after its body
  };
  void answer(const std::string& path, const Answer& one) { answers_[path] = {one}; }
  void answers(const std::string& path, std::deque<Answer> all) { answers_[path] = std::move(all); }

  /// More of the last answer; false where its connection takes no more.
  bool push(std::string_view bytes) {
    Connection& one = connections_.back();
    while (!bytes.empty()) {
      const ssize_t n = one.fd ? ::send(one.fd.get(), bytes.data(), bytes.size(), MSG_NOSIGNAL) : -1;
      if (n < 0 && (!one.fd || errno != EAGAIN)) return false;
      if (n > 0) bytes.remove_prefix(static_cast<std::size_t>(n));
      loop_.run_once(milliseconds(0));
    }
    return true;
  }

  /// Of the oldest connection that was not accepted yet; the loop does not turn for it.
  std::string has_come() const {
    const Fd fd(::accept4(listener_.get(), nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC));
    std::array<char, 4096> buffer{};
    const ssize_t n = fd ? ::recv(fd.get(), buffer.data(), buffer.size(), 0) : -1;
    return {buffer.data(), n < 0 ? 0 : static_cast<std::size_t>(n)};
  }

  std::vector<std::string> requests;  ///< as they came, head and body
  std::size_t open() const {
    std::size_t count = 0;
    for (const Connection& one : connections_) count += one.fd ? 1 : 0;
    return count;
  }

 private:
  struct Connection {
    Fd fd;
    std::string request;
    bool is_answered = false;
  };

  void accept() {
    Fd fd(::accept4(listener_.get(), nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC));
    if (!fd) return;
    Connection& one = connections_.emplace_back();
    one.fd = std::move(fd);
    EXPECT_TRUE(loop_.watch(one.fd.get(), Ready::kRead, [this, &one](Ready) { read(one); }));
  }
  void close(Connection& one) {
    if (one.fd) loop_.unwatch(one.fd.get());
    one.fd.reset();
  }
  void read(Connection& one) {
    std::array<char, 65536> buffer{};
    const ssize_t n = ::recv(one.fd.get(), buffer.data(), buffer.size(), 0);
    if (n <= 0) {
      close(one);
      return;
    }
    one.request.append(buffer.data(), static_cast<std::size_t>(n));
    const auto head_end = one.request.find("\r\n\r\n");
    if (one.is_answered || head_end == std::string::npos) return;
    const std::string path = path_of(one.request);
    auto& script = answers_[path];
    if (script.empty()) return;
    if (!is_whole(one.request, head_end) && !script.front().is_early) return;
    one.is_answered = true;
    requests.push_back(one.request);
    const Answer now = script.front();
    if (script.size() > 1) script.pop_front();
    // The client may be gone.
    const ssize_t sent = ::send(one.fd.get(), now.bytes.data(), now.bytes.size(), MSG_NOSIGNAL);
    EXPECT_TRUE(sent == static_cast<ssize_t>(now.bytes.size()) || errno == EPIPE);
    if (now.is_closed_after) close(one);
  }
  /// Without version and query.
  static std::string path_of(const std::string& request) {
    const auto from = request.find(' ') + 1;
    std::string path = request.substr(from, request.find_first_of(" ?", from) - from);
    if (path.starts_with("/v1.")) path.erase(0, path.find('/', 1));
    return path;
  }
  static bool is_whole(const std::string& request, std::size_t head_end) {
    if (request.find("Transfer-Encoding: chunked") < head_end) return request.ends_with("\r\n0\r\n\r\n");
    const auto length = request.find("Content-Length: ");
    if (length > head_end) return true;
    return request.size() >= head_end + 4 + std::stoul(request.substr(length + 16));
  }

  EventLoop& loop_;
  std::string path_;
  Fd listener_;
  std::list<Connection> connections_;
  std::map<std::string, std::deque<Answer>> answers_;
};

std::string ok(const std::string& body) {
  return "HTTP/1.1 200 OK\r\nContent-Length: " + std::to_string(body.size()) + "\r\n\r\n" + body;
}

class EngineClientTest : public testing::Test {
 protected:
  bool until(const std::function<bool()>& condition) {
    for (int round = 0; round < kRoundsMax && !condition(); ++round) loop_->run_once(kRound);
    return condition();
  }
  Status ping() {
    std::optional<Status> end;
    client_->ping([&](Status status) { end = std::move(status); });
    EXPECT_TRUE(until([&] { return end.has_value(); }));
    return end.value_or(fail(Code::kInternal, "never"));
  }
  Result<std::vector<ContainerSummary>> list() {
    std::optional<Result<std::vector<ContainerSummary>>> end;
    client_->list({}, [&](auto result) { end = std::move(result); });
    EXPECT_TRUE(until([&] { return end.has_value(); }));
    return *end;
  }
  Status load(const Engine::ReadArchive& archive) {
    std::optional<Status> end;
    client_->load_image(archive, [&](Status status) { end = std::move(status); });
    EXPECT_TRUE(until([&] { return end.has_value(); }));
    return end.value_or(fail(Code::kInternal, "never"));
  }
  void expect_code(Code code, const Error& error) {
    EXPECT_EQ(to_string(error.code()), to_string(code)) << error.message();
  }

  std::string path_ = testing::TempDir() + "engine-" + std::to_string(::getpid()) + ".sock";
  FakeClock clock_;
  std::unique_ptr<EventLoop> loop_ = *EventLoop::create();
  std::unique_ptr<EngineClient> client_ = std::make_unique<EngineClient>(*loop_, clock_, path_);
};

TEST_F(EngineClientTest, WithoutASocketSaysWhereItLooked) {
  const auto status = ping();
  ASSERT_FALSE(status);
  expect_code(Code::kUnavailable, status.error());
  EXPECT_EQ(status.error().disposition(), Disposition::kRetry);
  EXPECT_EQ(status.error().message(),
            "ping: no container engine at " + path_ + ": No such file or directory");
}

TEST_F(EngineClientTest, APathThatNoSocketCanHaveIsToldAsThat) {
  for (const std::string& path : {std::string(), "/" + std::string(200, 'x')}) {
    client_ = std::make_unique<EngineClient>(*loop_, clock_, path);
    const auto status = ping();
    ASSERT_FALSE(status);
    expect_code(Code::kInvalid, status.error());
  }
}

TEST_F(EngineClientTest, AsksForTheVersionOnceAndSpeaksIt) {
  ScriptedEngine engine(*loop_, path_);
  engine.answer("/containers/json", {ok("[]")});
  EXPECT_TRUE(list());
  EXPECT_TRUE(list());
  ASSERT_EQ(engine.requests.size(), 3U);
  EXPECT_TRUE(engine.requests[0].starts_with("GET /_ping HTTP/1.1\r\n"));
  EXPECT_TRUE(engine.requests[1].starts_with("GET /v1.41/containers/json?all=1 HTTP/1.1\r\n"));
  EXPECT_NE(engine.requests[1].find("\r\nHost: "), std::string::npos);
}

TEST_F(EngineClientTest, TheEngineHasACallBeforeTheLoopTurns) {
  ScriptedEngine engine(*loop_, path_);
  ASSERT_TRUE(ping());
  std::optional<Status> end;
  client_->start(ContainerId("c1"), [&](Status status) { end = std::move(status); });
  EXPECT_TRUE(engine.has_come().starts_with("POST /v1.41/containers/c1/start HTTP/1.1\r\n"));
  EXPECT_FALSE(end.has_value());
  EXPECT_TRUE(until([&] { return end.has_value(); }));
  expect_code(Code::kUnavailable, end->error());
}

TEST_F(EngineClientTest, AStreamThatEndsBeforeTheLoopTurnsWasOpenAllTheSame) {
  ScriptedEngine engine(*loop_, path_);
  ASSERT_TRUE(ping());
  std::vector<std::string> told;
  Engine::EventListener listener;
  listener.on_open = [&] { told.emplace_back("open"); };
  listener.on_event = [&](const EngineEvent&) { told.emplace_back("event"); };
  listener.on_end = [&](const Error&) { told.emplace_back("end"); };
  client_->watch(std::move(listener));
  EXPECT_TRUE(engine.has_come().starts_with("GET /v1.41/events"));
  EXPECT_TRUE(until([&] { return !told.empty() && told.back() == "end"; }));
  EXPECT_EQ(told, (std::vector<std::string>{"open", "end"}));
}

TEST_F(EngineClientTest, AnEngineThatIsTooOldOrNoneSaysSo) {
  ScriptedEngine engine(*loop_, path_);
  engine.answer("/_ping", {"HTTP/1.1 200 OK\r\nApi-Version: 1.39\r\nContent-Length: 0\r\n\r\n"});
  expect_code(Code::kUnsupported, ping().error());
  engine.answer("/_ping", {ok("OK")});
  expect_code(Code::kCorrupt, ping().error());
}

TEST_F(EngineClientTest, AfterItWasAwayItMaySpeakAnotherVersion) {
  {
    ScriptedEngine engine(*loop_, path_);
    engine.answer("/containers/json", {ok("[]")});
    EXPECT_TRUE(list());
  }
  expect_code(Code::kUnavailable, list().error());
  ScriptedEngine engine(*loop_, path_);
  engine.answer("/_ping", {"HTTP/1.1 200 OK\r\nApi-Version: 1.52\r\nContent-Length: 0\r\n\r\n"});
  engine.answer("/containers/json", {ok("[]")});
  EXPECT_TRUE(list());
  EXPECT_TRUE(engine.requests.back().starts_with("GET /v1.44/containers/json"));
}

TEST_F(EngineClientTest, DevicesAreAskedOfDockerAndNotOfPodman) {
  ContainerSpec spec;
  spec.name = ContainerName("hf.gpu");
  spec.image = "web:1";
  spec.device_requests.push_back({.driver = "nvidia", .ids = {"0"}, .capabilities = {"gpu"}});
  const auto create = [&] {
    std::optional<Result<ContainerId>> end;
    client_->create(spec, [&](auto result) { end = std::move(result); });
    EXPECT_TRUE(until([&] { return end.has_value(); }));
    return *end;
  };
  ScriptedEngine engine(*loop_, path_);
  engine.answer("/_ping", {"HTTP/1.1 200 OK\r\nApi-Version: 1.41\r\nLibpod-Api-Version: 4.3.1\r\n"
                           "Content-Length: 0\r\n\r\n"});
  for (int i = 0; i < 2; ++i) {
    const auto refused = create();
    ASSERT_FALSE(refused);
    expect_code(Code::kUnsupported, refused.error());
    EXPECT_NE(refused.error().message().find("create container hf.gpu: podman"), std::string::npos);
  }
  EXPECT_EQ(engine.requests.size(), 1U);

  client_ = std::make_unique<EngineClient>(*loop_, clock_, path_);
  engine.answer("/_ping", {"HTTP/1.1 200 OK\r\nApi-Version: 1.41\r\nContent-Length: 0\r\n\r\n"});
  engine.answer("/containers/create", {ok(R"({"Id":"aa"})")});
  EXPECT_TRUE(create());
  EXPECT_NE(engine.requests.back().find("DeviceRequests"), std::string::npos);
}

TEST_F(EngineClientTest, AnswersThatAreNoneEndTheCallWithItsName) {
  struct Row {
    const char* name;
    std::string bytes;
    Code code;
  };
  ScriptedEngine engine(*loop_, path_);
  const std::vector<Row> rows = {
      {"nothing", "", Code::kUnavailable},
      {"breaks off in the head", "HTTP/1.1 200 OK\r\nConte", Code::kUnavailable},
      {"breaks off in the body", "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n[", Code::kUnavailable},
      {"another protocol", "SSH-2.0-OpenSSH\r\n", Code::kCorrupt},
      {"no JSON", ok("[x]"), Code::kCorrupt},
      {"another shape", ok("{}"), Code::kCorrupt},
      {"a head without end", "HTTP/1.1 200 OK\r\nA: " + std::string(limits::kHttpHeaderBytesMax, 'x'),
       Code::kLimit},
      {"a refusal without words", "HTTP/1.1 500 Oops\r\nContent-Length: 0\r\n\r\n", Code::kIo},
  };
  for (const Row& row : rows) {
    SCOPED_TRACE(row.name);
    engine.answer("/containers/json", {row.bytes});
    const auto result = list();
    ASSERT_FALSE(result);
    expect_code(row.code, result.error());
    EXPECT_TRUE(result.error().message().starts_with("list containers: ")) << result.error().message();
  }
  EXPECT_TRUE(until([&] { return engine.open() == 0; }));
}

TEST_F(EngineClientTest, ABodyOverTheLimitIsNotTaken) {
  ScriptedEngine engine(*loop_, path_);
  // Empty space, so that a JSON limit does not come first.
  std::string bytes = "HTTP/1.1 200 OK\r\n\r\n";
  engine.answer("/containers/json", {bytes, false});
  std::optional<Result<std::vector<ContainerSummary>>> end;
  client_->list({}, [&](auto result) { end = std::move(result); });
  ASSERT_TRUE(until([&] { return engine.requests.size() == 2; }));
  const std::string piece(64U << 10U, ' ');
  for (std::size_t sent = 0; sent <= limits::kEngineAnswerBytesMax && !end; sent += piece.size()) {
    if (!engine.push(piece)) break;
  }
  ASSERT_TRUE(until([&] { return end.has_value(); }));
  expect_code(Code::kLimit, end->error());
}

TEST_F(EngineClientTest, AnArchiveIsSentInChunksToItsEnd) {
  ScriptedEngine engine(*loop_, path_);
  engine.answer("/images/load", {ok("{\"stream\":\"Loaded image: a:1\"}\n")});
  std::deque<std::string> pieces = {std::string(70'000, 'a'), "b", std::string(65'536, 'c')};
  EXPECT_TRUE(load([&](std::size_t) -> Result<std::string> {
    if (pieces.empty()) return std::string();
    const std::string piece = pieces.front();
    pieces.pop_front();
    return piece;
  }));
  const std::string& request = engine.requests.back();
  EXPECT_NE(request.find("Content-Type: application/x-tar\r\n"), std::string::npos);
  EXPECT_TRUE(request.ends_with("\r\n1\r\nb\r\n10000\r\n" + std::string(65'536, 'c') + "\r\n0\r\n\r\n"));
}

TEST_F(EngineClientTest, ARefusalInTheMiddleOfAnArchiveIsHeard) {
  ScriptedEngine engine(*loop_, path_);
  const std::string body = R"({"message":"write /x: no space left on device"})";
  engine.answer("/images/load", {"HTTP/1.1 500 Internal Server Error\r\nContent-Length: " +
                                     std::to_string(body.size()) + "\r\n\r\n" + body,
                                 true, true});
  const auto status =
      load([](std::size_t bytes_max) -> Result<std::string> { return std::string(bytes_max, 'x'); });
  ASSERT_FALSE(status);
  expect_code(Code::kNoSpace, status.error());
}

TEST_F(EngineClientTest, AnEngineThatHangsEndsACommandAtItsTimeout) {
  ScriptedEngine engine(*loop_, path_);
  engine.answers("/containers/ab/exec", {});
  ExecCommand command;
  command.argv = {"true"};
  command.timeout = milliseconds(30);
  std::optional<Result<ExecEnd>> end;
  client_->exec(ContainerId("ab"), command, [&](auto result) { end = std::move(result); });
  ASSERT_TRUE(until([&] { return end.has_value(); }));
  expect_code(Code::kUnavailable, end->error());
  EXPECT_EQ(end->error().message(), "exec in container ab: not started within 30 ms");
  EXPECT_TRUE(until([&] { return engine.open() == 0; }));
}

TEST_F(EngineClientTest, ACommandThatIsSaidToRunAfterItsOutputIsLookedAtAgain) {
  ScriptedEngine engine(*loop_, path_);
  engine.answer("/containers/ab/exec", {ok(R"({"Id":"e1"})")});
  engine.answer("/exec/e1/start",
                {"HTTP/1.1 101 UPGRADED\r\nUpgrade: tcp\r\n\r\n" + std::string("\1\0\0\0\0\0\0\2hi", 10)});
  engine.answers("/exec/e1/json",
                 {{ok(R"({"Running":true,"ExitCode":null})")}, {ok(R"({"Running":false,"ExitCode":4})")}});
  ExecCommand command;
  command.argv = {"true"};
  command.timeout = std::chrono::seconds(60);
  std::optional<Result<ExecEnd>> end;
  client_->exec(ContainerId("ab"), command, [&](auto result) { end = std::move(result); });
  ASSERT_TRUE(until([&] { return end.has_value(); }));
  ASSERT_TRUE(*end) << end->error().message();
  EXPECT_EQ((*end)->exit_code, 4);
  EXPECT_EQ((*end)->output.text, "hi");
}

TEST_F(EngineClientTest, OneCallTooManyIsRefusedAndTheOthersGoOn) {
  ScriptedEngine engine(*loop_, path_);
  engine.answers("/containers/json", {});
  std::vector<Error> refused;
  for (std::size_t i = 0; i <= limits::kEngineCallsMax; ++i) {
    client_->list({}, [&](auto result) { refused.push_back(result.error()); });
  }
  EXPECT_TRUE(refused.empty());
  ASSERT_TRUE(until([&] { return !refused.empty(); }));
  ASSERT_EQ(refused.size(), 1U);
  expect_code(Code::kLimit, refused.front());
  EXPECT_EQ(refused.front().disposition(), Disposition::kRetry);
}

TEST_F(EngineClientTest, EventsComeAsTheyAreToldAndAStreamMayBeCancelledInsideOne) {
  ScriptedEngine engine(*loop_, path_);
  const std::string lines = R"({"Type":"container","Action":"start","Actor":{"ID":"a"}})"
                            "\n"
                            R"({"Type":"container","Action":"start","Actor":{"ID":"b"}})"
                            "\n";
  engine.answer("/events", {"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n7c\r\n" + lines, false});
  std::vector<std::string> told;
  bool has_ended = false;
  Engine::CallId call = 0;
  call = client_->watch({[] {},
                         [&](const EngineEvent& event) {
                           told.push_back(event.id.str());
                           client_->cancel(call);
                         },
                         [&](const Error&) { has_ended = true; }});
  ASSERT_TRUE(until([&] { return !told.empty(); }));
  EXPECT_TRUE(until([&] { return engine.open() == 0; }));
  EXPECT_EQ(told, std::vector<std::string>{"a"});
  EXPECT_FALSE(has_ended);
}

TEST_F(EngineClientTest, AStreamMayBeCancelledAsItOpens) {
  ScriptedEngine engine(*loop_, path_);
  engine.answers("/events", {});
  bool has_opened = false;
  Engine::CallId call = 0;
  call = client_->watch({[&] {
                           has_opened = true;
                           client_->cancel(call);
                         },
                         [](const EngineEvent&) {}, [](const Error&) { FAIL(); }});
  ASSERT_TRUE(until([&] { return has_opened; }));
  EXPECT_TRUE(until([&] { return engine.open() == 0; }));
  EXPECT_TRUE(ping());
}

TEST_F(EngineClientTest, AStreamIsOpenThoughTheEngineSaysNothingBeforeItsFirstEvent) {
  ScriptedEngine engine(*loop_, path_);
  engine.answers("/events", {});
  bool has_opened = false;
  client_->watch({[&] { has_opened = true; }, [](const EngineEvent&) {}, [](const Error&) {}});
  EXPECT_TRUE(until([&] { return has_opened; }));
}

TEST_F(EngineClientTest, DestroyedItSaysNothingAndClosesWhatItOpened) {
  ScriptedEngine engine(*loop_, path_);
  engine.answers("/containers/json", {});
  bool has_ended = false;
  client_->list({}, [&](auto) { has_ended = true; });
  ASSERT_TRUE(until([&] { return engine.open() > 0; }));
  client_.reset();
  EXPECT_TRUE(until([&] { return engine.open() == 0; }));
  EXPECT_FALSE(has_ended);
}

TEST_F(EngineClientTest, ACallMadeInsideTheEndOfAnotherIsCarriedOut) {
  ScriptedEngine engine(*loop_, path_);
  int ended = 0;
  std::function<void(Status)> again = [&](const Status& status) {
    EXPECT_TRUE(status);
    if (++ended < 3) client_->ping(again);
  };
  client_->ping(again);
  EXPECT_TRUE(until([&] { return ended == 3; }));
}

}  // namespace
}  // namespace holdfast::base
