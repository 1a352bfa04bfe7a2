// SPDX-License-Identifier: Apache-2.0
// Strong<Tag>: a string that means one thing (a node uid, an application uid, a revision), so that
// two ids of different meaning cannot be swapped by mistake.
// Threads: plain values.
#pragma once

#include <compare>
#include <functional>
#include <string>
#include <string_view>
#include <utility>

namespace holdfast::base {

template <class Tag>
class Strong {
 public:
  Strong() = default;
  explicit Strong(std::string value) : value_(std::move(value)) {}
  explicit Strong(std::string_view value) : value_(value) {}
  explicit Strong(const char* value) : value_(value) {}

  const std::string& str() const { return value_; }
  bool empty() const { return value_.empty(); }
  auto operator<=>(const Strong&) const = default;

 private:
  std::string value_;
};

}  // namespace holdfast::base

template <class Tag>
struct std::hash<holdfast::base::Strong<Tag>> {
  std::size_t operator()(const holdfast::base::Strong<Tag>& s) const noexcept {
    return std::hash<std::string>{}(s.str());
  }
};
