// SPDX-License-Identifier: Apache-2.0
// Rotation: a new signing key or CA for the fleet, named in a trust document of the next version, which takes the recovery
// key. For a hub that does not run. Killed at any point, either the old keys are in use with the old document, or the next
// start ends what was begun: the document decides.
// Threads: a program that does nothing else.
#pragma once

#include <cstdint>
#include <string>

#include "base/clock.hpp"
#include "base/random.hpp"
#include "base/result.hpp"
#include "hub/data_folder.hpp"
#include "sync/wire/trust.hpp"

namespace holdfast::hub {

enum class Rotated { kSigningKey, kCa };
enum class OldKeys {
  kKeep,  ///< as many as limits::kSigningKeysKept say
  kDrop,  ///< nobody believes them any more: they are known to others
};

struct RotationOrder {
  Rotated what = Rotated::kSigningKey;
  OldKeys old = OldKeys::kKeep;  ///< of signing keys alone
  std::string recovery_key;      ///< file
};

/// The document of the next version, in which `key` stands first. Pure.
sync::TrustDocument with_signing_key(sync::TrustDocument document, const base::PublicKey& key, OldKeys old,
                                     base::WallTime now);
/// The version of the new trust document. kConflict: not the key that the nodes pinned, or the hub runs.
base::Result<std::uint64_t> rotate(const DataFolder& folder, const RotationOrder& order, base::WallTime now,
                                   base::Random& random);
/// What a rotation that was killed has left, where its document counts already. Before anything reads the keys.
base::Status finish_rotation(const DataFolder& folder);

}  // namespace holdfast::hub
