// SPDX-License-Identifier: Apache-2.0
#include "sync/model/fields.hpp"

#include <algorithm>
#include <limits>
#include <nlohmann/json.hpp>
#include <optional>

namespace holdfast::sync {
namespace {

using base::Code;
using base::Error;
using base::fail;
using base::Json;
using base::Result;
using base::Status;

constexpr std::int64_t kTimeMax = (std::int64_t{1} << 53) - 1;  // the last that JSON holds exactly

std::optional<std::int64_t> whole_number(const Json& value) {
  if (value.is_number_unsigned() &&
      value.get<std::uint64_t>() > static_cast<std::uint64_t>(std::numeric_limits<std::int64_t>::max())) {
    return std::nullopt;
  }
  if (!value.is_number_integer()) return std::nullopt;
  return value.get<std::int64_t>();
}

Result<std::int64_t> number_between(const Json& value, std::int64_t min, std::int64_t max) {
  const auto number = whole_number(value);
  if (number && *number >= min && *number <= max) return *number;
  return fail(Code::kInvalid,
              "must be a whole number from " + std::to_string(min) + " to " + std::to_string(max));
}

}  // namespace

Result<std::string> string_of(const Json& value) {
  if (value.is_string()) return value.get_ref<const std::string&>();
  return fail(Code::kInvalid, value.is_number() || value.is_boolean() ? "must be a string; put it in quotes"
                                                                      : "must be a string");
}

FieldRead digest_field(base::Digest& out) {
  return text_field(out, [](std::string_view text) { return base::Digest::from_hex(text); });
}

FieldRead generation_field(Generation& out) {
  return text_field(out, [](std::string_view text) { return Generation::parse(text); });
}

FieldRead counter_field(std::uint64_t& out) {
  return text_field(out, [](std::string_view text) { return base::from_decimal(text); });
}

FieldRead number_field(std::int64_t& out, std::int64_t min, std::int64_t max) {
  return [&out, min, max](const Json& value, const std::string&) -> Status {
    HF_TRY(out, number_between(value, min, max));
    return {};
  };
}

FieldRead number_field(std::uint32_t& out, std::int64_t min, std::int64_t max) {
  return [&out, min, max](const Json& value, const std::string&) -> Status {
    HF_TRY(const std::int64_t number, number_between(value, min, max));
    out = static_cast<std::uint32_t>(number);
    return {};
  };
}

FieldRead number_field(std::optional<std::uint32_t>& out, std::int64_t min, std::int64_t max) {
  return [&out, min, max](const Json& value, const std::string&) -> Status {
    HF_TRY(const std::int64_t number, number_between(value, min, max));
    out = static_cast<std::uint32_t>(number);
    return {};
  };
}

FieldRead milliseconds_field(std::chrono::milliseconds& out, std::chrono::milliseconds min,
                             std::chrono::milliseconds max) {
  return [&out, min, max](const Json& value, const std::string&) -> Status {
    HF_TRY(const std::int64_t number, number_between(value, min.count(), max.count()));
    out = std::chrono::milliseconds(number);
    return {};
  };
}

FieldRead seconds_field(std::chrono::seconds& out, std::chrono::seconds min, std::chrono::seconds max) {
  return [&out, min, max](const Json& value, const std::string&) -> Status {
    HF_TRY(const std::int64_t number, number_between(value, min.count(), max.count()));
    out = std::chrono::seconds(number);
    return {};
  };
}

FieldRead seconds_field(std::optional<std::chrono::seconds>& out, std::chrono::seconds min,
                        std::chrono::seconds max) {
  return [&out, min, max](const Json& value, const std::string&) -> Status {
    HF_TRY(const std::int64_t number, number_between(value, min.count(), max.count()));
    out = std::chrono::seconds(number);
    return {};
  };
}

FieldRead flag_field(std::optional<bool>& out) {
  return [&out](const Json& value, const std::string&) -> Status {
    if (!value.is_boolean()) return fail(Code::kInvalid, "must be true or false");
    out = value.get<bool>();
    return {};
  };
}

Status in_field(Status status, const std::string& where) {
  if (status) return {};
  return fail(std::move(status).error().with_context(where));
}

Status read_list(const Json& value, const std::string& what, const FieldRead& read) {
  if (!value.is_array()) return fail(Code::kInvalid, what + ": must be a list");
  for (std::size_t i = 0; i < value.size(); ++i) {
    const std::string where = what + "[" + std::to_string(i) + "]";
    auto status = read(value[i], where);
    if (status) continue;
    Error error = std::move(status).error();
    // A nested reader names the place itself; a plain check need not.
    if (!std::string_view(error.message()).starts_with(where)) error = std::move(error).with_context(where);
    return fail(std::move(error));
  }
  return {};
}

std::int64_t to_milliseconds(base::WallTime time) {
  return std::clamp<std::int64_t>(time.time_since_epoch().count(), 0, kTimeMax);
}

FieldRead time_field(base::WallTime& out) {
  return [&out](const Json& value, const std::string&) -> Status {
    HF_TRY(const std::int64_t number, number_between(value, 0, kTimeMax));
    out = base::WallTime(std::chrono::milliseconds(number));
    return {};
  };
}

}  // namespace holdfast::sync
