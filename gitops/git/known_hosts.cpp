// SPDX-License-Identifier: Apache-2.0
#include "gitops/git/known_hosts.hpp"

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>

#include <algorithm>
#include <array>
#include <optional>

#include "base/digest.hpp"
#include "base/limits/git.hpp"
#include "sync/model/text.hpp"

namespace holdfast::gitops {
namespace {

constexpr std::uint16_t kSshPort = 22;
constexpr std::string_view kHashed = "|1|";

char lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; }

std::string lowered(std::string_view text) {
  std::string out(text);
  std::transform(out.begin(), out.end(), out.begin(), lower);
  return out;
}

/// The next word of a line; empty at its end.
std::string_view take_word(std::string_view& rest) {
  const auto start = rest.find_first_not_of(" \t");
  if (start == std::string_view::npos) return rest = {};
  rest.remove_prefix(start);
  const auto word = rest.substr(0, rest.find_first_of(" \t"));
  rest.remove_prefix(word.size());
  return word;
}

/// * and ?. Greedy with one step back, so the time is bounded by the product of the lengths.
bool matches_pattern(std::string_view text, std::string_view pattern) {
  std::size_t t = 0;
  std::size_t p = 0;
  std::size_t star = std::string_view::npos;
  std::size_t retry = 0;
  while (t < text.size()) {
    if (p < pattern.size() && (pattern[p] == '?' || pattern[p] == text[t]) && pattern[p] != '*') {
      ++t;
      ++p;
    } else if (p < pattern.size() && pattern[p] == '*') {
      star = p++;
      retry = t;
    } else if (star != std::string_view::npos) {
      p = star + 1;
      t = ++retry;
    } else {
      return false;
    }
  }
  while (p < pattern.size() && pattern[p] == '*') ++p;
  return p == pattern.size();
}

/// "|1|salt|hash": the hash is HMAC-SHA1 of the name with the salt as key.
bool matches_hashed(std::string_view name, std::string_view hosts) {
  const auto parts = sync::split(hosts.substr(kHashed.size()), '|');
  if (parts.size() != 2) return false;
  const auto salt = base::from_base64(parts[0]);
  const auto hash = base::from_base64(parts[1]);
  if (!salt || !hash) return false;
  std::array<unsigned char, EVP_MAX_MD_SIZE> made{};
  unsigned int size = 0;
  const auto* bytes = reinterpret_cast<const unsigned char*>(name.data());
  if (HMAC(EVP_sha1(), salt->data(), static_cast<int>(salt->size()), bytes, name.size(), made.data(),
           &size) == nullptr) {
    return false;
  }
  return hash->size() == size && CRYPTO_memcmp(hash->data(), made.data(), size) == 0;
}

/// "git.example.com,10.0.0.*,!10.0.0.9": one must match, and none with '!'.
bool matches_hosts(const std::string& name, const std::string& hosts) {
  if (hosts.starts_with(kHashed)) return matches_hashed(name, hosts);
  bool matched = false;
  for (const auto part : sync::split(hosts, ',')) {
    const bool negated = part.starts_with('!');
    if (!matches_pattern(name, lowered(negated ? part.substr(1) : part))) continue;
    if (negated) return false;
    matched = true;
  }
  return matched;
}

std::string name_of(std::string_view host, std::uint16_t port) {
  if (host.starts_with('[') && host.ends_with(']'))
    host = host.substr(1, host.size() - 2);  // an IPv6 address
  if (port == kSshPort) return lowered(host);
  return "[" + lowered(host) + "]:" + std::to_string(port);
}

/// The first string of a key is its type (RFC 4253 §6.6); empty where it is none.
std::string_view type_of(std::string_view key) {
  constexpr std::size_t kTypeMax = 64;
  if (key.size() < 4) return {};
  std::size_t size = 0;
  for (const char c : key.substr(0, 4)) size = size << 8U | static_cast<unsigned char>(c);
  if (size > kTypeMax || key.size() < 4 + size) return {};
  const std::string_view type = key.substr(4, size);
  const auto plain = [](char c) { return c > ' ' && c < 0x7f; };
  return std::all_of(type.begin(), type.end(), plain) ? type : std::string_view();
}

}  // namespace

base::Result<KnownHosts> KnownHosts::parse(std::string_view text) {
  if (text.size() > base::limits::kKnownHostsBytesMax) {
    return base::fail(base::Code::kLimit, "the known_hosts file has more than " +
                                              std::to_string(base::limits::kKnownHostsBytesMax) + " bytes");
  }
  KnownHosts out;
  for (const auto raw : sync::split(text, '\n')) {
    std::string_view rest = sync::trimmed(raw);
    if (rest.empty() || rest.starts_with('#')) continue;
    Line line;
    std::string_view word = take_word(rest);
    if (word == "@revoked") line.revoked = true;
    if (word.starts_with('@') && !line.revoked) continue;
    line.hosts = line.revoked ? take_word(rest) : word;
    take_word(rest);  // the key's type, which the key says itself
    auto key = base::from_base64(take_word(rest));
    if (!key || key->empty()) continue;
    line.key = *std::move(key);
    out.lines_.push_back(std::move(line));
  }
  return out;
}

HostKeyVerdict KnownHosts::check(std::string_view host, std::uint16_t port, std::string_view key) const {
  const std::string name = name_of(host, port);
  HostKeyVerdict verdict = HostKeyVerdict::kUnknown;
  for (const auto& line : lines_) {
    if (!matches_hosts(name, line.hosts)) continue;
    const bool same = line.key == key;
    if (same && line.revoked) return HostKeyVerdict::kRevoked;
    if (line.revoked) continue;
    if (same) verdict = HostKeyVerdict::kTrusted;
    if (verdict == HostKeyVerdict::kUnknown) verdict = HostKeyVerdict::kOther;
  }
  return verdict;
}

std::string KnownHosts::lines_for(std::string_view host, std::uint16_t port) const {
  const std::string name = name_of(host, port);
  std::string out;
  for (const std::string_view wanted : {"ssh-ed25519", "ecdsa-", ""}) {
    for (const auto& line : lines_) {
      const std::string_view type = type_of(line.key);
      const bool due = wanted.empty() ? !type.starts_with("ssh-ed25519") && !type.starts_with("ecdsa-")
                                      : type.starts_with(wanted);
      if (!due || type.empty() || line.revoked || !matches_hosts(name, line.hosts)) continue;
      out.append(name).append(" ").append(type).append(" ").append(base::to_base64(line.key)).append("\n");
    }
  }
  return out;
}

std::string host_key_fingerprint(std::string_view key) {
  std::string text = base::to_base64(base::Digest::of(key).view());
  while (text.ends_with('=')) text.pop_back();
  return "SHA256:" + text;
}

}  // namespace holdfast::gitops
