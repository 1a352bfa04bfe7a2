// SPDX-License-Identifier: Apache-2.0
#include "base/account_names.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <optional>

namespace holdfast::base {
namespace {

/// The first fields of one line of a colon-separated file.
using Fields = std::array<std::string_view, 4>;

Fields fields_of(std::string_view line) {
  Fields fields;
  for (std::string_view& field : fields) {
    const std::size_t colon = line.find(':');
    field = line.substr(0, colon);
    line.remove_prefix(colon == std::string_view::npos ? line.size() : colon + 1);
  }
  return fields;
}

/// The first line that `fits`; so it is in the C library, too.
template <class Fits>
std::optional<Fields> find_line(std::string_view text, Fits fits) {
  while (!text.empty()) {
    const std::size_t newline = text.find('\n');
    const Fields fields = fields_of(text.substr(0, newline));
    if (!fields[0].empty() && fields[0].front() != '#' && fits(fields)) return fields;
    text.remove_prefix(newline == std::string_view::npos ? text.size() : newline + 1);
  }
  return std::nullopt;
}

std::optional<Fields> find_name(std::string_view text, std::string_view name) {
  return find_line(text, [&](const Fields& fields) { return fields[0] == name; });
}

bool lists(std::string_view members, std::string_view name) {
  while (!members.empty()) {
    const std::size_t comma = members.find(',');
    if (members.substr(0, comma) == name) return true;
    members.remove_prefix(comma == std::string_view::npos ? members.size() : comma + 1);
  }
  return false;
}

void add_groups(std::string_view group_file, std::string_view user, std::vector<std::uint32_t>& groups) {
  constexpr std::size_t kGroupsMax = 256;
  find_line(group_file, [&](const Fields& fields) {
    const auto gid = parse_id(fields[2]);
    if (gid && lists(fields[3], user) && std::ranges::find(groups, *gid) == groups.end())
      groups.push_back(*gid);
    return groups.size() >= kGroupsMax;
  });
}

}  // namespace

bool is_number(std::string_view text) {
  return !text.empty() && text.find_first_not_of("0123456789") == std::string_view::npos;
}

Result<std::uint32_t> parse_id(std::string_view text) {
  std::uint32_t id = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), id);
  if (!is_number(text) || error != std::errc{} || end != text.data() + text.size() || id == UINT32_MAX) {
    return fail(Code::kInvalid, "'" + std::string(text) + "' is no user or group number");
  }
  return id;
}

Result<std::uint32_t> user_id_in(std::string_view passwd, std::string_view user) {
  if (is_number(user)) return parse_id(user);
  const auto line = find_name(passwd, user);
  if (!line) return fail(Code::kNotFound, "there is no user '" + std::string(user) + "'");
  return parse_id((*line)[2]);
}

Result<std::uint32_t> group_id_in(std::string_view group_file, std::string_view group) {
  if (is_number(group)) return parse_id(group);
  const auto line = find_name(group_file, group);
  if (!line) return fail(Code::kNotFound, "there is no group '" + std::string(group) + "'");
  return parse_id((*line)[2]);
}

Result<Credentials> credentials_in(std::string_view passwd, std::string_view group_file,
                                   std::string_view user) {
  const std::size_t colon = user.find(':');
  const std::string_view who = user.substr(0, colon);
  Credentials credentials;
  const auto line = is_number(who) ? find_line(passwd, [&](const Fields& fields) { return fields[2] == who; })
                                   : find_name(passwd, who);
  if (!line && !is_number(who)) return fail(Code::kNotFound, "there is no user '" + std::string(who) + "'");
  HF_TRY(credentials.uid, parse_id(line ? (*line)[2] : who));
  HF_TRY(credentials.gid, parse_id(line ? (*line)[3] : who));
  if (colon != std::string_view::npos) {
    HF_TRY(credentials.gid, group_id_in(group_file, user.substr(colon + 1)));
  }
  credentials.groups.push_back(credentials.gid);
  if (line) add_groups(group_file, (*line)[0], credentials.groups);
  return credentials;
}

}  // namespace holdfast::base
