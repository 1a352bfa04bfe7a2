// SPDX-License-Identifier: Apache-2.0
// RepositoryUrl: a Git URL taken apart and checked: file://, https://, ssh://, git:// or scp-like.
// Credentials inside are refused, because URLs end up in logs, objects and messages.
// Threads: pure functions.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/result.hpp"

namespace holdfast::gitops {

struct RepositoryUrl {
  enum class Kind { kFile, kHttps, kSsh, kGit };
  Kind kind = Kind::kFile;
  std::string user;  ///< ssh only
  std::string host;
  std::uint16_t port = 0;  ///< 0: the kind's own
  std::string path;        ///< file: absolute, without ".."
  bool operator==(const RepositoryUrl&) const = default;
};

/// Messages never quote the part of the URL that may hold a secret.
base::Result<RepositoryUrl> parse_repository_url(std::string_view url);

}  // namespace holdfast::gitops
