// SPDX-License-Identifier: Apache-2.0
// HttpsUrl and BrokerAddress: the two forms in which a hub's places are written.
#include <algorithm>
#include <charconv>
#include <string>

#include "sync/link/https_client.hpp"
#include "sync/link/mosquitto_link.hpp"

namespace holdfast::sync {

using base::Code;
using base::fail;

namespace {

constexpr std::size_t kHostLengthMax = 253;

struct HostPort {
  std::string host;
  std::uint16_t port;
};

bool is_host(std::string_view text) {
  return !text.empty() && text.size() <= kHostLengthMax && std::all_of(text.begin(), text.end(), [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '.' ||
           c == '-' || c == '_';
  });
}

bool is_ip6(std::string_view text) {
  return !text.empty() && text.size() <= kHostLengthMax &&
         text.find_first_not_of("0123456789abcdefABCDEF:.%-_ghijklmnopqrstuvwxyz") ==
             std::string_view::npos &&
         text.find(':') != std::string_view::npos;
}

base::Result<std::uint16_t> parse_port(std::string_view text) {
  std::uint16_t port = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), port);
  if (error != std::errc{} || end != text.data() + text.size() || port == 0) {
    return fail(Code::kInvalid, "'" + std::string(text) + "' is not a port (1 to 65535)");
  }
  return port;
}

base::Result<HostPort> parse_authority(std::string_view text, std::uint16_t port) {
  const bool bracketed = !text.empty() && text.front() == '[';
  const auto end = bracketed ? text.find(']') : text.rfind(':');
  std::string_view host =
      bracketed ? text.substr(1, end == std::string_view::npos ? 0 : end - 1) : text.substr(0, end);
  std::string_view rest =
      end == std::string_view::npos ? std::string_view{} : text.substr(bracketed ? end + 1 : end);
  if (bracketed ? !is_ip6(host) : !is_host(host)) {
    return fail(Code::kInvalid, "'" + std::string(text) + "' is not host, host:port or [IPv6]:port");
  }
  if (rest.empty()) return HostPort{std::string(host), port};
  if (rest.front() != ':')
    return fail(Code::kInvalid, "'" + std::string(text) + "' has something behind the bracket");
  HF_TRY(port, parse_port(rest.substr(1)));
  return HostPort{std::string(host), port};
}

}  // namespace

base::Result<HttpsUrl> HttpsUrl::parse(std::string_view text) {
  constexpr std::string_view kScheme = "https://";
  if (text.substr(0, kScheme.size()) != kScheme) {
    return fail(Code::kInvalid, "'" + std::string(text) + "' is not an https:// address");
  }
  const std::string_view rest = text.substr(kScheme.size());
  const auto slash = std::min(rest.find('/'), rest.size());
  const std::string_view target = rest.substr(slash);
  const bool plain =
      std::all_of(target.begin(), target.end(), [](char c) { return c > 0x20 && c < 0x7f && c != '#'; });
  if (!plain)
    return fail(Code::kInvalid, "'" + std::string(text) + "' has a character that an address cannot have");
  HF_TRY(HostPort at, parse_authority(rest.substr(0, slash), 443));
  return HttpsUrl{std::move(at.host), at.port, target.empty() ? "/" : std::string(target)};
}

std::string HttpsUrl::authority() const {
  const bool ip6 = host.find(':') != std::string::npos;
  return (ip6 ? "[" + host + "]" : host) + ":" + std::to_string(port);
}

base::Result<BrokerAddress> BrokerAddress::parse(std::string_view text) {
  constexpr std::string_view kScheme = "mqtts://";
  const bool scheme = text.substr(0, kScheme.size()) == kScheme;
  HF_TRY(HostPort at, parse_authority(scheme ? text.substr(kScheme.size()) : text, 8883));
  return BrokerAddress{std::move(at.host), at.port};
}

}  // namespace holdfast::sync
