// SPDX-License-Identifier: Apache-2.0
// Progress: one line on standard error that is written over while something takes its time; nothing where
// that is no terminal.
// Threads: one.
#pragma once

#include <string>

#include "hub/cli/console.hpp"

namespace holdfast::cli {

class Progress {
 public:
  explicit Progress(Console& console) : console_(console) {}
  ~Progress() { clear(); }
  Progress(const Progress&) = delete;
  Progress& operator=(const Progress&) = delete;

  void show(const std::string& text);
  void clear();

 private:
  Console& console_;
  bool is_shown_ = false;
};

}  // namespace holdfast::cli
