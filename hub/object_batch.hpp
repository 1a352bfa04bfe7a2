// SPDX-License-Identifier: Apache-2.0
// ObjectBatch: the changes of one write of Objects, admitted one by one, seen by nobody else until it is committed.
// Threads: one, under the lock of Objects that keeps others from writing.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/json.hpp"
#include "base/result.hpp"
#include "hub/objects.hpp"
#include "hub/resource_types.hpp"
#include "sync/store/store.hpp"

namespace holdfast::hub {

using ObjectKey = std::pair<std::string, std::string>;  ///< type (plural), name or, of a tombstone, uid
/// Key of its record in the tables of objects and of tombstones.
std::string store_key(const ObjectKey& key);

/// kNotFound lists the types that there are.
base::Result<const ResourceType*> known_type(std::string_view plural);
base::Error missing(std::string_view type, std::string_view name);
/// Of a stored object that load() could not read.
base::Error unreadable(std::string_view type, std::string_view name);

class ObjectBatch final : public ObjectWriter {
 public:
  /// Committed objects; nullptr where there is none.
  using Find = std::function<const ObjectPtr*(std::string_view type, std::string_view name)>;
  /// `set_aside`: stored objects that cannot be read, which must outlive the batch. `version`: the last one given.
  ObjectBatch(Objects::Seams seams, Find find, const std::set<ObjectKey>& set_aside, std::uint64_t version,
              Actor actor)
      : seams_(seams), find_(std::move(find)), set_aside_(set_aside), version_(version), actor_(actor) {}

  base::Result<ObjectPtr> get(std::string_view type, std::string_view name) const override;
  base::Result<ObjectPtr> create(std::string_view type, const base::Json& given) override;
  base::Result<ObjectPtr> update(std::string_view type, std::string_view name,
                                 const base::Json& given) override;
  base::Result<ObjectPtr> patch(std::string_view type, std::string_view name,
                                const base::Json& patch) override;
  base::Result<ObjectPtr> update_status(std::string_view type, std::string_view name,
                                        const base::Json& status) override;
  base::Result<ObjectPtr> remove(std::string_view type, std::string_view name,
                                 const DeleteOptions& options) override;
  /// Past admission: what only the hub writes.
  void put(std::string_view type, std::string_view name, base::Json object);
  void erase(std::string_view type, std::string_view name);

  const std::vector<Change>& changes() const { return changes_; }
  const std::vector<std::pair<ObjectKey, Tombstone>>& buried() const { return buried_; }
  base::Status write_to(sync::WriteTxn& txn) const;

 private:
  bool is_set_aside(std::string_view type, std::string_view name) const;
  base::Status check_belongs(const ResourceType& type, const base::Json& object) const;
  base::Result<ObjectPtr> drop_unreadable(const ResourceType& type, std::string_view name,
                                          const DeleteOptions& options);
  ObjectPtr current(std::string_view type, std::string_view name) const;
  ObjectPtr stage(ChangeKind kind, std::string_view type, std::string_view name, base::Json object);
  ObjectPtr bury(const ResourceType& type, base::Json object);

  Objects::Seams seams_;
  Find find_;
  const std::set<ObjectKey>& set_aside_;
  std::uint64_t version_;
  Actor actor_;
  std::map<ObjectKey, ObjectPtr> staged_;  // nullptr: deleted in this batch
  std::vector<Change> changes_;
  std::vector<std::pair<ObjectKey, Tombstone>> buried_;
};

}  // namespace holdfast::hub
