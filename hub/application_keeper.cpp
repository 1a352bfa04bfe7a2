// SPDX-License-Identifier: Apache-2.0
#include "hub/application_keeper.hpp"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "base/limits/hub.hpp"
#include "base/log.hpp"
#include "base/planted.hpp"
#include "gitops/application_folder.hpp"
#include "gitops/placement.hpp"
#include "hub/json_path.hpp"

namespace holdfast::hub {

namespace limits = base::limits;
using base::Code;
using base::fail;
using base::Json;
using base::Result;
using base::Status;

namespace {

constexpr std::string_view kLastGoodStays = "; the last good revision stays in force";

/// The revision that is known and not in force.
std::optional<RevisionPlace> pending(const ApplicationEntry& application) {
  if (!application.newest) return std::nullopt;
  return application.newest->place();
}

/// A revision of the history by the beginning of its commit id.
Result<const PastRevision*> find_past(const ApplicationEntry& application, const std::string& revision) {
  constexpr std::size_t kPrefixMin = 4;
  const PastRevision* found = nullptr;
  for (const auto& past : application.record.history) {
    if (revision.size() < kPrefixMin || !past.place.commit.str().starts_with(revision)) continue;
    if (found != nullptr && found->place.commit != past.place.commit) {
      return fail(Code::kInvalid, "revision \"" + revision + "\" is not unique; give more of it");
    }
    found = &past;
  }
  if (found != nullptr) return found;
  // A later commit with the same content, which `get` shows as being in force.
  const bool is_same = revision.size() >= kPrefixMin && application.same_commit &&
                       application.same_commit->str().starts_with(revision);
  if (is_same && !application.record.history.empty()) return &application.record.history.back();
  return fail(Code::kNotFound, "revision \"" + revision + "\" is not in the history of application \"" +
                                   application.name + "\"; see \"holdfast history " + application.name +
                                   "\"");
}

}  // namespace

void ApplicationKeeper::reconcile(ApplicationEntry& application) {
  context_.show(application);
  if (application.is_deleting()) return end_.finish(application);
  if (!application.spec_is_good) return;
  // The project may have changed its mind about plain Secrets: what was read by the old word is read again.
  for (auto* rendition : {&application.newest, &application.in_force}) {
    const bool is_allowed = plain_sealing_of(context_, application).is_allowed;
    if (*rendition && (*rendition)->allows_plain_secrets() != is_allowed) rendition->reset();
  }
  const auto before = pending(application);
  const bool is_recorded = !compare(application) || adopt(application);
  // What a pending revision claims, other applications must not delete meanwhile.
  if (pending(application) != before) roll_out(application);
  load_in_force(application);
  roots_.keep(application);
  if (is_recorded) settle_operation(application);
}

void ApplicationKeeper::follow_source(ApplicationEntry& application) {
  const auto& source = application.spec.source;
  auto& operation = application.operation;
  application.source_ticket.reset();
  application.newest.reset();
  application.newest_commit.reset();
  for (const auto type : {kInvalidManifest, kEmptyRefused}) context_.set_condition(application, type, "");
  if (operation && operation->url != source.repo_url) {
    operation->url = source.repo_url;
    operation->ticket = context_.sources.fetch_now(source.repo_url, context_.now());
  }
  // Where nodes hold nothing of it yet nothing is deleted; a commit is the same whenever it was fetched; and what a root says
  // came with its own fetch.
  const bool is_new = !application.record.in_force;
  if (is_new || is_commit_here(source) || is_kept_by_root_of(application, source.repo_url)) return;
  application.source_ticket = context_.sources.fetch_soon(source.repo_url, context_.now());
  // Who asked for a sync asked for what the spec says now.
  if (operation) operation->ticket = std::max(operation->ticket, *application.source_ticket);
}

/// A full commit id that the mirror has; a branch may have such a name, too.
bool ApplicationKeeper::is_commit_here(const gitops::ApplicationSource& source) const {
  constexpr std::size_t kCommitDigits = 40;
  if (source.target_revision.size() != kCommitDigits) return false;
  const auto commit = context_.seams.git.resolve(source.repo_url, source.target_revision);
  return commit && commit->str() == source.target_revision;
}

bool ApplicationKeeper::is_kept_by_root_of(const ApplicationEntry& application,
                                           const std::string& url) const {
  const auto notes = annotations_of(*application.object);
  const auto owner = notes.find(std::string(kAnnotationManagedBy));
  const auto* const root = owner == notes.end() ? nullptr : context_.applications.find_by_name(owner->second);
  // Without self-heal a person may have changed it; a root that was rolled back says what was.
  return root != nullptr && root->in_force && root->in_force->place().url == url && root->pinned().empty() &&
         root->spec.policy.self_heal;
}

// ---- what is the newest ----

Result<std::optional<RevisionPlace>> ApplicationKeeper::newest_place(
    const ApplicationEntry& application) const {
  if (const auto pinned = application.pinned(); !pinned.empty()) {
    HF_TRY(const auto* past, find_past(application, pinned));
    return past->place;
  }
  const auto& source = application.spec.source;
  const bool fetched = context_.sources.was_fetched(source.repo_url);
  // Before the first fetch the mirror may be old: it must not take back what is in force.
  if (!fetched && application.record.in_force && !is_commit_here(source)) return std::nullopt;
  RevisionPlace place{source.repo_url, source.path, {}, {}};
  const bool asked = application.operation && !application.operation->options.revision.empty();
  auto commit = context_.seams.git.resolve(
      place.url, asked ? application.operation->options.revision : source.target_revision);
  if (!commit) {
    // A repository that is being fetched for the first time is no error yet.
    if (!fetched && !context_.sources.error(place.url)) return std::nullopt;
    return fail(std::move(commit).error());
  }
  place.commit = *commit;
  HF_TRY(place.tree, gitops::content_id(context_.seams.git, {place.url, place.commit, place.path}));
  return place;
}

bool ApplicationKeeper::compare(ApplicationEntry& application) {
  const auto& url = application.spec.source.repo_url;
  const auto fetch_error = context_.sources.error(url);
  const auto& ticket = application.source_ticket;
  if (ticket && context_.sources.has_completed(url, *ticket) && !fetch_error)
    application.source_ticket.reset();
  auto place = newest_place(application);
  if (fetch_error) {
    context_.set_condition(
        application, kComparisonError,
        "cannot fetch " + url + ": " + fetch_error->message() + std::string(kLastGoodStays));
  } else if (!place && !application.awaits_source()) {
    context_.set_condition(application, kComparisonError,
                           place.error().message() + std::string(kLastGoodStays));
  } else {
    context_.set_condition(application, kComparisonError, "");
  }
  const auto pinned = application.pinned();
  context_.set_condition(application, kRolledBack,
                         pinned.empty() ? ""
                                        : "rolled back to " + pinned.substr(0, 10) + "; \"holdfast sync " +
                                              application.name + "\" ends it");
  if (!place || !*place) return false;
  application.newest_commit = (*place)->commit;
  if (application.record.in_force && application.record.in_force->same_content(**place)) {
    application.newest.reset();
    application.same_commit = (*place)->commit;
    context_.set_condition(application, kInvalidManifest, "");
    context_.set_condition(application, kEmptyRefused, "");
    return true;
  }
  if (application.newest && application.newest->place().same_content(**place)) return true;
  load_newest(application, **place);
  return true;
}

void ApplicationKeeper::load_newest(ApplicationEntry& application, const RevisionPlace& place) {
  application.newest.reset();
  auto loaded = Rendition::load(context_.seams.git, place, plain_sealing_of(context_, application));
  if (!loaded) {
    context_.set_condition(application, kComparisonError,
                           loaded.error().message() + std::string(kLastGoodStays));
    return;
  }
  application.newest = std::make_unique<Rendition>(*std::move(loaded));
}

std::string ApplicationKeeper::placement_problem(const ApplicationEntry& application,
                                                 const Rendition& rendition) const {
  if (application.spec.placed || !rendition.has_node_manifests()) return "";
  if (!rendition.for_hub().empty())
    return rendition.place().path +
           " holds resources for nodes beside Applications, and this Application has no spec.placement: move "
           "them "
           "to a folder of their own, or give it one";
  return rendition.place().path +
         " holds resources for nodes but no Application: give this Application spec.placement, or let its "
         "path (serve "
         "--path) be the folder that holds the Applications";
}

bool ApplicationKeeper::judge(ApplicationEntry& application) {
  const Rendition& newest = *application.newest;
  std::string invalid;
  if (!newest.is_good()) {
    invalid = gitops::summary(newest.findings(), limits::kConditionsShownMax);
  } else if (const auto late = newest.findings_under(application.spec.policy); !late.empty()) {
    invalid = gitops::summary(late, limits::kConditionsShownMax);
  } else if (const auto wanted = read_wanted(newest.for_hub()); gitops::has_errors(wanted.findings)) {
    invalid = gitops::summary(wanted.findings, limits::kConditionsShownMax);
  } else {
    invalid = placement_problem(application, newest);
    if (invalid.empty() && newest.has_secrets() && gitops::reads_facts(application.spec.placement))
      invalid = kSecretByFacts;
  }
  context_.set_condition(application, kInvalidManifest,
                         invalid.empty() ? "" : brief(newest.place().commit) + ": " + invalid);
  const bool emptied = newest.is_good() && newest.manifests() == 0 && application.record.manifests > 0;
  const bool refused = emptied && !application.spec.allow_empty && !base::planted("emptiness-believed");
  context_.set_condition(
      application, kEmptyRefused,
      refused ? "commit " + brief(newest.place().commit) + " leaves nothing at " + newest.place().path +
                    "; refused, and everything stays, unless syncPolicy.automated.allowEmpty is true"
              : "");
  return invalid.empty() && !refused;
}

// ---- what is in force ----

bool ApplicationKeeper::is_adoption_due(const ApplicationEntry& application) const {
  if (!application.pinned().empty()) return true;  // newest is what it is pinned to
  const auto& operation = application.operation;
  if (operation && context_.sources.has_completed(operation->url, operation->ticket) &&
      !context_.sources.error(operation->url)) {
    return true;
  }
  return application.spec.automated;
}

bool ApplicationKeeper::adopt(ApplicationEntry& application) {
  // Until then it counts for what it claims, so that nobody else deletes that; it may be older than what is in Git.
  if (application.awaits_source()) return true;
  if (!application.newest || !judge(application) || !is_adoption_due(application)) return true;
  const auto& place = application.newest->place();
  ApplicationRecord record = application.record;
  const std::string initiator = !application.pinned().empty() ? "rollback"
                                : application.operation       ? "sync"
                                                              : "automated";
  record.in_force = place;
  record.manifests = application.newest->manifests();
  record.history.push_back({place, context_.seams.clock.wall(), initiator});
  if (record.history.size() > limits::kHistoryKeptMax) record.history.erase(record.history.begin());
  record.prune_confirmed.clear();
  record.removals_confirmed.clear();
  // Before any node hears of it: a hub that dies here comes back to the same revision.
  if (auto status = context_.applications.save(application, record); !status) {
    context_.look_again_later(application, status.error());
    return false;
  }
  base::log::recovered("an application could not be recorded", application.name);
  application.in_force = std::move(application.newest);
  application.same_commit.reset();
  pins_.pin(place.url);
  context_.tell(application, sync::EventType::kNormal, "RevisionInForce",
                brief(place.commit) + " is in force (" + initiator + ")");
  roll_out(application);
  return true;
}

void ApplicationKeeper::load_in_force(ApplicationEntry& application) {
  if (application.in_force || !application.record.in_force) return;
  const auto load = [&](const RevisionPlace& place) {
    return Rendition::load(context_.seams.git, place, plain_sealing_of(context_, application));
  };
  auto loaded = load(*application.record.in_force);
  // A mirror that was made anew has no commit of a history that was rewritten meanwhile; the newest one holds the same.
  if (!loaded && application.same_commit) {
    auto record = application.record;
    record.in_force->commit = *application.same_commit;
    loaded = load(*record.in_force);
    if (loaded && context_.applications.save(application, record)) pins_.pin(record.in_force->url);
  }
  if (loaded && !loaded->is_good()) {
    loaded = fail(Code::kInvalid, gitops::summary(loaded->findings(), limits::kConditionsShownMax));
  }
  if (!loaded) {
    // Nodes keep what they have: it is stored. Only what needs a new rendering waits.
    if (!application.conditions.contains(kComparisonError)) {
      context_.set_condition(application, kComparisonError,
                             "revision " + brief(application.record.in_force->commit) +
                                 " in force cannot be read from Git: " + loaded.error().message() +
                                 "; nodes keep what they have");
    }
    return;
  }
  application.in_force = std::make_unique<Rendition>(*std::move(loaded));
  roll_out(application);
}

void ApplicationKeeper::roll_out(const ApplicationEntry& application) {
  context_.look_at_all_nodes();
  context_.show(application);
}

// ---- sync, rollback ----

Status ApplicationKeeper::sync(ApplicationEntry& application, const SyncOptions& options) {
  if (application.is_deleting()) {
    if (!options.confirm_prune) {
      return fail(Code::kConflict, "application \"" + application.name + "\" is being deleted");
    }
    return confirm_prune(application);
  }
  if (!options.revision.empty() && application.spec.automated) {
    return fail(Code::kConflict,
                "application \"" + application.name + "\" follows " +
                    application.spec.source.target_revision +
                    " by itself (syncPolicy.automated); change targetRevision, or use rollback");
  }
  if (!application.pinned().empty()) HF_CHECK(annotate(application, kAnnotationPinned, ""));
  const auto& url = application.spec.source.repo_url;
  application.operation = Operation{options, url, context_.sources.fetch_now(url, context_.now())};
  application.last_operation = LastOperation{"Running", "fetching " + url, context_.seams.clock.wall()};
  return {};
}

Status ApplicationKeeper::rollback(ApplicationEntry& application, const std::string& revision) {
  HF_TRY(const auto* past, find_past(application, revision));
  return annotate(application, kAnnotationPinned, past->place.commit.str());
}

Status ApplicationKeeper::annotate(const ApplicationEntry& application, std::string_view key,
                                   const std::string& value) {
  const Json patch = {
      {"metadata", {{"annotations", {{std::string(key), value.empty() ? Json() : Json(value)}}}}}};
  // It is taken with all other changes: one that a person made at the same time must not be passed over.
  return context_.objects.patch(kApplications, application.name, patch, Actor::kHub)
      .map([](const ObjectPtr&) {});
}

void ApplicationKeeper::settle_operation(ApplicationEntry& application) {
  if (!application.operation) return;
  const Operation operation = *application.operation;
  if (!context_.sources.has_completed(operation.url, operation.ticket)) return;
  application.operation.reset();
  // One revision was asked for; from now on it is compared with what the spec follows.
  if (!operation.options.revision.empty()) context_.look_at(application);
  std::string problem;
  for (const auto type : {kComparisonError, kInvalidManifest, kEmptyRefused}) {
    const auto found = application.conditions.find(type);
    if (found != application.conditions.end() && problem.empty()) problem = found->second;
  }
  if (problem.empty() && operation.options.confirm_prune) {
    if (auto status = confirm_prune(application); !status) problem = status.error().message();
  }
  auto& last = application.last_operation.emplace(application.last_operation.value_or(LastOperation{}));
  application.is_lift_due = problem.empty();
  last.phase = problem.empty() ? "Succeeded" : "Failed";
  last.message = problem.empty() && application.newest_commit ? brief(*application.newest_commit) : problem;
}

Status ApplicationKeeper::confirm_prune(ApplicationEntry& application) {
  ApplicationRecord record = application.record;
  for (const auto& [uid, node] : context_.nodes.all()) {
    const auto* desired = context_.desired.find(uid);
    const bool is_leaving =
        desired != nullptr && std::ranges::any_of(desired->header.removals, [&](const auto& removal) {
          return removal.application == application.uid;
        });
    if (is_leaving) record.removals_confirmed.push_back(uid);
    if (!application.in_force) continue;
    const auto& section = application.in_force->section(
        application.spec.policy, template_values(node, application), sealing_of(context_, node));
    if (section.is_good()) record.prune_confirmed.push_back(section.digest);
  }
  for (auto* list : {&record.prune_confirmed}) {
    std::ranges::sort(*list);
    list->erase(std::unique(list->begin(), list->end()), list->end());
  }
  std::ranges::sort(record.removals_confirmed);
  record.removals_confirmed.erase(
      std::unique(record.removals_confirmed.begin(), record.removals_confirmed.end()),
      record.removals_confirmed.end());
  HF_CHECK(context_.applications.save(application, record));
  context_.tell(application, sync::EventType::kNormal, "PruneConfirmed",
                "a person allowed what is due to be deleted");
  context_.look_at_all_nodes();
  if (!application.is_deleting()) {
    application.prune_confirmed_once = true;
    roots_.keep(application);
  }
  return {};
}

std::vector<HistoryEntry> ApplicationKeeper::history(const ApplicationEntry& application) const {
  std::vector<HistoryEntry> out;
  for (const auto& past : application.record.history) {
    HistoryEntry entry{.revision = past.place.commit,
                       .time = past.time,
                       .initiator = past.initiator,
                       .author = {},
                       .subject = {},
                       .in_force = false};
    if (const auto info = context_.seams.git.commit_info(past.place.url, past.place.commit)) {
      entry.author = info->author;
      entry.subject = info->subject;
    }
    out.push_back(std::move(entry));
  }
  if (!out.empty()) out.back().in_force = true;
  std::ranges::reverse(out);
  return out;
}

}  // namespace holdfast::hub
