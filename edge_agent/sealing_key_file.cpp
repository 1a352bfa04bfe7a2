// SPDX-License-Identifier: Apache-2.0
#include "edge_agent/sealing_key_file.hpp"

#include <cstdio>

#include "base/file_io.hpp"
#include "base/limits/documents.hpp"
#include "base/limits/secrets.hpp"
#include "base/log.hpp"

namespace holdfast::edge_agent {

using base::Code;
using base::Result;
using base::SealingKeys;
using base::Status;
namespace limits = base::limits;

Status SealingKeyFile::save(const SealingKeys& keys) {
  std::string text = keys.text();
  const auto written = base::write_file(path_, text, 0600);
  base::wipe(text);
  HF_CHECK(written);
  keys_ = keys;
  return {};
}

Status SealingKeyFile::load() {
  auto text = base::read_file(path_, limits::kJsonBytesMax);
  if (!text && text.error().code() == Code::kNotFound) return {};
  if (!text) return base::fail(std::move(text).error());
  auto keys = SealingKeys::parse(*text);
  base::wipe(*text);
  if (!keys) return base::fail(base::Error(Code::kCorrupt, keys.error().message()).with_context(path_));
  keys_ = *std::move(keys);
  return {};
}

Status SealingKeyFile::load_or_make(base::Random& random, base::WallTime now) {
  if (const auto loaded = load(); !loaded) {
    // What the disk would not give now it may give later.
    if (loaded.error().code() != Code::kCorrupt) return loaded;
    const std::string aside = path_ + ".corrupt";
    base::log::error(
        "this node's sealing keys cannot be read; new ones are made, and its secrets sealed anew",
        {{"error", loaded.error().message()}, {"kept", aside}});
    if (std::rename(path_.c_str(), aside.c_str()) != 0) return loaded;
  }
  return keys_.empty() ? rotate(random, now) : Status();
}

bool SealingKeyFile::is_rotation_due(base::WallTime now) const {
  return keys_.empty() || now - keys_.newest().made >= limits::kSealingKeyLife * 2 / 3;
}

Status SealingKeyFile::rotate(base::Random& random, base::WallTime now) {
  SealingKeys next = keys_;
  next.add(base::SealingKey::generate(random), now);
  return save(next);
}

Result<bool> SealingKeyFile::drop_unneeded(const std::set<base::SealingKeyId>& needed, base::WallTime now) {
  SealingKeys next = keys_;
  // The hub learns of a key soon after it was made: what was sealed to the one before it may be on its way for a while.
  base::WallTime replaced = now;
  const bool changed = next.drop_unless([&](const SealingKeys::Entry& entry) {
    const auto& all = keys_.all();
    for (std::size_t i = 1; i < all.size(); ++i) {
      if (all[i].key.public_key() == entry.key.public_key()) replaced = all[i - 1].made;
    }
    return needed.contains(entry.key.public_key().id()) || now - replaced < limits::kSealingKeyGrace;
  });
  if (changed) HF_CHECK(save(next));
  return changed;
}

}  // namespace holdfast::edge_agent
