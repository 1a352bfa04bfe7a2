// SPDX-License-Identifier: Apache-2.0
// What the server makes of bytes on a socket; what it answers is route()'s and tested without one.
#include "hub/api/api_server.hpp"

#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <openssl/ssl.h>
#include <unistd.h>

#include <filesystem>

#include "base/handle.hpp"
#include "hub/fake_fleet.hpp"
#include "hub/tables.hpp"
#include "sync/store/fake_store.hpp"

namespace holdfast::hub {
namespace {

class ApiServerTest : public testing::Test {
 protected:
  void SetUp() override {
    char name[] = "/tmp/hf-api-XXXXXX";
    folder = mkdtemp(name);
    auto made =
        Pki::load_or_make(DataFolder(folder), {{"localhost"}, "https://localhost:1", {"mqtts://localhost:2"}},
                          fleet.clock.wall(), fleet.random);
    ASSERT_TRUE(made) << made.error().message();
    pki = *std::move(made);
    certificates.emplace(CertificateBook::Seams{fleet.clock, fleet.random, store}, *pki);
    renewal.emplace(fleet.clock, *fleet.objects, *pki, *certificates);
    enrolment.emplace(Enrolment::Seams{fleet.clock, fleet.random}, *fleet.objects, *pki, *certificates,
                      "https://localhost:1");
    begin();
  }
  void begin() {
    server.emplace(ApiParts{rest, operations, *enrolment, *renewal, authentication,
                            [] { return std::string(kReady); }, [] { return std::string(); }},
                   ApiServerOptions{.address = "127.0.0.1",
                                    .port = 0,
                                    .certificate_file = DataFolder(folder).server_certificate(),
                                    .key_file = DataFolder(folder).server_key()});
    const auto started = server->start();
    ASSERT_TRUE(started) << started.error().message();
  }
  void TearDown() override {
    server.reset();
    std::filesystem::remove_all(folder);
  }

  /// Sends `bytes` over TLS and reads until the server closes.
  std::string say(const std::string& bytes) const {
    const base::Fd fd(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
    sockaddr_in where{};
    where.sin_family = AF_INET;
    where.sin_port = htons(server->port());
    ::inet_pton(AF_INET, "127.0.0.1", &where.sin_addr);
    if (::connect(fd.get(), reinterpret_cast<const sockaddr*>(&where), sizeof where) != 0)
      return "no connection";
    const base::Handle<SSL_CTX, SSL_CTX_free> context(SSL_CTX_new(TLS_client_method()));
    const base::Handle<SSL, SSL_free> tls(SSL_new(context.get()));
    SSL_set_fd(tls.get(), fd.get());
    if (SSL_connect(tls.get()) != 1) return "no TLS";
    SSL_write(tls.get(), bytes.data(), static_cast<int>(bytes.size()));
    std::string answer;
    char piece[4096];
    for (int got = 0; (got = SSL_read(tls.get(), piece, sizeof piece)) > 0;)
      answer.append(piece, static_cast<std::size_t>(got));
    return answer;
  }

  FakeFleet fleet;
  std::string folder;
  std::unique_ptr<base::EventLoop> loop = base::EventLoop::create().value();
  Operations operations{*loop, *fleet.hub};
  Rest rest{*fleet.objects, fleet.clock};
  Authentication authentication{base::Digest::of("secret"), fleet.clock};
  std::optional<Pki> pki;
  sync::FakeStore store{{kHubTables.begin(), kHubTables.end()}};
  std::optional<CertificateBook> certificates;
  std::optional<Renewal> renewal;
  std::optional<Enrolment> enrolment;
  std::optional<ApiServer> server;
};

struct Unread {
  const char* name;
  std::string bytes;
  const char* begins;
};

TEST_F(ApiServerTest, ReadsNoBodyThatItCouldNotBound) {
  const std::string enroll = "POST /apis/holdfast.dev/v1/enroll HTTP/1.1\r\nHost: h\r\n";
  const std::string remove = "DELETE /apis/holdfast.dev/v1/projects/a HTTP/1.1\r\nHost: h\r\n";
  // The first chunk alone: a server that reads would wait for the next.
  const std::string chunk = "Transfer-Encoding: chunked\r\n\r\n5\r\n{\"a\":\r\n";
  const std::vector<Unread> table{
      {"chunked", enroll + chunk, "HTTP/1.1 411 "},
      {"chunked delete", remove + chunk, "HTTP/1.1 411 "},
      {"both", enroll + "Content-Length: 9\r\n" + chunk, "HTTP/1.1 411 "},
      {"packed", enroll + "Content-Length: 9\r\nContent-Encoding: gzip\r\n\r\n", "HTTP/1.1 415 "},
      {"no length", enroll + "\r\n", "HTTP/1.1 411 "},
      {"too long", enroll + "Content-Length: 4194305\r\n\r\n", "HTTP/1.1 413 "},
      {"no number", enroll + "Content-Length: x\r\n\r\n", "HTTP/1.1 400 "},
  };
  for (const auto& row : table) {
    const auto answer = say(row.bytes);
    EXPECT_TRUE(answer.starts_with(row.begins)) << row.name << ": " << answer;
  }
}

TEST_F(ApiServerTest, AnswersARequestWithoutABody) {
  const auto answer = say("GET /healthz HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n");
  EXPECT_TRUE(answer.starts_with("HTTP/1.1 200 ")) << answer;
  const auto removed =
      say("DELETE /apis/holdfast.dev/v1/projects/a HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n");
  EXPECT_TRUE(removed.starts_with("HTTP/1.1 401 ")) << removed;
}

TEST_F(ApiServerTest, EndsThoughItWasJustStarted) {
  for (int i = 0; i < 20; ++i) {
    begin();
    server.reset();
  }
}

}  // namespace
}  // namespace holdfast::hub
