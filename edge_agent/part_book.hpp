// SPDX-License-Identifier: Apache-2.0
// PartBook: what came so far of bodies that travel in parts, in the Store, so that neither a restart nor a power cut
// starts them over. From the beginning and without holes: what comes out of order is not kept, it comes again.
// Threads: one, the engine's.
#pragma once

#include <cstdint>
#include <map>
#include <set>
#include <string>

#include "base/digest.hpp"
#include "base/result.hpp"
#include "sync/store/store.hpp"
#include "sync/wire/messages.hpp"

namespace holdfast::edge_agent {

class PartBook {
 public:
  explicit PartBook(sync::Store& store) : store_(store) {}

  base::Status load();
  /// Bytes of this body so far; 0: none.
  std::uint32_t have(const base::Digest& digest) const;
  bool is_complete(const base::Digest& digest) const;
  /// Whether it was the next piece; then it is stored. kLimit beyond limits::kDesiredStateBytesMax of all bodies.
  base::Result<bool> take(const sync::Part& part);
  /// REQUIRES: is_complete(). kCorrupt when it does not have its digest: then all of it is gone, and it begins anew.
  base::Result<std::string> whole(const base::Digest& digest);
  /// Drops the bodies that are not wanted any more; writes nothing when there are none.
  base::Status keep_only(const std::set<base::Digest>& wanted);

 private:
  struct Progress {
    std::uint32_t have = 0;
    std::uint32_t total = 0;
  };
  std::size_t bytes() const;
  base::Status drop(const std::set<base::Digest>& unwanted);

  sync::Store& store_;
  std::map<base::Digest, Progress> bodies_;
};

}  // namespace holdfast::edge_agent
