// SPDX-License-Identifier: Apache-2.0
// KnownHosts: an OpenSSH known_hosts file and the one question put to it. Read as sshd(8) says under
// SSH_KNOWN_HOSTS FILE FORMAT: names, patterns with * ? and !, [host]:port, hashed names, @revoked;
// @cert-authority lines are passed over, since certificates of hosts are not read here.
// Threads: plain values.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.hpp"

namespace holdfast::gitops {

enum class HostKeyVerdict {
  kTrusted,
  kUnknown,  ///< no line speaks of this host
  kOther,    ///< lines speak of this host, and all of them of other keys
  kRevoked,
};

class KnownHosts {
 public:
  /// Lines that cannot be read are passed over, as ssh does. Bounded by limits::kKnownHostsBytesMax.
  static base::Result<KnownHosts> parse(std::string_view text);
  /// `key`: the host key as it travels (RFC 4253 §6.6). Port 22 is the one that names without a port mean.
  HostKeyVerdict check(std::string_view host, std::uint16_t port, std::string_view key) const;
  /// A known_hosts of this host alone, names in clear, for a reader that asks the server for the first key's
  /// type: Ed25519 first, then ECDSA. Empty where the host is not known.
  std::string lines_for(std::string_view host, std::uint16_t port) const;

 private:
  struct Line {
    bool revoked = false;
    std::string hosts;
    std::string key;
  };
  std::vector<Line> lines_;
};

/// "SHA256:47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU", as ssh shows it.
std::string host_key_fingerprint(std::string_view key);

}  // namespace holdfast::gitops
