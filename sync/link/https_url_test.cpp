// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "sync/link/https_client.hpp"
#include "sync/link/mosquitto_link.hpp"

namespace holdfast::sync {
namespace {

TEST(HttpsUrl, TakesApartHostPortAndTarget) {
  struct Row {
    std::string text, host;
    int port;
    std::string target, authority;
  };
  const std::vector<Row> rows = {
      {"https://hub", "hub", 443, "/", "hub:443"},
      {"https://hub.example.com:8443", "hub.example.com", 8443, "/", "hub.example.com:8443"},
      {"https://192.0.2.1:1/a/b?c=d", "192.0.2.1", 1, "/a/b?c=d", "192.0.2.1:1"},
      {"https://[2001:db8::1]:65535/", "2001:db8::1", 65535, "/", "[2001:db8::1]:65535"},
      {"https://[::1]", "::1", 443, "/", "[::1]:443"},
  };
  for (const auto& row : rows) {
    SCOPED_TRACE(row.text);
    const auto url = HttpsUrl::parse(row.text);
    ASSERT_TRUE(url) << url.error().message();
    EXPECT_EQ(url->host, row.host);
    EXPECT_EQ(url->port, row.port);
    EXPECT_EQ(url->target, row.target);
    EXPECT_EQ(url->authority(), row.authority);
  }
}

TEST(HttpsUrl, RefusesTheRest) {
  for (const char* text : {"", "hub", "http://hub", "https://", "https://:1", "https://hub:", "https://hub:0",
                           "https://hub:65536", "https://hub:1x", "https://user@hub", "https://hub/a b",
                           "https://hub/a\r\nX: y", "https://hub/#f", "https://[::1", "https://[::1]x",
                           "https://::1", "https://[]", "https://hub name"}) {
    EXPECT_EQ(HttpsUrl::parse(text).error().code(), base::Code::kInvalid) << text;
  }
}

TEST(BrokerAddress, HasAPortOfItsOwn) {
  EXPECT_EQ(BrokerAddress::parse("mqtts://hub")->port, 8883);
  EXPECT_EQ(BrokerAddress::parse("hub:1")->port, 1);
  EXPECT_EQ(BrokerAddress::parse("mqtts://[::1]:2")->host, "::1");
  EXPECT_FALSE(BrokerAddress::parse("mqtt://hub"));
  EXPECT_FALSE(BrokerAddress::parse("mqtts://hub/topic"));
}

}  // namespace
}  // namespace holdfast::sync
