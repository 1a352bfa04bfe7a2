// SPDX-License-Identifier: Apache-2.0
// Probes of LinuxHost against real sockets and programs.
#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <thread>

#include "base/host_contract.hpp"
#include "base/limits/agent.hpp"
#include "base/plain_file.hpp"
#include "base/process_identity.hpp"
#include "base/real_world_contract.hpp"

namespace holdfast::base {
namespace {

using std::chrono::milliseconds;

/// Listens on a free port of 127.0.0.1 and answers each connection with a fixed text, on a thread of its own.
class Server {
 public:
  enum class Manner { kAnswer, kSilent };
  explicit Server(std::string answer, Manner manner = Manner::kAnswer) : answer_(std::move(answer)) {
    listener_ = Fd(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof address;
    auto* where = reinterpret_cast<sockaddr*>(&address);
    EXPECT_EQ(::bind(listener_.get(), where, size), 0);
    EXPECT_EQ(::listen(listener_.get(), 16), 0);
    EXPECT_EQ(::getsockname(listener_.get(), where, &size), 0);
    port_ = ntohs(address.sin_port);
    if (manner == Manner::kAnswer) thread_ = std::thread([this] { serve(); });
  }
  ~Server() {
    ::shutdown(listener_.get(), SHUT_RDWR);
    if (thread_.joinable()) thread_.join();
  }
  Server(const Server&) = delete;
  Server& operator=(const Server&) = delete;

  std::uint16_t port() const { return port_; }
  /// Of the last connection; call when the server has answered.
  const std::string& request() const { return request_; }

 private:
  void serve() {
    while (true) {
      const Fd client(::accept(listener_.get(), nullptr, nullptr));
      if (!client) return;
      request_.clear();
      char buffer[4096];
      while (request_.find("\r\n\r\n") == std::string::npos) {
        const ssize_t n = ::recv(client.get(), buffer, sizeof buffer, 0);
        if (n <= 0) break;
        request_.append(buffer, static_cast<std::size_t>(n));
      }
      ::send(client.get(), answer_.data(), answer_.size(), MSG_NOSIGNAL);
    }
  }

  std::string answer_;
  std::string request_;
  Fd listener_;
  std::uint16_t port_ = 0;
  std::thread thread_;
};

std::uint16_t closed_port() { return Server("", Server::Manner::kSilent).port(); }

class LinuxProbe : public testing::TestWithParam<bool> {
 protected:
  LinuxProbe() : world_(RealWorldOptions{.old_kernel = GetParam()}) {}
  HostEvent answer_to(const ProbeStart& probe) {
    world_.events.clear();
    const auto started = world_.host().start_probe(probe);
    EXPECT_TRUE(started) << (started ? "" : started.error().message());
    EXPECT_TRUE(world_.until_came(HostEventKind::kProbe, probe.id));
    return world_.events.empty() ? HostEvent{} : world_.events.back();
  }
  static ProbeStart http(std::uint16_t port, const std::string& path = "/") {
    ProbeStart probe;
    probe.id = "http";
    probe.timeout = std::chrono::seconds(60);
    probe.http = HttpProbe{"127.0.0.1", port, path, {}};
    return probe;
  }
  static ProbeStart tcp(std::uint16_t port, const std::string& host = "127.0.0.1") {
    ProbeStart probe;
    probe.id = "tcp";
    probe.timeout = std::chrono::seconds(60);
    probe.tcp = TcpProbe{host, port};
    return probe;
  }
  std::string note(const std::string& name) { return world_.folder() + "/" + name; }

