// SPDX-License-Identifier: Apache-2.0
#include "sync/link/x509.hpp"

#include <gtest/gtest.h>
#include <openssl/pem.h>

#include <set>
#include <string>
#include <utility>
#include <vector>

#include "base/fake_clock.hpp"
#include "base/fake_random.hpp"

namespace holdfast::sync {
namespace {

using base::Code;
using std::chrono::hours;

constexpr hours kDay{24};
constexpr hours kYear{24 * 365};

class X509Test : public testing::Test {
 protected:
  template <class T>
  static T must(base::Result<T> result) {
    EXPECT_TRUE(result) << result.error().message();
    return *std::move(result);
  }

  Certificate ca(const std::string& name = "fleet CA") {
    return must(make_ca(ca_key_, name, now_ - kDay, now_ + kYear, random_));
  }
  Certificate node(const Certificate& ca, hours life = kDay * 90) {
    const auto request = must(CertificateRequest::make(key_, "ignored"));
    return must(
        issue(ca, ca_key_, request, {CertificateUse::kClient, "node-uid", {}, now_, now_ + life}, random_));
  }
  Certificate server(const Certificate& ca, std::vector<std::string> names) {
    const auto request = must(CertificateRequest::make(key_, "hub"));
    return must(issue(ca, ca_key_, request,
                      {CertificateUse::kServer, "hub", std::move(names), now_, now_ + kDay * 90}, random_));
  }
  static std::vector<Certificate> only(const Certificate& one) {
    std::vector<Certificate> out;
    out.push_back(Certificate::share(one.get()));
    return out;
  }

