// SPDX-License-Identifier: Apache-2.0
#include "hub/sealing_key_file.hpp"

#include "base/file_io.hpp"
#include "base/limits/documents.hpp"
#include "base/log.hpp"
#include "hub/backup.hpp"

namespace holdfast::hub {

using base::Code;
using base::Result;
using base::SealingKeys;
using base::SealingPublicKey;
using base::Status;

namespace {

Result<SealingKeys> read_keys(const DataFolder& folder) {
  auto text = base::read_file(folder.sealing_key(), base::limits::kJsonBytesMax);
  if (!text && text.error().code() == Code::kNotFound) return SealingKeys();
  if (!text) return base::fail(std::move(text).error());
  auto keys = SealingKeys::parse(*text);
  base::wipe(*text);
  if (!keys) {
    return base::fail(std::move(keys).error().with_context(
        folder.sealing_key() +
        ": put it back from a backup; without it no SealedSecret in Git can be opened"));
  }
  return keys;
}

Status write_keys(const DataFolder& folder, const SealingKeys& keys) {
  std::string text = keys.text();
  const auto written = base::write_file(folder.sealing_key(), text, 0600);
  base::wipe(text);
  return written;
}

/// After a rotation that was killed between the two files it is still that of the key before.
Status write_public_key(const DataFolder& folder, const SealingKeys& keys) {
  const std::string text = keys.newest().key.public_key().hex() + "\n";
  const auto known = base::read_file(folder.sealing_public_key(), base::limits::kJsonBytesMax);
  if (known && *known == text) return {};
  return base::write_file(folder.sealing_public_key(), text, 0644);
}

}  // namespace

Result<SealingPublicKey> open_sealing_key(const DataFolder& folder, base::Random& random,
                                          base::WallTime now) {
  HF_TRY(auto keys, read_keys(folder));
  if (keys.empty()) {
    if (const auto known = base::read_file(folder.sealing_public_key(), base::limits::kJsonBytesMax)) {
      base::log::error(
          "the hub's sealing keys are lost: a new one is made, which opens no SealedSecret that Git holds; "
          "put the file back from a backup, or seal all secrets again",
          {{"file", folder.sealing_key()}});
    }
    keys.add(base::SealingKey::generate(random), now);
    HF_CHECK(write_keys(folder, keys));
  }
  HF_CHECK(write_public_key(folder, keys));
  return keys.newest().key.public_key();
}

Result<SealingPublicKey> rotate_sealing_key(const DataFolder& folder, base::Random& random,
                                            base::WallTime now) {
  HF_CHECK(check_no_restore_is_due(folder));
  HF_TRY(const auto lock, lock_of_stopped_hub(folder));
  HF_TRY(auto keys, read_keys(folder));
  if (keys.empty())
    return base::fail(Code::kNotFound, folder.sealing_key() + " is missing: has this hub ever been started?");
  keys.add(base::SealingKey::generate(random), now);
  HF_CHECK(write_keys(folder, keys));
  HF_CHECK(write_public_key(folder, keys));
  return keys.newest().key.public_key();
}

}  // namespace holdfast::hub
