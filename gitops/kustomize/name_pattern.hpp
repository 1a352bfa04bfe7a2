// SPDX-License-Identifier: Apache-2.0
// NamePattern: the regular expressions with which a patch names its targets. They always fit a whole name, as in kustomize. Time
// is bounded by the pattern times the name, whatever is written (a set of states, no going back), since whoever may commit may write one.
//
//     NamePattern::parse("web-(a|b).*")->matches("web-a1")
//
// Threads: plain values.
#pragma once

#include <bitset>
#include <string_view>
#include <vector>

#include "base/result.hpp"

namespace holdfast::gitops {

class NamePattern {
 public:
  /// Of RE2's syntax: plain characters, `.`, `[a-z]`, `[^a]`, `\d`, `\w`, `\.`, `(…)`, `(?:…)`, `|`, `*`, `+`, `?`, `^` in front and `$` at
  /// the end. The rest is refused by name. "" fits every name.
  static base::Result<NamePattern> parse(std::string_view text);
  bool matches(std::string_view name) const;

 private:
  friend class PatternParser;
  using Characters = std::bitset<256>;
  struct Step {
    enum class Kind { kCharacter, kFork, kEnd };
    Kind kind = Kind::kEnd;
    Characters characters;
    std::size_t next = 0;
    std::size_t other = 0;  ///< of a fork
  };
  std::vector<Step> steps_;
  std::size_t start_ = 0;
  bool fits_all_ = true;
};

}  // namespace holdfast::gitops
