// SPDX-License-Identifier: Apache-2.0
#include "hub/pki.hpp"

#include <gtest/gtest.h>
#include <sys/stat.h>

#include <filesystem>

#include "base/fake_clock.hpp"
#include "base/fake_random.hpp"
#include "base/file_io.hpp"
#include "base/limits/hub.hpp"

namespace holdfast::hub {
namespace {

using namespace std::chrono_literals;

class PkiTest : public testing::Test {
 protected:
  void SetUp() override {
    char name[] = "/tmp/hf-pki-XXXXXX";
    root_ = mkdtemp(name);
  }
  void TearDown() override { std::filesystem::remove_all(root_); }

  base::Result<Pki> open() { return Pki::load_or_make(DataFolder(root_), options_, clock_.wall(), random_); }
  std::string read(const std::string& path) const { return base::read_file(path, 1U << 20U).value_or(""); }

  std::string root_;
  PkiOptions options_{
      {"hub.example.com", "127.0.0.1"}, "https://hub.example.com:8443", {"mqtts://hub.example.com:8883"}};
  base::FakeClock clock_;
  base::FakeRandom random_{5};
};

TEST_F(PkiTest, MakesEverythingAtTheFirstStartAndFindsItAtTheNext) {
  const auto first = open();
  ASSERT_TRUE(first) << first.error().message();
  EXPECT_TRUE(first->is_new());
  const auto second = open();
  ASSERT_TRUE(second);
  EXPECT_FALSE(second->is_new());
  EXPECT_EQ(first->fleet(), second->fleet());
  EXPECT_EQ(first->ca().digest(), second->ca().digest());
  EXPECT_EQ(first->recovery_key(), second->recovery_key());
  EXPECT_EQ(first->trust().bytes, second->trust().bytes);
  EXPECT_EQ(first->admin_token(), second->admin_token());
}

TEST_F(PkiTest, KeepsSecretsForTheHubsUserAlone) {
  ASSERT_TRUE(open());
  const DataFolder folder(root_);
  for (const auto& path : {folder.ca_key(), folder.server_key(), folder.client_key(), folder.signing_key(),
                           folder.recovery_key(), folder.admin_file(), folder.hub_file()}) {
    struct stat info{};
    ASSERT_EQ(stat(path.c_str(), &info), 0) << path;
    EXPECT_EQ(info.st_mode & 0777U, 0600U) << path;
  }
}

TEST_F(PkiTest, KeepsOnlyTheDigestOfTheAdministratorsToken) {
  const auto pki = open();
  const DataFolder folder(root_);
  const auto file = read(folder.admin_file());
  const auto begin = file.find("token: ") + 7;
  const auto token = file.substr(begin, 64);
  EXPECT_EQ(base::Digest::of(token), pki->admin_token());
  EXPECT_EQ(read(folder.hub_file()).find(token), std::string::npos);
}

TEST_F(PkiTest, MakesANewServerCertificateWhenNamesOrTimeDemandIt) {
  ASSERT_TRUE(open());
  const auto path = DataFolder(root_).server_certificate();
  const auto first = read(path);
  ASSERT_TRUE(open());
  EXPECT_EQ(read(path), first) << "nothing changed";
  options_.names.emplace_back("10.0.0.7");
  ASSERT_TRUE(open());
  const auto second = read(path);
  EXPECT_NE(second, first);
  clock_.advance(24h * 300);
  ASSERT_TRUE(open());
  EXPECT_NE(read(path), second) << "two thirds of its life are over";
}

TEST_F(PkiTest, TellsWhenItsOwnCertificatesAreToBeRenewedWhichTheNextStartDoes) {
  const auto first = open();
  ASSERT_TRUE(first);
  EXPECT_GT(first->renewal_due(), clock_.wall() + 24h * 200);
  EXPECT_GT(first->certificates_end(), first->renewal_due() + 24h * 100) << "time enough for a person to act";
  clock_.advance(24h * 250);
  EXPECT_LE(first->renewal_due(), clock_.wall());
  EXPECT_GT(open()->renewal_due(), clock_.wall());
}

TEST_F(PkiTest, ANodesCertificateHoldsAsLongAsItsLifeAndNoLonger) {
  const auto pki = open();
  const auto key = sync::PrivateKey::generate();
  const auto request = sync::CertificateRequest::make(*key, "x");
  const auto certificate = pki->issue_node_certificate(*request, sync::NodeUid(random_.uuid()), clock_.wall(),
                                                       random_, base::limits::kNodeCertificateLife);
  ASSERT_TRUE(certificate);
  const auto roots = sync::Certificate::bundle_from_pem(pki->ca().pem());
  const auto holds_after = [&](std::chrono::milliseconds time) {
    return sync::verify_chain(*certificate, *roots, clock_.wall() + time, sync::CertificateUse::kClient)
        .has_value();
  };
  EXPECT_TRUE(holds_after(base::limits::kNodeCertificateLife - 1h));
  EXPECT_FALSE(holds_after(base::limits::kNodeCertificateLife + 1h));
}

TEST_F(PkiTest, SignsANewTrustDocumentWhenAddressesChange) {
  const auto before = open();
  options_.brokers = {"mqtts://elsewhere:8883"};
  const auto after = open();
  ASSERT_TRUE(before && after);
  const auto document = sync::verify_trust(after->trust(), before->recovery_key());
  ASSERT_TRUE(document);
  EXPECT_EQ(document->version, 2U);
  EXPECT_EQ(document->brokers, options_.brokers);
}

TEST_F(PkiTest, GoesOnWithTheOldTrustDocumentWhereTheRecoveryKeyIsKeptOffline) {
  const auto before = open();
  std::filesystem::remove(DataFolder(root_).recovery_key());
  options_.brokers = {"mqtts://elsewhere:8883"};
  const auto after = open();
  ASSERT_TRUE(after) << after.error().message();
  EXPECT_EQ(after->trust().bytes, before->trust().bytes);
}

TEST_F(PkiTest, RefusesAForeignRecoveryKeyAndAMissingCaKey) {
  ASSERT_TRUE(open());
  const DataFolder folder(root_);
  options_.brokers = {"mqtts://elsewhere:8883"};
  ASSERT_TRUE(base::write_file(folder.recovery_key(), base::SigningKey::generate(random_).seed_hex(), 0600));
  EXPECT_EQ(open().error().code(), base::Code::kConflict);
  std::filesystem::remove(folder.ca_key());
  EXPECT_NE(open().error().message().find("put it back from a backup"), std::string::npos);
}

}  // namespace
}  // namespace holdfast::hub
