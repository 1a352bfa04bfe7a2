// SPDX-License-Identifier: Apache-2.0
// Claim: what a resource holds on the host. Uniqueness, adoption and prune are decided on claims, never on
// names.
// Threads: plain values.
#pragma once

#include <compare>
#include <string>
#include <string_view>

#include "base/result.hpp"

namespace holdfast::sync {

enum class ClaimKind { kPath, kProcess, kUnit, kContainer, kPort };

struct Claim {
  ClaimKind kind = ClaimKind::kPath;
  std::string
      value;  ///< normal form: an absolute path without "." or "..", a unit name, "namespace/name", a port
  auto operator<=>(const Claim&) const = default;
  std::string text() const;  ///< "path:/etc/motd"
  static base::Result<Claim> parse(std::string_view text);
};

/// "/etc//a/./b" → "/etc/a/b". Errors: relative, "..", NUL, not UTF-8, too long, "/" itself, a trailing
/// slash.
base::Result<std::string> normal_path(std::string_view path);

}  // namespace holdfast::sync
