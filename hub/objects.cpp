// SPDX-License-Identifier: Apache-2.0
#include "hub/objects.hpp"

#include <algorithm>
#include <mutex>
#include <nlohmann/json.hpp>
#include <set>
#include <shared_mutex>
#include <utility>

#include "base/limits.hpp"
#include "base/log.hpp"
#include "base/time_text.hpp"
#include "gitops/application.hpp"
#include "gitops/placement.hpp"
#include "hub/admission.hpp"
#include "hub/change_log.hpp"
#include "hub/json_path.hpp"
#include "hub/kept_json.hpp"
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

using Key = std::pair<std::string, std::string>;  // type, name
using ByName = std::map<std::string, ObjectPtr, std::less<>>;

std::string store_key(const Key& key) { return key.first + "/" + key.second; }

Result<const ResourceType*> known_type(std::string_view plural) {
  if (const auto* type = find_type(plural)) return type;
  std::string message = "there is no type \"" + std::string(plural) + "\"; there are";
  for (const auto& type : all_types()) message.append(" ").append(type.plural);
  return fail(Code::kNotFound, std::move(message));
}

base::Error missing(std::string_view type, std::string_view name) {
  return base::Error(Code::kNotFound, std::string(type) + " \"" + std::string(name) + "\" not found");
}

base::Error unreadable(std::string_view type, std::string_view name) {
  return base::Error(Code::kConflict,
                     std::string(type) + " \"" + std::string(name) +
                         "\" is stored and cannot be read, the hub's log says why; put the store back from a "
                         "backup, or delete this object to give it up");
}

ObjectPtr with_version(Json object, std::uint64_t version) {
  object["metadata"]["resourceVersion"] = std::to_string(version);
  return std::make_shared<const Json>(std::move(object));
}

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

namespace {

/// The changes of one write, seen by nobody else until it is committed.
class Batch final : public ObjectWriter {
 public:
  using Find = std::function<const ObjectPtr*(std::string_view type, std::string_view name)>;
  Batch(Objects::Seams seams, Find find, const std::set<Key>& set_aside, std::uint64_t version, Actor actor)
      : seams_(seams), find_(std::move(find)), set_aside_(set_aside), version_(version), actor_(actor) {}

  Result<ObjectPtr> get(std::string_view type, std::string_view name) const override {
    HF_TRY([[maybe_unused]] const auto* known, known_type(type));
    if (auto object = current(type, name)) return object;
    return fail(missing(type, name));
  }

  Result<ObjectPtr> create(std::string_view type, const Json& given) override {
    HF_TRY(const auto* known, known_type(type));
    AdmissionInput input{
        .now = seams_.clock.wall(), .uid = seams_.random.uuid(), .suffix = {}, .actor = actor_};
    input.suffix = input.uid.substr(0, 5);
    HF_TRY(auto object, admit_create(*known, given, input));
    const auto name = name_of(object);
    if (current(type, name)) {
      return fail(Code::kConflict, std::string(type) + " \"" + name + "\" already exists");
    }
    if (is_set_aside(type, name)) return fail(unreadable(type, name));
    HF_CHECK(check_belongs(*known, object));
    return stage(ChangeKind::kAdded, type, name, std::move(object));
  }

  Result<ObjectPtr> update(std::string_view type, std::string_view name, const Json& given) override {
    HF_TRY(const auto* known, known_type(type));
    const auto before = current(type, name);
    if (!before) return fail(missing(type, name));
    HF_TRY(auto object, admit_update(*known, *before, given, actor_));
    if (object == *before) return before;
    if (object.value("spec", Json()) != before->value("spec", Json()))
      HF_CHECK(check_belongs(*known, object));
    if (is_being_deleted(object) && find_at(object, "metadata/finalizers") == nullptr)
      return bury(*known, std::move(object));
    return stage(ChangeKind::kModified, type, name, std::move(object));
  }

  Result<ObjectPtr> patch(std::string_view type, std::string_view name, const Json& patch) override {
    if (!patch.is_object()) return fail(Code::kInvalid, "the patch must be a JSON object");
    HF_TRY(const auto before, get(type, name));
    Json target = *before;
    target["metadata"].erase("resourceVersion");  // a patch that names one means it as a condition
    return update(type, name, merge_patch(target, patch));
  }

