// SPDX-License-Identifier: Apache-2.0
#include "hub/explain.hpp"

#include <algorithm>
#include <map>
#include <tuple>

#include "base/limits/hub.hpp"
#include "base/log.hpp"
#include "gitops/application_folder.hpp"
#include "sync/model/secret.hpp"
#include "sync/model/section.hpp"

namespace holdfast::hub {

using base::Code;
using base::fail;
using base::Result;

namespace {

/// The resources of one section as a node has them or would get them; Secrets redacted.
struct Content {
  std::vector<sync::Resource> resources;
  std::vector<sync::Provenance> provenance;
};

Result<Content> decode(const std::string& section, const std::string& provenance) {
  Content out;
  HF_TRY(auto decoded, sync::decode_section(section));
  for (const auto& resource : decoded.resources) {
    HF_TRY(auto shown, sync::redacted(resource));
    out.resources.push_back(std::move(shown));
  }
  if (!provenance.empty()) {
    HF_TRY(out.provenance, sync::decode_provenance(provenance));
  }
  return out;
}

Result<Content> stored(const DesiredBook& book, const sync::SectionRef& ref) {
  HF_TRY(const auto section, book.body(ref.digest));
  HF_TRY(const auto provenance, book.provenance(ref.provenance));
  return decode(section, provenance);
}

const sync::Provenance* origin_of(const std::vector<sync::Provenance>& list, const sync::ResourceKey& key) {
  const auto found = std::ranges::find(list, key, &sync::Provenance::key);
  return found == list.end() ? nullptr : &*found;
}

std::map<sync::ResourceKey, const sync::Resource*> by_key(const Content& content) {
  std::map<sync::ResourceKey, const sync::Resource*> out;
  for (const auto& resource : content.resources) out.emplace(resource.key, &resource);
  return out;
}

/// Differences between two contents, without nodes.
std::vector<Difference> compare(const Content& before, const Content& after) {
  std::vector<Difference> out;
  const auto old_ones = by_key(before);
  const auto new_ones = by_key(after);
  for (const auto& [key, resource] : new_ones) {
    const auto old = old_ones.find(key);
    if (old != old_ones.end() && old->second->digest == resource->digest) continue;
    Difference difference;
    difference.kind = old == old_ones.end() ? DifferenceKind::kCreate : DifferenceKind::kUpdate;
    difference.key = key;
    difference.before = old == old_ones.end() ? "" : old->second->body;
    difference.after = resource->body;
    if (const auto* origin = origin_of(after.provenance, key)) {
      difference.file = origin->file;
      difference.line = origin->line;
    }
    out.push_back(std::move(difference));
  }
  for (const auto& [key, resource] : old_ones) {
    if (new_ones.contains(key)) continue;
    Difference difference;
    difference.kind = DifferenceKind::kDelete;
    difference.key = key;
    difference.before = resource->body;
    out.push_back(std::move(difference));
  }
  return out;
}

/// Nodes that differ in the same way share one row.
void merge(std::vector<Difference>& all, std::vector<Difference> found, const std::string& node) {
  for (auto& difference : found) {
    const auto same = std::ranges::find_if(all, [&](const Difference& known) {
      return std::tie(known.kind, known.key, known.before, known.after, known.message) ==
             std::tie(difference.kind, difference.key, difference.before, difference.after,
                      difference.message);
    });
    if (same != all.end()) {
      same->nodes.push_back(node);
    } else {
      difference.nodes = {node};
      all.push_back(std::move(difference));
    }
  }
}

std::vector<Difference> drifted(const NodeEntry& node, const sync::ApplicationUid& application) {
  std::vector<Difference> out;
  const auto* reported = node.reported_section(application);
  if (reported == nullptr) return out;
  for (const auto& resource : reported->resources) {
    if (resource.sync != sync::SyncStatus::kOutOfSync) continue;
    Difference difference;
    difference.kind = DifferenceKind::kDrift;
    difference.key = resource.key;
    difference.message = resource.reason + (resource.message.empty() ? "" : ": " + resource.message);
    out.push_back(std::move(difference));
  }
  return out;
}

}  // namespace

// ---- why ----

void Explainer::fill_origin(const std::vector<sync::Provenance>& list, Why& why) const {
  const auto* origin = origin_of(list, why.key);
  if (origin == nullptr) return;
  why.source = origin->source;
  why.commit = origin->commit;
  why.file = origin->file;
  why.line = origin->line;
  if (const auto info = context_.seams.git.commit_info(origin->source, origin->commit)) {
    why.author = info->author;
    why.subject = info->subject;
  }
}

void Explainer::fill_report(const NodeEntry& node, const sync::ApplicationUid& application, Why& why) const {
  const auto* reported = node.reported_section(application);
  if (reported == nullptr) return;
  why.phase = sync::to_string(reported->phase);
  const auto found = std::ranges::find(reported->resources, why.key, &sync::ResourceStatus::key);
  const bool is_known = found != reported->resources.end();
  why.sync = is_known ? found->sync : reported->sync;
  why.health = is_known ? found->health : reported->health;
  why.reason = is_known ? found->reason : reported->reason;
  why.message = is_known ? found->message : reported->message;
  if (why.message.empty()) why.message = reported->message;
  if (why.reason.empty()) why.reason = reported->reason;
}

namespace {

/// By the reason that the node gives; docs/troubleshooting.md has all of them.
std::string next_of(const Why& why) {
  const auto& reason = why.reason;
  if (reason == "PruneLimit")
    return "a person says that it may go: holdfast sync " + why.application + " --confirm-prune";
  if (reason == "PruneDisabled" || reason == "NotOurs")
    return "nothing: it stays, until somebody deletes it by hand";
  if (reason == "SelfHealDisabled")
    return "nothing: the application does not put right what was changed by hand "
           "(syncPolicy.automated.selfHeal)";
  if (reason == "HookRunning")
    return "it is waited for until it has ended well; nothing of a later stage is touched before";
  if (reason == "HookSucceeded" || reason == "HookFailed" || reason == "HookOver")
    return "nothing: the hook is over, and runs with the next revision";
  if (reason == "Unobservable")
    return "nothing is done before it can be looked at again, which the node tries by itself";
  if (why.phase == "Unschedulable")
    return "what the node has stays; it goes on by itself once the node has what the message names";
  if (why.phase == "Retrying")
    return "it is tried again, ever later; when, the node says: holdfast-agent why " + why.key.brief();
  if (why.sync != sync::SyncStatus::kSynced)
    return "the node is working on it; see phase, reason and message";
  if (why.health == sync::Health::kDegraded || why.health == sync::Health::kMissing)
    return std::string("it is as Git says, and not healthy; ") +
           (why.key.kind == "Unit" ? "systemd starts it again as its Restart= says"
                                   : "the node starts it again as its restartPolicy says");
  if (why.health == sync::Health::kProgressing)
    return "it is as Git says, and becomes healthy, or fails in time";
  return "nothing: it is as Git says; the node keeps it so";
}

}  // namespace

void Explainer::fill_next(const NodeEntry& node, const sync::ApplicationUid& uid, Why& why) const {
  const auto* application = context_.applications.find(uid);
  const auto placing = node.placings.find(uid);
  if (placing != node.placings.end() && !placing->second.reason.empty()) {
    why.blocked_by = placing->second.reason + ": " + placing->second.message;
    why.next = "the node keeps what it has; mend this in Git or through the hub, then it goes on by itself";
    return;
  }
  if (!node.ahead.empty() || !node.refused.empty() || !node.problem.empty()) {
    why.blocked_by = !node.ahead.empty() ? node.ahead : !node.refused.empty() ? node.refused : node.problem;
    why.next = "nothing is sent to this node until that is settled";
    return;
  }
  if (application != nullptr) {
    for (const auto& [type, message] : application->conditions) {
      if (type == kRolledBack) continue;
      why.blocked_by = type + ": " + message;
      why.next = "the last good revision stays; the next good commit goes out";
      return;
    }
  }
  if (const auto* reported = node.reported_section(uid);
      reported != nullptr && reported->phase == sync::SectionPhase::kQuarantined) {
    const auto* held = context_.desired.find_section(node.uid, uid);
    const bool is_it = held != nullptr && reported->quarantined == held->digest;
    // What the node reports is of what runs there, which is another revision.
    if (is_it && why.sync == sync::SyncStatus::kSynced) why.sync = sync::SyncStatus::kOutOfSync;
    why.blocked_by = std::string("Quarantined: ") + (is_it ? "this revision failed on the node: " : "") +
                     (reported->message.empty() ? reported->reason : reported->message);
    const char* const kept = reported->last_good.is_none()
                                 ? "there was no good revision before: what this one made stays as it is"
                                 : "what was good is kept";
    why.next = std::string(kept) + " until another revision comes; \"holdfast sync " + reported->name +
               "\" tries this one again";
    return;
  }
  const auto* desired = context_.desired.find(node.uid);
  const bool accepted = desired != nullptr && node.snapshot && node.snapshot->content == desired->content;
  if (!accepted && !node.is_online()) {
    why.blocked_by = "the node is not connected";
    why.next = "it gets generation " +
               (desired == nullptr ? std::string("0.0") : desired->header.generation.text()) +
               " when it returns; until then it keeps what it has";
  } else if (!accepted) {
    why.next = "the node is being sent what is new";
  } else if (application != nullptr && application->awaits_source()) {
    why.next = "its source was changed; what that holds follows once it was fetched";
  } else if (application != nullptr && application->newest) {
    why.next = "a newer commit waits for \"holdfast sync " + application->name + "\"";
  } else {
    why.next = next_of(why);
  }
}

void Explainer::why_held(const NodeEntry& node, const DesiredRecord& desired, const std::string& brief,
                         std::vector<Why>& out) const {
  for (const auto& ref : desired.header.sections) {
    const auto content = stored(context_.desired, ref);
    if (!content) {
      base::log::failure("a stored section could not be read", node.name, content.error());
      continue;
    }
    for (const auto& resource : content->resources) {
      if (!resource.key.matches_brief(brief)) continue;
      Why why;
      why.key = resource.key;
      why.application = ref.name;
      fill_origin(content->provenance, why);
      fill_report(node, ref.application, why);
      fill_next(node, ref.application, why);
      out.push_back(std::move(why));
    }
  }
}

/// What the node still reports and nobody asks for any more.
void Explainer::why_reported(const NodeEntry& node, const std::string& brief, std::vector<Why>& out) const {
  if (!node.snapshot) return;
  for (const auto& section : node.snapshot->sections) {
    for (const auto& resource : section.resources) {
      if (!resource.key.matches_brief(brief)) continue;
      if (std::ranges::any_of(out, [&](const Why& why) { return why.key == resource.key; })) continue;
      Why why;
      why.key = resource.key;
      why.application = section.name;
      fill_report(node, section.application, why);
      fill_next(node, section.application, why);
      if (why.blocked_by.empty() && why.reason.empty()) why.blocked_by = "Git does not hold it any more";
      out.push_back(std::move(why));
    }
  }
}

/// What an application would give to the node and is kept from.
void Explainer::why_wanted(const NodeEntry& node, const std::string& brief, std::vector<Why>& out) {
  for (const auto& [uid, placing] : node.placings) {
    auto* application = context_.applications.find(uid);
    if (application == nullptr || !application->in_force) continue;
    const auto values = template_values(node, *application);
    if (!application->in_force->section(application->spec.policy, values).is_good()) continue;
    const auto body = application->in_force->body(application->spec.policy, values);
    const auto content = body ? decode(body->bytes, body->provenance) : Result<Content>(fail(body.error()));
    if (!content) continue;
    for (const auto& resource : content->resources) {
      if (!resource.key.matches_brief(brief)) continue;
      if (std::ranges::any_of(out, [&](const Why& why) {
            return why.key == resource.key && why.application == application->name;
          }))
        continue;
      Why why;
      why.key = resource.key;
      why.application = application->name;
      fill_origin(content->provenance, why);
      fill_next(node, uid, why);
      out.push_back(std::move(why));
    }
  }
}

Result<std::vector<Why>> Explainer::why(const std::string& name, const std::string& brief) {
  const auto* node = context_.nodes.find_by_name(name);
  if (node == nullptr) return fail(Code::kNotFound, "nodes \"" + name + "\" not found");
  std::vector<Why> out;
  if (const auto* desired = context_.desired.find(node->uid)) why_held(*node, *desired, brief, out);
  why_wanted(*node, brief, out);
  why_reported(*node, brief, out);
  for (auto& why : out) why.node = name;
  if (!out.empty()) return out;
  return fail(Code::kNotFound, "nothing gives \"" + brief + "\" to node \"" + name +
                                   "\": neither its desired state nor its report names it; "
                                   "see \"holdfast describe node " +
                                   name + "\" for its applications");
}

// ---- diff ----

/// Of an application that was rolled back: what its source says, which is not what it is pinned to.
Result<std::unique_ptr<Rendition>> Explainer::at_head(const ApplicationEntry& application) const {
  const auto& source = application.spec.source;
  auto& git = context_.seams.git;
  RevisionPlace place{source.repo_url, source.path, {}, {}};
  HF_TRY(place.commit, git.resolve(place.url, source.target_revision));
  HF_TRY(place.tree, gitops::content_id(git, {place.url, place.commit, place.path}));
  HF_TRY(auto loaded, Rendition::load(git, place, plain_sealing_of(context_, application)));
  return std::make_unique<Rendition>(std::move(loaded));
}

Result<std::vector<Difference>> Explainer::diff(ApplicationEntry& application) {
  if (application.awaits_source())
    return fail(Code::kUnavailable, "the source of application \"" + application.name +
                                        "\" was changed, and was not fetched since; see \"holdfast describe "
                                        "application " +
                                        application.name + "\"");
  std::vector<Difference> out;
  std::unique_ptr<Rendition> head;
  if (!application.pinned().empty()) {
    HF_TRY(head, at_head(application));
  }
  auto* const newest = head ? head.get() : application.newest_known();
  if (newest == nullptr) {
    return fail(Code::kUnavailable, "nothing of application \"" + application.name +
                                        "\" was read from Git yet; see \"holdfast describe application " +
                                        application.name + "\"");
  }
  if (!newest->is_good())
    return fail(Code::kInvalid, gitops::summary(newest->findings(), base::limits::kConditionsShownMax));
  for (auto& [uid, node] : context_.nodes.all()) {
    const auto* held = context_.desired.find_section(uid, application.uid);
    const auto placing = node.placings.find(application.uid);
    if (placing == node.placings.end() || placing->second.orphaned || placing->second.leaving) continue;
    const auto values = template_values(node, application);
    const auto& section = newest->section(application.spec.policy, values);
    if (!section.is_good())
      return fail(Code::kInvalid, "node " + node.name + ": " +
                                      gitops::summary(section.findings, base::limits::kConditionsShownMax));
    if (held == nullptr || held->digest != section.digest) {
      HF_TRY(const auto body, newest->body(application.spec.policy, values));
      HF_TRY(const auto after, decode(body.bytes, body.provenance));
      Content before;
      if (held != nullptr) {
        HF_TRY(before, stored(context_.desired, *held));
      }
      merge(out, compare(before, after), node.name);
    }
    merge(out, drifted(node, application.uid), node.name);
  }
  for (auto& difference : out) std::ranges::sort(difference.nodes);
  std::ranges::sort(out, {}, [](const Difference& item) { return std::tie(item.key, item.kind); });
  return out;
}

std::vector<ResourceRow> Explainer::resources(const ResourceFilter& filter) const {
  std::vector<ResourceRow> out;
  for (const auto& [uid, node] : context_.nodes.all()) {
    if (!node.snapshot || (!filter.node.empty() && node.name != filter.node)) continue;
    for (const auto& section : node.snapshot->sections) {
      if (!filter.application.empty() && section.name != filter.application) continue;
      for (const auto& resource : section.resources) {
        out.push_back({node.name, section.name, resource.key, resource.sync, resource.health, resource.reason,
                       resource.message});
      }
    }
  }
  std::ranges::sort(out, {},
                    [](const ResourceRow& row) { return std::tie(row.node, row.application, row.key); });
  return out;
}

}  // namespace holdfast::hub
