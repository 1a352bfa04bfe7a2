// SPDX-License-Identifier: Apache-2.0
#include "sync/link/https_client.hpp"

#include <gtest/gtest.h>

#include <atomic>
#include <string>
#include <thread>
#include <vector>

#include "base/system_clock.hpp"
#include "sync/link/fake_peer.hpp"
#include "sync/link/fake_pki.hpp"

namespace holdfast::sync {
namespace {

using base::Code;
using std::chrono::hours;
using namespace std::chrono_literals;

constexpr auto kOk = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok";

void answer_ok(FakePeer::Session& session) {
  session.read_until("\r\n\r\n");
  session.write(kOk);
}

class HttpsClientTest : public testing::Test {
 protected:
  HttpsRequest request(const FakePeer& peer, const std::string& host = "localhost") {
    HttpsRequest out;
    out.url = {host, peer.port(), "/v1/thing?a=b"};
    out.tls.ca = pki_.ca_pem();
    out.timeout = 20s;
    return out;
  }
  static Code error_of(const HttpsRequest& request) {
    const auto answer = https_call(request);
    EXPECT_FALSE(answer);
    return answer ? Code::kInternal : answer.error().code();
  }

  base::WallTime now_ = base::SystemClock().wall();
  FakePki pki_{now_};
};

TEST_F(HttpsClientTest, SendsARequestAndReadsTheResponse) {
  std::string seen;
  std::string name;
  auto peer = FakePeer::tls({pki_.server(), {}, {}, {}}, [&](FakePeer::Session& session) {
    seen = session.read_until("{}");
    name = session.server_name();
    session.write(
        "HTTP/1.1 201 Created\r\nX-Id: 7\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nyes\r\n0\r\n\r\n");
  });
  HttpsRequest post = request(peer);
  post.method = "POST";
  post.headers = {{"Content-Type", "application/json"}};
  post.body = "{}";
  const auto answer = https_call(post);
  ASSERT_TRUE(answer) << answer.error().message();
  EXPECT_EQ(answer->response.status, 201);
  EXPECT_EQ(answer->response.body, "yes");
  EXPECT_EQ(answer->response.header("x-id"), "7");
  EXPECT_EQ(seen,
            "POST /v1/thing?a=b HTTP/1.1\r\nHost: localhost:" + std::to_string(peer.port()) +
                "\r\nConnection: close\r\nContent-Length: 2\r\nContent-Type: application/json\r\n\r\n{}");
  EXPECT_EQ(name, "localhost");
}

TEST_F(HttpsClientTest, ErrorStatusIsAnAnswerToo) {
  auto peer = FakePeer::tls({pki_.server(), {}, {}, {}}, [](FakePeer::Session& session) {
    session.read_until("\r\n\r\n");
    session.write("HTTP/1.1 403 Forbidden\r\nContent-Length: 6\r\n\r\nreason");
  });
  const auto answer = https_call(request(peer));
  ASSERT_TRUE(answer) << answer.error().message();
  EXPECT_EQ(answer->response.status, 403);
  EXPECT_EQ(answer->response.body, "reason");
}

TEST_F(HttpsClientTest, ShowsItsCertificateWhenAsked) {
  std::string client;
  auto peer = FakePeer::tls({pki_.server(), pki_.ca_pem(), {}, {}}, [&](FakePeer::Session& session) {
    client = session.client_name();
    answer_ok(session);
  });
  HttpsRequest with = request(peer);
  with.tls.identity = pki_.client("node-7");
  const auto answer = https_call(with);
  ASSERT_TRUE(answer) << answer.error().message();
  EXPECT_EQ(client, "node-7");
}

TEST_F(HttpsClientTest, WithoutTheCertificateThatIsAskedForItIsNotAllowed) {
  auto peer = FakePeer::tls({pki_.server(), pki_.ca_pem(), {}, {}}, answer_ok);
  EXPECT_EQ(error_of(request(peer)), Code::kPermission);
}

TEST_F(HttpsClientTest, OffersItsProtocol) {
  std::string chosen;
  auto peer = FakePeer::tls({pki_.server(), {}, {"mqtt", "http/1.1"}, {}}, [&](FakePeer::Session& session) {
    chosen = session.alpn();
    answer_ok(session);
  });
  HttpsRequest with = request(peer);
  with.tls.alpn = {"http/1.1"};
  EXPECT_TRUE(https_call(with));
  EXPECT_EQ(chosen, "http/1.1");
  with.tls.alpn = {"other"};
  EXPECT_FALSE(https_call(with));
}

// ---- whom it believes ----

TEST_F(HttpsClientTest, PinnedCaIsFoundInTheChainAndHandedOver) {
  auto peer = FakePeer::tls({pki_.server_with_ca(), {}, {}, {}}, answer_ok);
  HttpsRequest pinned = request(peer);
  pinned.tls.ca = {};
  pinned.tls.pinned_ca = pki_.ca().digest();
  const auto answer = https_call(pinned);
  ASSERT_TRUE(answer) << answer.error().message();
  ASSERT_TRUE(answer->pinned);
  EXPECT_EQ(answer->pinned->pem(), pki_.ca().pem());
}

TEST_F(HttpsClientTest, PinIsNotSatisfiedByShowingTheCaBesideACertificateOfAnother) {
  FakePki impostor(now_, "test CA", 2);
  TlsIdentity identity = impostor.server();
  identity.certificate.text += pki_.ca().pem();
  auto peer = FakePeer::tls({identity, {}, {}, {}}, answer_ok);
  HttpsRequest pinned = request(peer);
  pinned.tls.pinned_ca = pki_.ca().digest();
  EXPECT_EQ(error_of(pinned), Code::kPermission);
}

TEST_F(HttpsClientTest, PinOfALeafIsNoCa) {
  const TlsIdentity identity = pki_.server();
  auto peer = FakePeer::tls({identity, {}, {}, {}}, answer_ok);
  HttpsRequest pinned = request(peer);
  pinned.tls.pinned_ca = Certificate::from_pem(identity.certificate.text)->digest();
  EXPECT_EQ(error_of(pinned), Code::kPermission);
}

TEST_F(HttpsClientTest, WrongPinSaysSo) {
  auto peer = FakePeer::tls({pki_.server_with_ca(), {}, {}, {}}, answer_ok);
  HttpsRequest pinned = request(peer);
  pinned.tls.pinned_ca = base::Digest::of("another");
  const auto answer = https_call(pinned);
  ASSERT_FALSE(answer);
  EXPECT_EQ(answer.error().code(), Code::kPermission);
  EXPECT_NE(answer.error().message().find("pinned"), std::string::npos) << answer.error().message();
}

struct Disbelieved {
  const char* name;
  std::string host;
  std::vector<std::string> names;
  FakePki::Life life;
  std::string why;
};

TEST_F(HttpsClientTest, DisbelievesBadServersAndSaysWhy) {
  const std::vector<Disbelieved> rows = {
      {"expired", "localhost", {"localhost"}, {hours(-48), hours(-1)}, "expired"},
      {"not yet valid", "localhost", {"localhost"}, {hours(2), hours(48)}, "not yet valid"},
      {"another name", "localhost", {"elsewhere"}, {}, "ostname"},
      {"another address", "127.0.0.1", {"127.0.0.2", "localhost"}, {}, "IP address"},
  };
  for (const auto& row : rows) {
    SCOPED_TRACE(row.name);
    auto peer = FakePeer::tls({pki_.server(row.names, row.life), {}, {}, {}}, answer_ok);
    const auto answer = https_call(request(peer, row.host));
    ASSERT_FALSE(answer);
    EXPECT_EQ(answer.error().code(), Code::kPermission);
    EXPECT_NE(answer.error().message().find(row.why), std::string::npos) << answer.error().message();
    EXPECT_NE(answer.error().message().find("https://" + row.host), std::string::npos)
        << answer.error().message();
  }
}

TEST_F(HttpsClientTest, DisbelievesAForeignCaAndANodeThatPlaysTheHub) {
  FakePki foreign(now_, "foreign CA", 2);
  auto stranger = FakePeer::tls({foreign.server(), {}, {}, {}}, answer_ok);
  EXPECT_EQ(error_of(request(stranger)), Code::kPermission);
  auto node = FakePeer::tls({pki_.client("localhost"), {}, {}, {}}, answer_ok);
  EXPECT_EQ(error_of(request(node)), Code::kPermission);
}

TEST_F(HttpsClientTest, TimeForCheckingIsTheCallersNotTheClocks) {
  auto peer = FakePeer::tls({pki_.server({"localhost"}, {hours(-48), hours(-1)}), {}, {}, {}}, answer_ok);
  HttpsRequest back_then = request(peer);
  back_then.tls.when = now_ - hours(2);
  EXPECT_TRUE(https_call(back_then));
}

// ---- servers that misbehave ----

TEST_F(HttpsClientTest, SilenceEndsWithTheDeadline) {
  auto peer = FakePeer::silent();
  HttpsRequest impatient = request(peer);
  impatient.timeout = 100ms;
  EXPECT_EQ(error_of(impatient), Code::kTimeout);
}

TEST_F(HttpsClientTest, DripFeedingDoesNotStretchTheDeadline) {
  std::atomic<bool> over = false;
  auto peer = FakePeer::tls({pki_.server(), {}, {}, {}}, [&](FakePeer::Session& session) {
    session.read_until("\r\n\r\n");
    while (!over) {
      session.write("HTTP/1.1 100 Continue\r\n\r\n");
      std::this_thread::sleep_for(20ms);
    }
  });
  HttpsRequest impatient = request(peer);
  impatient.timeout = 200ms;
  EXPECT_EQ(error_of(impatient), Code::kTimeout);
  over = true;
}

TEST_F(HttpsClientTest, NobodyThereIsUnavailable) {
  HttpsRequest nobody;
  nobody.url = {"127.0.0.1", closed_port(), "/"};
  nobody.tls.ca = pki_.ca_pem();
  EXPECT_EQ(error_of(nobody), Code::kUnavailable);
  nobody.url.host = "name.invalid";
  EXPECT_EQ(error_of(nobody), Code::kUnavailable);
}

TEST_F(HttpsClientTest, CutOffResponseIsCorrupt) {
  auto peer = FakePeer::tls({pki_.server(), {}, {}, {}}, [](FakePeer::Session& session) {
    session.read_until("\r\n\r\n");
    session.write("HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhalf");
  });
  EXPECT_EQ(error_of(request(peer)), Code::kCorrupt);
}

TEST_F(HttpsClientTest, MoreThanAskedForIsALimit) {
  auto peer = FakePeer::tls({pki_.server(), {}, {}, {}}, [](FakePeer::Session& session) {
    session.read_until("\r\n\r\n");
    session.write("HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n" + std::string(1000, 'x'));
  });
  HttpsRequest little = request(peer);
  little.body_bytes_max = 999;
  EXPECT_EQ(error_of(little), Code::kLimit);
  little.body_bytes_max = 1000;
  EXPECT_TRUE(https_call(little));
}

TEST_F(HttpsClientTest, LargeBodiesGoBothWays) {
  const std::string large(3U << 20U, 'b');
  std::size_t got = 0;
  auto peer = FakePeer::tls({pki_.server(), {}, {}, {}}, [&](FakePeer::Session& session) {
    got = session.read_until("END").size();
    session.write("HTTP/1.1 200 OK\r\nContent-Length: " + std::to_string(large.size()) + "\r\n\r\n" + large);
  });
  HttpsRequest post = request(peer);
  post.method = "PUT";
  post.body = large + "END";
  const auto answer = https_call(post);
  ASSERT_TRUE(answer) << answer.error().message();
  EXPECT_EQ(answer->response.body, large);
  EXPECT_GT(got, large.size());
}

TEST_F(HttpsClientTest, LinesCannotBeSmuggledIntoARequest) {
  auto peer = FakePeer::tls({pki_.server(), {}, {}, {}}, answer_ok);
  HttpsRequest bad = request(peer);
  bad.headers = {{"X-Name", "a\r\nX-Evil: b"}};
  EXPECT_EQ(error_of(bad), Code::kInvalid);
  bad.headers = {{"X: y", "a"}};
  EXPECT_EQ(error_of(bad), Code::kInvalid);
  bad.headers = {};
  bad.url.target = "/a b";
  EXPECT_EQ(error_of(bad), Code::kInvalid);
}

TEST_F(HttpsClientTest, BadFilesAreNamed) {
  HttpsRequest bad;
  bad.url = {"127.0.0.1", closed_port(), "/"};
  bad.tls.ca = Pem::from_file("/nonexistent/ca.pem");
  auto answer = https_call(bad);
  ASSERT_FALSE(answer);
  EXPECT_EQ(answer.error().code(), Code::kNotFound);
  EXPECT_NE(answer.error().message().find("/nonexistent/ca.pem"), std::string::npos);
  bad.tls.ca = Pem::from_file("/proc/self/comm");
  answer = https_call(bad);
  EXPECT_EQ(answer.error().code(), Code::kInvalid);
  EXPECT_NE(answer.error().message().find("/proc/self/comm"), std::string::npos);
  bad.tls.ca = Pem::from_file("/dev/zero");
  EXPECT_EQ(error_of(bad), Code::kLimit);
}

TEST_F(HttpsClientTest, KeyOfAnotherCertificateIsRefused) {
  HttpsRequest bad;
  bad.url = {"127.0.0.1", closed_port(), "/"};
  bad.tls.ca = pki_.ca_pem();
  bad.tls.identity = {pki_.client("a").certificate, pki_.client("b").key};
  EXPECT_EQ(error_of(bad), Code::kInvalid);
}

}  // namespace
}  // namespace holdfast::sync
