// SPDX-License-Identifier: Apache-2.0
// Readmission: a recovered hub takes nodes of its fleet back under their old uids. Who comes has shown by its
// certificate who it is; who was revoked or deleted before the loss is lost with the rest, so that each is taken
// back once, within a time and but for those whom a person named; each stands in the log and has an event.
// Threads: any; Objects and store must allow it.
#pragma once

#include <mutex>
#include <string>

#include "base/clock.hpp"
#include "base/limits/hub.hpp"
#include "base/result.hpp"
#include "hub/objects.hpp"
#include "hub/recovery.hpp"
#include "sync/store/store.hpp"

namespace holdfast::hub {

/// On a Node that was taken back: when.
inline constexpr const char* kReadmittedAnnotation = "holdfast.dev/readmitted";

class Readmission {
 public:
  Readmission(base::Clock& clock, Objects& objects, sync::Store& store, Recovered recovered,
              std::size_t nodes_max = base::limits::kNodesMax)
      : clock_(clock),
        objects_(objects),
        store_(store),
        recovered_(std::move(recovered)),
        nodes_max_(nodes_max) {}

  /// Whether a node that this hub does not know would be taken back.
  bool is_open_for(const sync::NodeUid& uid) const;
  /// The Node, called `name`, or where another has that name, with the beginning of its uid behind it.
  /// kPermission: it is not open for this one. kLimit: the hub has as many nodes as it takes.
  base::Result<ObjectPtr> admit(const sync::NodeUid& uid, const std::string& name);

 private:
  base::Result<bool> was_admitted(const sync::NodeUid& uid) const;

  base::Clock& clock_;
  Objects& objects_;
  sync::Store& store_;
  Recovered recovered_;
  std::size_t nodes_max_;
  std::mutex one_at_a_time_;
};

}  // namespace holdfast::hub
