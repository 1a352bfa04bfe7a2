// SPDX-License-Identifier: Apache-2.0
#include "hub/root_keeper.hpp"

#include <nlohmann/json.hpp>
#include <utility>

#include "hub/json_path.hpp"

namespace holdfast::hub {

using base::Status;

void RootKeeper::keep(ApplicationEntry& application) {
  if (!application.in_force) return;
  if (application.in_force->for_hub().empty() && !application.spec.allow_empty) return;
  const bool confirmed = std::exchange(application.prune_confirmed_once, false);
  RootPlanInput input;
  input.root = application.name;
  for (const auto type : {kApplications, kProjects, kNodes}) {
    if (auto listing = context_.objects.list(type)) {
      input.existing.insert(input.existing.end(), listing->items.begin(), listing->items.end());
    }
  }
  auto wanted = read_wanted(application.in_force->for_hub());
  if (gitops::has_errors(wanted.findings)) return;
  input.wanted = std::move(wanted.list);
  input.may_update =
      application.spec.policy.self_heal || application.hub_objects_at != application.in_force->place().commit;
  input.may_prune = application.spec.policy.prune;
  input.allow_empty = application.spec.allow_empty;
  input.prune_confirmed = confirmed;
  input.prune_limit = application.spec.policy.prune_limit;
  const RootPlan plan = plan_root(input);
  if (auto status = carry_out(application, plan); !status)
    return context_.look_again_later(application, status.error());
  application.hub_objects_at = application.in_force->place().commit;
  application.hub_problems = plan.problems;
  if (plan.emptiness_refused) {
    context_.set_condition(
        application, kEmptyRefused,
        "no Application is left at " + application.in_force->place().path +
            "; refused, and everything stays, unless syncPolicy.automated.allowEmpty is true");
  }
  std::string held;
  for (const auto& name : plan.held) held += (held.empty() ? "" : ", ") + name;
  context_.set_condition(application, kPruneHeld,
                         held.empty()
                             ? ""
                             : "more would be deleted than maxPrune allows (" + held + "); \"holdfast sync " +
                                   application.name + " --confirm-prune\" allows it");
}

Status RootKeeper::carry_out(ApplicationEntry& application, const RootPlan& plan) {
  if (plan.create.empty() && plan.update.empty() && plan.remove.empty()) return {};
  HF_CHECK(context_.objects.write(Actor::kHub, [&](ObjectWriter& writer) -> Status {
    for (const auto& item : plan.create) {
      HF_TRY(const auto json, base::parse_json(item.json));
      HF_CHECK(writer.create(item.type, json).map([](const ObjectPtr&) {}));
    }
    for (const auto& item : plan.update) {
      HF_TRY(const auto json, base::parse_json(item.json));
      HF_CHECK(writer.update(item.type, item.name, json).map([](const ObjectPtr&) {}));
    }
    for (const auto& item : plan.remove) {
      HF_CHECK(writer.remove(item.type, item.name, {}).map([](const ObjectPtr&) {}));
    }
    return {};
  }));
  for (const auto& item : plan.remove) {
    context_.tell(application, sync::EventType::kNormal, "Deleted", item.name + " is not in Git any more");
  }
  return {};
}

bool RootKeeper::delete_children(const ApplicationEntry& application) {
  bool any = false;
  for (const auto type : {kApplications, kProjects}) {
    const auto listing = context_.objects.list(type);
    if (!listing) continue;
    for (const auto& object : listing->items) {
      const auto notes = annotations_of(*object);
      const auto owner = notes.find(std::string(kAnnotationManagedBy));
      if (owner == notes.end() || owner->second != application.name) continue;
      any = true;
      if (is_being_deleted(*object)) continue;
      if (auto done = context_.objects.remove(type, name_of(*object)); !done)
        context_.look_again_later(application, done.error());
    }
  }
  return any;
}

}  // namespace holdfast::hub
