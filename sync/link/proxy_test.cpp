// SPDX-License-Identifier: Apache-2.0
#include "sync/link/proxy.hpp"

#include <gtest/gtest.h>

#include "base/limits/wire.hpp"

namespace holdfast::sync {
namespace {

using base::Code;

TEST(Proxy, ReadsHostPortAndCredentials) {
  const auto plain = Proxy::parse("http://proxy.example.com:3128/");
  ASSERT_TRUE(plain) << plain.error().message();
  EXPECT_EQ(plain->authority(), "proxy.example.com:3128");
  EXPECT_EQ(plain->authorization, "");
  const auto known = Proxy::parse("http://node:p%40ss%3aword@[fd00::1]:8080");
  ASSERT_TRUE(known) << known.error().message();
  EXPECT_EQ(known->authority(), "[fd00::1]:8080");
  EXPECT_EQ(known->authorization, "Basic bm9kZTpwQHNzOndvcmQ=");
}

TEST(Proxy, RefusesWhatIsNoneAndRepeatsNoPassword) {
  for (const char* text :
       {"proxy:3128", "https://proxy:3128", "http://u:secret@proxy", "http://u:secret@:1",
        "http://u:secret@proxy:0", "http://u:secret@proxy:3128/path", "http://:secret@p:1",
        "http://u:secret%4@p:1", "http://u:secret%zz@p:1", "socks5://u:secret@p:1", "http://"}) {
    const auto proxy = Proxy::parse(text);
    ASSERT_FALSE(proxy) << text;
    EXPECT_EQ(proxy.error().message().find("secret"), std::string::npos) << proxy.error().message();
  }
}

struct RulesRow {
  const char* name;
  const char* no_proxy;
  const char* host;
  bool through;
};

TEST(Proxy, LeavesOutWhatNoProxyNames) {
  const RulesRow table[] = {
      {"nothing named", "", "hub.example.com", true},
      {"the host", "hub.example.com", "hub.example.com", false},
      {"in other letters", "HUB.Example.com", "hub.example.COM", false},
      {"a domain", "a.com, .example.com", "hub.example.com", false},
      {"a domain without its dot", "example.com", "hub.example.com", false},
      {"only the same end of a name", "ample.com", "hub.example.com", true},
      {"everything", "*", "hub", false},
      {"an address", "192.0.2.1", "192.0.2.1", false},
      {"another address", "192.0.2.1", "192.0.2.11", true},
      {"loopback by name", "", "localhost", false},
      {"loopback by address", "", "127.0.0.1", false},
      {"commas alone", ",, ,", "hub", true},
  };
  for (const auto& row : table) {
    const auto rules = ProxyRules::read("http://p:1", row.no_proxy);
    ASSERT_TRUE(rules) << row.name;
    EXPECT_EQ(rules->of(row.host) != nullptr, row.through) << row.name;
  }
  EXPECT_EQ(ProxyRules::read("none", "")->of("hub"), nullptr);
  EXPECT_EQ(ProxyRules::read("", "")->of("hub"), nullptr);
}

TEST(Proxy, AsksForHostAndPort) {
  EXPECT_EQ(connect_request(*Proxy::parse("http://p:1"), "fd00::2", 8443),
            "CONNECT [fd00::2]:8443 HTTP/1.1\r\nHost: [fd00::2]:8443\r\n\r\n");
  EXPECT_EQ(connect_request(*Proxy::parse("http://a:b@p:1"), "hub", 443),
            "CONNECT hub:443 HTTP/1.1\r\nHost: hub:443\r\nProxy-Authorization: Basic YTpi\r\n\r\n");
}

struct AnswerRow {
  const char* name;
  std::string bytes;
  std::optional<Code> code;
  const char* message;
};

TEST(Proxy, JudgesTheAnswerInPiecesOfAnySize) {
  const std::string endless(base::limits::kProxyAnswerBytesMax, 'x');
  const AnswerRow table[] = {
      {"open", "HTTP/1.1 200 Connection established\r\nVia: x\r\n\r\n", std::nullopt, ""},
      {"open, old and short", "HTTP/1.0 200\r\n\r\n", std::nullopt, ""},
      {"credentials", "HTTP/1.1 407 Proxy Authentication Required\r\n\r\n", Code::kPermission, "(407)"},
      {"wrong credentials", "HTTP/1.1 401 Unauthorized\r\n\r\n", Code::kPermission, "(401)"},
      {"refused", "HTTP/1.1 403 Filtered\x01\r\n\r\n", Code::kUnavailable, "403 Filtered?"},
      {"another protocol", "SSH-2.0-x", Code::kCorrupt, "does not answer in HTTP"},
      {"no status", "HTTP/1.1 OK\r\n\r\n", Code::kCorrupt, "does not answer in HTTP"},
      {"no end", "HTTP/1.1 200 OK\r\n" + endless, Code::kLimit, "without end"},
      {"too much", "HTTP/1.1 200 OK\r\n\r\nx", Code::kCorrupt, "more than it was asked"},
  };
  for (const auto& row : table) {
    for (const std::size_t piece : {std::size_t{1}, std::size_t{7}, row.bytes.size()}) {
      ConnectAnswer answer;
      base::Result<bool> told = false;
      for (std::size_t at = 0; at < row.bytes.size() && told && !*told; at += piece)
        told = answer.feed(std::string_view(row.bytes).substr(at, piece));
      if (!row.code || (std::string_view(row.name) == "too much" && piece == 1)) {
        EXPECT_TRUE(told && *told) << row.name;
        continue;
      }
      if (std::string_view(row.name) == "too much" && piece == 7 && told) continue;
      ASSERT_FALSE(told) << row.name << " in pieces of " << piece;
      EXPECT_EQ(told.error().code(), *row.code) << row.name;
      EXPECT_NE(told.error().message().find(row.message), std::string::npos) << told.error().message();
    }
  }
}

}  // namespace
}  // namespace holdfast::sync
