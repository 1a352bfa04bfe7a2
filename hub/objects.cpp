// SPDX-License-Identifier: Apache-2.0
#include "hub/objects.hpp"

#include <algorithm>
#include <mutex>
#include <nlohmann/json.hpp>
#include <set>
#include <shared_mutex>
#include <utility>

#include "base/limits/hub.hpp"
#include "base/log.hpp"
#include "hub/change_log.hpp"
#include "hub/json_path.hpp"
#include "hub/object_batch.hpp"
#include "hub/tables.hpp"

namespace holdfast::hub {
namespace {

namespace limits = base::limits;
using base::Code;
using base::fail;
using base::Json;
using base::Result;
using base::Status;

constexpr std::string_view kVersionKey = "resource_version";

using Key = ObjectKey;
using ByName = std::map<std::string, ObjectPtr, std::less<>>;

Key split_key(std::string_view key) {
  const auto slash = key.find('/');
  if (slash == std::string_view::npos) return {std::string(key), {}};
  return {std::string(key.substr(0, slash)), std::string(key.substr(slash + 1))};
}

Result<ObjectPtr> read_stored(const Key& key, std::string_view value) {
  HF_TRY(auto object, base::parse_json(value));
  if (!object.is_object() || key.second.empty()) return fail(Code::kCorrupt, "this is no object of the API");
  return std::make_shared<const Json>(std::move(object));
}

}  // namespace

// What is in memory, and the two locks: `writing` is held for the whole of a change (also while the disk
// writes), `reading` only while memory changes, so that readers never wait for the disk.
struct Objects::State {
  explicit State(Seams given) : seams(given) {}

  Seams seams;
  std::mutex writing;
  mutable std::shared_mutex reading;
  std::map<std::string, ByName, std::less<>> types;
  std::map<Key, Tombstone> tombstones;  // by (type, uid)
  std::set<Key> set_aside;              // stored and unreadable; see load()
  ChangeLog log;
  std::uint64_t version = 0;
  std::uint64_t reserved = 0;  // versions up to here are never given again after a crash
  std::set<Key> dirty;
  std::recursive_mutex listening;  // a test's listener may change something: it is told of that, too
  std::map<std::uint64_t, Listener> listeners;
  std::uint64_t next_listener = 1;

  const ObjectPtr* find(std::string_view type, std::string_view name) const {
    const auto of_type = types.find(type);
    if (of_type == types.end()) return nullptr;
    const auto found = of_type->second.find(name);
    return found == of_type->second.end() ? nullptr : &found->second;
  }

  /// Version numbers run out of the reserve: raises it in the transaction at hand.
  Status reserve(sync::WriteTxn& txn, std::uint64_t newest, std::uint64_t& next) const {
    next = reserved;
    if (newest + limits::kVersionsReserved / 2 < reserved) return {};
    next = newest + limits::kVersionsReserved;
    return txn.put(kMetaTable, kVersionKey, base::to_decimal(next));
  }

  Status reserve_now() {
    std::uint64_t next = reserved;
    HF_CHECK(seams.store.write([&](sync::WriteTxn& txn) { return reserve(txn, version + 1, next); }));
    reserved = next;
    return {};
  }

  /// REQUIRES: `writing` is held as long as the batch is used.
  ObjectBatch begin(Actor actor) const {
    return ObjectBatch(
        seams, [this](std::string_view type, std::string_view name) { return find(type, name); }, set_aside,
        version, actor);
  }

  /// A change of one object that is seen at once and written by the next flush().
  template <class Work>
  Status write_soon(std::string_view type, std::string_view name, const Work& work) {
    {
      std::lock_guard lock(writing);
      if (version + 1 >= reserved) HF_CHECK(reserve_now());
      auto batch = begin(Actor::kHub);
      HF_CHECK(work(batch));
      if (batch.changes().empty()) return {};
      dirty.insert({std::string(type), std::string(name)});
      apply(batch.changes());
    }
    tell();
    return {};
  }

  /// REQUIRES: `writing` is held.
  void apply(std::vector<Change> changes) {
    std::unique_lock lock(reading);
    for (auto& change : changes) {
      version = change.version;
      set_aside.erase({change.type, change.name});
      auto& of_type = types[change.type];
      if (change.kind == ChangeKind::kDeleted)
        of_type.erase(change.name);
      else
        of_type[change.name] = change.object;
      log.append(std::move(change));
    }
  }

