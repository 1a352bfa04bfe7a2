// SPDX-License-Identifier: Apache-2.0
// Finding: something wrong, or worth saying, about a place in Git. Shape of every error a person gets about
// a manifest: file, line, resource, field, and the way out.
// Threads: plain values.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace holdfast::gitops {

enum class Severity { kWarning, kError };

struct Finding {
  Severity severity = Severity::kError;
  std::string file;        ///< path in the repository
  std::uint32_t line = 0;  ///< 1-based; 0: the file as a whole
  std::string resource;    ///< brief of the key; may be empty
  std::string field;       ///< "spec.path"; may be empty
  std::string message;
  bool operator==(const Finding&) const = default;
  /// "apps/web/site.yaml:12: File/motd: spec.path: must be absolute"; one_line().
  std::string text() const;
};
using Findings = std::vector<Finding>;

/// What Git or a person wrote, made fit for a line that people read and that objects hold: UTF-8, control
/// characters as "?", and cut to at most `bytes_max` bytes. Names in Git are any bytes.
std::string one_line(std::string_view text, std::size_t bytes_max);

bool has_errors(const Findings& findings);
/// The first `most` texts, one a line, then "… and N more".
std::string summary(const Findings& findings, std::size_t most);

}  // namespace holdfast::gitops