  RealWorld world_;
};
INSTANTIATE_TEST_SUITE_P(Kernel, LinuxProbe, testing::Bool(),
                         [](const auto& info) { return std::string(info.param ? "Old" : "Today"); });

TEST_P(LinuxProbe, TheStatusDecidesOverHttp) {
  const struct {
    std::string answer;
    bool ok;
    std::string detail;
  } rows[] = {
      {"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n", true, "HTTP status 200"},
      {"HTTP/1.0 204\r\n\r\n", true, "HTTP status 204"},
      {"HTTP/1.1 302 Found\r\nLocation: http://example.com/\r\n\r\n", true, "HTTP status 302"},
      {"HTTP/1.1 399 Odd\n\n", true, "HTTP status 399"},
      {"HTTP/1.1 400 Bad Request\r\n\r\n", false, "HTTP status 400"},
      {"HTTP/1.1 503 Service Unavailable\r\n\r\n", false, "HTTP status 503"},
      {"HTTP/1.1 100 Continue\r\n\r\n", false, "HTTP status 100"},
      {"SSH-2.0-OpenSSH_9.2\r\n", false, "the answer is not HTTP"},
      {"HTTP/1.1 20", false, "the answer is not HTTP"},
      {"HTTP/1.1 200 OK and then nothing", false, "the answer breaks off"},
      {"", false, "the answer is not HTTP"},
      {std::string(5000, 'x'), false, "the answer is not HTTP"},
  };
  for (const auto& row : rows) {
    SCOPED_TRACE(row.answer.substr(0, 40));
    const Server server(row.answer);
    const HostEvent event = answer_to(http(server.port()));
    EXPECT_EQ(event.ok, row.ok);
    EXPECT_NE(event.detail.find(row.detail), std::string::npos) << event.detail;
  }
}

TEST_P(LinuxProbe, TheRequestIsPlainHttp) {
  const Server server("HTTP/1.1 200 OK\r\n\r\n");
  ProbeStart probe = http(server.port(), "/healthz?full=1");
  probe.http->headers = {{"X-Token", "abc"}};
  EXPECT_TRUE(answer_to(probe).ok);
  EXPECT_EQ(
      server.request(),
      "GET /healthz?full=1 HTTP/1.1\r\nX-Token: abc\r\nHost: 127.0.0.1:" + std::to_string(server.port()) +
          "\r\nUser-Agent: holdfast-probe\r\nAccept: */*\r\nConnection: close\r\n\r\n");
  probe.http->headers = {{"host", "camera.local"}};
  EXPECT_TRUE(answer_to(probe).ok);
  EXPECT_NE(server.request().find("host: camera.local\r\n"), std::string::npos);
  EXPECT_EQ(server.request().find("Host: 127"), std::string::npos);
}

TEST_P(LinuxProbe, AnOpenPortIsEnoughForTcp) {
  const Server server("", Server::Manner::kSilent);
  EXPECT_TRUE(answer_to(tcp(server.port())).ok);
  EXPECT_TRUE(answer_to(tcp(server.port(), "localhost")).ok);
}

TEST_P(LinuxProbe, AClosedPortFailsAndIsNamed) {
  const std::uint16_t port = closed_port();
  for (const ProbeStart& probe : {tcp(port), tcp(port, "localhost"), tcp(port, "::1"), http(port)}) {
    const HostEvent event = answer_to(probe);
    EXPECT_FALSE(event.ok);
    EXPECT_NE(event.detail.find(":" + std::to_string(port)), std::string::npos) << event.detail;
  }
}

TEST_P(LinuxProbe, AServerThatSaysNothingFailsAtTheDeadline) {
  const Server server("", Server::Manner::kSilent);
  ProbeStart probe = http(server.port());
  probe.timeout = milliseconds(150);
  const HostEvent event = answer_to(probe);
  EXPECT_FALSE(event.ok);
  EXPECT_NE(event.detail.find("no answer within 150 ms"), std::string::npos) << event.detail;
}

TEST_P(LinuxProbe, AProgramIsJudgedByItsEnd) {
  const struct {
    std::string script;
    bool ok;
    std::string detail;
  } rows[] = {
      {"echo fine", true, "fine"},
      {"true", true, ""},
      {"echo broken lens >&2; exit 4", false, "exit code 4: broken lens"},
      {"exit 5", false, "exit code 5"},
      {"kill -KILL $$", false, "killed by signal 9"},
      {"printf '\\377\\376'; exit 1", false, "exit code 1: ??"},
  };
  for (const auto& row : rows) {
    SCOPED_TRACE(row.script);
    const HostEvent event = answer_to(world_.shell_probe("p", row.script));
    EXPECT_EQ(event.ok, row.ok);
    EXPECT_EQ(event.detail, row.detail);
  }
}

TEST_P(LinuxProbe, AProgramThatIsNotThereIsNamed) {
  ProbeStart probe = world_.shell_probe("p", "");
  probe.exec->argv = {"no-such-program"};
  const HostEvent event = answer_to(probe);
  EXPECT_FALSE(event.ok);
  EXPECT_NE(event.detail.find("'no-such-program'"), std::string::npos) << event.detail;
}

TEST_P(LinuxProbe, AProgramRunsInItsFolderWithItsEnvironmentAndNoMore) {
  ProbeStart probe = world_.shell_probe("p", "echo $PWD $LENS $(ls /proc/self/fd | tr '\\n' ' ')");
  probe.exec->working_dir = "/usr";
  probe.exec->env = {{"LENS", "wide"}, {"PATH", "/usr/bin:/bin"}};
  EXPECT_EQ(answer_to(probe).detail, "/usr wide 0 1 2 3");
}

TEST_P(LinuxProbe, AProgramRunsAsItsUser) {
  if (::geteuid() != 0) GTEST_SKIP() << "only root can become another user";
  ProbeStart probe = world_.shell_probe("p", "id -u; id -g");
  probe.exec->user = "65534:65534";
  EXPECT_EQ(answer_to(probe).detail, "65534\n65534");
}

TEST_P(LinuxProbe, TheOutputOfAProgramIsBounded) {
  const HostEvent event = answer_to(world_.shell_probe("p", "head -c 1000000 /dev/zero | tr '\\0' x"));
  EXPECT_TRUE(event.ok);
  EXPECT_EQ(event.detail, std::string(limits::kProbeOutputBytesMax, 'x'));
}

TEST_P(LinuxProbe, AtTheDeadlineTheWholeGroupDies) {
  ProbeStart probe = world_.shell_probe("p", "sleep 1000 & echo $! > " + note("child") + "; wait");
  probe.timeout = milliseconds(400);
  EXPECT_FALSE(answer_to(probe).ok);
  const std::int64_t child = std::atoll(read_plain_file(note("child"), 100).value().c_str());
  EXPECT_TRUE(world_.until([&] {
    const auto stat = read_process_stat(child);
    return !stat || stat->state == 'Z';
  }));
}

TEST_P(LinuxProbe, AProgramThatLeavesChildrenAnswersAllTheSame) {
  const HostEvent event =
      answer_to(world_.shell_probe("p", "sleep 1000 & echo $! > " + note("child") + "; echo up"));
  EXPECT_TRUE(event.ok);
  EXPECT_EQ(event.detail, "up");
  const std::int64_t child = std::atoll(read_plain_file(note("child"), 100).value().c_str());
  EXPECT_TRUE(world_.until([&] {
    const auto stat = read_process_stat(child);
    return !stat || stat->state == 'Z';
  }));
}

TEST_P(LinuxProbe, NoMoreRunThanTheLimit) {
  const Server silent("", Server::Manner::kSilent);
  ProbeStart probe = http(silent.port());
  for (std::size_t i = 0; i < limits::kProbesRunningMax; ++i) {
    probe.id = "p" + std::to_string(i);
    ASSERT_TRUE(world_.host().start_probe(probe)) << i;
  }
  probe.id = "one-more";
  EXPECT_CODE(Code::kLimit, world_.host().start_probe(probe));
  world_.host().cancel_probe("p0");
  EXPECT_OK(world_.host().start_probe(probe));
}

}  // namespace
}  // namespace holdfast::base
