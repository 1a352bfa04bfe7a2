// SPDX-License-Identifier: Apache-2.0
#include "base/socket_probe_run.hpp"

#include <gtest/gtest.h>

namespace holdfast::base {
namespace {

TEST(StatusLine, TheStatusIsRead) {
  EXPECT_EQ(parse_status_line("HTTP/1.1 200 OK").value(), 200);
  EXPECT_EQ(parse_status_line("HTTP/1.0 503").value(), 503);
  EXPECT_EQ(parse_status_line("HTTP/1.1 204\r").value(), 204);
}

TEST(StatusLine, AnythingElseIsNotHttp) {
  for (const std::string_view line :
       {"", "HTTP/1.1", "HTTP/1.1 ", "HTTP/1.1 20", "HTTP/1.1 2000", "HTTP/1.1 2x0 OK", "HTTP/2 200",
        "HTTP/1.1  200", "http/1.1 200 OK", "200 OK", "HTTP/1.x 200 OK"}) {
    EXPECT_FALSE(parse_status_line(line)) << line;
  }
}

TEST(ProbeHost, IsAnAddressOrLocalhost) {
  for (const char* host : {"127.0.0.1", "10.1.2.3", "::1", "fe80::1", "localhost", "LocalHost"}) {
    EXPECT_TRUE(is_probe_host(host)) << host;
  }
  for (const char* host : {"", "example.com", "127.1", "localhost.localdomain", "[::1]", "1.2.3.4.5"}) {
    EXPECT_FALSE(is_probe_host(host)) << host;
  }
}

TEST(HttpProbeRequest, AnAddressOfVersionSixIsBracketed) {
  HttpProbe probe;
  probe.host = "::1";
  probe.port = 8080;
  EXPECT_NE(request_of(probe).find("\r\nHost: [::1]:8080\r\n"), std::string::npos);
}

}  // namespace
}  // namespace holdfast::base
