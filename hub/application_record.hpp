// SPDX-License-Identifier: Apache-2.0
// ApplicationRecord: what must outlive the hub about an application: which revision is in force, which were
// before, and what a person confirmed. Written before any node hears of it.
// Threads: plain values.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.hpp"
#include "base/digest.hpp"
#include "base/result.hpp"
#include "gitops/git_source.hpp"
#include "sync/model/ids.hpp"

namespace holdfast::hub {

/// Where a revision stands: a commit means a path in a repository, whatever the spec says later.
struct RevisionPlace {
  std::string url;
  std::string path;
  sync::Revision commit;
  gitops::TreeId tree;
  bool operator==(const RevisionPlace&) const = default;
  bool same_content(const RevisionPlace& other) const {
    return url == other.url && path == other.path && tree == other.tree;
  }
};

struct PastRevision {
  RevisionPlace place;
  base::WallTime time{};
  std::string initiator;  ///< "automated", "sync", "rollback"
  bool operator==(const PastRevision&) const = default;
};

struct ApplicationRecord {
  std::string name;
  std::optional<RevisionPlace> in_force;
  std::uint64_t manifests = 0;                    ///< of the revision in force: none after some is refused
  std::vector<PastRevision> history;              ///< oldest first; the last is in force
  std::vector<base::Digest> prune_confirmed;      ///< section digests; sorted
  std::vector<sync::NodeUid> removals_confirmed;  ///< nodes it may leave beyond the limit; sorted
  bool operator==(const ApplicationRecord&) const = default;
};

std::string encode_record(const ApplicationRecord& record);
base::Result<ApplicationRecord> decode_record(std::string_view bytes);

}  // namespace holdfast::hub
