// SPDX-License-Identifier: Apache-2.0
#include "sync/link/tpm_key.hpp"

#include <gtest/gtest.h>
#include <openssl/pem.h>

#include <chrono>
#include <csignal>
#include <filesystem>

#include "base/file_io.hpp"
#include "sync/link/tpm_child.hpp"
#include "sync/link/x509.hpp"
#include "sync/link/x509_text.hpp"

namespace holdfast::sync {
namespace {

using base::Code;

// As tpm2-openssl 1.1.1 wrote it, and its public key as that provider says it.
constexpr const char* kWrapped = R"(-----BEGIN TSS2 PRIVATE KEY-----
MIHwBgZngQUKAQOgAwEBAQIEQAAAAQRYAFYAIwALAAYAcgAAABAAEAADABAAIG6Y
QyRsuMCpDR/nV6aOOUF2GNHuRPXOBRrNMP2C4PA5ACBYpHRqjxZLBTujx6rZmUqg
1qlOWDcLNs6z2u32dh9z9ASBgAB+ACB0E3plv2Pv5PuvRSufyuxrQRevVnBD3Cj8
AVsOH2g9xwAQdbLsi5bkPUwwpT0WzjyEtI6V4X3C4bPDvFnrXoTkuMAsXS1UhuGs
NXbRsZv6JekeN75dtFhkOxdj7f4G8SioX5coZt1RJdUxSji69XHToG8l4SvT+6R6
dJt8
-----END TSS2 PRIVATE KEY-----
)";
constexpr const char* kPublic = R"(-----BEGIN PUBLIC KEY-----
MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAEbphDJGy4wKkNH+dXpo45QXYY0e5E
9c4FGs0w/YLg8DlYpHRqjxZLBTujx6rZmUqg1qlOWDcLNs6z2u32dh9z9A==
-----END PUBLIC KEY-----
)";

std::string public_pem(const PrivateKey& key) {
  const Bio bio = memory_bio();
  PEM_write_bio_PUBKEY(bio.get(), key.get());
  return text_of(bio);
}

std::string replaced(std::string text, std::string_view what, std::string_view by) {
  return text.replace(text.find(what), what.size(), by);
}

TEST(TpmKey, IsToldFromOthersByItsLabel) {
  EXPECT_TRUE(is_tpm_key(kWrapped));
  EXPECT_FALSE(is_tpm_key(PrivateKey::generate()->pem()));
  EXPECT_FALSE(is_tpm_key(kPublic));
}

TEST(TpmKey, ItsPublicHalfIsReadWithoutATpm) {
  use_tpm_program("/nonexistent");
  const auto key = PrivateKey::from_pem(kWrapped);
  ASSERT_TRUE(key) << key.error().message();
  EXPECT_EQ(key->place(), KeyPlace::kTpm);
  EXPECT_EQ(key->pem(), kWrapped) << "kept as it was written";
  EXPECT_EQ(public_pem(*key), kPublic);
}

TEST(TpmKey, WhatIsNoneIsRefused) {
  struct Row {
    const char* name;
    std::string pem;
    Code code;
  };
  const Row rows[] = {
      {"another label", replaced(replaced(kWrapped, "TSS2 PRIVATE", "PRIVATE"), "TSS2 PRIVATE", "PRIVATE"),
       Code::kInvalid},
      {"torn", std::string(kWrapped).substr(0, 200), Code::kInvalid},
      {"another kind of key (importable)", replaced(kWrapped, "UKAQOg", "UKAQSg"), Code::kInvalid},
      {"RSA", replaced(kWrapped, "YAIwAL", "YAAQAL"), Code::kUnsupported},
      {"P-384", replaced(kWrapped, "AEAADABAA", "AEAAEABAA"), Code::kUnsupported},
      {"a point that is not on the curve", replaced(kWrapped, "AAIG6Y", "AAIG+Y"), Code::kInvalid},
      {"a length beyond the end", replaced(kWrapped, "RYAFYAIwA", "RYAFcAIwA"), Code::kInvalid},
      {"nothing", "-----BEGIN TSS2 PRIVATE KEY-----\n-----END TSS2 PRIVATE KEY-----\n", Code::kInvalid},
  };
  for (const auto& row : rows) {
    const auto key = read_tpm_key(row.pem);
    ASSERT_FALSE(key) << row.name;
    EXPECT_EQ(key.error().code(), row.code) << row.name << ": " << key.error().message();
  }
}

/// holdfast-tpm as a script says it.
class TpmChildTest : public testing::Test {
 protected:
  void SetUp() override {
    folder_ = testing::TempDir() + "tpm-child";
    std::filesystem::remove_all(folder_);
    std::filesystem::create_directories(folder_);
  }
  void TearDown() override { use_tpm_program(""); }

