// SPDX-License-Identifier: Apache-2.0
#include "edge_agent/store_key.hpp"

#include <algorithm>
#include <string_view>

#include "base/digest.hpp"
#include "base/file_io.hpp"
#include "base/system_random.hpp"

namespace holdfast::edge_agent {

using base::Code;
using base::fail;
using base::Result;

namespace {

std::string file_of(const std::string& path) { return path + "-key"; }

std::string text_of(const sync::RecordKey& key) {
  return base::to_hex({reinterpret_cast<const char*>(key.data()), key.size()}) + "\n";
}

}  // namespace

Result<sync::RecordKey> load_store_key(const std::string& path) {
  sync::RecordKey key{};
  const std::size_t digits = 2 * key.size();
  HF_TRY(const auto text, base::read_file(file_of(path), digits + 1));
  const auto bytes = base::from_hex(std::string_view(text).substr(0, digits));
  if (!bytes || bytes->size() != key.size())
    return fail(Code::kCorrupt, file_of(path) + " is not a key of " + std::to_string(digits) + " hex digits");
  std::ranges::copy(*bytes, reinterpret_cast<char*>(key.data()));
  return key;
}

Result<StoreKey> load_or_make_store_key(const std::string& path) {
  const auto known = load_store_key(path);
  if (known) return StoreKey{.key = *known, .is_new = false};
  const Code code = known.error().code();
  // What is there and cannot be read now may be read tomorrow: another key would throw the store away.
  if (code != Code::kNotFound && code != Code::kCorrupt && code != Code::kLimit) return fail(known.error());
  StoreKey made{.is_new = true};
  base::SystemRandom random;
  random.fill(made.key);
  HF_CHECK(base::write_file(file_of(path), text_of(made.key), 0600));
  return made;
}

}  // namespace holdfast::edge_agent
