// SPDX-License-Identifier: Apache-2.0
// The hub's sealing keys: `sealing.key` (mode 0600, newest first) is for the child that opens secrets, and `sealing.pub`
// for everybody else. Made at the first start; a rotation puts a new one in front, and the old ones go on opening what Git
// holds.
// Threads: a program's start, or one that does nothing else.
#pragma once

#include "base/clock.hpp"
#include "base/random.hpp"
#include "base/result.hpp"
#include "base/sealing.hpp"
#include "hub/data_folder.hpp"

namespace holdfast::hub {

/// What people seal to. Makes the first key where there is none. An error where there is a file that cannot be read: a new
/// key would not open what Git holds.
base::Result<base::SealingPublicKey> open_sealing_key(const DataFolder& folder, base::Random& random,
                                                      base::WallTime now);
/// For a hub that does not run.
base::Result<base::SealingPublicKey> rotate_sealing_key(const DataFolder& folder, base::Random& random,
                                                        base::WallTime now);

}  // namespace holdfast::hub
