// SPDX-License-Identifier: Apache-2.0
#include "hub/root_plan.hpp"

#include <algorithm>
#include <array>
#include <map>
#include <nlohmann/json.hpp>
#include <set>
#include <tuple>

#include "gitops/manifest_finding.hpp"
#include "hub/admission.hpp"
#include "hub/application_book.hpp"
#include "hub/json_path.hpp"
#include "hub/resource_types.hpp"
#include "sync/model/labels.hpp"

namespace holdfast::hub {

using base::Json;

namespace {

constexpr std::string_view kAnnotationGitLabels = "holdfast.dev/git-labels";  // of a Node: keys that Git set

using Id = std::pair<std::string, std::string>;  // type, name

std::string managed_by(const Json& object) {
  const auto annotations = annotations_of(object);
  const auto found = annotations.find(std::string(kAnnotationManagedBy));
  return found == annotations.end() ? "" : found->second;
}

gitops::Finding finding(const gitops::Manifest& manifest, std::string resource, std::string message) {
  return {gitops::Severity::kError, manifest.file, manifest.line, std::move(resource), "",
          std::move(message)};
}

/// Errors as the API would give them; a Node is only ever labelled.
base::Status check(const ResourceType& type, const Json& json) {
  if (type.plural != kApplications && type.plural != kProjects && type.plural != kNodes) {
    return base::fail(base::Code::kUnsupported, "cannot come from Git; make it through the API");
  }
  if (find_at(json, "status") != nullptr)
    return base::fail(base::Code::kInvalid, "status: is written by the hub, remove it");
  if (type.plural == kNodes) {
    if (find_at(json, "spec") == nullptr) return {};
    return base::fail(base::Code::kInvalid,
                      "spec: a Node in Git only gives labels; a node joins by enrolment");
  }
  AdmissionInput input;
  input.actor = Actor::kPerson;
  if (auto admitted = admit_create(type, json, input); !admitted)
    return base::fail(std::move(admitted).error());
  return {};
}

/// Annotations of ours that Git does not know of stay.
sync::StringMap annotations(const Json& wanted, const Json* existing, const std::string& root) {
  auto out = annotations_of(wanted);
  out[std::string(kAnnotationManagedBy)] = root;
  if (existing == nullptr) return out;
  for (const auto& [key, value] : annotations_of(*existing)) {
    if (key == kAnnotationPinned) out.emplace(key, value);
  }
  return out;
}

Json merged(const Json& wanted, const Json& existing, const std::string& root) {
  Json out = wanted;
  Json& metadata = out["metadata"];
  metadata["annotations"] = annotations(wanted, &existing, root);
  metadata["resourceVersion"] = text_at(existing, "metadata/resourceVersion");
  return out;
}

/// Labels of a Node: those that Git gave before and gives no more go, a person's stay.
Json labelled(const Json& wanted, const Json& node) {
  Json out = node;
  out.erase("status");
  auto labels = labels_of(node);
  auto notes = annotations_of(node);
  if (const auto given = notes.find(std::string(kAnnotationGitLabels)); given != notes.end()) {
    std::string rest = given->second;
    while (!rest.empty()) {
      const auto comma = rest.find(',');
      labels.erase(rest.substr(0, comma));
      rest = comma == std::string::npos ? "" : rest.substr(comma + 1);
    }
  }
  std::string given;
  for (const auto& [key, value] : labels_of(wanted)) {
    labels[key] = value;
    given += (given.empty() ? "" : ",") + key;
  }
  notes[std::string(kAnnotationGitLabels)] = given;
  out["metadata"]["labels"] = labels;
  out["metadata"]["annotations"] = notes;
  return out;
}

bool differs(const Json& next, const Json& existing) {
  return next.value("spec", Json()) != existing.value("spec", Json()) ||
         labels_of(next) != labels_of(existing) || annotations_of(next) != annotations_of(existing) ||
         next["metadata"].value("finalizers", Json()) != existing["metadata"].value("finalizers", Json());
}

class RootPlanner {
 public:
  explicit RootPlanner(const RootPlanInput& input) : input_(input) {
    for (const auto& object : input.existing) {
      const auto* type = find_type_by_kind(text_at(*object, "kind"));
      if (type != nullptr) existing_[{std::string(type->plural), name_of(*object)}] = object.get();
    }
    for (const auto& wanted : input.wanted) {
      if (wanted.type == kProjects) projects_[wanted.name] = Json::parse(wanted.json, nullptr, false);
    }
  }

  RootPlan plan() {
    for (const auto& wanted : input_.wanted) want(wanted);
    prune();
    return std::move(plan_);
  }