  Result<ObjectPtr> update_status(std::string_view type, std::string_view name, const Json& status) override {
    const auto before = current(type, name);
    if (!before) return fail(missing(type, name));
    // What the hub says of an object quotes Git and nodes: a byte that is no text must not cost the record.
    Json clean = made_keepable(status);
    if (const Json* old = find_at(*before, "status"); old != nullptr && *old == clean) return before;
    Json object = *before;
    object["status"] = std::move(clean);
    return stage(ChangeKind::kModified, type, name, std::move(object));
  }

  Result<ObjectPtr> remove(std::string_view type, std::string_view name,
                           const DeleteOptions& options) override {
    HF_TRY(const auto* known, known_type(type));
    const auto before = current(type, name);
    if (!before && is_set_aside(type, name)) return drop_unreadable(*known, name, options);
    if (!before) return fail(missing(type, name));
    if ((!options.uid.empty() && options.uid != uid_of(*before)) ||
        (!options.resource_version.empty() &&
         options.resource_version != text_at(*before, "metadata/resourceVersion"))) {
      return fail(Code::kConflict,
                  std::string(type) + " \"" + std::string(name) + "\" is not the one that was meant");
    }
    Json object = *before;
    if (find_at(object, "metadata/finalizers") == nullptr) return bury(*known, std::move(object));
    if (is_being_deleted(object)) return before;
    object["metadata"]["deletionTimestamp"] = base::to_rfc3339_seconds(seams_.clock.wall());
    return stage(ChangeKind::kModified, type, name, std::move(object));
  }

  void put(std::string_view type, std::string_view name, Json object) {
    const bool known = current(type, name) != nullptr;
    stage(known ? ChangeKind::kModified : ChangeKind::kAdded, type, name, made_keepable(std::move(object)));
  }
  void erase(std::string_view type, std::string_view name) {
    if (const auto before = current(type, name)) stage(ChangeKind::kDeleted, type, name, *before);
  }

  const std::vector<Change>& changes() const { return changes_; }
  const std::vector<std::pair<Key, Tombstone>>& buried() const { return buried_; }

  Status write_to(sync::WriteTxn& txn) const {
    for (const auto& change : changes_) {
      const auto key = store_key({change.type, change.name});
      if (change.kind == ChangeKind::kDeleted)
        HF_CHECK(txn.erase(kObjectTable, key));
      else
        HF_CHECK(txn.put(kObjectTable, key, base::canonical_json(*change.object)));
    }
    for (const auto& [key, tombstone] : buried_) {
      HF_CHECK(txn.put(kTombstoneTable, store_key(key), base::canonical_json(*tombstone.object)));
    }
    return {};
  }

 private:
  bool is_set_aside(std::string_view type, std::string_view name) const {
    return set_aside_.contains({std::string(type), std::string(name)});
  }

  /// What Git says of a project is checked where Git is read: one Application must not hold up all others there.
  Status check_belongs(const ResourceType& type, const Json& object) const {
    if (actor_ == Actor::kHub || type.plural != kApplications) return {};
    return check_project(object, current(kProjects, project_of(object)).get());
  }

  /// A person gives it up. Nobody can say what it was, so it leaves no tombstone: nodes keep what they hold.
  Result<ObjectPtr> drop_unreadable(const ResourceType& type, std::string_view name,
                                    const DeleteOptions& options) {
    if (!options.uid.empty() || !options.resource_version.empty()) return fail(unreadable(type.plural, name));
    return stage(ChangeKind::kDeleted, type.plural, name,
                 {{"apiVersion", kApiVersion}, {"kind", type.kind}, {"metadata", {{"name", name}}}});
  }

  ObjectPtr current(std::string_view type, std::string_view name) const {
    const auto staged = staged_.find({std::string(type), std::string(name)});
    if (staged != staged_.end()) return staged->second;
    const auto* found = find_(type, name);
    return found == nullptr ? nullptr : *found;
  }

  ObjectPtr stage(ChangeKind kind, std::string_view type, std::string_view name, Json object) {
    auto kept = with_version(std::move(object), ++version_);
    staged_[{std::string(type), std::string(name)}] = kind == ChangeKind::kDeleted ? nullptr : kept;
    changes_.push_back({version_, kind, std::string(type), std::string(name), kept});
    return kept;
  }

