// SPDX-License-Identifier: Apache-2.0
#include "base/typed_words.hpp"

#include "base/json.hpp"

namespace holdfast::base {

Status check_typed_words(const std::vector<std::string>& words) {
  for (std::size_t i = 0; i < words.size(); ++i) {
    if (is_utf8(words[i])) continue;
    const bool has_option = i > 0 && words[i - 1].starts_with("-") && is_utf8(words[i - 1]);
    return fail(Code::kInvalid,
                (has_option ? words[i - 1] + ": its value" : "word " + std::to_string(i + 1)) +
                    " is not UTF-8; is the terminal set to another encoding?");
  }
  return {};
}

}  // namespace holdfast::base
