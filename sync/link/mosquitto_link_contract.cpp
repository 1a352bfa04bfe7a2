// SPDX-License-Identifier: Apache-2.0
// MosquittoLink against what a network does to it: closed doors, silence, peers that are not to be believed.
// With the real broker where one is needed.
#include "sync/link/mosquitto_link.hpp"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <mosquitto.h>
#include <sys/stat.h>

#include <csignal>
#include <filesystem>
#include <functional>
#include <iterator>
#include <memory>
#include <string>
#include <vector>

#include "base/fake_random.hpp"
#include "base/limits/wire.hpp"
#include "base/system_clock.hpp"
#include "sync/link/fake_mosquitto.hpp"
#include "sync/link/fake_peer.hpp"
#include "sync/link/fake_proxy.hpp"

namespace holdfast::sync {
namespace {

using std::chrono::hours;
using namespace std::chrono_literals;
namespace fs = std::filesystem;

void publish_raw(FakePki& pki, const FakeMosquitto& broker, const std::string& topic,
                 const std::string& payload);

/// The system's, with a while added that has passed.
class ShiftedClock final : public base::Clock {
 public:
  base::WallTime wall() const override { return system_.wall(); }
  base::MonotonicTime monotonic() const override { return system_.monotonic() + passed; }
  std::chrono::seconds passed{};

 private:
  base::SystemClock system_;
};

class MosquittoLinkTest : public testing::Test {
 protected:
  MosquittoLinkOptions options(std::uint16_t port, const std::string& client_id = "node-a") {
    MosquittoLinkOptions out;
    out.client_id = client_id;
    out.addresses = {{"localhost", port}};
    out.ca = pki_.ca_pem();
    out.identity = pki_.client(client_id);
    out.reconnect_window = 50ms;
    out.connect_timeout = 5s;
    return out;
  }
  MosquittoLink& start(MosquittoLinkOptions with) {
    link_ = std::make_unique<MosquittoLink>(*loop_, clock_, random_, std::move(with));
    link_->on_state([this](LinkState state, const std::string& why) {
      if (state == LinkState::kDown) reasons_.push_back(why);
    });
    link_->on_message([this](const std::string&, std::string_view payload) { got_.emplace_back(payload); });
    link_->subscribe("hf/1/+/node-a/dn/#");
    link_->start();
    return *link_;
  }
  bool until(const std::function<bool()>& holds, std::chrono::seconds patience = 20s) {
    for (const auto end = clock_.monotonic() + patience; clock_.monotonic() < end;) {
      if (holds()) return true;
      callbacks_ += loop_->run_once(20ms);
    }
    return holds();
  }
  bool up() const { return link_->state() == LinkState::kUp; }
  bool fails_saying(const std::string& part) {
    return until([&] { return !reasons_.empty(); }) && reasons_[0].find(part) != std::string::npos;
  }
  std::string reason() const { return reasons_.empty() ? "(none)" : reasons_[0]; }