  ObjectPtr bury(const ResourceType& type, Json object) {
    const auto name = name_of(object);
    if (!is_being_deleted(object)) {
      object["metadata"]["deletionTimestamp"] = base::to_rfc3339_seconds(seams_.clock.wall());
    }
    auto gone = stage(ChangeKind::kDeleted, type.plural, name, std::move(object));
    if (type.keeps_tombstone) {
      buried_.push_back({{std::string(type.plural), uid_of(*gone)}, {uid_of(*gone), name, gone}});
    }
    return gone;
  }

  Objects::Seams seams_;
  Find find_;
  const std::set<Key>& set_aside_;
  std::uint64_t version_;
  Actor actor_;
  std::map<Key, ObjectPtr> staged_;  // nullptr: deleted in this batch
  std::vector<Change> changes_;
  std::vector<std::pair<Key, Tombstone>> buried_;
};

}  // namespace

Objects::Objects(Seams seams) : state_(std::make_unique<State>(seams)) {}
Objects::~Objects() = default;

Status Objects::load() {
  auto& state = *state_;
  std::lock_guard writing(state.writing);
  std::unique_lock reading(state.reading);
  // One record that cannot be read must cost no other: it stays in the table, is not served, and keeps its name.
  const auto read = [](std::string_view stored, std::string_view value, const auto& keep,
                       const auto& set_aside) {
    const auto key = split_key(stored);
    auto object = read_stored(key, value);
    if (object) return keep(key, *std::move(object));
    base::log::error("a stored object cannot be read and is not served; its record is kept",
                     {{"object", stored}, {"error", object.error().message()}});
    set_aside(key);
  };
  HF_CHECK(state.seams.store.read([&](sync::ReadTxn& txn) -> Status {
    HF_TRY(const auto reserved, txn.get(kMetaTable, kVersionKey));
    if (reserved) {
      HF_TRY(state.reserved, base::from_decimal(*reserved));
    }
    HF_CHECK(txn.scan(kObjectTable, "", [&](std::string_view stored, std::string_view value) {
      read(
          stored, value,
          [&](const Key& key, ObjectPtr object) { state.types[key.first][key.second] = std::move(object); },
          [&](const Key& key) { state.set_aside.insert(key); });
      return true;
    }));
    return txn.scan(kTombstoneTable, "", [&](std::string_view stored, std::string_view value) {
      read(
          stored, value,
          [&](const Key& key, const ObjectPtr& object) {
            state.tombstones[key] = {key.second, name_of(*object), object};
          },
          [](const Key&) {});  // nobody asks for it by name
      return true;
    });
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
    Batch batch(
        state.seams, [&](std::string_view type, std::string_view name) { return state.find(type, name); },
        state.set_aside, state.version, actor);
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
  Batch batch(
      state.seams, [&](std::string_view type, std::string_view name) { return state.find(type, name); },
      state.set_aside, state.version, actor);
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
  auto& state = *state_;
  ObjectPtr out;
  {
    std::lock_guard writing(state.writing);
    if (state.version + 1 >= state.reserved) HF_CHECK(state.reserve_now());
    Batch batch(
        state.seams, [&](std::string_view t, std::string_view n) { return state.find(t, n); },
        state.set_aside, state.version, Actor::kHub);
    HF_TRY(out, batch.update_status(type, name, status));
    if (batch.changes().empty()) return out;
    state.dirty.insert({std::string(type), std::string(name)});
    state.apply(batch.changes());
  }
  state.tell();
  return out;
}

Status Objects::put_soon(std::string_view type, std::string_view name, const Json& object) {
  auto& state = *state_;
  {
    std::lock_guard writing(state.writing);
    if (state.version + 1 >= state.reserved) HF_CHECK(state.reserve_now());
    Batch batch(
        state.seams, [&](std::string_view t, std::string_view n) { return state.find(t, n); },
        state.set_aside, state.version, Actor::kHub);
    batch.put(type, name, object);
    state.dirty.insert({std::string(type), std::string(name)});
    state.apply(batch.changes());
  }
  state.tell();
  return {};
}

Status Objects::remove_soon(std::string_view type, std::string_view name) {
  auto& state = *state_;
  {
    std::lock_guard writing(state.writing);
    if (state.version + 1 >= state.reserved) HF_CHECK(state.reserve_now());
    Batch batch(
        state.seams, [&](std::string_view t, std::string_view n) { return state.find(t, n); },
        state.set_aside, state.version, Actor::kHub);
    batch.erase(type, name);
    if (batch.changes().empty()) return {};
    state.dirty.insert({std::string(type), std::string(name)});
    state.apply(batch.changes());
  }
  state.tell();
  return {};
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
