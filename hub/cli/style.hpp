// SPDX-License-Identifier: Apache-2.0
// Style: colour for the words that say how something is, on terminals that want it.
// Threads: plain values.
#pragma once

#include <string>
#include <string_view>

namespace holdfast::cli {

class Style {
 public:
  explicit Style(bool has_colour) : has_colour_(has_colour) {}

  /// "Healthy", "OutOfSync", "True" … in their colour; any other text as it is.
  std::string word(std::string_view text) const;
  std::string heading(std::string_view text) const;
  std::string removed(std::string_view line) const;
  std::string added(std::string_view line) const;

 private:
  std::string painted(std::string_view text, std::string_view code) const;

  bool has_colour_;
};

}  // namespace holdfast::cli
