// SPDX-License-Identifier: Apache-2.0
// JSON as Holdfast speaks it: bounded strict parsing, canonical form (RFC 8785), and ObjectReader, which
// turns an object into a struct and names the field that is wrong. Include <nlohmann/json.hpp> only in
// the .cpp files that build or walk values.
// Threads: plain values.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <map>
#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/limits/documents.hpp"
#include "base/result.hpp"

namespace holdfast::base {

using Json = nlohmann::json;

/// Of integers beyond 2^53, which readers of JSON do not agree on.
enum class JsonIntegers {
  kExact,    ///< they are refused
  kRounded,  ///< they become the nearest double: for what others write, where nobody here reads them
};

struct JsonLimits {
  std::size_t bytes_max;
  std::size_t depth_max;
  /// A value costs up to 80 bytes of memory, whatever few bytes write it.
  std::size_t values_max = limits::kJsonValuesMax;
  JsonIntegers integers = JsonIntegers::kExact;
};
/// The limits of base/limits/.
JsonLimits default_json_limits();

/// Strict: UTF-8, no duplicate member names, no trailing text, no NaN, within limits. Errors give byte
/// offset.
Result<Json> parse_json(std::string_view text, JsonLimits limits = default_json_limits());

/// RFC 8785: members sorted by UTF-16 code units, no white space, numbers as ECMAScript prints them.
/// REQUIRES: strings are UTF-8 (parse_json guarantees it); integers beyond ±2^53 are an error there, so
/// 64-bit counters travel as strings.
std::string canonical_json(const Json& value);

/// Reads the members of one object. Keeps the first error; `finish()` returns it, or names the first
/// member nobody asked for. `where` prefixes every message, e.g. "spec.livenessProbe". A member that is
/// null counts as absent, as in Kubernetes. REQUIRES: `value` outlives the reader.
///
///     ObjectReader in(json, "spec");
///     in.required("path", spec.path).optional("owner", spec.owner);
///     HF_CHECK(in.finish());
class ObjectReader {
 public:
  ObjectReader(const Json& value, std::string where);
  ObjectReader(Json&& value, std::string where) = delete;  // it would be gone before the reader

  ObjectReader& required(std::string_view name, std::string& out);
  ObjectReader& required(std::string_view name, std::int64_t& out);
  ObjectReader& required(std::string_view name, bool& out);
  ObjectReader& optional(std::string_view name, std::string& out);
  ObjectReader& optional(std::string_view name, std::optional<std::string>& out);
  ObjectReader& optional(std::string_view name, std::int64_t& out);
  ObjectReader& optional(std::string_view name, std::optional<std::int64_t>& out);
  ObjectReader& optional(std::string_view name, bool& out);
  ObjectReader& optional(std::string_view name, std::vector<std::string>& out);
  ObjectReader& optional(std::string_view name, std::map<std::string, std::string>& out);
  /// Calls `read(value, where)` when the member is there; its error is kept with its path.
  using Read = std::function<Status(const Json& value, const std::string& where)>;
  ObjectReader& required(std::string_view name, const Read& read);
  ObjectReader& optional(std::string_view name, const Read& read);
  /// Calls `read` for each element of an array; `where` is "spec.env[2]".
  ObjectReader& each(std::string_view name, const Read& read);
  /// The member may be there and is not looked at.
  ObjectReader& ignore(std::string_view name);
  bool has(std::string_view name) const;
  Status finish();
  /// As finish(), and members nobody asked for are let pass (newer peers may add them).
  Status finish_open();

 private:
  const Json* find(std::string_view name);
  void miss(std::string_view name);
  void wrong(std::string_view name, std::string_view expected);
  void keep(Error error);
  void call(const Read& read, const Json& value, const std::string& where);

  const Json& value_;
  std::string where_;
  std::optional<Error> error_;
  std::string missing_;  // the required member that error_ is about
  std::vector<std::string> seen_;
};

/// 64-bit numbers travel as decimal strings.
std::string to_decimal(std::uint64_t value);
Result<std::uint64_t> from_decimal(std::string_view text);

bool is_utf8(std::string_view bytes);

}  // namespace holdfast::base
