// SPDX-License-Identifier: Apache-2.0
// ApplicationBook: every Application with what the hub knows of it: its spec, its record, the revision in
// force and the newest one.
// Threads: one.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.hpp"
#include "gitops/application.hpp"
#include "hub/answers.hpp"
#include "hub/application_record.hpp"
#include "hub/objects.hpp"
#include "hub/rendition.hpp"
#include "sync/store/store.hpp"

namespace holdfast::hub {

inline constexpr std::string_view kAnnotationPinned = "holdfast.dev/pinned-revision";  ///< set by rollback
inline constexpr std::string_view kAnnotationManagedBy =
    "holdfast.dev/managed-by";  ///< the root it came from

// Types of an Application's conditions.
inline constexpr std::string_view kComparisonError = "ComparisonError";
inline constexpr std::string_view kInvalidManifest = "InvalidManifest";
inline constexpr std::string_view kEmptyRefused = "EmptyRefused";
inline constexpr std::string_view kPruneHeld = "PruneHeld";
inline constexpr std::string_view kRolledBack = "RolledBack";

/// A `sync` that a person asked for and that is not over.
struct Operation {
  SyncOptions options;
  std::string url;
  std::uint64_t ticket = 0;  ///< of SourceBook::fetch_now
};
struct LastOperation {
  std::string phase;  ///< "Running", "Succeeded", "Failed"
  std::string message;
  base::WallTime started{};
};

struct ApplicationEntry {
  sync::ApplicationUid uid;
  std::string name;
  ObjectPtr object;
  gitops::ApplicationSpec spec;
  bool spec_is_good = true;
  ApplicationRecord record;
  std::unique_ptr<Rendition> in_force;  ///< nullptr: none, or Git does not have it (yet)
  std::unique_ptr<Rendition> newest;    ///< nullptr: what is in force is the newest, or nothing is known
  std::optional<sync::Revision> newest_commit;
  /// A newer commit with the same content as what is in force; shown as being in force.
  std::optional<sync::Revision> same_commit;
  std::map<std::string, std::string, std::less<>> conditions;  ///< type → message
  std::optional<Operation> operation;
  std::optional<LastOperation> last_operation;
  bool is_lift_due = false;  ///< a sync came out well: what nodes quarantined of it is to be tried again
  /// Of SourceBook::fetch_soon, when its source was changed: until then Git as it is known here may be older than the change.
  std::optional<std::uint64_t> source_ticket;
  bool prune_confirmed_once = false;      ///< the next look may delete hub objects beyond the limit
  sync::Revision hub_objects_at;          ///< the commit whose hub objects were last written
  std::vector<std::string> hub_problems;  ///< of those

  bool is_deleting() const;
  bool prunes_when_deleted() const;
  std::string pinned() const;
  /// Whether what is known of Git may be older than the source that it follows.
  bool awaits_source() const { return source_ticket && spec_is_good && !is_deleting() && pinned().empty(); }
  /// What nodes would get next; what is in force where nothing newer is known.
  Rendition* newest_known() const { return newest ? newest.get() : in_force.get(); }
};

/// As people are shown it.
std::string brief(const sync::Revision& revision);

class ApplicationBook {
 public:
  explicit ApplicationBook(sync::Store& store) : store_(store) {}

  base::Status load();  ///< the records
  /// Takes over what the object says now; makes the entry where it is new. True when something other than
  /// status changed.
  bool take(const ObjectPtr& object);
  /// The entry goes; the record stays until forget().
  void drop(const sync::ApplicationUid& uid);
  base::Status save(ApplicationEntry& entry, const ApplicationRecord& record);
  base::Status forget(const sync::ApplicationUid& uid);

  ApplicationEntry* find(const sync::ApplicationUid& uid);
  const ApplicationEntry* find(const sync::ApplicationUid& uid) const;
  ApplicationEntry* find_by_name(std::string_view name);
  const ApplicationEntry* find_by_name(std::string_view name) const;
  std::map<sync::ApplicationUid, ApplicationEntry>& all() { return entries_; }
  const std::map<sync::ApplicationUid, ApplicationEntry>& all() const { return entries_; }
  std::set<std::string> urls() const;

 private:
  sync::Store& store_;
  std::map<sync::ApplicationUid, ApplicationEntry> entries_;
  std::map<sync::ApplicationUid, ApplicationRecord> records_;  // of entries that have not come yet
};

}  // namespace holdfast::hub
