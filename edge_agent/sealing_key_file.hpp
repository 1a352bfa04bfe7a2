// SPDX-License-Identifier: Apache-2.0
// SealingKeyFile: the node's own sealing keys on disk: made here and never leaving, mode 0600. A new key is put in front
// at two thirds of kSealingKeyLife or by a person; an old one stays as long as something stored is sealed to it, and
// kSealingKeyGrace at least, for the hub may still send what it has sealed to it.
// Threads: one at a time.
#pragma once

#include <set>
#include <string>

#include "base/clock.hpp"
#include "base/random.hpp"
#include "base/result.hpp"
#include "base/sealing.hpp"

namespace holdfast::edge_agent {

class SealingKeyFile {
 public:
  explicit SealingKeyFile(std::string path) : path_(std::move(path)) {}

  /// Makes the first key where there is none. A file that cannot be read is set aside as <path>.corrupt and a key made
  /// anew: the hub then seals everything again.
  base::Status load_or_make(base::Random& random, base::WallTime now);
  /// What is there; nothing where nothing is. For who looks on.
  base::Status load();
  const base::SealingKeys& keys() const { return keys_; }

  bool is_rotation_due(base::WallTime now) const;
  base::Status rotate(base::Random& random, base::WallTime now);
  /// True where a key went.
  base::Result<bool> drop_unneeded(const std::set<base::SealingKeyId>& needed, base::WallTime now);

 private:
  base::Status save(const base::SealingKeys& keys);

  std::string path_;
  base::SealingKeys keys_;
};

}  // namespace holdfast::edge_agent
