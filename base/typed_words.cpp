// SPDX-License-Identifier: Apache-2.0
#include "base/typed_words.hpp"

#include <string_view>

#include "base/json.hpp"

namespace holdfast::base {

namespace {

constexpr std::size_t kNone = std::string_view::npos;

/// An option as it may be repeated: one with its value in the same word may hold a secret.
bool is_bare_option(std::string_view word) {
  const bool is_long = word.starts_with("--") && word.size() > 2 && word.find('=') == kNone;
  const bool is_short = word.starts_with('-') && word.size() == 2 && word != "--";
  return (is_long || is_short) && is_utf8(word);
}

std::string place_of(const std::vector<std::string>& words, std::size_t i) {
  const std::string_view word = words[i];
  const auto option = word.substr(0, word.find('='));
  if (option.size() < word.size() && is_bare_option(option)) return std::string(option) + ": its value";
  if (i > 0 && is_bare_option(words[i - 1])) return "the word after " + words[i - 1];
  return "word " + std::to_string(i + 1);
}

}  // namespace

Status check_typed_words(const std::vector<std::string>& words) {
  for (std::size_t i = 0; i < words.size(); ++i) {
    const auto& word = words[i];
    const bool is_empty = word.empty() || (word.starts_with("--") && word.find('=') == word.size() - 1);
    if (is_empty)
      return fail(Code::kInvalid, place_of(words, i) + " is empty; leave the option out, or say what it is");
    if (!is_utf8(word))
      return fail(Code::kInvalid, place_of(words, i) +
                                      " is not UTF-8: type it so; a file or folder with such "
                                      "a name has to be renamed");
  }
  return {};
}

}  // namespace holdfast::base