  /// Under the lock: who was removed may be gone, so none of its calls may still run then.
  void tell() {
    std::lock_guard lock(listening);
    for (const auto& [id, listener] : listeners) listener();
  }
};

Objects::Objects(Seams seams) : state_(std::make_unique<State>(seams)) {}
Objects::~Objects() = default;

Status Objects::load() {
  auto& state = *state_;
  std::lock_guard writing(state.writing);
  std::unique_lock reading(state.reading);
  const auto tell_unreadable = [](std::string_view stored, const base::Error& error) {
    base::log::error("a stored object cannot be read and is not served; its record is kept",
                     {{"object", stored}, {"error", error.message()}});
  };
  // One record that cannot be read must cost no other: it stays in the table, is not served, and keeps its name.
  const auto read = [&](std::string_view stored, std::string_view value, const auto& keep,
                        const auto& set_aside) {
    const auto key = split_key(stored);
    auto object = read_stored(key, value);
    if (object) return keep(key, *std::move(object));
    tell_unreadable(stored, object.error());
    set_aside(key);
  };
  HF_CHECK(state.seams.store.read([&](sync::ReadTxn& txn) -> Status {
    HF_TRY(const auto reserved, txn.get(kMetaTable, kVersionKey));
    if (reserved) {
      HF_TRY(state.reserved, base::from_decimal(*reserved));
    }
    HF_CHECK(txn.scan_past(
        kObjectTable, "",
        [&](std::string_view stored, std::string_view value) {
          read(
              stored, value,
              [&](const Key& key, ObjectPtr object) {
                state.types[key.first][key.second] = std::move(object);
              },
              [&](const Key& key) { state.set_aside.insert(key); });
          return true;
        },
        [&](std::string_view stored, const base::Error& error) {
          tell_unreadable(stored, error);
          state.set_aside.insert(split_key(stored));
        }));
    return txn.scan_past(
        kTombstoneTable, "",
        [&](std::string_view stored, std::string_view value) {
          read(
              stored, value,
              [&](const Key& key, const ObjectPtr& object) {
                state.tombstones[key] = {key.second, name_of(*object), object};
              },
              [](const Key&) {});  // nobody asks for it by name
          return true;
        },
        tell_unreadable);
  }));
  state.version = state.reserved;
  state.log.begin(state.version);
  return {};
}

Result<ObjectPtr> Objects::get(std::string_view type, std::string_view name) const {
  HF_TRY([[maybe_unused]] const auto* known, known_type(type));
  std::shared_lock lock(state_->reading);
  if (const auto* found = state_->find(type, name)) return *found;
  if (state_->set_aside.contains({std::string(type), std::string(name)}))
    return fail(Code::kNotFound, unreadable(type, name).message());
  return fail(missing(type, name));
}

Result<Listing> Objects::list(std::string_view type, const ListOptions& options) const {
  HF_TRY([[maybe_unused]] const auto* known, known_type(type));
  HF_TRY(const auto filter, ObjectFilter::parse(options));
  Listing listing;
  std::shared_lock lock(state_->reading);
  listing.version = state_->version;
  const auto of_type = state_->types.find(type);
  if (of_type == state_->types.end()) return listing;
  for (const auto& [name, object] : of_type->second) {
    if (filter.matches(*object)) listing.items.push_back(object);
  }
  return listing;
}

std::size_t Objects::count(std::string_view type) const {
  std::shared_lock lock(state_->reading);
  const auto of_type = state_->types.find(type);
  return of_type == state_->types.end() ? 0 : of_type->second.size();
}

std::uint64_t Objects::version() const {
  std::shared_lock lock(state_->reading);
  return state_->version;
}

Status Objects::write(Actor actor, const Work& work) {
  auto& state = *state_;
  {
    std::lock_guard writing(state.writing);
    auto batch = state.begin(actor);
    HF_CHECK(work(batch));
    if (batch.changes().empty()) return {};
    std::uint64_t reserved = 0;
    HF_CHECK(state.seams.store.write([&](sync::WriteTxn& txn) -> Status {
      HF_CHECK(batch.write_to(txn));
      return state.reserve(txn, batch.changes().back().version, reserved);
    }));
    state.reserved = reserved;
    for (const auto& change : batch.changes()) state.dirty.erase({change.type, change.name});
    {
      std::unique_lock reading(state.reading);
      for (const auto& [key, tombstone] : batch.buried()) state.tombstones[key] = tombstone;
    }
    state.apply(batch.changes());
  }
  state.tell();
  return {};
}

Status Objects::rehearse(Actor actor, const Work& work) const {
  auto& state = *state_;
  std::lock_guard writing(state.writing);
  auto batch = state.begin(actor);
  return work(batch);
}

namespace {

/// One change as a batch of one.
template <class Work>
Result<ObjectPtr> write_one_object(Objects& objects, Actor actor, const Work& work) {
  ObjectPtr out;
  HF_CHECK(objects.write(actor, [&](ObjectWriter& writer) -> Status {
    HF_TRY(out, work(writer));
    return {};
  }));
  return out;
}

}  // namespace

Result<ObjectPtr> Objects::create(std::string_view type, const Json& object, Actor actor) {
  return write_one_object(*this, actor, [&](ObjectWriter& writer) { return writer.create(type, object); });
}

Result<ObjectPtr> Objects::update(std::string_view type, std::string_view name, const Json& object,
                                  Actor actor) {
  return write_one_object(*this, actor,
                          [&](ObjectWriter& writer) { return writer.update(type, name, object); });
}

Result<ObjectPtr> Objects::patch(std::string_view type, std::string_view name, const Json& patch,
                                 Actor actor) {
  return write_one_object(*this, actor,
                          [&](ObjectWriter& writer) { return writer.patch(type, name, patch); });
}

Result<ObjectPtr> Objects::remove(std::string_view type, std::string_view name,
                                  const DeleteOptions& options) {
  return write_one_object(*this, Actor::kHub,
                          [&](ObjectWriter& writer) { return writer.remove(type, name, options); });
}

Result<ObjectPtr> Objects::update_status(std::string_view type, std::string_view name, const Json& status,
                                         Persist persist) {
  if (persist == Persist::kNow) {
    return write_one_object(*this, Actor::kHub,
                            [&](ObjectWriter& writer) { return writer.update_status(type, name, status); });
  }
  ObjectPtr out;
  HF_CHECK(state_->write_soon(type, name, [&](ObjectBatch& batch) -> Status {
    HF_TRY(out, batch.update_status(type, name, status));
    return {};
  }));
  return out;
}

Status Objects::put_soon(std::string_view type, std::string_view name, const Json& object) {
  return state_->write_soon(type, name, [&](ObjectBatch& batch) -> Status {
    batch.put(type, name, object);
    return {};
  });
}

Status Objects::remove_soon(std::string_view type, std::string_view name) {
  return state_->write_soon(type, name, [&](ObjectBatch& batch) -> Status {
    batch.erase(type, name);
    return {};
  });
}

Result<std::vector<Change>> Objects::changes_since(std::uint64_t version, std::string_view type) const {
  std::shared_lock lock(state_->reading);
  return state_->log.since(version, type);
}

std::uint64_t Objects::add_listener(Listener listener) {
  std::lock_guard lock(state_->listening);
  state_->listeners[state_->next_listener] = std::move(listener);
  return state_->next_listener++;
}

void Objects::remove_listener(std::uint64_t id) {
  std::lock_guard lock(state_->listening);
  state_->listeners.erase(id);
}

std::vector<Tombstone> Objects::tombstones(std::string_view type) const {
  std::shared_lock lock(state_->reading);
  std::vector<Tombstone> out;
  for (const auto& [key, tombstone] : state_->tombstones) {
    if (key.first == type) out.push_back(tombstone);
  }
  return out;
}

Status Objects::forget_tombstone(std::string_view type, std::string_view uid) {
  auto& state = *state_;
  const Key key{std::string(type), std::string(uid)};
  std::lock_guard writing(state.writing);
  HF_CHECK(state.seams.store.write(
      [&](sync::WriteTxn& txn) { return txn.erase(kTombstoneTable, store_key(key)); }));
  std::unique_lock reading(state.reading);
  state.tombstones.erase(key);
  return {};
}

bool Objects::is_dirty() const {
  std::lock_guard writing(state_->writing);
  return !state_->dirty.empty();
}

Status Objects::flush(const std::function<Status(sync::WriteTxn&)>& also) {
  auto& state = *state_;
  std::lock_guard writing(state.writing);
  if (state.dirty.empty() && !also) return {};
  std::uint64_t reserved = 0;
  HF_CHECK(state.seams.store.write([&](sync::WriteTxn& txn) -> Status {
    for (const auto& key : state.dirty) {
      const auto* found = state.find(key.first, key.second);
      if (found == nullptr)
        HF_CHECK(txn.erase(kObjectTable, store_key(key)));
      else
        HF_CHECK(txn.put(kObjectTable, store_key(key), base::canonical_json(**found)));
    }
    HF_CHECK(state.reserve(txn, state.version, reserved));
    return also ? also(txn) : Status{};
  }));
  state.reserved = reserved;
  state.dirty.clear();
  return {};
}

std::string name_of(const Json& object) { return text_at(object, "metadata/name"); }
std::string uid_of(const Json& object) { return text_at(object, "metadata/uid"); }
std::uint64_t version_of(const Json& object) {
  return base::from_decimal(text_at(object, "metadata/resourceVersion")).value_or(0);
}
bool is_being_deleted(const Json& object) { return find_at(object, "metadata/deletionTimestamp") != nullptr; }
std::map<std::string, std::string> labels_of(const Json& object) {
  return strings_at(object, "metadata/labels");
}
std::map<std::string, std::string> annotations_of(const Json& object) {
  return strings_at(object, "metadata/annotations");
}

}  // namespace holdfast::hub
