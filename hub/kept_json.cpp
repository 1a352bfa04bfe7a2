// SPDX-License-Identifier: Apache-2.0
#include "hub/kept_json.hpp"

#include <cmath>
#include <nlohmann/json.hpp>

#include "sync/model/text.hpp"

namespace holdfast::hub {

using base::Code;
using base::fail;
using base::Json;
using base::Status;

namespace {

constexpr std::int64_t kExactMax = std::int64_t{1} << 53;  // see base/json.hpp

/// An unsigned number beyond int64 is negative when it is read as one, and so not exact either.
bool is_exact(const Json& number) {
  if (number.is_number_float()) return std::isfinite(number.get<double>());
  const auto value = number.get<std::int64_t>();
  return value >= (number.is_number_unsigned() ? 0 : -kExactMax) && value <= kExactMax;
}

std::string join(const std::string& where, const std::string& member) {
  return where.empty() ? member : where + "." + member;
}

}  // namespace

Status check_keepable(const Json& value, const std::string& where) {
  if (value.is_string() && !base::is_utf8(value.get_ref<const std::string&>()))
    return fail(Code::kInvalid, where + ": is not UTF-8");
  if (value.is_number() && !is_exact(value))
    return fail(Code::kInvalid, where + ": a number beyond 2^53 is not exact in JSON; write it as a string");
  if (value.is_array()) {
    for (std::size_t i = 0; i < value.size(); ++i)
      HF_CHECK(check_keepable(value[i], where + "[" + std::to_string(i) + "]"));
  }
  if (!value.is_object()) return {};
  for (const auto& [name, member] : value.items()) {
    if (!base::is_utf8(name))
      return fail(Code::kInvalid, join(where, sync::in_quotes(name)) + ": the member's name is not UTF-8");
    HF_CHECK(check_keepable(member, join(where, name)));
  }
  return {};
}

Json made_keepable(Json value) {
  if (check_keepable(value)) return value;
  if (value.is_string()) return sync::clean_text(value.get_ref<const std::string&>());
  if (value.is_number()) return value.dump();
  if (value.is_array()) {
    for (auto& item : value) item = made_keepable(std::move(item));
    return value;
  }
  Json out = Json::object();
  for (auto& [name, member] : value.items()) out[sync::clean_text(name)] = made_keepable(std::move(member));
  return out;
}

}  // namespace holdfast::hub
