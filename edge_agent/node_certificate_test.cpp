// SPDX-License-Identifier: Apache-2.0
#include "edge_agent/node_certificate.hpp"

#include <gtest/gtest.h>

#include <filesystem>

#include "base/fake_random.hpp"
#include "base/file_io.hpp"
#include "sync/link/fake_pki.hpp"

namespace holdfast::edge_agent {
namespace {

using namespace std::chrono_literals;
const base::WallTime kNow{24h * 365 * 56};

TEST(RenewalTime, IsAtTwoThirdsOfTheLifeAndALittleLater) {
  EXPECT_EQ(renewal_time(kNow, kNow + 90h, 0), kNow + 60h);
  EXPECT_EQ(renewal_time(kNow, kNow + 90h, 1), kNow + 63h);
}

class NodeCertificateTest : public testing::Test {
 protected:
  void SetUp() override {
    char name[] = "/tmp/hf-cert-XXXXXX";
    root_ = mkdtemp(name);
    const auto identity = pki_.client("uid-1");
    put(folder().key_file(), *identity.key.load());
    put(folder().certificate_file(), *identity.certificate.load());
    old_ = *identity.certificate.load();
  }
  void TearDown() override { std::filesystem::remove_all(root_); }

  DataFolder folder() const { return DataFolder(root_); }
  static void put(const std::string& path, const std::string& text) {
    ASSERT_TRUE(base::write_file(path, text, 0600));
  }
  static std::string text(const std::string& path) { return base::read_file(path, 1U << 20U).value_or(""); }
  std::string issue(const sync::PrivateKey& key, const std::string& name = "uid-1") {
    const auto request = sync::CertificateRequest::make(key, name).value();
    return sync::issue(pki_.ca(), pki_.ca_key(), request,
                       {.use = sync::CertificateUse::kClient,
                        .common_name = name,
                        .names = {},
                        .not_before = kNow,
                        .not_after = kNow + 24h},
                       random_)
        ->pem();
  }
  /// What a restart finds: a pair that fits together, in what is tried first.
  void expect_works(const std::string& certificate) {
    NodeCertificate after(folder());
    const auto loaded = after.load();
    ASSERT_TRUE(loaded) << loaded.error().message();
    const auto identity = after.identity_to_try();
    EXPECT_EQ(*identity.certificate.load(), certificate);
    EXPECT_TRUE(sync::Certificate::from_pem(*identity.certificate.load())
                    ->matches(*sync::PrivateKey::from_pem(*identity.key.load())));
  }

  sync::FakePki pki_{kNow};
  base::FakeRandom random_{1};
  std::string root_;
  std::string old_;
};

TEST_F(NodeCertificateTest, TheNextTakesThePlaceOfTheOldWhenItHasConnected) {
  NodeCertificate node(folder());
  ASSERT_TRUE(node.load());
  const auto next = issue(*node.next_key());
  ASSERT_TRUE(node.take_next(next));
  EXPECT_EQ(text(folder().certificate_file()), old_) << "the old stays until the new has connected";
  EXPECT_EQ(*node.identity_to_try().certificate.load(), next);
  ASSERT_TRUE(node.connected());
  EXPECT_FALSE(node.has_next());
  EXPECT_EQ(text(folder().certificate_file()), next);
  EXPECT_FALSE(std::filesystem::exists(folder().next_key_file()));
  EXPECT_FALSE(std::filesystem::exists(folder().next_certificate_file()));
  expect_works(next);
}

TEST_F(NodeCertificateTest, ANextThatDoesNotConnectAlternatesWithTheOld) {
  NodeCertificate node(folder());
  ASSERT_TRUE(node.load());
  const auto next = issue(*node.next_key());
  ASSERT_TRUE(node.take_next(next));
  EXPECT_EQ(*node.identity_to_try().certificate.load(), next);
  EXPECT_EQ(*node.identity_to_try().certificate.load(), old_);
  ASSERT_TRUE(node.connected());
  EXPECT_TRUE(node.has_next()) << "the old one connected: the next has proven nothing";
  EXPECT_EQ(*node.identity_to_try().certificate.load(), next);
}

TEST_F(NodeCertificateTest, AKillAtAnyStepLeavesAnIdentityThatWorks) {
  NodeCertificate node(folder());
  ASSERT_TRUE(node.load());
  const auto key = node.next_key().value();
  expect_works(old_);  // killed after the key was made
  {
    NodeCertificate after(folder());
    ASSERT_TRUE(after.load());
    EXPECT_EQ(after.next_key()->pem(), key.pem()) << "asked again with the same key";
  }
  const auto next = issue(key);
  ASSERT_TRUE(node.take_next(next));
  expect_works(next);  // killed before it connected
  put(folder().key_file(), key.pem());
  expect_works(next);  // killed between the two files that take the old one's place
  // The restart above has ended what was begun.
  EXPECT_EQ(text(folder().certificate_file()), next);
  EXPECT_FALSE(std::filesystem::exists(folder().next_certificate_file()));
  put(folder().next_certificate_file(), next);
  expect_works(next);  // killed while the spare files were removed
  EXPECT_FALSE(std::filesystem::exists(folder().next_certificate_file()));
}

TEST_F(NodeCertificateTest, DropsAHalfNextAndKeepsTheOld) {
  put(folder().next_certificate_file(), "half");
  put(folder().next_key_file(), "half");
  expect_works(old_);
  NodeCertificate node(folder());
  ASSERT_TRUE(node.load());
  EXPECT_TRUE(node.next_key()) << "a key that cannot be read is made anew";
}

TEST_F(NodeCertificateTest, TakesNoCertificateOfAnotherKeyOrNode) {
  NodeCertificate node(folder());
  ASSERT_TRUE(node.load());
  EXPECT_FALSE(node.take_next(issue(*sync::PrivateKey::generate())));
  EXPECT_FALSE(node.take_next(issue(*node.next_key(), "uid-2")));
  EXPECT_FALSE(node.take_next("no certificate"));
  EXPECT_FALSE(node.has_next());
}

TEST_F(NodeCertificateTest, SaysWhichFilesDoNotFitTogether) {
  put(folder().key_file(), sync::PrivateKey::generate()->pem());
  NodeCertificate node(folder());
  const auto loaded = node.load();
  ASSERT_FALSE(loaded);
  EXPECT_NE(loaded.error().message().find("node.key"), std::string::npos);
}

}  // namespace
}  // namespace holdfast::edge_agent
