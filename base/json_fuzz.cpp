// SPDX-License-Identifier: Apache-2.0
// libFuzzer on parse_json and canonical_json. Whatever the bytes: no crash, an error that is UTF-8 and short,
// or a value whose canonical form is UTF-8, reads back as the same value, and is its own canonical form.
// Threads: one.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <nlohmann/json.hpp>

#include "base/json.hpp"

namespace {

using holdfast::base::Json;

constexpr holdfast::base::JsonLimits kLimits{.bytes_max = 1U << 20U, .depth_max = 32, .values_max = 10'000};

void require(bool holds) {
  if (!holds) std::abort();
}

void check_error(const holdfast::base::Error& error) {
  require(error.message().size() < 400);
  require(holdfast::base::is_utf8(error.message()));
}

void check_value(const Json& value) {
  const std::string canonical = holdfast::base::canonical_json(value);
  require(holdfast::base::is_utf8(canonical));
  // The canonical form of a number may be longer than what was read, so only the depth limit holds for it.
  const auto again =
      holdfast::base::parse_json(canonical, {.bytes_max = SIZE_MAX, .depth_max = kLimits.depth_max});
  require(again.has_value());
  require(*again == value);
  require(holdfast::base::canonical_json(*again) == canonical);
}

/// Whatever the object: the reader takes it or says in a short sentence why not.
void check_reader(const Json& value) {
  std::string text;
  std::int64_t number = 0;
  std::map<std::string, std::string> map;
  holdfast::base::ObjectReader in(value, "spec");
  in.optional("a", text).optional("b", number).optional("c", map);
  in.each("d", [](const Json& element, const std::string& where) -> holdfast::base::Status {
    std::string name;
    return holdfast::base::ObjectReader(element, where).required("name", name).finish();
  });
  if (const auto status = in.finish(); !status) check_error(status.error());
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const auto value = holdfast::base::parse_json(text, kLimits);
  if (!value) {
    check_error(value.error());
    return 0;
  }
  check_value(*value);
  check_reader(*value);
  return 0;
}
