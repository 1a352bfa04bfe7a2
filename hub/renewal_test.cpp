// SPDX-License-Identifier: Apache-2.0
// The hub's side of a node's own certificate: renewed, given back, revoked.
#include "hub/renewal.hpp"

#include <gtest/gtest.h>

#include <filesystem>
#include <nlohmann/json.hpp>

#include "base/fake_clock.hpp"
#include "base/fake_random.hpp"
#include "hub/enrolment.hpp"
#include "hub/json_path.hpp"
#include "hub/revocation.hpp"
#include "hub/tables.hpp"
#include "sync/link/fake_pki.hpp"
#include "sync/link/possession.hpp"
#include "sync/store/fake_store.hpp"

namespace holdfast::hub {
namespace {

using base::Code;
using base::Json;
using namespace std::chrono_literals;

struct Member {
  sync::PrivateKey key;
  sync::Certificate certificate;
};

class RenewalTest : public testing::Test {
 protected:
  void SetUp() override {
    char name[] = "/tmp/hf-renew-XXXXXX";
    folder_ = mkdtemp(name);
    auto pki = Pki::load_or_make(DataFolder(folder_),
                                 {{"localhost"}, "https://localhost:8443", {"mqtts://localhost:8883"}},
                                 clock_.wall(), random_);
    ASSERT_TRUE(pki) << pki.error().message();
    pki_ = *std::move(pki);
    ASSERT_TRUE(objects_.load());
    certificates_.emplace(CertificateBook::Seams{clock_, random_, store_}, *pki_);
    enrolment_.emplace(Enrolment::Seams{clock_, random_}, objects_, *pki_, *certificates_, "https://h:1");
    renewal_.emplace(clock_, objects_, *pki_, *certificates_);
  }
  void TearDown() override { std::filesystem::remove_all(folder_); }

  Member enroll(const std::string& name) {
    auto key = sync::PrivateKey::generate().value();
    const auto token = enrolment_->create_token(Json::object()).value();
    const auto answer = enrolment_->enroll({{"token", text_at(token, "status/token")},
                                            {"name", name},
                                            {"csr", sync::CertificateRequest::make(key, name)->pem()}});
    EXPECT_TRUE(answer) << answer.error().message();
    return {std::move(key), sync::Certificate::from_pem(text_at(*answer, "certificate")).value()};
  }
  static Json renewal_of(const sync::PrivateKey& by, const sync::Certificate& certificate,
                         const sync::PrivateKey& next) {
    const auto csr = sync::CertificateRequest::make(next, "any")->pem();
    const auto proof = sync::prove_possession(by, certificate, sync::kRenewPurpose, csr);
    return {
        {"certificate", certificate.pem()}, {"csr", csr}, {"signature", base::to_hex(proof.value_or("x"))}};
  }
  base::Result<Json> renew(const Member& member) {
    return renewal_->renew(renewal_of(member.key, member.certificate, sync::PrivateKey::generate().value()));
  }
  std::vector<std::string> revoked() {
    std::vector<std::string> out;
    for (const auto& one : revoked_of(*certificates_->in_use(), objects_.list(kNodes)->items))
      out.push_back(one.serial);
    return out;
  }

