// SPDX-License-Identifier: Apache-2.0
// Words: the table between an enum and the words that travel, one row a value. The words are frozen; a
// reader that meets another one says which there are.
// Threads: constants.
#pragma once

#include <array>
#include <cstddef>
#include <string>
#include <string_view>
#include <utility>

#include "base/result.hpp"

namespace holdfast::sync {

template <class Enum, std::size_t N>
struct Words {
  std::array<std::pair<Enum, std::string_view>, N> rows;

  /// "" for a number that is no value of the enum.
  constexpr std::string_view word(Enum value) const {
    for (const auto& [candidate, word] : rows) {
      if (candidate == value) return word;
    }
    return {};
  }

  /// `what` begins the message: "health"; "" where the caller names the place.
  base::Result<Enum> parse(std::string_view text, std::string_view what) const {
    for (const auto& [value, word] : rows) {
      if (word == text) return value;
    }
    std::string message(what);
    message += what.empty() ? "must be one of " : " must be one of ";
    for (std::size_t i = 0; i < N; ++i) message.append(i == 0 ? "" : ", ").append(rows[i].second);
    return base::fail(base::Code::kInvalid, std::move(message));
  }
};

}  // namespace holdfast::sync
