// SPDX-License-Identifier: Apache-2.0
#include "hub/object_batch.hpp"

#include <nlohmann/json.hpp>

#include "base/time_text.hpp"
#include "hub/admission.hpp"
#include "hub/json_path.hpp"
#include "hub/kept_json.hpp"
#include "hub/tables.hpp"

namespace holdfast::hub {

using base::Code;
using base::fail;
using base::Json;
using base::Result;
using base::Status;

namespace {

ObjectPtr with_version(Json object, std::uint64_t version) {
  object["metadata"]["resourceVersion"] = std::to_string(version);
  return std::make_shared<const Json>(std::move(object));
}

}  // namespace

std::string store_key(const ObjectKey& key) { return key.first + "/" + key.second; }

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

Result<ObjectPtr> ObjectBatch::get(std::string_view type, std::string_view name) const {
  HF_TRY([[maybe_unused]] const auto* known, known_type(type));
  if (auto object = current(type, name)) return object;
  return fail(missing(type, name));
}

Result<ObjectPtr> ObjectBatch::create(std::string_view type, const Json& given) {
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

Result<ObjectPtr> ObjectBatch::update(std::string_view type, std::string_view name, const Json& given) {
  HF_TRY(const auto* known, known_type(type));
  const auto before = current(type, name);
  if (!before) return fail(missing(type, name));
  HF_TRY(auto object, admit_update(*known, *before, given, actor_));
  if (object == *before) return before;
  if (object.value("spec", Json()) != before->value("spec", Json())) HF_CHECK(check_belongs(*known, object));
  if (is_being_deleted(object) && find_at(object, "metadata/finalizers") == nullptr)
    return bury(*known, std::move(object));
  return stage(ChangeKind::kModified, type, name, std::move(object));
}

Result<ObjectPtr> ObjectBatch::patch(std::string_view type, std::string_view name, const Json& patch) {
  if (!patch.is_object()) return fail(Code::kInvalid, "the patch must be a JSON object");
  HF_TRY(const auto before, get(type, name));
  Json target = *before;
  target["metadata"].erase("resourceVersion");  // a patch that names one means it as a condition
  return update(type, name, merge_patch(target, patch));
}

Result<ObjectPtr> ObjectBatch::update_status(std::string_view type, std::string_view name,
                                             const Json& status) {
  const auto before = current(type, name);
  if (!before) return fail(missing(type, name));
  // What the hub says of an object quotes Git and nodes: a byte that is no text must not cost the record.
  Json clean = made_keepable(status);
  if (const Json* old = find_at(*before, "status"); old != nullptr && *old == clean) return before;
  Json object = *before;
  object["status"] = std::move(clean);
  return stage(ChangeKind::kModified, type, name, std::move(object));
}

Result<ObjectPtr> ObjectBatch::remove(std::string_view type, std::string_view name,
                                      const DeleteOptions& options) {
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

void ObjectBatch::put(std::string_view type, std::string_view name, Json object) {
  const bool known = current(type, name) != nullptr;
  stage(known ? ChangeKind::kModified : ChangeKind::kAdded, type, name, made_keepable(std::move(object)));
}

void ObjectBatch::erase(std::string_view type, std::string_view name) {
  if (const auto before = current(type, name)) stage(ChangeKind::kDeleted, type, name, *before);
}

Status ObjectBatch::write_to(sync::WriteTxn& txn) const {
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

bool ObjectBatch::is_set_aside(std::string_view type, std::string_view name) const {
  return set_aside_.contains({std::string(type), std::string(name)});
}

/// What Git says of a project is checked where Git is read: one Application must not hold up all others there.
Status ObjectBatch::check_belongs(const ResourceType& type, const Json& object) const {
  if (actor_ == Actor::kHub || type.plural != kApplications) return {};
  return check_project(object, current(kProjects, project_of(object)).get());
}

/// A person gives it up. Nobody can say what it was, so it leaves no tombstone: nodes keep what they hold.
Result<ObjectPtr> ObjectBatch::drop_unreadable(const ResourceType& type, std::string_view name,
                                               const DeleteOptions& options) {
  if (!options.uid.empty() || !options.resource_version.empty()) return fail(unreadable(type.plural, name));
  return stage(ChangeKind::kDeleted, type.plural, name,
               {{"apiVersion", kApiVersion}, {"kind", type.kind}, {"metadata", {{"name", name}}}});
}

ObjectPtr ObjectBatch::current(std::string_view type, std::string_view name) const {
  const auto staged = staged_.find({std::string(type), std::string(name)});
  if (staged != staged_.end()) return staged->second;
  const auto* found = find_(type, name);
  return found == nullptr ? nullptr : *found;
}

ObjectPtr ObjectBatch::stage(ChangeKind kind, std::string_view type, std::string_view name, Json object) {
  auto kept = with_version(std::move(object), ++version_);
  staged_[{std::string(type), std::string(name)}] = kind == ChangeKind::kDeleted ? nullptr : kept;
  changes_.push_back({version_, kind, std::string(type), std::string(name), kept});
  return kept;
}

ObjectPtr ObjectBatch::bury(const ResourceType& type, Json object) {
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

}  // namespace holdfast::hub
