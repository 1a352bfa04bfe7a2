// SPDX-License-Identifier: Apache-2.0
#include "hub/status_keeper.hpp"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <set>

#include "base/limits/hub.hpp"
#include "base/limits/model.hpp"
#include "base/log.hpp"
#include "base/time_text.hpp"
#include "gitops/placement.hpp"
#include "hub/json_path.hpp"

namespace holdfast::hub {

namespace limits = base::limits;
using base::Json;
using base::Status;
using sync::Health;
using sync::SyncStatus;

namespace {

/// A condition keeps the time at which its status last changed.
Json condition(const Json* before, const std::string& type, const std::string& status,
               const std::string& reason, const std::string& message, base::WallTime now) {
  std::string since = base::to_rfc3339_seconds(now);
  if (before != nullptr && before->is_array()) {
    for (const Json& old : *before) {
      if (text_at(old, "type") == type && text_at(old, "status") == status)
        since = text_at(old, "lastTransitionTime");
    }
  }
  return {{"type", type},
          {"status", status},
          {"reason", reason},
          {"message", message},
          {"lastTransitionTime", since}};
}

bool is_bad_phase(sync::SectionPhase phase) {
  using sync::SectionPhase;
  return phase == SectionPhase::kQuarantined || phase == SectionPhase::kRollingBack ||
         phase == SectionPhase::kFailing || phase == SectionPhase::kHeld ||
         phase == SectionPhase::kUnschedulable;
}

/// Placed by its labels, and never heard: what it can do is not known, so nothing was made for it yet.
bool is_awaited(const ApplicationEntry& application, const NodeEntry& node) {
  const auto& spec = application.spec;
  return !node.snapshot && application.spec_is_good && spec.placed && !application.is_deleting() &&
         gitops::match(spec.placement, node.labels) == gitops::Match::kYes;
}

struct Cause {
  std::string reason;
  std::string message;  ///< empty: there is none
};

/// Of one that has not said that it holds the trust document in force: who counts on a key that was dropped counts on it, too.
Cause trust_behind(const NodeEntry& node, std::uint64_t in_force) {
  // The first one is what it was enrolled with; and to one that is cut off nothing is told any more.
  const bool never_came = !node.trust && !node.snapshot;
  if (node.revoked || never_came || in_force <= 1 || node.holds_trust(in_force)) return {};
  Cause out;
  if (node.trust.value_or(0) == 0) {
    out.reason = "NotSaid";
    out.message = "the node has not said which trust document it holds";
  } else {
    out.reason = "OlderDocument";
    out.message = "the node holds trust document " + std::to_string(*node.trust) +
                  ", and believes the keys and addresses of that";
  }
  out.message +=
      "; in force is " + std::to_string(in_force) +
      ". It is told when it is there; if it is there and this stays, ask it: holdfast-agent status, and "
      "give it the hub's document: holdfast-agent trust FILE";
  return out;
}

bool is_proven_applied(const NodeEntry& node, const DesiredRecord& desired) {
  return node.applied_header == desired.header_digest && node.ahead.empty();
}

}  // namespace

// ---- applications ----

std::string StatusKeeper::quarantine_text(const NodeEntry& node, const ApplicationEntry& application) const {
  const auto* reported = node.reported_section(application.uid);
  const auto* held = context_.desired.find_section(node.uid, application.uid);
  const bool is_it = reported != nullptr && held != nullptr &&
                     reported->phase == sync::SectionPhase::kQuarantined &&
                     reported->quarantined == held->digest;
  if (!is_it) return "";
  const auto& in_force = application.record.in_force;
  return "node " + node.name + ": revision " + (in_force ? brief(in_force->commit) : "of before") +
         " failed there, and what was good runs on: " +
         (reported->message.empty() ? reported->reason : reported->message);
}

NodeShare StatusKeeper::share(const ApplicationEntry& application, const NodeEntry& node,
                              const Placing* placing, const sync::SectionRef* held) const {
  NodeShare out;
  out.online = node.is_online();
  out.leaving = placing != nullptr && placing->leaving;
  out.failed = placing != nullptr && placing->is_failure();
  const auto* desired = context_.desired.find(node.uid);
  const auto* reported = node.reported_section(application.uid);
  const bool is_assigned =
      held != nullptr && (placing == nullptr || (placing->wanted.is_none() && !placing->is_sealing) ||
                          placing->wanted == held->digest);
  if (held == nullptr) return out;
  if (is_proven_applied(node, *desired) && node.snapshot &&
      node.snapshot->applied < desired->header.generation) {
    // The proof came before the report that will say the same at length.
    out.updated = is_assigned;
    out.sync = SyncStatus::kSynced;
    out.health = Health::kHealthy;
    return out;
  }
  if (reported == nullptr) return out;
  out.updated = is_assigned && reported->applied == held->digest;
  out.sync = reported->sync;
  out.health = reported->health;
  out.failed = out.failed || is_bad_phase(reported->phase) || reported->health == Health::kDegraded;
  return out;
}

std::vector<NodeShare> StatusKeeper::shares(const ApplicationEntry& application) const {
  std::vector<NodeShare> out;
  for (const auto& [uid, node] : context_.nodes.all()) {
    if (node.revoked) continue;
    const auto placing = node.placings.find(application.uid);
    const auto* held = context_.desired.find_section(uid, application.uid);
    if (placing == node.placings.end() && held == nullptr && !is_awaited(application, node)) continue;
    out.push_back(
        share(application, node, placing == node.placings.end() ? nullptr : &placing->second, held));
  }
  return out;
}

Comparison StatusKeeper::comparison(const ApplicationEntry& application) const {
  const bool is_awaited = application.operation || application.awaits_source();
  if (is_awaited || application.conditions.contains(kComparisonError)) return Comparison::kUnknown;
  if (!application.newest_commit) return Comparison::kUnknown;
  return application.newest ? Comparison::kBehind : Comparison::kNewest;
}

Json StatusKeeper::application_conditions(const ApplicationEntry& application) const {
  const Json* before = find_at(*application.object, "status/conditions");
  const auto now = context_.seams.clock.wall();
  Json out = Json::array();
  for (const auto& [type, message] : application.conditions) {
    out.push_back(condition(before, type, "True", type, message, now));
  }
  if (!application.hub_problems.empty()) {
    std::string text;
    for (const auto& problem : application.hub_problems) text += (text.empty() ? "" : "\n") + problem;
    out.push_back(condition(before, "PartlyApplied", "True", "PartlyApplied", text, now));
  }
  // What is wrong on single nodes: one condition a reason, with the nodes that it is about.
  std::map<std::string, std::string> by_reason;
  for (const auto& [uid, node] : context_.nodes.all()) {
    const auto placing = node.placings.find(application.uid);
    if (placing == node.placings.end() || placing->second.reason.empty()) continue;
    auto& text = by_reason[placing->second.reason];
    if (text.size() < limits::kMessageLengthMax)
      text += (text.empty() ? "node " : "\nnode ") + node.name + ": " + placing->second.message;
  }
  std::string quarantined;
  for (const auto& [uid, node] : context_.nodes.all()) {
    const auto text = quarantine_text(node, application);
    if (text.empty() || quarantined.size() >= limits::kMessageLengthMax) continue;
    quarantined += (quarantined.empty() ? "" : "\n") + text;
  }
  if (!quarantined.empty()) by_reason["Quarantined"] = std::move(quarantined);
  for (const auto& [reason, message] : by_reason)
    out.push_back(condition(before, reason, "True", reason, message, now));
  return out;
}

Json StatusKeeper::application_status(const ApplicationEntry& application,
                                      const ApplicationRollup& rollup) const {
  const auto& record = application.record;
  Json status = {{"sync", sync::to_string(rollup.sync)},
                 {"health", sync::to_string(rollup.health)},
                 {"nodes",
                  {{"total", rollup.nodes.total},
                   {"updated", rollup.nodes.updated},
                   {"ready", rollup.nodes.ready},
                   {"deferred", rollup.nodes.deferred},
                   {"failed", rollup.nodes.failed}}},
                 {"conditions", application_conditions(application)},
                 {"observedGeneration", number_at(*application.object, "metadata/generation")}};
  // A commit that changes nothing for this application is in force as much as the one that was rendered.
  if (application.same_commit)
    status["revision"] = application.same_commit->str();
  else if (record.in_force)
    status["revision"] = record.in_force->commit.str();
  if (application.newest_commit) status["newestRevision"] = application.newest_commit->str();
  Json history = Json::array();
  for (const auto& past : record.history) {
    history.push_back({{"revision", past.place.commit.str()},
                       {"deployedAt", base::to_rfc3339_seconds(past.time)},
                       {"initiatedBy", past.initiator}});
  }
  status["history"] = std::move(history);
  if (application.last_operation) {
    status["operation"] = {{"phase", application.last_operation->phase},
                           {"message", application.last_operation->message},
                           {"startedAt", base::to_rfc3339(application.last_operation->started)}};
  }
  return status;
}

void StatusKeeper::show_application(ApplicationEntry& application) {
  const auto rollup = roll_up(comparison(application), shares(application));
  // The object that is written may hold a spec that nobody has looked at yet: it comes back as a change.
  const auto done = context_.objects.update_status(kApplications, application.name,
                                                   application_status(application, rollup), Persist::kSoon);
  if (done) return base::log::recovered("a status could not be kept", application.name);
  base::log::failure("a status could not be kept", application.name, done.error());
  context_.queue.push({KeyKind::kRollup, application.uid.str()}, context_.now() + limits::kRetryInterval);
}

// ---- nodes ----

Json StatusKeeper::readiness(const NodeEntry& node, const Json* before, base::WallTime now) {
  if (node.revoked)
    return condition(before, "Ready", "False", "Revoked",
                     "the node is cut off: its certificate counts no more; it keeps what it has", now);
  switch (node.presence) {
    case Presence::kOnline:
      return condition(before, "Ready", "True", "Connected", "the node is connected", now);
    case Presence::kOffline:
      return condition(before, "Ready", "False", "Disconnected",
                       "the node is not connected; it keeps what it has and catches up when it returns", now);
    case Presence::kUnknown: break;
  }
  return condition(before, "Ready", "Unknown", "NotHeard",
                   "nothing was heard of the node since the hub connected to the broker", now);
}

Json StatusKeeper::node_conditions(const NodeEntry& node) const {
  const Json* before = find_at(*node.object, "status/conditions");
  const auto now = context_.seams.clock.wall();
  Json out = Json::array();
  out.push_back(readiness(node, before, now));
  if (!node.clone.empty()) out.push_back(condition(before, "Cloned", "True", "Cloned", node.clone, now));
  if (truth_at(*node.object, "spec/pending")) {
    out.push_back(condition(before, "Pending", "True", "WaitsForApproval",
                            "the machine waits for a person: holdfast approve " + node.name, now));
  }
  if (auto behind = trust_behind(node, context_.options.trust_version); !behind.message.empty())
    out.push_back(condition(before, "TrustBehind", "True", behind.reason, behind.message, now));
  if (!node.ahead.empty())
    out.push_back(condition(before, "GenerationAhead", "True", "GenerationAhead", node.ahead, now));
  if (!node.refused.empty())
    out.push_back(condition(before, "NotAccepted", "True", "NotAccepted", node.refused, now));
  if (!node.problem.empty())
    out.push_back(condition(before, "NotWorkedOut", "True", "NotWorkedOut", node.problem, now));
  if (node.snapshot) {
    for (const auto& own : node.snapshot->conditions)
      out.push_back(condition(before, own.type, own.status, own.reason, own.message, now));
  }
  return out;
}

Json StatusKeeper::section_status(const NodeEntry& node, const sync::ApplicationUid& uid) const {
  const auto* application = context_.applications.find(uid);
  const auto* reported = node.reported_section(uid);
  const auto placing = node.placings.find(uid);
  Json out = {{"application", application != nullptr ? application->name
                              : reported != nullptr  ? reported->name
                                                     : uid.str()}};
  if (reported != nullptr) {
    out["phase"] = sync::to_string(reported->phase);
    out["sync"] = sync::to_string(reported->sync);
    out["health"] = sync::to_string(reported->health);
    out["reason"] = reported->reason;
    out["message"] = reported->message;
    out["resources"] = reported->resources.size();
  } else {
    out["phase"] = "Pending";
    out["sync"] = sync::to_string(SyncStatus::kUnknown);
    out["health"] = sync::to_string(Health::kUnknown);
  }
  if (placing != node.placings.end() && !placing->second.reason.empty()) {
    out["reason"] = placing->second.reason;
    out["message"] = placing->second.message;
  }
  return out;
}

Json StatusKeeper::node_status(const NodeEntry& node) const {
  std::set<sync::ApplicationUid> applications;
  for (const auto& [uid, placing] : node.placings) applications.insert(uid);
  if (node.snapshot) {
    for (const auto& section : node.snapshot->sections) applications.insert(section.application);
  }
  const auto* desired = context_.desired.find(node.uid);
  if (desired != nullptr) {
    for (const auto& ref : desired->header.sections) applications.insert(ref.application);
  }
  Json sections = Json::array();
  Health health = Health::kHealthy;
  std::uint64_t synced = 0;
  for (const auto& uid : applications) {
    sections.push_back(section_status(node, uid));
    const auto* reported = node.reported_section(uid);
    health = sync::worse(health, reported == nullptr ? Health::kProgressing : reported->health);
    if (reported != nullptr && reported->sync == SyncStatus::kSynced) ++synced;
  }
  const bool accepted = desired == nullptr || (node.snapshot && node.snapshot->content == desired->content);
  const SyncStatus sync = !node.snapshot                              ? SyncStatus::kUnknown
                          : accepted && synced == applications.size() ? SyncStatus::kSynced
                                                                      : SyncStatus::kOutOfSync;
  Json status = {{"conditions", node_conditions(node)},
                 {"sync", sync::to_string(sync)},
                 {"health", sync::to_string(node.snapshot ? health : Health::kUnknown)},
                 {"applications", {{"total", applications.size()}, {"synced", synced}}},
                 {"sections", std::move(sections)}};
  if (node.trust.value_or(0) != 0) status["trustVersion"] = *node.trust;
  if (desired != nullptr) status["generation"]["desired"] = desired->header.generation.text();
  if (node.proven) status["generation"]["proven"] = node.proven->generation.text();
  if (node.snapshot) {
    status["generation"]["accepted"] = node.snapshot->accepted.text();
    status["generation"]["applied"] = node.snapshot->applied.text();
    status["agentVersion"] = node.snapshot->agent_version;
    status["bootID"] = node.snapshot->boot_id;
    status["facts"] = node.snapshot->facts;
    status["snapshotDigest"] = node.snapshot_digest.hex();
    status["abilities"] = node.abilities;
  }
  if (node.last_seen)
    status["lastSeen"] = base::to_rfc3339_seconds(*node.last_seen);
  else if (const auto known = text_at(*node.object, "status/lastSeen"); !known.empty())
    status["lastSeen"] = known;
  return status;
}

void StatusKeeper::show_node(NodeEntry& node) {
  const auto done = context_.objects.update_status(kNodes, node.name, node_status(node), Persist::kSoon);
  node.last_seen_is_stored = true;
  if (done) return base::log::recovered("a status could not be kept", node.name);
  base::log::failure("a status could not be kept", node.name, done.error());
  context_.queue.push({KeyKind::kNodeStatus, node.uid.str()}, context_.now() + limits::kRetryInterval);
}

// ---- to disk ----

void StatusKeeper::note_last_seen() {
  context_.last_seen_is_stored = true;
  for (auto& [uid, node] : context_.nodes.all()) {
    if (!node.last_seen_is_stored) show_node(node);
  }
}

void StatusKeeper::run_due() {
  const auto now = context_.now();
  if (!context_.last_seen_is_stored && !last_seen_at_) last_seen_at_ = now + limits::kLastSeenFlushInterval;
  if (last_seen_at_ && *last_seen_at_ <= now) {
    last_seen_at_.reset();
    note_last_seen();
  }
  if (is_dirty() && !flush_at_) flush_at_ = now + limits::kStatusFlushInterval;
  if (!flush_at_ || *flush_at_ > now) return;
  flush_at_.reset();
  if (auto status = flush(); !status) {
    base::log::failure("statuses could not be stored", "flush", status.error());
    flush_at_ = now + limits::kRetryInterval;
  }
}

std::optional<base::MonotonicTime> StatusKeeper::next_due() const {
  if (!flush_at_) return last_seen_at_;
  return last_seen_at_ ? std::min(*flush_at_, *last_seen_at_) : *flush_at_;
}

bool StatusKeeper::is_dirty() const {
  return context_.objects.is_dirty() || context_.nodes.is_dirty() || context_.intake.is_dirty();
}

Status StatusKeeper::flush() {
  if (!is_dirty()) return {};
  ++context_.counters.store_writes;
  HF_CHECK(context_.objects.flush([&](sync::WriteTxn& txn) -> Status {
    HF_CHECK(context_.nodes.write_dirty(txn));
    return context_.intake.write_dirty(txn);
  }));
  context_.nodes.mark_clean();
  for (const auto& uid : context_.intake.mark_clean())
    context_.outgoing.set({KeyKind::kStored, uid.str()}, context_.now());
  base::log::recovered("statuses could not be stored", "flush");
  return {};
}

Status StatusKeeper::flush_all() {
  note_last_seen();
  return flush();
}

}  // namespace holdfast::hub