  void answers(const std::string& script) {
    const auto path = folder_ + "/holdfast-tpm";
    ASSERT_TRUE(base::write_file(path, "#!/bin/sh\n" + script + "\n", 0700));
    use_tpm_program(path);
  }
  std::string folder_;
};

TEST_F(TpmChildTest, MakesAKeyThatIsOneOfATpm) {
  ASSERT_TRUE(base::write_file(folder_ + "/wrapped", kWrapped, 0600));
  answers("[ \"$(cat)\" = make ] && exec cat " + folder_ + "/wrapped");
  const auto key = PrivateKey::generate(KeyPlace::kTpm);
  ASSERT_TRUE(key) << key.error().message();
  EXPECT_EQ(key->pem(), kWrapped);
}

TEST_F(TpmChildTest, IsGivenTheDigestAndTheKeyAndItsAnswerIsTheSignature) {
  answers("cat > " + folder_ + "/asked && printf signature");
  const auto made = sign_in_tpm(kWrapped, std::string(kTpmDigestBytes, 'd'));
  ASSERT_TRUE(made) << made.error().message();
  EXPECT_EQ(*made, "signature");
  EXPECT_EQ(base::read_file(folder_ + "/asked", 4096).value(),
            "sign" + std::string(kTpmDigestBytes, 'd') + kWrapped);
  EXPECT_EQ(sign_in_tpm(kWrapped, "of another hash").error().code(), Code::kUnsupported);
}

TEST_F(TpmChildTest, WhatItSaysIsWhyNothingIsSigned) {
  struct Row {
    const char* name;
    const char* script;
    Code code;
    const char* message;
  };
  const Row rows[] = {
      {"no provider", "printf 'install it'; exit 10", Code::kUnsupported, "install it"},
      {"no TPM", "printf 'plug it in'; exit 11", Code::kUnavailable, "plug it in"},
      {"another's key", "printf 'move it back'; exit 12", Code::kPermission, "move it back"},
      {"nothing", "kill -9 $$", Code::kUnavailable, "holdfast-tpm check"},
  };
  const auto key = PrivateKey::from_pem(kWrapped).value();
  for (const auto& row : rows) {
    answers(row.script);
    const auto request = CertificateRequest::make(key, "node");
    ASSERT_FALSE(request) << row.name;
    EXPECT_EQ(request.error().code(), row.code) << row.name;
    EXPECT_NE(request.error().message().find(row.message), std::string::npos) << request.error().message();
    EXPECT_TRUE(tpm_trouble(key.get())) << row.name;
  }
}

TEST_F(TpmChildTest, OneThatDoesNotAnswerIsEndedAndNobodyWaitsForItAgainSoSoon) {
  answers("echo $$ > " + folder_ + "/pid; exec sleep 1000");
  use_tpm_program(folder_ + "/holdfast-tpm", std::chrono::seconds(2));
  const auto first = sign_in_tpm(kWrapped, std::string(kTpmDigestBytes, 'd'));
  ASSERT_FALSE(first);
  EXPECT_EQ(first.error().code(), Code::kTimeout);
  const auto pid = std::stoi(base::read_file(folder_ + "/pid", 64).value());
  EXPECT_EQ(::kill(pid, 0), -1) << "it is gone, and waited for";
  std::filesystem::remove(folder_ + "/pid");
  EXPECT_EQ(sign_in_tpm(kWrapped, std::string(kTpmDigestBytes, 'd')).error().code(), Code::kTimeout);
  EXPECT_FALSE(std::filesystem::exists(folder_ + "/pid")) << "it was not started";
}

TEST_F(TpmChildTest, OneThatAnswersAndDoesNotEndIsEnded) {
  answers("echo $$ > " + folder_ + "/pid; printf answer; exec >&-; exec sleep 1000");
  use_tpm_program(folder_ + "/holdfast-tpm", std::chrono::seconds(2));
  const auto made = sign_in_tpm(kWrapped, std::string(kTpmDigestBytes, 'd'));
  ASSERT_FALSE(made);
  EXPECT_EQ(made.error().code(), Code::kTimeout);
  EXPECT_EQ(::kill(std::stoi(base::read_file(folder_ + "/pid", 64).value()), 0), -1);
}

TEST_F(TpmChildTest, WhereTheProgramIsMissingItIsNamed) {
  use_tpm_program("/nonexistent");
  const auto key = PrivateKey::generate(KeyPlace::kTpm);
  ASSERT_FALSE(key);
  EXPECT_EQ(key.error().code(), Code::kUnsupported);
  EXPECT_NE(key.error().message().find("holdfast-tpm"), std::string::npos);
}

}  // namespace
}  // namespace holdfast::sync