  ShiftedClock clock_;
  base::FakeRandom random_{1};
  std::unique_ptr<base::EventLoop> loop_ = *base::EventLoop::create();
  FakePki pki_{clock_.wall()};
  std::unique_ptr<MosquittoLink> link_;
  std::vector<std::string> reasons_;
  std::vector<std::string> got_;
  std::size_t callbacks_ = 0;
};

// ---- nobody, or somebody who says nothing ----

TEST_F(MosquittoLinkTest, ClosedPortIsToldAndTriedAgainWithoutSpinning) {
  start(options(closed_port()));
  ASSERT_TRUE(until([&] { return reasons_.size() >= 5; }));
  EXPECT_NE(reason().find("refused"), std::string::npos) << reason();
  EXPECT_LT(callbacks_, reasons_.size() * 20) << "a few callbacks an attempt";
}

TEST_F(MosquittoLinkTest, SilentBrokerEndsWithTheDeadlineAndCostsNothingMeanwhile) {
  auto silent = FakePeer::silent();
  auto with = options(silent.port());
  with.connect_timeout = 300ms;
  start(with);
  ASSERT_TRUE(fails_saying("in time (TLS)")) << reason();
  EXPECT_LT(callbacks_, 20U);
}

TEST_F(MosquittoLinkTest, BrokerThatSpeaksTlsButNotMqttEndsWithTheDeadline) {
  auto peer = FakePeer::tls({pki_.server(), pki_.ca_pem(), {}, {}},
                            [](FakePeer::Session& session) { session.read_until("this never comes"); });
  auto with = options(peer.port());
  with.connect_timeout = 500ms;
  start(with);
  ASSERT_TRUE(fails_saying("in time (MQTT)")) << reason();
  EXPECT_LT(callbacks_, 40U);
}

TEST_F(MosquittoLinkTest, PeerThatHangsUpDuringTheHandshakeIsToldWithoutSpinning) {
  // A server without a matching protocol version of HTTP: plain text, then the end.
  auto peer = FakePeer::tls({pki_.server(), {}, {"other"}, {}}, [](FakePeer::Session&) {});
  auto with = options(peer.port());
  with.alpn = {"mqtt"};
  start(with);
  ASSERT_TRUE(until([&] { return reasons_.size() >= 3; })) << reason();
  EXPECT_LT(callbacks_, reasons_.size() * 30);
}

TEST_F(MosquittoLinkTest, AnotherProtocolInsteadOfMqttIsTold) {
  auto peer = FakePeer::tls({pki_.server(), pki_.ca_pem(), {}, {}}, [](FakePeer::Session& session) {
    session.write("HTTP/1.1 400 Bad Request\r\n\r\n");
  });
  start(options(peer.port()));
  ASSERT_TRUE(until([&] { return reasons_.size() >= 3; })) << reason();
  EXPECT_FALSE(up());
}

TEST_F(MosquittoLinkTest, UnknownNameIsTold) {
  auto with = options(1);
  with.addresses = {{"name.invalid", 8883}};
  start(with);
  ASSERT_TRUE(fails_saying("name.invalid")) << reason();
}

TEST_F(MosquittoLinkTest, MayEndWhileItLooksUpOrConnects) {
  auto with = options(1);
  with.addresses = {{"name.invalid", 8883}};
  start(with);
  callbacks_ += loop_->run_once(20ms);
  link_.reset();
  auto silent = FakePeer::silent();
  start(options(silent.port()));
  ASSERT_TRUE(until([&] { return silent.accepted() > 0; }));
  link_.reset();
  loop_->run_once(20ms);
  EXPECT_TRUE(reasons_.empty() || reasons_[0].find("name.invalid") != std::string::npos);
}

TEST_F(MosquittoLinkTest, NoAddressIsTold) {
  auto with = options(1);
  with.addresses.clear();
  start(with);
  EXPECT_TRUE(fails_saying("no broker address")) << reason();
}

// ---- who is believed ----

TEST_F(MosquittoLinkTest, BrokerOfAForeignCaIsNotBelieved) {
  FakePki foreign(clock_.wall(), "foreign CA", 2);
  FakeMosquitto broker(foreign);
  start(options(broker.port()));
  EXPECT_TRUE(fails_saying("not believed")) << reason();
}

TEST_F(MosquittoLinkTest, ExpiredBrokerIsNotBelievedButWasAtItsTime) {
  FakeMosquitto broker(pki_, pki_.server({"localhost"}, {hours(-48), hours(-1)}));
  auto with = options(broker.port());
  start(with);
  EXPECT_TRUE(fails_saying("expired")) << reason();

  with.when = [this] { return clock_.wall() - hours(2); };
  start(with);
  // The client's certificate is new, and the broker's clock is right.
  EXPECT_TRUE(until([&] { return up(); })) << reason();
}

TEST_F(MosquittoLinkTest, BrokerOfAnotherNameIsNotBelieved) {
  FakeMosquitto broker(pki_, pki_.server({"elsewhere.example.com"}, {}));
  auto with = options(broker.port());
  start(with);
  EXPECT_TRUE(fails_saying("ostname")) << reason();
  with.server_name = "elsewhere.example.com";
  start(with);
  EXPECT_TRUE(until([&] { return up(); })) << reason();
}

TEST_F(MosquittoLinkTest, ANodeThatPlaysTheBrokerIsNotBelieved) {
  auto peer = FakePeer::tls({pki_.client("localhost"), pki_.ca_pem(), {}, {}}, [](FakePeer::Session&) {});
  start(options(peer.port()));
  EXPECT_TRUE(fails_saying("not believed")) << reason();
}

TEST_F(MosquittoLinkTest, ExpiredForeignAndMissingClientCertificatesAreRefused) {
  FakeMosquitto broker(pki_);
  FakePki foreign(clock_.wall(), "foreign CA", 2);
  for (const TlsIdentity& identity :
       {pki_.client("node-a", {hours(-48), hours(-1)}), foreign.client("node-a"), TlsIdentity{}}) {
    reasons_.clear();
    auto with = options(broker.port());
    with.identity = identity;
    start(with);
    ASSERT_TRUE(until([&] { return reasons_.size() >= 2; }));
    EXPECT_FALSE(up());
    EXPECT_EQ(reason().find("not believed"), std::string::npos) << "the broker is fine: " << reason();
  }
}

TEST_F(MosquittoLinkTest, NameOfTheServerTravelsNotItsAddress) {
  std::string name = "(none)";
  std::string protocol;
  auto peer = FakePeer::tls({pki_.server(), pki_.ca_pem(), {"mqtt"}, {}}, [&](FakePeer::Session& session) {
    name = session.server_name();
    protocol = session.alpn();
  });
  auto with = options(peer.port());
  with.alpn = {"mqtt"};
  start(with);
  ASSERT_TRUE(until([&] { return !reasons_.empty(); }));
  link_->stop();
  EXPECT_EQ(name, "localhost");
  EXPECT_EQ(protocol, "mqtt");
}

TEST_F(MosquittoLinkTest, RotatedFilesAreInUseFromTheNextConnectionOn) {
  FakeMosquitto broker(pki_);
  FakePki foreign(clock_.wall(), "foreign CA", 2);
  auto with = options(broker.port());
  with.identity = pki_.write(broker.folder(), "node-a", foreign.client("node-a"));
  with.ca = Pem::from_file(broker.folder() + "/ca.pem");
  start(with);
  ASSERT_TRUE(until([&] { return !reasons_.empty(); }));
  ASSERT_FALSE(up());
  pki_.write(broker.folder(), "node-a", pki_.client("node-a"));
  EXPECT_TRUE(until([&] { return up(); })) << reasons_.back();
}

TEST_F(MosquittoLinkTest, MissingFileIsNamed) {
  auto with = options(closed_port());
  with.identity.key = Pem::from_file("/nonexistent/node.key");
  start(with);
  EXPECT_TRUE(fails_saying("/nonexistent/node.key")) << reason();
}

// ---- what comes back ----

TEST_F(MosquittoLinkTest, CertificateThatExpiredIsRefusedUntilTheRenewedOneIsOnDisk) {
  FakeMosquitto broker(pki_);
  auto with = options(broker.port());
  const auto expired = pki_.client("node-a", {hours(-48), hours(-1)});
  with.identity = pki_.write(broker.folder(), "node-a", expired);
  start(with);
  ASSERT_TRUE(until([&] { return reasons_.size() >= 2; }));
  ASSERT_FALSE(up());
  pki_.write(broker.folder(), "node-a", pki_.client("node-a"));
  EXPECT_TRUE(until([&] { return up(); })) << reasons_.back();
}

TEST_F(MosquittoLinkTest, ClockIn1970AtBootIsToldAndHealsWhenItIsCorrected) {
  FakeMosquitto broker(pki_);
  auto with = options(broker.port());
  base::WallTime now{};
  now += hours(1);
  with.when = [&] { return now; };
  start(with);
  ASSERT_TRUE(fails_saying("not yet valid")) << reason();
  now = clock_.wall();
  EXPECT_TRUE(until([&] { return up(); })) << reasons_.back();
}

TEST_F(MosquittoLinkTest, NameThatIsGoneIsFoundAgainWhenItComesBack) {
  FakeMosquitto broker(pki_);
  auto with = options(broker.port());
  // The resolver of the system cannot be taken away from one process: the name goes, then it is there.
  with.addresses = {{"gone.invalid", broker.port()}, {"localhost", broker.port()}};
  start(with);
  ASSERT_TRUE(fails_saying("gone.invalid")) << reason();
  EXPECT_TRUE(until([&] { return up(); })) << reasons_.back();
}

// ---- through a proxy ----

/// A name that is not a loopback's, so that the proxy is asked; the proxy alone has to know where it is.
MosquittoLinkOptions through(MosquittoLinkOptions with, std::uint16_t broker, std::uint16_t proxy,
                             const std::string& credentials = {}) {
  with.addresses = {{"broker.example.com", broker}};
  with.server_name = "localhost";
  with.proxy = *ProxyRules::read("http://" + credentials + "127.0.0.1:" + std::to_string(proxy), "");
  return with;
}

TEST_F(MosquittoLinkTest, ProxyLeadsToTheBrokerAndIsAskedByName) {
  FakeMosquitto broker(pki_);
  FakeProxy proxy(broker.port());
  start(through(options(broker.port()), broker.port(), proxy.port(), "node:secret@"));
  ASSERT_TRUE(until([&] { return up(); })) << reason();
  ASSERT_EQ(proxy.requests().size(), 1U);
  EXPECT_TRUE(proxy.requests()[0].starts_with("CONNECT broker.example.com:")) << proxy.requests()[0];
  EXPECT_NE(proxy.requests()[0].find("Proxy-Authorization: Basic bm9kZTpzZWNyZXQ=\r\n"), std::string::npos);
  ASSERT_TRUE(link_->publish("hf/1/0/node-a/up", std::string(200'000, 'x'), Delivery::kAtLeastOnce));
  publish_raw(pki_, broker, "hf/1/0/node-a/dn", std::string(300'000, 'y'));
  EXPECT_TRUE(until([&] { return got_.size() == 1; }));
  EXPECT_EQ(got_[0].size(), 300'000U);
  broker.kill(SIGKILL);
  ASSERT_TRUE(until([&] { return !up(); }));
  broker.start();
  EXPECT_TRUE(until([&] { return up(); })) << reasons_.back();
}

struct ProxyAnswer {
  const char* name;
  std::string answer;
  const char* told;
};

TEST_F(MosquittoLinkTest, ProxyThatDoesNotLeadOnIsToldWithoutThePasswordAndWithoutSpinning) {
  const std::vector<ProxyAnswer> table{
      {"credentials", "HTTP/1.1 407 Proxy Authentication Required\r\n\r\n", "(407)"},
      {"refusal", "HTTP/1.1 403 Forbidden\r\n\r\n", "403 Forbidden"},
      {"garbage", "\x15\x03\x01 what?", "does not answer in HTTP"},
      {"header without end", "HTTP/1.1 200 OK\r\nX: " + std::string(20'000, 'x'), "without end"},
      {"silence", "", "in time (proxy)"},
  };
  for (const auto& row : table) {
    FakeProxy proxy(1, row.answer);
    auto with = through(options(1), 8883, proxy.port(), "node:secret@");
    with.connect_timeout = 500ms;
    reasons_.clear();
    callbacks_ = 0;
    start(with);
    ASSERT_TRUE(until([&] { return reasons_.size() >= 2; })) << row.name;
    EXPECT_NE(reason().find(row.told), std::string::npos) << row.name << ": " << reason();
    EXPECT_EQ(reason().find("secret"), std::string::npos) << row.name;
    EXPECT_LT(callbacks_, reasons_.size() * 40) << row.name;
    link_.reset();
  }
}

TEST_F(MosquittoLinkTest, NoProxyThereIsTold) {
  start(through(options(1), 8883, closed_port()));
  ASSERT_TRUE(fails_saying("through the proxy 127.0.0.1:")) << reason();
  EXPECT_NE(reason().find("refused"), std::string::npos) << reason();
}

TEST_F(MosquittoLinkTest, HalfOpenConnectionIsNoticedByTheKeepAliveAndLeft) {
  FakeMosquitto broker(pki_);
  FakeProxy proxy(broker.port());
  auto with = through(options(broker.port()), broker.port(), proxy.port());
  with.keep_alive = 5s;
  with.connect_timeout = 1s;
  start(with);
  ASSERT_TRUE(until([&] { return up(); })) << reason();
  proxy.swallow(true);
  ASSERT_TRUE(until([&] { return !up(); }, 60s));
  proxy.swallow(false);
  EXPECT_TRUE(until([&] { return up(); })) << reasons_.back();
}

// ---- a broker in trouble ----

TEST_F(MosquittoLinkTest, BrokerKilledManyTimesIsAlwaysFoundAgainAndNothingLeaks) {
  FakeMosquitto broker(pki_);
  start(options(broker.port()));
  ASSERT_TRUE(until([&] { return up(); }));
  const auto descriptors = [] {
    return std::distance(fs::directory_iterator("/proc/self/fd"), fs::directory_iterator());
  };
  const auto before = descriptors();
  for (int i = 0; i < 10; ++i) {
    broker.kill(SIGKILL);
    ASSERT_TRUE(until([&] { return !up(); }));
    broker.start();
    ASSERT_TRUE(until([&] { return up(); })) << i << " " << reasons_.back();
  }
  EXPECT_EQ(descriptors(), before);
}

TEST_F(MosquittoLinkTest, FrozenBrokerIsNoticedByTheKeepAlive) {
  FakeMosquitto broker(pki_);
  auto with = options(broker.port());
  with.keep_alive = 5s;  // the least that there is
  start(with);
  ASSERT_TRUE(until([&] { return up(); }));
  broker.freeze(true);
  ASSERT_TRUE(until([&] { return !up(); }, 60s));
  EXPECT_NE(reason().find("answers no ping"), std::string::npos) << reason();
  broker.freeze(false);
  EXPECT_TRUE(until([&] { return up(); }));
}

TEST_F(MosquittoLinkTest, TwoThatThrowEachOtherOutAreToldThatThereIsADouble) {
  FakeMosquitto broker(pki_);
  start(options(broker.port()));
  ASSERT_TRUE(until([&] { return up(); }));
  MosquittoLink other(*loop_, clock_, random_, options(broker.port()));
  other.start();
  const auto is_told = [&] {
    return !reasons_.empty() && reasons_.back().find("same identity") != std::string::npos;
  };
  EXPECT_TRUE(until(is_told, 60s)) << reason();
}

TEST_F(MosquittoLinkTest, TwoThatThrowEachOtherOutDoSoEverLessOften) {
  FakeMosquitto broker(pki_);
  auto with = options(broker.port());
  with.reconnect_window = 1ms;
  start(with);
  ASSERT_TRUE(until([&] { return up(); }));
  MosquittoLink other(*loop_, clock_, random_, with);
  other.start();
  EXPECT_FALSE(until([&] { return reasons_.size() >= 40; }, 12s))
      << "without a pause they do so all the time";
}

TEST_F(MosquittoLinkTest, SecondAddressIsTriedAfterTheFirst) {
  FakeMosquitto broker(pki_);
  auto with = options(broker.port());
  with.addresses = {{"localhost", closed_port()}, {"127.0.0.1", broker.port()}};
  start(with);
  EXPECT_TRUE(until([&] { return up(); })) << reason();
  EXPECT_EQ(reasons_.size(), 1U);
}

TEST_F(MosquittoLinkTest, AllAddressesAreTriedBeforeItWaits) {
  FakeMosquitto broker(pki_);
  auto with = options(broker.port());
  with.addresses = {{"localhost", closed_port()}, {"127.0.0.1", broker.port()}};
  with.reconnect_window = base::limits::kReconnectWindowMax;
  start(with);
  EXPECT_TRUE(until([&] { return up(); })) << reason();
}

TEST_F(MosquittoLinkTest, TheAddressThatServedLongComesFirstWhenTheSessionIsLost) {
  FakeMosquitto broker(pki_);
  const auto closed = closed_port();
  auto with = options(broker.port());
  with.addresses = {{"localhost", closed}, {"127.0.0.1", broker.port()}};
  start(with);
  ASSERT_TRUE(until([&] { return up(); })) << reason();
  reasons_.clear();
  clock_.passed = 1min;
  broker.kill(SIGKILL);
  ASSERT_TRUE(until([&] { return reasons_.size() >= 3; })) << reason();
  EXPECT_NE(reasons_[1].find(std::to_string(broker.port())), std::string::npos) << reasons_[1];
  EXPECT_NE(reasons_[2].find(std::to_string(closed)), std::string::npos) << reasons_[2];
  broker.start();
  EXPECT_TRUE(until([&] { return up(); })) << reasons_.back();
}

TEST_F(MosquittoLinkTest, AnAddressThatEndsSessionsSoonAfterTheyBeganComesLast) {
  FakeMosquitto broker(pki_);
  const auto closed = closed_port();
  auto with = options(broker.port());
  with.addresses = {{"127.0.0.1", broker.port()}, {"localhost", closed}};
  start(with);
  ASSERT_TRUE(until([&] { return up(); })) << reason();
  broker.kill(SIGKILL);
  ASSERT_TRUE(until([&] { return reasons_.size() >= 3; })) << reason();
  EXPECT_NE(reasons_[1].find(std::to_string(closed)), std::string::npos) << reasons_[1];
  EXPECT_NE(reasons_[2].find(std::to_string(broker.port())), std::string::npos) << reasons_[2];
}

TEST_F(MosquittoLinkTest, OtherAddressesAreGoneToAtOnceByOneThatIsNotConnected) {
  FakeMosquitto broker(pki_);
  auto silent = FakePeer::silent();
  auto with = options(broker.port());
  with.addresses = {{"127.0.0.1", silent.port()}};
  with.connect_timeout = with.reconnect_window = base::limits::kReconnectWindowMax;
  start(with);
  ASSERT_TRUE(until([&] { return silent.accepted() > 0; }));
  link_->believe({{"localhost", broker.port()}}, with.ca);
  EXPECT_TRUE(until([&] { return up(); })) << reason();
  EXPECT_TRUE(reasons_.empty()) << "nothing failed: " << reason();
}

TEST_F(MosquittoLinkTest, ASessionToAnAddressThatIsNotNamedAnyMoreGoesOnAndThenTheFirstIsTried) {
  FakeMosquitto broker(pki_);
  const auto closed = closed_port();
  start(options(broker.port()));
  ASSERT_TRUE(until([&] { return up(); })) << reason();
  link_->believe({{"127.0.0.1", closed}, {"127.0.0.1", broker.port()}}, pki_.ca_pem());
  EXPECT_TRUE(up());
  broker.kill(SIGKILL);
  ASSERT_TRUE(until([&] { return reasons_.size() >= 3; })) << reason();
  EXPECT_NE(reasons_[1].find(std::to_string(closed)), std::string::npos) << reasons_[1];
  EXPECT_NE(reasons_[2].find(std::to_string(broker.port())), std::string::npos) << "and then the other";
}

/// A client that is not ours, which may send what ours would not.
void publish_raw(FakePki& pki, const FakeMosquitto& broker, const std::string& topic,
                 const std::string& payload) {
  const TlsIdentity files = pki.write(broker.folder(), "hub", pki.client("hub"));
  mosquitto* const client = mosquitto_new("hub", true, nullptr);
  mosquitto_tls_set(client, (broker.folder() + "/ca.pem").c_str(), nullptr, files.certificate.file.c_str(),
                    files.key.file.c_str(), nullptr);
  ASSERT_EQ(mosquitto_connect(client, "localhost", broker.port(), 60), MOSQ_ERR_SUCCESS);
  ASSERT_EQ(mosquitto_publish(client, nullptr, topic.c_str(), static_cast<int>(payload.size()),
                              payload.data(), 1, false),
            MOSQ_ERR_SUCCESS);
  for (int i = 0; i < 100 && (mosquitto_want_write(client) || i < 20); ++i) mosquitto_loop(client, 10, 1);
  mosquitto_disconnect(client);
  mosquitto_destroy(client);
}

TEST_F(MosquittoLinkTest, OversizedMessageIsIgnoredAndTheNextOneArrives) {
  FakeMosquitto broker(pki_);
  start(options(broker.port()));
  ASSERT_TRUE(until([&] { return up(); }));
  publish_raw(pki_, broker, "hf/1/0/node-a/dn", std::string(base::limits::kPacketBytesMax + 1, 'x'));
  publish_raw(pki_, broker, "hf/1/0/node-a/dn", "small");
  ASSERT_TRUE(until([&] { return !got_.empty(); }));
  EXPECT_EQ(got_, (std::vector<std::string>{"small"}));
  EXPECT_TRUE(reasons_.empty());
}

TEST_F(MosquittoLinkTest, WhatTheAclForbidsIsNotDeliveredAndTheSessionGoesOn) {
  FakeMosquitto broker(pki_);
  MosquittoLink hub(*loop_, clock_, random_, options(broker.port(), "hub"));
  std::vector<std::string> topics;
  hub.subscribe("#");
  hub.on_message([&](const std::string& topic, std::string_view) { topics.push_back(topic); });
  hub.start();
  auto& node = start(options(broker.port()));
  ASSERT_TRUE(until([&] { return up() && hub.state() == LinkState::kUp; }));
  ASSERT_TRUE(node.publish("hf/1/0/node-b/up/x", "forged", Delivery::kAtLeastOnce));
  ASSERT_TRUE(node.publish("hf/1/0/node-a/up/x", "own", Delivery::kAtLeastOnce));
  ASSERT_TRUE(until([&] { return !topics.empty(); }));
  EXPECT_EQ(topics, (std::vector<std::string>{"hf/1/0/node-a/up/x"}));
  EXPECT_TRUE(up());
}

TEST_F(MosquittoLinkTest, SocketIsNotInheritedByChildren) {
  FakeMosquitto broker(pki_);
  start(options(broker.port()));
  ASSERT_TRUE(until([&] { return up(); }));
  int sockets = 0;
  for (const auto& entry : fs::directory_iterator("/proc/self/fd")) {
    struct stat info{};
    const int fd = std::stoi(entry.path().filename());
    if (::fstat(fd, &info) != 0 || !S_ISSOCK(info.st_mode)) continue;
    ++sockets;
    EXPECT_NE(::fcntl(fd, F_GETFD) & FD_CLOEXEC, 0) << fd;
  }
  EXPECT_GE(sockets, 1);
}

}  // namespace
}  // namespace holdfast::sync
