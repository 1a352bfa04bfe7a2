// SPDX-License-Identifier: Apache-2.0
// Objects: the hub's Kubernetes-like store. Every object is held in memory and in the Store; a change of spec
// or metadata is durable before it is answered, a change of status may be written later (flush). Every change
// has a resourceVersion that never repeats, not even after a crash, and stands in a bounded list of changes
// from which watches resume.
// Threads: any. Values handed out never change.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.hpp"
#include "base/json.hpp"
#include "base/random.hpp"
#include "base/result.hpp"
#include "hub/object_filter.hpp"
#include "hub/resource_types.hpp"
#include "sync/store/store.hpp"

namespace holdfast::hub {

using ObjectPtr = std::shared_ptr<const base::Json>;

/// Who asks. A person may not write status, labels made from facts, or types that only the hub writes.
enum class Actor { kPerson, kHub };
/// When a change reaches the disk.
enum class Persist { kNow, kSoon };

enum class ChangeKind { kAdded, kModified, kDeleted };
struct Change {
  std::uint64_t version = 0;
  ChangeKind kind = ChangeKind::kAdded;
  std::string type;  ///< plural
  std::string name;
  ObjectPtr object;  ///< as it is after the change; as it was, with the new version, when deleted
};

struct Listing {
  std::vector<ObjectPtr> items;  ///< sorted by name
  std::uint64_t version = 0;     ///< watch from here
};

struct DeleteOptions {
  std::string uid;               ///< empty: any
  std::string resource_version;  ///< empty: any
};

/// What was deleted for good and is not yet forgotten.
struct Tombstone {
  std::string uid;
  std::string name;
  ObjectPtr object;
};

/// One atomic change of several objects; see Objects::write().
class ObjectWriter {
 public:
  virtual ~ObjectWriter() = default;
  virtual base::Result<ObjectPtr> get(std::string_view type, std::string_view name) const = 0;
  virtual base::Result<ObjectPtr> create(std::string_view type, const base::Json& object) = 0;
  /// Whole object as PUT has it. metadata.resourceVersion, where given, must be the current one (kConflict).
  virtual base::Result<ObjectPtr> update(std::string_view type, std::string_view name,
                                         const base::Json& object) = 0;
  /// JSON merge patch (RFC 7386) of everything but status.
  virtual base::Result<ObjectPtr> patch(std::string_view type, std::string_view name,
                                        const base::Json& merge_patch) = 0;
  virtual base::Result<ObjectPtr> update_status(std::string_view type, std::string_view name,
                                                const base::Json& status) = 0;
  /// Marks it as being deleted where it has finalizers, else it is gone. Returns it as it is then.
  virtual base::Result<ObjectPtr> remove(std::string_view type, std::string_view name,
                                         const DeleteOptions& options) = 0;
};

class Objects {
 public:
  struct Seams {
    base::Clock& clock;
    base::Random& random;
    sync::Store& store;
  };
  explicit Objects(Seams seams);
  ~Objects();
  Objects(const Objects&) = delete;
  Objects& operator=(const Objects&) = delete;

  /// Reads everything. Call once, before anything else. A record that is no JSON object of ours is logged and set
  /// aside: it stays in the store, is neither served nor overwritten, and goes when a person deletes it.
  base::Status load();

  /// kNotFound in kubectl's words.
  base::Result<ObjectPtr> get(std::string_view type, std::string_view name) const;
  base::Result<Listing> list(std::string_view type, const ListOptions& options = {}) const;
  std::size_t count(std::string_view type) const;
  std::uint64_t version() const;

  /// Fills in uid, resourceVersion, generation and creationTimestamp. metadata.generateName is honoured.
  base::Result<ObjectPtr> create(std::string_view type, const base::Json& object, Actor actor);
  base::Result<ObjectPtr> update(std::string_view type, std::string_view name, const base::Json& object,
                                 Actor actor);
  base::Result<ObjectPtr> patch(std::string_view type, std::string_view name, const base::Json& merge_patch,
                                Actor actor);
  base::Result<ObjectPtr> remove(std::string_view type, std::string_view name,
                                 const DeleteOptions& options = {});
  /// Replaces status; the same status changes nothing, not even the version.
  base::Result<ObjectPtr> update_status(std::string_view type, std::string_view name,
                                        const base::Json& status, Persist persist);
  /// An object that only the hub writes (an event), whole; created when it is not there.
  base::Status put_soon(std::string_view type, std::string_view name, const base::Json& object);
  base::Status remove_soon(std::string_view type, std::string_view name);

  /// All or nothing, in one transaction of the store.
  using Work = std::function<base::Status(ObjectWriter&)>;
  base::Status write(Actor actor, const Work& work);
  /// What write() would answer, and the objects that `work` would get; nothing is changed (dryRun).
  base::Status rehearse(Actor actor, const Work& work) const;

  /// Changes after `version`, of one type or of all (empty). kLimit "too old": list again.
  base::Result<std::vector<Change>> changes_since(std::uint64_t version, std::string_view type = {}) const;
  /// Called after every change on the thread that made it. It should only wake somebody,
  /// and must neither add nor remove a listener: calls are made under their lock.
  using Listener = std::function<void()>;
  std::uint64_t add_listener(Listener listener);
  /// Waits for a call of it that runs; none comes afterwards.
  void remove_listener(std::uint64_t id);

  std::vector<Tombstone> tombstones(std::string_view type) const;
  base::Status forget_tombstone(std::string_view type, std::string_view uid);

  bool is_dirty() const;
  /// Writes what waits, and whatever `also` adds, in one transaction. Nothing to write and no `also`: no
  /// write.
  base::Status flush(const std::function<base::Status(sync::WriteTxn&)>& also = {});

 private:
  struct State;
  std::unique_ptr<State> state_;
};

// Reading objects without including the JSON library everywhere.
std::string name_of(const base::Json& object);
std::string uid_of(const base::Json& object);
std::uint64_t version_of(const base::Json& object);
bool is_being_deleted(const base::Json& object);
std::map<std::string, std::string> labels_of(const base::Json& object);
std::map<std::string, std::string> annotations_of(const base::Json& object);

inline constexpr std::string_view kResourcesFinalizer = "resources-finalizer.argocd.argoproj.io";

}  // namespace holdfast::hub