  std::string folder_;
  base::FakeClock clock_;
  base::FakeRandom random_{3};
  sync::FakeStore store_{{kHubTables.begin(), kHubTables.end()}};
  Objects objects_{{clock_, random_, store_}};
  std::optional<Pki> pki_;
  std::optional<CertificateBook> certificates_;
  std::optional<Enrolment> enrolment_;
  std::optional<Renewal> renewal_;
};

TEST_F(RenewalTest, GivesANewCertificateOfTheSameUidForANewKey) {
  const auto member = enroll("cam-1");
  const auto next = sync::PrivateKey::generate().value();
  clock_.advance(24h * 60);
  const auto answer = renewal_->renew(renewal_of(member.key, member.certificate, next));
  ASSERT_TRUE(answer) << answer.error().message();
  const auto made = sync::Certificate::from_pem(text_at(*answer, "certificate")).value();
  EXPECT_EQ(made.common_name(), member.certificate.common_name());
  EXPECT_TRUE(made.matches(next));
  EXPECT_GT(made.not_after(), member.certificate.not_after());
  EXPECT_EQ(text_at(**objects_.get(kNodes, "cam-1"), "spec/certificate/serial"), made.serial_hex());
}

TEST_F(RenewalTest, LetsOneBackThatWasAwayUntilItsCertificateExpired) {
  const auto member = enroll("cam-1");
  clock_.advance(24h * 400);
  EXPECT_TRUE(renew(member));
}

TEST_F(RenewalTest, RefusesInTheSameWordsWhoeverProvesNothing) {
  const auto member = enroll("cam-1");
  const auto other = enroll("cam-2");
  const auto next = sync::PrivateKey::generate().value();
  auto forged = renewal_of(other.key, other.certificate, next);
  forged["certificate"] = member.certificate.pem();
  auto swapped = renewal_of(member.key, member.certificate, next);
  swapped["csr"] = sync::CertificateRequest::make(other.key, "x")->pem();
  sync::FakePki foreign(clock_.wall());
  const auto stranger = foreign.client(member.certificate.common_name());
  const auto of_foreign_ca =
      renewal_of(sync::PrivateKey::from_pem(*stranger.key.load()).value(),
                 sync::Certificate::from_pem(*stranger.certificate.load()).value(), next);
  const auto gone = enroll("cam-3");
  ASSERT_TRUE(objects_.remove(kNodes, "cam-3"));
  const auto cut_off = enroll("cam-4");
  ASSERT_TRUE(objects_.patch(kNodes, "cam-4", {{"spec", {{"revoked", true}}}}, Actor::kPerson));
  std::set<std::string> messages;
  for (const Json& request : {forged, swapped, of_foreign_ca, renewal_of(gone.key, gone.certificate, next),
                              renewal_of(cut_off.key, cut_off.certificate, next)}) {
    const auto answer = renewal_->renew(request);
    ASSERT_FALSE(answer);
    EXPECT_EQ(answer.error().code(), Code::kPermission);
    messages.insert(answer.error().message());
  }
  EXPECT_EQ(messages.size(), 1U);
  EXPECT_TRUE(renew(member)) << "what others tried costs it nothing";
}

TEST_F(RenewalTest, RefusesTheHubsOwnCertificate) {
  const DataFolder folder(folder_);
  const Member hub{
      sync::PrivateKey::from_pem(*sync::Pem::from_file(folder.client_key()).load()).value(),
      sync::Certificate::from_pem(*sync::Pem::from_file(folder.client_certificate()).load()).value()};
  EXPECT_EQ(renew(hub).error().code(), Code::kPermission);
}

TEST_F(RenewalTest, SaysWhatIsWrongWithARequest) {
  const auto member = enroll("cam-1");
  auto request = renewal_of(member.key, member.certificate, member.key);
  request["signature"] = "no hex";
  EXPECT_EQ(renewal_->renew(request).error().code(), Code::kInvalid);
  EXPECT_EQ(renewal_->renew(Json::object()).error().code(), Code::kInvalid);
  EXPECT_EQ(renewal_->renew({{"certificate", "x"}, {"csr", "y"}, {"signature", "00"}}).error().code(),
            Code::kInvalid);
}

TEST_F(RenewalTest, GivesOneNodeSoManyCertificatesAndNoMore) {
  const auto member = enroll("cam-1");
  for (std::size_t i = 1; i < base::limits::kCertificatesPerNodeMax; ++i) ASSERT_TRUE(renew(member)) << i;
  EXPECT_EQ(renew(member).error().code(), Code::kLimit);
  clock_.advance(base::limits::kNodeCertificateLife + 1h);
  EXPECT_TRUE(renew(member)) << "those that expired do not count";
  EXPECT_EQ(certificates_->in_use()->size(), 1U) << "and are forgotten";
}

TEST_F(RenewalTest, ANodeLeavesByItsOwnProof) {
  const auto member = enroll("cam-1");
  const auto proof = sync::prove_possession(member.key, member.certificate, sync::kLeavePurpose, "").value();
  Json request{{"certificate", member.certificate.pem()}, {"signature", base::to_hex(proof)}};
  auto renewed = renewal_of(member.key, member.certificate, member.key);
  renewed.erase("csr");
  EXPECT_EQ(renewal_->leave(renewed).error().code(), Code::kPermission) << "a proof for something else";
  ASSERT_TRUE(renewal_->leave(request));
  EXPECT_FALSE(objects_.get(kNodes, "cam-1"));
  EXPECT_EQ(renewal_->leave(request).error().code(), Code::kPermission);
}

TEST_F(RenewalTest, ACopyOfADiskTakesNobodyOutOfTheFleet) {
  const auto member = enroll("cam-1");
  ASSERT_TRUE(
      objects_.patch(kNodes, "cam-1", {{"spec", {{"fingerprint", "0102030405060708aa"}}}}, Actor::kHub));
  const auto proof = sync::prove_possession(member.key, member.certificate, sync::kLeavePurpose, "").value();
  Json request{{"certificate", member.certificate.pem()},
               {"signature", base::to_hex(proof)},
               {"hardware", "ff02030405060708"}};
  EXPECT_EQ(renewal_->leave(request).error().code(), Code::kConflict);
  EXPECT_TRUE(objects_.get(kNodes, "cam-1"));
  request["hardware"] = "0102030405060708";
  EXPECT_TRUE(renewal_->leave(request));
}

TEST_F(RenewalTest, EveryCertificateOfANodeThatIsCutOffIsRevokedAndNoOther) {
  const auto cut_off = enroll("cam-1");
  const auto stays = enroll("cam-2");
  ASSERT_TRUE(renew(cut_off));
  EXPECT_TRUE(revoked().empty());
  ASSERT_TRUE(objects_.patch(kNodes, "cam-1", {{"spec", {{"revoked", true}}}}, Actor::kPerson));
  EXPECT_EQ(revoked().size(), 2U);
  ASSERT_TRUE(objects_.patch(kNodes, "cam-1", {{"spec", {{"revoked", false}}}}, Actor::kPerson));
  EXPECT_TRUE(revoked().empty()) << "a person took it back";
  ASSERT_TRUE(objects_.remove(kNodes, "cam-1"));
  EXPECT_EQ(revoked().size(), 2U);
  clock_.advance(base::limits::kNodeCertificateLife + 1h);
  EXPECT_TRUE(revoked().empty()) << "what has expired needs no list";
}

}  // namespace
}  // namespace holdfast::hub
