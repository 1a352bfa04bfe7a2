// SPDX-License-Identifier: Apache-2.0
// known_hosts as OpenSSH reads it.
#include "gitops/git/known_hosts.hpp"

#include <gtest/gtest.h>

#include "base/digest.hpp"
#include "base/limits/git.hpp"

namespace holdfast::gitops {
namespace {

std::string key_of(const std::string& type, const std::string& bytes) {
  return std::string("\0\0\0", 3) + static_cast<char>(type.size()) + type + bytes;
}
const std::string kKey = key_of("ssh-ed25519", "one");
const std::string kOtherKey = key_of("ssh-ed25519", "two");

std::string line(const std::string& hosts, const std::string& key = kKey) {
  return hosts + " ssh-ed25519 " + base::to_base64(key) + " a comment\n";
}

HostKeyVerdict checked(const std::string& text, const std::string& host = "git.example.com",
                       std::uint16_t port = 22) {
  return KnownHosts::parse(text).value().check(host, port, kKey);
}

struct Row {
  const char* name;
  std::string text;
  HostKeyVerdict verdict;
};

class KnownHostsSay : public testing::TestWithParam<Row> {};

TEST_P(KnownHostsSay, WhatOpenSshWould) { EXPECT_EQ(checked(GetParam().text), GetParam().verdict); }

using enum HostKeyVerdict;
INSTANTIATE_TEST_SUITE_P(
    Table, KnownHostsSay,
    testing::Values(
        Row{"Empty", "", kUnknown}, Row{"Name", line("git.example.com"), kTrusted},
        Row{"NameInAList", line("10.0.0.1,git.example.com"), kTrusted},
        Row{"CaseDoesNotCount", line("GIT.Example.com"), kTrusted},
        Row{"OtherName", line("example.com"), kUnknown},
        Row{"OtherKey", line("git.example.com", kOtherKey), kOther},
        Row{"OneOfTwoKeys", line("git.example.com", kOtherKey) + line("git.example.com"), kTrusted},
        Row{"Star", line("*.example.com"), kTrusted}, Row{"StarInTheMiddle", line("git.*.com"), kTrusted},
        Row{"QuestionMarks", line("g?t.example.com"), kTrusted}, Row{"StarAlone", line("*"), kTrusted},
        Row{"StarThatDoesNotFit", line("*.example.org"), kUnknown},
        Row{"Negated", line("*.example.com,!git.example.com"), kUnknown},
        Row{"NegatedAlone", line("!other.example.com"), kUnknown},
        Row{"OtherPort", line("[git.example.com]:2222"), kUnknown},
        // HMAC-SHA1 of "git.example.com", key "01234567890123456789"
        Row{"Hashed", line("|1|MDEyMzQ1Njc4OTAxMjM0NTY3ODk=|0ZRtCzM3I2S07EZ7agkDbp9iGpE="), kTrusted},
        Row{"HashedOtherName", line("|1|MDEyMzQ1Njc4OTAxMjM0NTY3ODk=|AAAAAAAAAAAAAAAAAAAAAAAAAAA="),
            kUnknown},
        Row{"HashedBadly", line("|1|x"), kUnknown}, Row{"Comments", "# " + line("git.example.com"), kUnknown},
        Row{"WindowsLine", "git.example.com ssh-ed25519 " + base::to_base64(kKey) + "\r\n", kTrusted},
        Row{"BadLineBefore",
            "git.example.com ssh-ed25519\nx\n git.example.com ssh-rsa ???\n" + line("git.example.com"),
            kTrusted},
        Row{"Tabs", "git.example.com\tssh-ed25519\t" + base::to_base64(kKey) + "\n", kTrusted},
        Row{"Revoked", "@revoked " + line("*"), kRevoked},
        Row{"RevokedWinsOverTrusted", line("git.example.com") + "@revoked " + line("git.example.com"),
            kRevoked},
        Row{"AnotherRevoked", line("git.example.com") + "@revoked " + line("*", kOtherKey), kTrusted},
        Row{"AuthoritiesAreNotKeys", "@cert-authority " + line("*"), kUnknown}),
    [](const auto& row) { return row.param.name; });

TEST(KnownHosts, APortOtherThan22IsPartOfTheName) {
  EXPECT_EQ(checked(line("[git.example.com]:2222"), "git.example.com", 2222), kTrusted);
  EXPECT_EQ(checked(line("git.example.com"), "git.example.com", 2222), kUnknown);
  EXPECT_EQ(checked(line("[::1]:2222"), "[::1]", 2222), kTrusted);
  EXPECT_EQ(checked(line("::1"), "[::1]", 22), kTrusted);
}

TEST(KnownHosts, ALongPatternOfStarsIsAnsweredSoon) {
  std::string stars;
  for (int i = 0; i < 2'000; ++i) stars += "*a";
  EXPECT_EQ(checked(line(stars + "b"), std::string(250, 'a')), kUnknown);
}

TEST(KnownHosts, LinesForAHostPutTheKeyToAskForFirst) {
  const std::string rsa = key_of("ssh-rsa", "r");
  const std::string ecdsa = key_of("ecdsa-sha2-nistp256", "e");
  const auto hosts = KnownHosts::parse(line("*.example.com", rsa) + line("git.example.com", ecdsa) +
                                       line("other", kOtherKey) + "@revoked " + line("*", kOtherKey) +
                                       line("git.example.com"))
                         .value();
  EXPECT_EQ(hosts.lines_for("git.example.com", 22),
            "git.example.com ssh-ed25519 " + base::to_base64(kKey) +
                "\ngit.example.com ecdsa-sha2-nistp256 " + base::to_base64(ecdsa) +
                "\ngit.example.com ssh-rsa " + base::to_base64(rsa) + "\n");
  EXPECT_EQ(hosts.lines_for("nobody", 22), "");
}

TEST(KnownHosts, AFileOverTheLimitIsRefused) {
  EXPECT_FALSE(KnownHosts::parse(std::string(base::limits::kKnownHostsBytesMax + 1, '\n')));
}

TEST(HostKeyFingerprint, IsWhatSshShows) {
  EXPECT_EQ(host_key_fingerprint(""), "SHA256:47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU");
}

}  // namespace
}  // namespace holdfast::gitops
