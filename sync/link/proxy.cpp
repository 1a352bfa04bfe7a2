// SPDX-License-Identifier: Apache-2.0
#include "sync/link/proxy.hpp"

#include <algorithm>
#include <array>

#include "base/digest.hpp"
#include "base/limits/wire.hpp"
#include "sync/link/https_client.hpp"

namespace holdfast::sync {

using base::Code;
using base::fail;

namespace {

constexpr std::string_view kScheme = "http://";
constexpr std::string_view kWayOut = "write http://HOST:PORT or http://USER:PASSWORD@HOST:PORT";
constexpr std::string_view kHeaderEnd = "\r\n\r\n";
constexpr std::size_t kReasonLengthMax = 80;

base::Result<std::string> percent_decoded(std::string_view text) {
  std::string out;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] != '%') {
      out.push_back(text[i]);
      continue;
    }
    const auto byte = base::from_hex(text.substr(i + 1, 2));
    if (text.size() < i + 3 || !byte) return fail(Code::kInvalid, "% must be followed by two hex digits");
    out.append(*byte);
    i += 2;
  }
  return out;
}

base::Result<std::string> authorization_of(std::string_view credentials) {
  const auto colon = credentials.find(':');
  HF_TRY(const std::string user, percent_decoded(credentials.substr(0, colon)));
  std::string password;
  if (colon != std::string_view::npos) {
    HF_TRY(password, percent_decoded(credentials.substr(colon + 1)));
  }
  if (user.empty() || user.find(':') != std::string::npos)
    return fail(Code::kInvalid, "the user of a proxy is not empty and has no colon");
  return "Basic " + base::to_base64(user + ":" + password);
}

std::string lower(std::string_view text) {
  std::string out(text);
  std::transform(out.begin(), out.end(), out.begin(),
                 [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; });
  return out;
}

std::string_view trimmed(std::string_view text) {
  while (!text.empty() && (text.front() == ' ' || text.front() == '.')) text.remove_prefix(1);
  while (!text.empty() && text.back() == ' ') text.remove_suffix(1);
  return text;
}

bool is_loopback(std::string_view host) {
  return host == "localhost" || host == "::1" || host.starts_with("127.");
}

/// What a proxy says of itself, fit for a log.
std::string shown(std::string_view line) {
  std::string out(line.substr(0, kReasonLengthMax));
  std::replace_if(out.begin(), out.end(), [](char c) { return c < 0x20 || c > 0x7e; }, '?');
  return out;
}

bool is_digit(char c) { return c >= '0' && c <= '9'; }

// "HTTP/1.1 200 Connection established"
base::Result<bool> judge(std::string_view line) {
  constexpr std::size_t kStatusAt = 9;
  const bool is_status = line.size() >= kStatusAt + 3 && line[kStatusAt - 1] == ' ' &&
                         std::all_of(&line[kStatusAt], &line[kStatusAt] + 3, is_digit) &&
                         (line.size() == kStatusAt + 3 || line[kStatusAt + 3] == ' ');
  if (!is_status) return fail(Code::kCorrupt, "the proxy does not answer in HTTP: " + shown(line));
  const std::string_view status = line.substr(kStatusAt, 3);
  if (status[0] == '2') return true;
  // 407 by RFC 9110; tinyproxy says 401 where the password is wrong.
  if (status == "407" || status == "401") {
    return fail(Code::kPermission, "the proxy wants a user and a password, or others (" +
                                       std::string(status) +
                                       "); give them in the proxy's address: http://USER:PASSWORD@HOST:PORT");
  }
  return fail(Code::kUnavailable, "the proxy refuses: " + shown(line.substr(kStatusAt)));
}

}  // namespace

base::Result<Proxy> Proxy::parse(std::string_view url) {
  if (!url.starts_with(kScheme))
    return fail(Code::kInvalid, "not an http:// address; " + std::string(kWayOut));
  url.remove_prefix(kScheme.size());
  if (url.ends_with('/')) url.remove_suffix(1);
  Proxy out;
  if (const auto at = url.rfind('@'); at != std::string_view::npos) {
    HF_TRY(out.authorization, authorization_of(url.substr(0, at)));
    url.remove_prefix(at + 1);
  }
  // The same form as behind https://, where a port must not be left out.
  const bool has_port =
      url.find(':', url.find(']') == std::string_view::npos ? 0 : url.find(']')) != std::string_view::npos;
  const auto where = HttpsUrl::parse("https://" + std::string(url));
  if (!where || where->target != "/" || !has_port)
    return fail(Code::kInvalid, "no host and port; " + std::string(kWayOut));
  out.host = where->host;
  out.port = where->port;
  return out;
}

std::string Proxy::authority() const { return HttpsUrl{host, port, "/"}.authority(); }

base::Result<ProxyRules> ProxyRules::read(std::string_view proxy, std::string_view no_proxy) {
  ProxyRules out;
  if (proxy.empty() || proxy == "none") return out;
  HF_TRY(out.proxy, Proxy::parse(proxy));
  while (!no_proxy.empty()) {
    const auto comma = std::min(no_proxy.find(','), no_proxy.size());
    if (const auto one = trimmed(no_proxy.substr(0, comma)); !one.empty()) out.direct.push_back(lower(one));
    no_proxy.remove_prefix(std::min(comma + 1, no_proxy.size()));
  }
  return out;
}

const Proxy* ProxyRules::of(std::string_view host) const {
  if (!proxy) return nullptr;
  const std::string name = lower(host);
  if (is_loopback(name)) return nullptr;
  for (const auto& one : direct) {
    if (one == "*" || one == name || name.ends_with("." + one)) return nullptr;
  }
  return &*proxy;
}

std::string connect_request(const Proxy& proxy, const std::string& host, std::uint16_t port) {
  const std::string authority = HttpsUrl{host, port, "/"}.authority();
  std::string out = "CONNECT " + authority + " HTTP/1.1\r\nHost: " + authority + "\r\n";
  if (!proxy.authorization.empty()) out += "Proxy-Authorization: " + proxy.authorization + "\r\n";
  return out + "\r\n";
}

base::Result<bool> ConnectAnswer::feed(std::string_view bytes) {
  constexpr std::string_view kBegin = "HTTP/1.";
  header_.append(bytes.substr(0, base::limits::kProxyAnswerBytesMax + 1 - header_.size()));
  const auto known = std::min(header_.size(), kBegin.size());
  if (std::string_view(header_).substr(0, known) != kBegin.substr(0, known))
    return fail(Code::kCorrupt, "the proxy does not answer in HTTP: " + shown(header_));
  const auto end = header_.find(kHeaderEnd);
  if (end == std::string::npos) {
    if (header_.size() <= base::limits::kProxyAnswerBytesMax) return false;
    return fail(Code::kLimit, "the proxy's answer has a header without end");
  }
  HF_TRY(const bool open, judge(std::string_view(header_).substr(0, header_.find("\r\n"))));
  if (header_.size() != end + kHeaderEnd.size())
    return fail(Code::kCorrupt, "the proxy says more than it was asked");
  return open;
}

}  // namespace holdfast::sync
