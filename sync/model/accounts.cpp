// SPDX-License-Identifier: Apache-2.0
#include "sync/model/accounts.hpp"

#include <algorithm>
#include <limits>
#include <string>

#include "base/json.hpp"
#include "sync/model/text.hpp"

namespace holdfast::sync {
namespace {

using base::Code;
using base::fail;
using base::Status;

constexpr std::size_t kAccountLengthMax = 32;  // useradd(8)

bool is_digit(char c) { return c >= '0' && c <= '9'; }
bool is_letter(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); }

bool is_account_name(std::string_view name) {
  if (name.empty() || name.size() > kAccountLengthMax) return false;
  if (!is_letter(name.front()) && name.front() != '_') return false;
  if (name.back() == '$') name.remove_suffix(1);
  return std::all_of(name.begin(), name.end(),
                     [](char c) { return is_letter(c) || is_digit(c) || c == '-' || c == '_' || c == '.'; });
}

/// The highest number means "leave it" to chown(2), so nobody can have it.
Status check_number(std::string_view text, std::string_view what) {
  const auto number = base::from_decimal(text);
  if (number && *number < std::numeric_limits<std::uint32_t>::max()) return {};
  return fail(Code::kInvalid, in_quotes(text) + " is not the number of a " + std::string(what));
}

}  // namespace

Status check_account(std::string_view account, std::string_view what) {
  if (!account.empty() && std::all_of(account.begin(), account.end(), is_digit)) {
    return check_number(account, what);
  }
  if (is_account_name(account)) return {};
  return fail(Code::kInvalid, in_quotes(account) + " is not the name or number of a " + std::string(what));
}

Status check_user_and_group(std::string_view text) {
  const std::size_t colon = text.find(':');
  HF_CHECK(check_account(text.substr(0, colon), "user"));
  if (colon == std::string_view::npos) return {};
  if (!is_digit(text.front())) {
    return fail(Code::kInvalid,
                in_quotes(text) + ": a group can be given only with a number, as in \"1000:1000\"");
  }
  return check_number(text.substr(colon + 1), "group");
}

}  // namespace holdfast::sync
