// SPDX-License-Identifier: Apache-2.0
#include "hub/cli/write_objects.hpp"

#include <nlohmann/json.hpp>

#include "gitops/document.hpp"
#include "hub/cli/object_fields.hpp"

namespace holdfast::cli {

using base::Code;
using base::fail;
using base::Json;
using base::Result;
using base::Status;

namespace {

constexpr int kConflictsMax = 5;

Status add_object(const Json& json, const std::string& where, std::vector<WrittenObject>& out);

Status add_list(const Json& list, const std::string& where, std::vector<WrittenObject>& out) {
  for (const auto& item : list_at(list, "items")) HF_CHECK(add_object(item, where, out));
  return {};
}

Status add_object(const Json& json, const std::string& where, std::vector<WrittenObject>& out) {
  if (!json.is_object()) return fail(Code::kInvalid, where + ": must be an object");
  const auto kind = text_at(json, "kind");
  if (kind.ends_with("List") && find_at(json, "items") != nullptr) return add_list(json, where, out);
  const auto* type = find_object_type_by_kind(kind);
  if (type == nullptr || text_at(json, "apiVersion") != kApiVersion) {
    return fail(Code::kInvalid, where + ": the hub keeps no " + text_at(json, "apiVersion") + " " +
                                    (kind.empty() ? "object without kind" : kind) +
                                    "; what nodes hold (File, Process, ConfigMap) is committed to Git");
  }
  const auto name = text_at(json, "metadata/name");
  if (name.empty()) return fail(Code::kInvalid, where + ": metadata.name: is missing");
  out.push_back({type, name, json.dump(), where});
  return {};
}

/// Whose value the hub alone keeps.
bool is_of_hub(const std::string& member) { return member == "status" || member == "metadata"; }

void merge_strings(const Json& wanted, const char* member, Json& metadata) {
  const auto* added = find_at(wanted, std::string("metadata/") + member);
  if (added == nullptr || !added->is_object()) return;
  for (const auto& [name, value] : added->items()) metadata[member][name] = value;
}

Result<Written> try_once(ApiClient& hub, const WrittenObject& object) {
  HF_TRY(const Json wanted, base::parse_json(object.json));
  const auto path = ApiPath(object.type->plural).part(object.name);
  const auto present = hub.get(path);
  if (!present && present.error().code() != Code::kNotFound) return fail(present.error());
  if (!present) {
    HF_CHECK(hub.post(ApiPath(object.type->plural), wanted));
    return Written::kCreated;
  }
  const auto next = applied_to(*present, wanted);
  if (next == *present) return Written::kUnchanged;
  HF_TRY(const auto after, hub.put(path, next));
  const bool is_same =
      text_at(after, "metadata/resourceVersion") == text_at(*present, "metadata/resourceVersion");
  return is_same ? Written::kUnchanged : Written::kConfigured;
}

}  // namespace

Result<std::vector<WrittenObject>> read_objects(std::string_view text, const std::string& file) {
  const auto documents = gitops::read_yaml(text);
  if (documents.problem) {
    const auto line = documents.problem->line == 0 ? "" : ":" + std::to_string(documents.problem->line);
    return fail(Code::kInvalid, file + line + ": " + documents.problem->message);
  }
  std::vector<WrittenObject> out;
  for (const auto& document : documents.list) {
    const auto where = file + ":" + std::to_string(document.line);
    auto json = base::parse_json(document.json);
    if (!json) return fail(std::move(json).error().with_context(where));
    HF_CHECK(add_object(*json, where, out));
  }
  if (out.empty()) return fail(Code::kInvalid, file + ": holds no object");
  return out;
}

Json applied_to(const Json& present, const Json& wanted) {
  Json next = Json::object();
  for (const auto& [name, value] : wanted.items()) {
    if (!is_of_hub(name)) next[name] = value;
  }
  next["metadata"] = present.value("metadata", Json::object());
  merge_strings(wanted, "labels", next["metadata"]);
  merge_strings(wanted, "annotations", next["metadata"]);
  if (const auto* status = find_at(present, "status")) next["status"] = *status;
  return next;
}

Result<Written> write_object(ApiClient& hub, const WrittenObject& object) {
  for (int attempt = 1;; ++attempt) {
    auto written = try_once(hub, object);
    if (written) return written;
    if (written.error().code() == Code::kConflict && attempt < kConflictsMax) continue;
    return fail(std::move(written).error().with_context(object.where));
  }
}

}  // namespace holdfast::cli
