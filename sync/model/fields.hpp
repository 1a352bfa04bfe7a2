// SPDX-License-Identifier: Apache-2.0
// Fields: the readers that base::ObjectReader is given for the model's own types, so that every decoder
// reads a digest, a generation or a word in the same way and with the same message.
//
//     in.required("digest", digest_field(ref.digest)).optional("phase", text_field(phase, parse_phase));
//
// The reference given must outlive the reader's call, which it does when both are in one function.
// Threads: plain values.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/clock.hpp"
#include "base/digest.hpp"
#include "base/json.hpp"
#include "base/result.hpp"
#include "base/strong.hpp"
#include "sync/model/ids.hpp"

namespace holdfast::sync {

using FieldRead = base::ObjectReader::Read;

/// The string itself, or an error.
base::Result<std::string> string_of(const base::Json& value);

/// A string that `parse` turns into T.
template <class T, class Parse>
FieldRead text_field(T& out, Parse parse) {
  return [&out, parse](const base::Json& value, const std::string&) -> base::Status {
    HF_TRY(const std::string text, string_of(value));
    HF_TRY(out, parse(std::string_view(text)));
    return {};
  };
}

/// As text_field, for the elements of an array.
template <class T, class Parse>
FieldRead text_elements(std::vector<T>& out, std::size_t count_max, Parse parse) {
  return [&out, count_max, parse](const base::Json& value, const std::string& where) -> base::Status {
    if (out.size() >= count_max) {
      return base::fail(base::Code::kLimit, "more than " + std::to_string(count_max) + " entries");
    }
    T element{};
    HF_CHECK(text_field(element, parse)(value, where));
    out.push_back(std::move(element));
    return {};
  };
}

/// Whatever `parse(value, where)` makes of the member.
template <class T, class Parse>
FieldRead document_field(T& out, Parse parse) {
  return [&out, parse](const base::Json& value, const std::string& where) -> base::Status {
    HF_TRY(out, parse(value, where));
    return {};
  };
}

/// As document_field, for the elements of an array.
template <class T, class Parse>
FieldRead document_elements(std::vector<T>& out, std::size_t count_max, Parse parse) {
  return [&out, count_max, parse](const base::Json& value, const std::string& where) -> base::Status {
    if (out.size() >= count_max) {
      return base::fail(base::Code::kLimit, "more than " + std::to_string(count_max) + " entries");
    }
    HF_TRY(T element, parse(value, where));
    out.push_back(std::move(element));
    return {};
  };
}

template <class Tag>
FieldRead id_field(base::Strong<Tag>& out) {
  return text_field(out, [](std::string_view text) -> base::Result<base::Strong<Tag>> {
    HF_CHECK(check_id(text, "id"));
    return base::Strong<Tag>(text);
  });
}

FieldRead digest_field(base::Digest& out);
FieldRead generation_field(Generation& out);
/// 64 bits as a decimal string.
FieldRead counter_field(std::uint64_t& out);
/// A whole number within [min, max].
FieldRead number_field(std::int64_t& out, std::int64_t min, std::int64_t max);
FieldRead number_field(std::uint32_t& out, std::int64_t min, std::int64_t max);
FieldRead number_field(std::optional<std::uint32_t>& out, std::int64_t min, std::int64_t max);
/// A whole number of milliseconds within [min, max].
FieldRead milliseconds_field(std::chrono::milliseconds& out, std::chrono::milliseconds min,
                             std::chrono::milliseconds max);
FieldRead seconds_field(std::chrono::seconds& out, std::chrono::seconds min, std::chrono::seconds max);
FieldRead seconds_field(std::optional<std::chrono::seconds>& out, std::chrono::seconds min,
                        std::chrono::seconds max);
/// true or false; where it matters whether the member is there.
FieldRead flag_field(std::optional<bool>& out);
/// An error of a check that names no place, with its place.
base::Status in_field(base::Status status, const std::string& where);

/// Calls `read` for each element of an array that is a whole document; `where` is "provenance[2]".
base::Status read_list(const base::Json& value, const std::string& what, const FieldRead& read);

/// Milliseconds since 1970 as a whole number, and back; a time that JSON cannot hold exactly becomes the
/// nearest one that it can.
std::int64_t to_milliseconds(base::WallTime time);
FieldRead time_field(base::WallTime& out);

}  // namespace holdfast::sync
