// SPDX-License-Identifier: Apache-2.0
#include "sync/link/possession.hpp"

#include <gtest/gtest.h>

#include "sync/link/fake_pki.hpp"

namespace holdfast::sync {
namespace {

const base::WallTime kNow{std::chrono::hours(24 * 365 * 56)};

struct Holder {
  PrivateKey key;
  Certificate certificate;
};

Holder holder(const std::string& name, FakePki::Life life = {}) {
  FakePki pki(kNow);
  const auto identity = pki.client(name, life);
  return {PrivateKey::from_pem(*identity.key.load()).value(),
          Certificate::from_pem(*identity.certificate.load()).value()};
}

TEST(Possession, IsProvenByTheKeyOfTheCertificateAlone) {
  const auto mine = holder("a");
  const auto other = holder("a");
  const auto proof = prove_possession(mine.key, mine.certificate, kRenewPurpose, "request");
  ASSERT_TRUE(proof) << proof.error().message();
  EXPECT_TRUE(check_possession(mine.certificate, kRenewPurpose, "request", *proof));
  EXPECT_FALSE(check_possession(other.certificate, kRenewPurpose, "request", *proof));
  EXPECT_EQ(prove_possession(other.key, mine.certificate, kRenewPurpose, "").error().code(),
            base::Code::kInvalid);
}

TEST(Possession, IsForOnePurposeAndOneRequest) {
  const auto mine = holder("a");
  const auto proof = prove_possession(mine.key, mine.certificate, kRenewPurpose, "request").value();
  EXPECT_EQ(check_possession(mine.certificate, kLeavePurpose, "request", proof).error().code(),
            base::Code::kPermission);
  EXPECT_FALSE(check_possession(mine.certificate, kRenewPurpose, "another", proof));
  auto bent = proof;
  bent.back() = static_cast<char>(bent.back() ^ 1);
  EXPECT_FALSE(check_possession(mine.certificate, kRenewPurpose, "request", bent));
  EXPECT_FALSE(check_possession(mine.certificate, kRenewPurpose, "request", ""));
}

/// Frozen: made by `openssl dgst` from docs/wire.md alone. A proof of an earlier release must go on being one.
constexpr const char* kFrozenCertificate =
    "-----BEGIN CERTIFICATE-----\n"
    "MIIBsjCCAVmgAwIBAgIUVR9Orsyx31o52KWCEJTeOubK7W8wCgYIKoZIzj0EAwIw\n"
    "LzEtMCsGA1UEAwwkMTExMTExMTEtMjIyMi00MzMzLTg0NDQtNTU1NTU1NTU1NTU1\n"
    "MB4XDTI2MTEyNzIyMDQxNFoXDTM2MTEyNDIyMDQxNFowLzEtMCsGA1UEAwwkMTEx\n"
    "MTExMTEtMjIyMi00MzMzLTg0NDQtNTU1NTU1NTU1NTU1MFkwEwYHKoZIzj0CAQYI\n"
    "KoZIzj0DAQcDQgAEg4aaoROT6XC2DpHNetZ1wgnVp4rah7v+iHNz7Xc/w56WZpEZ\n"
    "BMNGpbWWBmFBpxsocvbcQs/IUuD/cXwgZSs6JqNTMFEwHQYDVR0OBBYEFJFas89V\n"
    "BpdLQhIEN4Dh6eKOBg/qMB8GA1UdIwQYMBaAFJFas89VBpdLQhIEN4Dh6eKOBg/q\n"
    "MA8GA1UdEwEB/wQFMAMBAf8wCgYIKoZIzj0EAwIDRwAwRAIgJ50a9j5T/iApmU2c\n"
    "KAs1ZevJjub4a6XDOPNVP8vAzOMCIFqkfJVXySkWy7O/olKpAz8Znh5gnJ6EuKmX\n"
    "M6I1aNF6\n"
    "-----END CERTIFICATE-----\n";
constexpr const char* kFrozenProof =
    "3046022100c405b733b7f885cea2d91b4677b97e3ad599748a30225441881429b505500983022100"
    "b17910ad09155a9bc00780b59833fa30aac8803e6479910668d003155753a1ac";

TEST(Possession, ReadsTheFrozenBytes) {
  const auto certificate = Certificate::from_pem(kFrozenCertificate).value();
  const auto proof = base::from_hex(kFrozenProof).value();
  EXPECT_TRUE(check_possession(certificate, kRenewPurpose, "request", proof));
  EXPECT_FALSE(check_possession(certificate, kLeavePurpose, "request", proof));
}

TEST(Possession, OutlivesTheCertificate) {
  const auto expired = holder("a", {std::chrono::hours(-48), std::chrono::hours(-24)});
  const auto proof = prove_possession(expired.key, expired.certificate, kLeavePurpose, "").value();
  EXPECT_TRUE(check_possession(expired.certificate, kLeavePurpose, "", proof));
}

}  // namespace
}  // namespace holdfast::sync
