// SPDX-License-Identifier: Apache-2.0
#include "gitops/finding.hpp"

#include <algorithm>

namespace holdfast::gitops {

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
  return out;
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
