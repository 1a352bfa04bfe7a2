// SPDX-License-Identifier: Apache-2.0
#include "edge_agent/store_key.hpp"

#include <algorithm>
#include <cerrno>
#include <cstdio>

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
  constexpr std::size_t kWhiteBytesMax = 32;
  const std::size_t digits = 2 * key.size();
  auto text = base::read_file(file_of(path), digits + kWhiteBytesMax);
  if (!text && text.error().code() != Code::kLimit) return fail(std::move(text).error());
  if (text) text->erase(text->find_last_not_of(" \r\n") + 1);
  const auto bytes = text ? base::from_hex(*text) : fail(text.error());
  if (!bytes || bytes->size() != key.size())
    return fail(Code::kCorrupt, file_of(path) + " is not a key of " + std::to_string(digits) + " hex digits");
  std::ranges::copy(*bytes, reinterpret_cast<char*>(key.data()));
  return key;
}

Result<StoreKey> load_or_make_store_key(const std::string& path) {
  const auto known = load_store_key(path);
  if (known) return StoreKey{.key = *known, .is_new = false};
  const Code code = known.error().code();
  if (code != Code::kNotFound && code != Code::kCorrupt)
    return fail(base::Error(known.error())
                    .with_context("the key of the agent's store cannot be read; mend that, or move the file "
                                  "away: the store is then set aside, and the hub gives all of it again"));
  const std::string aside = file_of(path) + ".corrupt";
  if (code == Code::kCorrupt && std::rename(file_of(path).c_str(), aside.c_str()) != 0)
    return fail(base::Error::from_errno(errno, aside));
  StoreKey made{.is_new = true};
  base::SystemRandom random;
  random.fill(made.key);
  HF_CHECK(base::write_file(file_of(path), text_of(made.key), 0600));
  return made;
}

}  // namespace holdfast::edge_agent