 private:
  void want(const WantedObject& wanted) {
    const Id id{wanted.type, wanted.name};
    const std::string place = wanted.file + ":" + std::to_string(wanted.line) + ": ";
    wanted_.insert(id);
    if (wanted.type == kApplications && wanted.name == input_.root) {
      plan_.problems.push_back(place + "Application/" + wanted.name +
                               " is this root itself and is left as it is");
      return;
    }
    const Json json = Json::parse(wanted.json, nullptr, false);
    const auto found = existing_.find(id);
    if (wanted.type == kNodes) {
      if (found == existing_.end())
        plan_.problems.push_back(place + "node \"" + wanted.name + "\" has not joined; its labels wait");
      else
        update(wanted, labelled(json, *found->second), *found->second);
      return;
    }
    if (wanted.type == kApplications) {
      if (auto allowed = check_project(json, project(project_of(json))); !allowed) {
        plan_.problems.push_back(place + "Application/" + wanted.name + ": " + allowed.error().message());
        return;
      }
    }
    if (found == existing_.end()) {
      Json object = json;
      object["metadata"]["annotations"] = annotations(json, nullptr, input_.root);
      plan_.create.push_back({wanted.type, wanted.name, base::canonical_json(object)});
      return;
    }
    if (!is_ours(*found->second)) {
      plan_.problems.push_back(place + wanted.name + " belongs to \"" + managed_by(*found->second) +
                               "\"; remove it from one of them");
      return;
    }
    if (is_being_deleted(*found->second)) {
      plan_.problems.push_back(place + wanted.name + " is being deleted; it is made anew when it is gone");
      return;
    }
    update(wanted, merged(json, *found->second, input_.root), *found->second);
  }

  /// As it will be in force: Git's, where this root may write it.
  const Json* project(const std::string& name) const {
    const Id id{std::string(kProjects), name};
    const auto found = existing_.find(id);
    const auto wanted = projects_.find(name);
    if (wanted == projects_.end()) return found == existing_.end() ? nullptr : found->second;
    if (found == existing_.end()) return &wanted->second;
    const Json& existing = *found->second;
    const bool is_written = is_ours(existing) && input_.may_update && !is_being_deleted(existing);
    return is_written ? &wanted->second : &existing;
  }

  /// Or nobody's, and so may be taken over.
  bool is_ours(const Json& existing) const {
    const auto owner = managed_by(existing);
    return owner.empty() || owner == input_.root;
  }

  void update(const WantedObject& wanted, const Json& next, const Json& existing) {
    if (!differs(next, existing)) return;
    if (input_.may_update)
      plan_.update.push_back({wanted.type, wanted.name, base::canonical_json(next)});
    else
      plan_.problems.push_back(wanted.name + " was changed by hand (selfHeal is off)");
  }

  void prune() {
    std::vector<Id> leftovers;
    std::size_t owned = 0;
    for (const auto& [id, object] : existing_) {
      if (id.first == kNodes || managed_by(*object) != input_.root) continue;
      if (is_being_deleted(*object)) continue;
      ++owned;
      if (!wanted_.contains(id)) leftovers.push_back(id);
    }
    if (leftovers.empty()) return;
    const bool holds_something = std::ranges::any_of(wanted_, [&](const Id& id) {
      return id.first != kNodes && id != Id{std::string(kApplications), input_.root};
    });
    if (!holds_something && !input_.allow_empty) {
      plan_.emptiness_refused = true;
      return;
    }
    if (!input_.may_prune) {
      for (const auto& id : leftovers)
        plan_.problems.push_back(id.second + " is not in Git any more (prune is off)");
      return;
    }
    if (!input_.prune_confirmed && leftovers.size() > input_.prune_limit.allowed(owned)) {
      for (const auto& id : leftovers) plan_.held.push_back(id.second);
      return;
    }
    for (const auto& id : leftovers) plan_.remove.push_back({id.first, id.second, ""});
  }

  const RootPlanInput& input_;
  std::map<Id, const Json*> existing_;
  std::set<Id> wanted_;
  std::map<std::string, Json> projects_;  // as Git has them
  RootPlan plan_;
};

}  // namespace

WantedObjects read_wanted(const std::vector<gitops::Manifest>& manifests) {
  WantedObjects out;
  std::map<Id, std::string> seen;
  for (const auto& manifest : manifests) {
    const auto json = base::parse_json(manifest.json);
    if (!json) {
      out.findings.push_back(finding(manifest, "", json.error().message()));
      continue;
    }
    const auto kind = text_at(*json, "kind");
    const auto name = text_at(*json, "metadata/name");
    const auto brief = kind + "/" + name;
    const auto* type = find_type_by_kind(kind);
    if (type == nullptr) {
      out.findings.push_back(finding(manifest, brief, "kind " + kind + " is not supported by this release"));
      continue;
    }
    if (auto status = check(*type, *json); !status) {
      out.findings.push_back(gitops::finding_in(manifest, *json, status.error()));
      continue;
    }
    const auto place = manifest.file + ":" + std::to_string(manifest.line);
    const auto [at, is_new] = seen.try_emplace({std::string(type->plural), name}, place);
    if (!is_new) {
      out.findings.push_back(finding(manifest, brief, "stands also in " + at->second + "; keep one of them"));
      continue;
    }
    out.list.push_back({std::string(type->plural), name, manifest.json, manifest.file, manifest.line});
  }
  std::ranges::sort(out.list, {}, [](const WantedObject& item) { return std::tie(item.type, item.name); });
  return out;
}

RootPlan plan_root(const RootPlanInput& input) { return RootPlanner(input).plan(); }

}  // namespace holdfast::hub
