// SPDX-License-Identifier: Apache-2.0
#include "hub/enrolment.hpp"

#include <gtest/gtest.h>

#include <filesystem>
#include <nlohmann/json.hpp>

#include "base/fake_clock.hpp"
#include "base/fake_random.hpp"
#include "base/file_io.hpp"
#include "hub/broker.hpp"
#include "hub/json_path.hpp"
#include "hub/tables.hpp"
#include "sync/store/fake_store.hpp"

namespace holdfast::hub {
namespace {

using base::Json;
using namespace std::chrono_literals;

class EnrolmentTest : public testing::Test {
 protected:
  void SetUp() override {
    char name[] = "/tmp/hf-enrol-XXXXXX";
    folder_ = mkdtemp(name);
    auto pki = Pki::load_or_make(DataFolder(folder_),
                                 {{"localhost"}, "https://localhost:8443", {"mqtts://localhost:8883"}},
                                 clock_.wall(), random_);
    ASSERT_TRUE(pki) << pki.error().message();
    pki_ = *std::move(pki);
    ASSERT_TRUE(objects_.load());
    certificates_.emplace(CertificateBook::Seams{clock_, random_, store_}, *pki_);
    enrolment_.emplace(Enrolment::Seams{clock_, random_}, objects_, *pki_, *certificates_,
                       "https://localhost:8443");
  }
  void TearDown() override { std::filesystem::remove_all(folder_); }

  std::string token(const Json& spec = Json::object()) {
    const auto made = enrolment_->create_token({{"spec", spec}});
    EXPECT_TRUE(made) << made.error().message();
    return text_at(*made, "status/token");
  }
  static std::string csr() {
    const auto key = sync::PrivateKey::generate();
    return sync::CertificateRequest::make(*key, "whatever").value().pem();
  }
  base::Result<Json> enroll(const std::string& token, const std::string& name, const std::string& csr_pem) {
    return enrolment_->enroll({{"token", token}, {"name", name}, {"csr", csr_pem}});
  }

