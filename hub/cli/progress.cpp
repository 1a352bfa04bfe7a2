// SPDX-License-Identifier: Apache-2.0
#include "hub/cli/progress.hpp"

#include "hub/cli/shown_text.hpp"

namespace holdfast::cli {

namespace {

/// So that the line does not wrap on the narrowest usual terminal: what wraps cannot be written over.
constexpr std::size_t kWidthMax = 78;
constexpr const char* kBackAndErase = "\r\x1b[K";

std::string cut(std::string text) {
  while (display_width(text) > kWidthMax) text.pop_back();
  return safe_cell(text);
}

}  // namespace

void Progress::show(const std::string& text) {
  if (!console_.err_is_terminal) return;
  console_.err << kBackAndErase << cut(safe_cell(text.substr(0, text.find('\n')))) << std::flush;
  is_shown_ = true;
}

void Progress::clear() {
  if (is_shown_) console_.err << kBackAndErase << std::flush;
  is_shown_ = false;
}

}  // namespace holdfast::cli
