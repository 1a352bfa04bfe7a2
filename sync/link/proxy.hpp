// SPDX-License-Identifier: Apache-2.0
// Proxy: the way out of a factory's network, asked by HTTP CONNECT (RFC 9110 §9.3.6) to pass bytes on to a host. TLS
// goes through it from end to end: it learns host and port and nothing else.
// Threads: pure functions, plain values.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.hpp"

namespace holdfast::sync {

struct Proxy {
  std::string host;  ///< IPv6 without brackets
  std::uint16_t port = 0;
  std::string authorization;  ///< "Basic …", or empty; never in a message
  /// "http://[user:password@]host:port". Errors do not repeat the text: it may hold a password.
  static base::Result<Proxy> parse(std::string_view url);
  /// "host:port", with brackets where needed.
  std::string authority() const;
};

/// Which hosts are reached through the proxy.
struct ProxyRules {
  std::optional<Proxy> proxy;
  std::vector<std::string> direct;  ///< names (with those below them), addresses, or "*"
  /// `proxy`: a URL, empty or "none". `no_proxy`: as in NO_PROXY, with commas between.
  static base::Result<ProxyRules> read(std::string_view proxy, std::string_view no_proxy);
  /// The proxy for this host, or nothing. A node's own loopback is never asked of a proxy.
  const Proxy* of(std::string_view host) const;
};

/// What asks the proxy for `host:port`.
std::string connect_request(const Proxy& proxy, const std::string& host, std::uint16_t port);

/// Its answer, fed in pieces of any size. Nothing may follow the header: who is asked through the proxy speaks second.
class ConnectAnswer {
 public:
  /// True when the way is open. kPermission: it wants (other) credentials; kUnavailable: it refuses, and how;
  /// kCorrupt: not HTTP; kLimit: a header without end.
  base::Result<bool> feed(std::string_view bytes);

 private:
  std::string header_;
};

}  // namespace holdfast::sync
