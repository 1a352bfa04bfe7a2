// SPDX-License-Identifier: Apache-2.0
#include "gitops/finding.hpp"

#include <algorithm>

#include "sync/model/text.hpp"

namespace holdfast::gitops {

std::string one_line(std::string_view text, std::size_t bytes_max) {
  std::string out = sync::bounded_text(text, bytes_max);
  const auto is_control = [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7f; };
  std::replace_if(out.begin(), out.end(), is_control, '?');
  return out;
}

std::string Finding::text() const {
  std::string out = file;
  if (line > 0) out += ":" + std::to_string(line);
  for (const std::string* part : {&resource, &field, &message}) {
    if (part->empty()) continue;
    out.append(out.empty() ? "" : ": ");
    // A warning is marked where its text begins, so that nobody takes it for the reason of a refusal.
    if (part == &message && severity == Severity::kWarning) out += "warning: ";
    out += *part;
  }
  constexpr std::size_t kTextMax = 4'096;
  return one_line(out, kTextMax);
}

bool has_errors(const Findings& findings) {
  return std::any_of(findings.begin(), findings.end(),
                     [](const Finding& finding) { return finding.severity == Severity::kError; });
}

std::string summary(const Findings& findings, std::size_t most) {
  std::string out;
  for (std::size_t i = 0; i < findings.size() && i < most; ++i) {
    out.append(i == 0 ? "" : "\n").append(findings[i].text());
  }
  if (findings.size() <= most) return out;
  return out + (most == 0 ? "" : "\n") + "… and " + std::to_string(findings.size() - most) + " more";
}

}  // namespace holdfast::gitops