  std::string folder_;
  base::FakeClock clock_;
  base::FakeRandom random_{3};
  sync::FakeStore store_{{kHubTables.begin(), kHubTables.end()}};
  Objects objects_{{clock_, random_, store_}};
  std::optional<Pki> pki_;
  std::optional<CertificateBook> certificates_;
  std::optional<Enrolment> enrolment_;
};

TEST_F(EnrolmentTest, MakesANodeWithTheTokensLabelsAndACertificateForItsUid) {
  const auto answer = enroll(token({{"labels", {{"role", "camera"}}}}), "cam-1", csr());
  ASSERT_TRUE(answer) << answer.error().message();
  const auto node = objects_.get(kNodes, "cam-1");
  ASSERT_TRUE(node);
  EXPECT_EQ(text_at(**node, "metadata/labels/role"), "camera");
  const auto uid = text_at(**node, "spec/uid");
  EXPECT_EQ(uid, text_at(*answer, "uid"));
  const auto certificate = sync::Certificate::from_pem(text_at(*answer, "certificate"));
  ASSERT_TRUE(certificate);
  EXPECT_EQ(text_at(**objects_.get(kNodes, "cam-1"), "spec/certificate/serial"), certificate->serial_hex());
  EXPECT_EQ(certificate->common_name(), uid) << "not what the request asked for";
  EXPECT_TRUE(sync::verify_trust(*sync::decode_trust(text_at(*answer, "trust")), pki_->recovery_key()));
}

TEST_F(EnrolmentTest, TellsTheTokenOnceAndKeepsItsDigestAlone) {
  const auto secret = token();
  const auto stored = objects_.list(kEnrollmentTokens);
  ASSERT_EQ(stored->items.size(), 1U);
  EXPECT_EQ(stored->items[0]->dump().find(secret.substr(secret.rfind('.') + 1)), std::string::npos);
}

TEST_F(EnrolmentTest, LabelsThatTheMachineAsksForDoNotCount) {
  const auto answer = enrolment_->enroll({{"token", token({{"labels", {{"site", "a"}}}})},
                                          {"name", "cam-1"},
                                          {"csr", csr()},
                                          {"labels", {{"role", "vault"}}}});
  ASSERT_TRUE(answer);
  EXPECT_EQ(answer->at("labels"), Json({{"site", "a"}})) << "the machine is told which it has";
  const auto node = objects_.get(kNodes, "cam-1");
  EXPECT_EQ(text_at(**node, "metadata/labels/role"), "");
}

TEST_F(EnrolmentTest, AnswersAMachineAgainWhoseAnswerWasLost) {
  const auto one_use = token();
  const auto request = csr();
  const auto first = enroll(one_use, "cam-1", request);
  const auto second = enroll(one_use, "cam-1", request);
  ASSERT_TRUE(first && second);
  EXPECT_EQ(text_at(*first, "uid"), text_at(*second, "uid"));
  EXPECT_FALSE(enroll(one_use, "cam-2", csr())) << "another key is another machine";
}

TEST_F(EnrolmentTest, NeverGivesAMachineTheIdentityOfAnother) {
  const auto token_of_first = token();
  const auto key_of_first = csr();
  ASSERT_TRUE(enroll(token_of_first, "cam-1", key_of_first));
  ASSERT_TRUE(objects_.remove(kNodes, "cam-1"));
  EXPECT_EQ(enroll(token_of_first, "cam-1", key_of_first).error().code(), base::Code::kPermission)
      << "the node was deleted";
  ASSERT_TRUE(enroll(token(), "cam-1", csr()));
  EXPECT_EQ(enroll(token_of_first, "cam-1", key_of_first).error().code(), base::Code::kPermission)
      << "another machine has the name now";
}

TEST_F(EnrolmentTest, TellsARevokedMachineNothingAgain) {
  const auto one_use = token();
  const auto key = csr();
  ASSERT_TRUE(enroll(one_use, "cam-1", key));
  ASSERT_TRUE(objects_.patch(kNodes, "cam-1", {{"spec", {{"revoked", true}}}}, Actor::kPerson));
  EXPECT_EQ(enroll(one_use, "cam-1", key).error().code(), base::Code::kPermission);
}

TEST_F(EnrolmentTest, TakesNoMoreNodesThanTheLimit) {
  Enrolment small(Enrolment::Seams{clock_, random_}, objects_, *pki_, *certificates_,
                  "https://localhost:8443", 1);
  ASSERT_TRUE(enroll(token(), "a", csr()));
  const auto over = small.enroll({{"token", token()}, {"name", "b"}, {"csr", csr()}});
  ASSERT_FALSE(over);
  EXPECT_EQ(over.error().code(), base::Code::kLimit);
}

TEST_F(EnrolmentTest, TriesOutATokenWithoutMakingOne) {
  const auto tried = enrolment_->create_token({{"spec", {{"uses", 2}}}}, Enrolment::Creation::kTryOut);
  ASSERT_TRUE(tried) << tried.error().message();
  EXPECT_FALSE(tried->contains("status"));
  EXPECT_TRUE(objects_.list(kEnrollmentTokens)->items.empty());
}

TEST_F(EnrolmentTest, NewHardwareTakesThePlaceOfANodeAndTheOldIsCutOff) {
  const auto old_token = token({{"labels", {{"role", "camera"}, {"site", "a"}}}});
  const auto old_csr = csr();
  const auto before = enroll(old_token, "cam-1", old_csr);
  ASSERT_TRUE(before);
  ASSERT_TRUE(objects_.patch(kNodes, "cam-1", {{"metadata", {{"labels", {{"by", "person"}}}}}}, Actor::kHub));
  const auto replacing = token({{"replace", "cam-1"}, {"labels", {{"site", "b"}}}});
  EXPECT_EQ(text_at(**objects_.get(kNodes, "cam-1"), "spec/uid"), text_at(*before, "uid"))
      << "until the new machine is there, nothing changes";
  const auto request = csr();
  const auto after = enroll(replacing, "whatever", request);
  ASSERT_TRUE(after) << after.error().message();
  EXPECT_EQ(text_at(*after, "name"), "cam-1");
  const auto node = *objects_.get(kNodes, "cam-1");
  EXPECT_EQ(text_at(*node, "spec/uid"), text_at(*after, "uid"));
  EXPECT_NE(text_at(*after, "uid"), text_at(*before, "uid"));
  EXPECT_EQ(text_at(*node, "spec/replaces"), text_at(*before, "uid"));
  EXPECT_EQ(labels_of(*node),
            (std::map<std::string, std::string>{{"role", "camera"}, {"site", "b"}, {"by", "person"}}));
  EXPECT_EQ(objects_.count(kNodes), 1U);
  EXPECT_EQ(enroll(old_token, "cam-1", old_csr).error().code(), base::Code::kPermission)
      << "the old hardware returns";
  EXPECT_EQ(text_at(*enroll(replacing, "whatever", request), "uid"), text_at(*after, "uid"))
      << "an answer that was lost is given again";
}

TEST_F(EnrolmentTest, ReplacesOnlyWhatIsThere) {
  EXPECT_EQ(enrolment_->create_token({{"spec", {{"replace", "nobody"}}}}).error().code(),
            base::Code::kNotFound);
  ASSERT_TRUE(enroll(token(), "cam-1", csr()));
  EXPECT_FALSE(enrolment_->create_token({{"spec", {{"replace", "cam-1"}, {"uses", 2}}}}))
      << "one machine takes one place";
  const auto replacing = token({{"replace", "cam-1"}});
  ASSERT_TRUE(objects_.remove(kNodes, "cam-1"));
  EXPECT_EQ(enroll(replacing, "x", csr()).error().code(), base::Code::kConflict);
}

TEST_F(EnrolmentTest, ATokenWithSerialsIsForThoseMachinesAlone) {
  const auto holding = token({{"uses", 3}, {"serials", {"SN-17 ", "ab01"}}});
  const auto ask = [&](const std::string& name, const Json& more) {
    Json request{{"token", holding}, {"name", name}, {"csr", csr()}};
    request.update(more);
    return enrolment_->enroll(request);
  };
  EXPECT_EQ(ask("a", Json::object()).error().code(), base::Code::kPermission);
  EXPECT_EQ(ask("a", {{"serials", {"sn-18", ""}}}).error().code(), base::Code::kPermission);
  EXPECT_TRUE(ask("a", {{"serials", {"x", "sn-17"}}})) << "case and spaces do not count";
  EXPECT_TRUE(ask("b", {{"fingerprint", "AB01"}}));
  EXPECT_FALSE(enrolment_->create_token({{"spec", {{"serials", "sn-17"}}}}));
  EXPECT_FALSE(enrolment_->create_token({{"spec", {{"serials", {5}}}}}));
  EXPECT_FALSE(enrolment_->create_token({{"spec", {{"serials", Json::array()}}}}))
      << "it would be for nobody";
}

TEST_F(EnrolmentTest, WaitsForAPersonWhereTheTokenSaysSo) {
  const auto holding = token({{"approve", true}});
  const auto request = csr();
  for (int i = 0; i < 2; ++i) {
    const auto asked = enroll(holding, "cam-1", request);
    ASSERT_TRUE(asked) << asked.error().message();
    EXPECT_TRUE(truth_at(*asked, "pending"));
    EXPECT_FALSE(asked->contains("certificate"));
  }
  EXPECT_TRUE(certificates_->in_use()->empty());
  ASSERT_TRUE(objects_.patch(kNodes, "cam-1", {{"spec", {{"pending", nullptr}}}}, Actor::kPerson));
  EXPECT_FALSE(text_at(*enroll(holding, "cam-1", request), "certificate").empty());
}

TEST_F(EnrolmentTest, GivesNoMachineTheHubsName) {
  for (const char* name : {kHubClientName, kBrokerAdminName})
    EXPECT_EQ(enroll(token(), name, csr()).error().code(), base::Code::kInvalid) << name;
}

TEST_F(EnrolmentTest, RefusesATokenThatIsMisshapen) {
  for (const Json& body : {Json(5), Json::array(), Json{{"spec", "x"}}, Json{{"metadata", 5}},
                           Json{{"metadata", {{"name", 5}}}}, Json{{"spec", {{"ttl", 5}}}},
                           Json{{"spec", {{"uses", 0}}}}, Json{{"status", 1}, {"spec", {{"labels", 5}}}}}) {
    const auto made = enrolment_->create_token(body);
    ASSERT_FALSE(made) << body;
    EXPECT_EQ(made.error().code(), base::Code::kInvalid) << body;
  }
}

TEST_F(EnrolmentTest, RefusesATokenWithALabelThatIsMadeFromFacts) {
  const auto made = enrolment_->create_token({{"spec", {{"labels", {{"facts.holdfast.dev/x", "1"}}}}}});
  ASSERT_FALSE(made);
  EXPECT_EQ(made.error().code(), base::Code::kInvalid);
  EXPECT_NE(made.error().message().find("facts.holdfast.dev/x"), std::string::npos);
  EXPECT_TRUE(objects_.list(kEnrollmentTokens)->items.empty());
}

TEST_F(EnrolmentTest, CountsUses) {
  const auto two = token({{"uses", 2}});
  EXPECT_TRUE(enroll(two, "a", csr()));
  EXPECT_TRUE(enroll(two, "b", csr()));
  EXPECT_EQ(enroll(two, "c", csr()).error().code(), base::Code::kPermission);
}

TEST_F(EnrolmentTest, RefusesEveryBadTokenInTheSameWords) {
  const auto good = token({{"ttl", "1h"}});
  const auto wrong = good.substr(0, good.size() - 1) + (good.back() == '0' ? "1" : "0");
  const auto message = enroll("nonsense", "a", csr()).error().message();
  EXPECT_EQ(enroll(wrong, "a", csr()).error().message(), message);
  EXPECT_EQ(enroll("", "a", csr()).error().message(), message);
  const auto for_others = token({{"serials", {"SN-17"}}});
  EXPECT_EQ(enroll(for_others, "a", csr()).error().message(), message) << "another machine's";
  clock_.advance(1h);
  EXPECT_EQ(enroll(good, "a", csr()).error().message(), message) << "expired";
  EXPECT_TRUE(objects_.list(kNodes)->items.empty());
  const auto one_use = token();
  const auto key = csr();
  ASSERT_TRUE(enroll(one_use, "b", key));
  EXPECT_EQ(enroll(one_use, "a", csr()).error().message(), message) << "used up";
  ASSERT_TRUE(objects_.remove(kNodes, "b"));
  EXPECT_EQ(enroll(one_use, "b", key).error().message(), message) << "its node is gone";
}

TEST_F(EnrolmentTest, RefusesANameThatIsTaken) {
  ASSERT_TRUE(enroll(token(), "cam-1", csr()));
  const auto again = enroll(token(), "cam-1", csr());
  ASSERT_FALSE(again);
  EXPECT_EQ(again.error().code(), base::Code::kConflict);
  EXPECT_NE(again.error().message().find("--name"), std::string::npos);
}

TEST_F(EnrolmentTest, SaysWhatIsWrongWithARequest) {
  const auto holding = token();
  EXPECT_FALSE(enroll(holding, "Not A Name", csr()));
  EXPECT_FALSE(enroll(holding, "a", "no request"));
  EXPECT_EQ(enrolment_->enroll({{"token", holding}}).error().code(), base::Code::kInvalid);
  EXPECT_FALSE(enrolment_->create_token({{"spec", {{"ttl", "9000h"}}}})) << "over a year";
  EXPECT_TRUE(enrolment_->create_token({{"spec", {{"ttl", "8760h"}}}})) << "a year";
  EXPECT_FALSE(enrolment_->create_token({{"spec", {{"ttl", "0s"}}}})) << "expired when it is made";
  EXPECT_FALSE(enrolment_->create_token({{"spec", {{"ttl", "999ms"}}}})) << "its end is kept in seconds";
  EXPECT_FALSE(enrolment_->create_token({{"spec", {{"tokenDigest", "00"}}}}));
}

TEST_F(EnrolmentTest, LosesNothingWhenTheDiskIsFull) {
  const auto holding = token();
  store_.full_after(0);
  EXPECT_EQ(enroll(holding, "cam-1", csr()).error().code(), base::Code::kNoSpace);
  store_.full_after(std::nullopt);
  EXPECT_TRUE(enroll(holding, "cam-1", csr())) << "no use was lost";
}

}  // namespace
}  // namespace holdfast::hub
