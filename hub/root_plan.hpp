// SPDX-License-Identifier: Apache-2.0
// plan_root(): what a root (an Application whose path holds Applications, "app of apps") makes of the hub's
// own objects: which are created, changed and deleted. Deleting needs proof here too: only what this root
// made, only while it still holds something, only within its prune limit.
// Threads: pure functions of values.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/json.hpp"
#include "base/result.hpp"
#include "gitops/finding.hpp"
#include "gitops/render.hpp"
#include "hub/objects.hpp"
#include "sync/model/section.hpp"

namespace holdfast::hub {

/// One object as Git wants it.
struct WantedObject {
  std::string type;  ///< plural
  std::string name;
  std::string json;
  std::string file;
  std::uint32_t line = 0;
};

/// Manifests of hub kinds, checked as the API would check them.
struct WantedObjects {
  std::vector<WantedObject> list;  ///< sorted by type and name
  gitops::Findings findings;
};
WantedObjects read_wanted(const std::vector<gitops::Manifest>& manifests);

struct RootPlanInput {
  std::string root;  ///< the root's own name
  std::vector<WantedObject> wanted;
  std::vector<ObjectPtr> existing;  ///< every object of the types that a root may hold
  bool may_update = true;           ///< a person's change of an object is put back
  bool may_prune = false;
  bool allow_empty = false;
  bool prune_confirmed = false;
  sync::PruneLimit prune_limit;
};
struct RootPlan {
  struct Item {
    std::string type;
    std::string name;
    std::string json;  ///< whole object to be written; empty for a delete
    bool operator==(const Item&) const = default;
  };
  std::vector<Item> create;
  std::vector<Item> update;
  std::vector<Item> remove;
  std::vector<std::string> held;      ///< names that only a person may let go: beyond the limit
  std::vector<std::string> problems;  ///< what was not done, for people
  bool emptiness_refused = false;
};
RootPlan plan_root(const RootPlanInput& input);

}  // namespace holdfast::hub
