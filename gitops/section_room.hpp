// SPDX-License-Identifier: Apache-2.0
// SectionRoom: what is left of a section while resources are put into it. Templates may grow what is small in
// Git, so whoever makes resources asks here after each, and stops where the section is full and not where
// memory ends.
// Threads: one.
#pragma once

#include <cstddef>

#include "base/limits/model.hpp"
#include "base/result.hpp"

namespace holdfast::gitops {

class SectionRoom {
 public:
  /// Takes room for a resource whose body has so many bytes. An error, with size and limit: it does not fit,
  /// and nothing does from now on.
  base::Status take(std::size_t body_bytes);
  bool is_full() const { return full_; }
  std::size_t bytes_left() const { return kBytesMax - bytes_; }

  /// What is not a resource: the policy, and the marks between.
  static constexpr std::size_t kFrameBytesMax = 512;

 private:
  static constexpr std::size_t kBytesMax = base::limits::kSectionBytesMax;

  std::size_t resources_ = 0;
  std::size_t bytes_ = kFrameBytesMax;
  bool full_ = false;
};

}  // namespace holdfast::gitops