  base::WallTime now_ = base::FakeClock().wall();
  base::FakeRandom random_{1};
  PrivateKey ca_key_ = must(PrivateKey::generate());
  PrivateKey key_ = must(PrivateKey::generate());
};

TEST_F(X509Test, KeySurvivesItsPem) {
  const auto again = PrivateKey::from_pem(key_.pem());
  ASSERT_TRUE(again) << again.error().message();
  EXPECT_EQ(again->pem(), key_.pem());
  EXPECT_NE(must(PrivateKey::generate()).pem(), key_.pem());
}

TEST_F(X509Test, RequestCarriesNameAndKeyAndIsChecked) {
  const auto request = must(CertificateRequest::make(key_, "a name"));
  const auto read = CertificateRequest::from_pem(request.pem());
  ASSERT_TRUE(read) << read.error().message();
  EXPECT_EQ(read->common_name(), "a name");
}

TEST_F(X509Test, TamperedRequestIsRefused) {
  std::string pem = must(CertificateRequest::make(key_, "a name")).pem();
  // The signature's end is in the last line of base64 before the footer.
  const auto at =
      pem.rfind('=') == std::string::npos ? pem.rfind("\n-----END") - 2 : pem.rfind("\n-----END") - 4;
  pem[at] = pem[at] == 'A' ? 'B' : 'A';
  EXPECT_FALSE(CertificateRequest::from_pem(pem));
}

TEST_F(X509Test, IssuedCertificateSaysWhatTheProfileSaid) {
  const auto authority = ca();
  const auto issued = server(authority, {"hub.example.com", "192.0.2.7", "2001:db8::7"});
  EXPECT_EQ(issued.common_name(), "hub");
  EXPECT_EQ(issued.names(), (std::vector<std::string>{"hub.example.com", "192.0.2.7", "2001:db8::7"}));
  EXPECT_EQ(issued.not_before(), now_);
  EXPECT_EQ(issued.not_after(), now_ + kDay * 90);
  EXPECT_FALSE(issued.is_ca());
  EXPECT_TRUE(authority.is_ca());
  EXPECT_TRUE(issued.matches(key_));
  EXPECT_FALSE(issued.matches(ca_key_));
}

TEST_F(X509Test, CommonNameIsTheIssuersWordNotTheAskers) { EXPECT_EQ(node(ca()).common_name(), "node-uid"); }

TEST_F(X509Test, DigestIsOfTheDerAndStable) {
  const auto authority = ca();
  EXPECT_EQ(authority.digest(), base::Digest::of(authority.der()));
  EXPECT_EQ(must(Certificate::from_pem(authority.pem())).digest(), authority.digest());
}

TEST_F(X509Test, SerialsAreRandomAndPositive) {
  const auto authority = ca();
  std::set<std::string> seen;
  for (int i = 0; i < 50; ++i) {
    const std::string serial = node(authority).serial_hex();
    EXPECT_EQ(serial.size(), 32U) << serial;
    EXPECT_LT(serial.front(), '8') << serial;
    EXPECT_TRUE(seen.insert(serial).second) << serial;
  }
}

TEST_F(X509Test, NeverOutlivesItsCa) { EXPECT_EQ(node(ca(), kYear * 20).not_after(), now_ + kYear); }

TEST_F(X509Test, BundleHoldsAllInOrder) {
  const auto first = ca("first");
  const auto second = ca("second");
  const auto all = Certificate::bundle_from_pem(first.pem() + "some words\n" + second.pem());
  ASSERT_TRUE(all) << all.error().message();
  ASSERT_EQ(all->size(), 2U);
  EXPECT_EQ((*all)[1].common_name(), "second");
}

TEST_F(X509Test, SameKeyProvesPossession) {
  const auto issued = node(ca());
  EXPECT_TRUE(must(CertificateRequest::make(key_, "any")).same_key_as(issued));
  EXPECT_FALSE(must(CertificateRequest::make(ca_key_, "any")).same_key_as(issued));
}

TEST_F(X509Test, ChainsAreBelievedOrNotAndSayWhy) {
  const auto authority = ca();
  const auto stranger =
      must(make_ca(must(PrivateKey::generate()), "stranger", now_ - kDay, now_ + kYear, random_));
  const auto client = node(authority);
  const auto hub = server(authority, {"hub.example.com", "192.0.2.7"});

  struct Row {
    const char* name;
    const Certificate& leaf;
    const Certificate& root;
    base::WallTime when;
    CertificateUse use;
    std::string host;
    std::string refused_with;  // empty: believed
  };
  const std::vector<Row> rows = {
      {"a node today", client, authority, now_ + kDay, CertificateUse::kClient, "", ""},
      {"the hub by name", hub, authority, now_ + kDay, CertificateUse::kServer, "hub.example.com", ""},
      {"the hub by address", hub, authority, now_ + kDay, CertificateUse::kServer, "192.0.2.7", ""},
      {"expired", client, authority, now_ + kDay * 91, CertificateUse::kClient, "", "expired"},
      {"not yet valid", client, authority, now_ - kDay, CertificateUse::kClient, "", "not yet valid"},
      {"foreign CA", client, stranger, now_ + kDay, CertificateUse::kClient, "", "issuer"},
      {"a node that plays the hub", client, authority, now_ + kDay, CertificateUse::kServer, "", "purpose"},
      {"the hub as a node", hub, authority, now_ + kDay, CertificateUse::kClient, "", "purpose"},
      {"another name", hub, authority, now_ + kDay, CertificateUse::kServer, "evil.example.com", "ostname"},
      {"another address", hub, authority, now_ + kDay, CertificateUse::kServer, "192.0.2.8", "IP address"},
  };
  for (const auto& row : rows) {
    SCOPED_TRACE(row.name);
    const auto status = verify_chain(row.leaf, only(row.root), row.when, row.use, row.host);
    EXPECT_EQ(status.has_value(), row.refused_with.empty());
    if (status) continue;
    EXPECT_EQ(status.error().code(), Code::kPermission);
    EXPECT_NE(status.error().message().find(row.refused_with), std::string::npos) << status.error().message();
  }
}

TEST_F(X509Test, ANodeCannotIssue) {
  const auto authority = ca();
  const auto client = node(authority);
  const auto request = must(CertificateRequest::make(ca_key_, "x"));
  const auto forged =
      must(issue(client, key_, request, {CertificateUse::kServer, "hub", {}, now_, now_ + kDay}, random_));
  EXPECT_FALSE(verify_chain(forged, only(client), now_ + hours(1), CertificateUse::kServer));
  EXPECT_FALSE(verify_chain(forged, only(authority), now_ + hours(1), CertificateUse::kServer));
}

TEST_F(X509Test, BadInputIsRefusedWithoutACrash) {
  const std::vector<std::pair<std::string, std::string>> rows = {
      {"nothing", ""},
      {"words", "hello"},
      {"a header only", "-----BEGIN CERTIFICATE-----\n"},
      {"no base64", "-----BEGIN CERTIFICATE-----\n!!!!\n-----END CERTIFICATE-----\n"},
      {"not DER", "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"},
      {"a key instead", key_.pem()},
  };
  for (const auto& [name, text] : rows) {
    SCOPED_TRACE(name);
    EXPECT_EQ(Certificate::from_pem(text).error().code(), Code::kInvalid);
    EXPECT_EQ(CertificateRequest::from_pem(text).error().code(), Code::kInvalid);
  }
  EXPECT_EQ(PrivateKey::from_pem(ca().pem()).error().code(), Code::kInvalid);
}

TEST_F(X509Test, OnlyP256KeysAreTaken) {
  const base::Handle<EVP_PKEY, EVP_PKEY_free> rsa(
      EVP_PKEY_Q_keygen(nullptr, nullptr, "RSA", std::size_t{2048}));
  const base::Handle<EVP_PKEY, EVP_PKEY_free> p384(EVP_PKEY_Q_keygen(nullptr, nullptr, "EC", "P-384"));
  for (EVP_PKEY* const key : {rsa.get(), p384.get()}) {
    const base::Handle<BIO, BIO_free_all> out(BIO_new(BIO_s_mem()));
    PEM_write_bio_PKCS8PrivateKey(out.get(), key, nullptr, nullptr, 0, nullptr, nullptr);
    char* data = nullptr;
    const long size = BIO_get_mem_data(out.get(), &data);
    EXPECT_EQ(PrivateKey::from_pem({data, static_cast<std::size_t>(size)}).error().code(),
              Code::kUnsupported);
  }
}

TEST_F(X509Test, NamesCannotSmuggleExtensions) {
  const auto authority = ca();
  const auto request = must(CertificateRequest::make(key_, "hub"));
  for (const char* name : {"a,DNS:evil.com", "email:x", "", "two words", "a/b", "dirName:x", "a\nb"}) {
    const auto made = issue(authority, ca_key_, request,
                            {CertificateUse::kServer, "hub", {name}, now_, now_ + kDay}, random_);
    EXPECT_EQ(made.error().code(), Code::kInvalid) << name;
  }
  EXPECT_EQ(CertificateRequest::make(key_, "").error().code(), Code::kInvalid);
  EXPECT_EQ(CertificateRequest::make(key_, std::string(65, 'x')).error().code(), Code::kInvalid);
}

}  // namespace
}  // namespace holdfast::sync
