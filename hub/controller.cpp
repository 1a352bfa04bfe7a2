// SPDX-License-Identifier: Apache-2.0
#include "hub/controller.hpp"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "base/limits/hub.hpp"
#include "base/log.hpp"
#include "hub/application_keeper.hpp"
#include "hub/command_desk.hpp"
#include "hub/context.hpp"
#include "hub/epochs.hpp"
#include "hub/explain.hpp"
#include "hub/json_path.hpp"
#include "hub/node_end.hpp"
#include "hub/node_keeper.hpp"
#include "hub/node_talk.hpp"
#include "hub/quarantine_lift.hpp"
#include "hub/readmission.hpp"
#include "hub/secret_keeper.hpp"
#include "hub/status_keeper.hpp"

namespace holdfast::hub {

namespace limits = base::limits;
using base::Code;
using base::fail;
using base::Json;
using base::MonotonicTime;
using base::Result;
using base::Status;

/// Between two looks at the event loop's other work.
constexpr int kTurnsMax = 64;

struct Controller::Parts {
  Parts(Seams seams, Objects& objects, ControllerOptions options)
      : context(seams, objects, std::move(options)),
        pins(context),
        roots(context),
        ends(context, roots),
        applications(context, pins, roots, ends),
        nodes(context),
        sender(context),
        commands(context, sender),
        quarantines(context, commands),
        epochs(context),
        talk(
            context, epochs, sender,
            [this](const NodeEntry& node, const sync::Answer& answer) { commands.on_answer(node, answer); },
            [this](NodeEntry& node) { quarantines.retry(node); }),
        status(context),
        secrets(context, [this] { wake_up(); }),
        explainer(context) {}

  Context context;
  CommitPins pins;
  RootKeeper roots;
  ApplicationEnd ends;
  ApplicationKeeper applications;
  NodeKeeper nodes;
  Sender sender;
  CommandDesk commands;
  QuarantineLift quarantines;
  Epochs epochs;
  NodeTalk talk;
  StatusKeeper status;
  SecretKeeper secrets;
  Explainer explainer;
  std::function<void()> wake;
  std::uint64_t listener = 0;
  std::uint64_t seen_version = 0;
  bool booted = false;

  Result<ApplicationEntry*> application(const std::string& name) {
    if (auto* found = context.applications.find_by_name(name)) return found;
    return fail(Code::kNotFound, "applications \"" + name + "\" not found");
  }

  // ---- objects ----

  void look_at_roots() {
    for (const auto& [uid, application] : context.applications.all()) {
      const bool is_root = application.in_force && !application.in_force->for_hub().empty();
      if (is_root || application.is_deleting()) context.look_at(application);
    }
  }

  void take_application(const ObjectPtr& object) {
    const sync::ApplicationUid uid(uid_of(*object));
    const auto* const before = context.applications.find(uid);
    const auto source = before == nullptr ? std::nullopt : std::optional(before->spec.source);
    if (!context.applications.take(object)) return;
    if (auto* entry = context.applications.find(uid)) {
      if (source && *source != entry->spec.source) applications.follow_source(*entry);
      context.look_at(*entry);
    }
    context.sources.follow(context.applications.urls(), context.now());
    context.look_at_all_nodes();
    look_at_roots();
  }

  void lose_application(const ObjectPtr& object) {
    const sync::ApplicationUid uid(uid_of(*object));
    context.applications.drop(uid);
    context.gone[uid] = name_of(*object);
    context.sources.follow(context.applications.urls(), context.now());
    context.look_at_all_nodes();
    look_at_roots();
  }

  void tell_membership() {
    if (context.options.on_membership) context.options.on_membership();
  }

  void take_node(const ObjectPtr& object) {
    const sync::NodeUid uid(text_at(*object, "spec/uid"));
    const auto* before = context.nodes.find(uid);
    const bool is_new = before == nullptr;
    const bool was_revoked = before != nullptr && before->revoked;
    if (!context.nodes.take(object)) return;
    auto& node = *context.nodes.find(uid);
    if (node.revoked != was_revoked) tell_membership();
    // Its last words are not listened to.
    if (node.revoked && !was_revoked) node.presence = Presence::kOffline;
    context.look_at(node);
    context.show(node);
    if (is_new) look_at_roots();
    if (is_new && booted) context.show_all_applications();  // at boot each of them is looked at anyway
    if (is_new && booted && annotations_of(*object).contains(kReadmittedAnnotation)) {
      tell_membership();
      context.tell(
          node, sync::EventType::kWarning, "Readmitted",
          "this hub was recovered and did not know the node; its certificate shows that it is of the fleet");
    }
  }

  void lose_node(const ObjectPtr& object) {
    const sync::NodeUid uid(text_at(*object, "spec/uid"));
    const auto* node = context.nodes.find(uid);
    if (node == nullptr) return;
    for (const auto& [application, placing] : node->placings)
      context.push(KeyKind::kRollup, application.str());
    context.nodes.drop(uid);
    context.bases.drop(uid);
    tell_membership();
    context.outgoing.drop({KeyKind::kSend, uid.str()});
    context.outgoing.drop({KeyKind::kAsk, uid.str()});
    context.outgoing.drop({KeyKind::kTrust, uid.str()});
    context.outgoing.drop({KeyKind::kStored, uid.str()});
    forget_node(context, uid);
    context.look_at_all_applications();  // one that is being deleted may have waited for it
  }

  void take_change(const Change& change) {
    const bool is_gone = change.kind == ChangeKind::kDeleted;
    if (change.type == kApplications)
      is_gone ? lose_application(change.object) : take_application(change.object);
    else if (change.type == kNodes)
      is_gone ? lose_node(change.object) : take_node(change.object);
    else if (change.type == kProjects)
      context.look_at_all_applications();  // roots, and those that hold plain Secrets
  }

  /// Everything as it is now: at boot, and when more changed than the list of changes holds.
  Status take_all() {
    HF_TRY(const auto applications_now, context.objects.list(kApplications));
    HF_TRY(const auto nodes_now, context.objects.list(kNodes));
    std::set<sync::ApplicationUid> known_applications;
    std::set<sync::NodeUid> known_nodes;
    for (const auto& object : applications_now.items) {
      known_applications.emplace(uid_of(*object));
      take_application(object);
    }
    for (const auto& object : nodes_now.items) {
      known_nodes.emplace(text_at(*object, "spec/uid"));
      take_node(object);
    }
    std::vector<ObjectPtr> lost;
    for (const auto& [uid, entry] : context.applications.all()) {
      if (!known_applications.contains(uid)) lost.push_back(entry.object);
    }
    for (const auto& object : lost) lose_application(object);
    lost.clear();
    for (const auto& [uid, entry] : context.nodes.all()) {
      if (!known_nodes.contains(uid)) lost.push_back(entry.object);
    }
    for (const auto& object : lost) lose_node(object);
    seen_version = std::min(applications_now.version, nodes_now.version);
    return {};
  }

  void take_changes() {
    auto changes = context.objects.changes_since(seen_version);
    if (!changes) {
      if (auto taken = take_all(); !taken)
        base::log::failure("objects could not be listed", "objects", taken.error());
      return;
    }
    for (const auto& change : *changes) {
      seen_version = change.version;
      take_change(change);
    }
  }

  // ---- Git ----

  void on_fetched(const gitops::FetchResult& result) {
    const auto duration = context.sources.on_fetched(result, context.now());
    auto& counters = context.counters;
    ++(result.error ? counters.fetches_failed : counters.fetches_ok);
    counters.fetch_seconds += std::chrono::duration<double>(duration).count();
    if (result.error)
      base::log::failure("a repository could not be fetched", result.url, *result.error);
    else
      base::log::recovered("a repository could not be fetched", result.url);
    if (!result.error && (result.changed || pins.is_unpinned(result.url))) pins.pin(result.url);
    look_at_users(result.url);
  }

  void look_at_users(const std::string& url) {
    for (const auto& [uid, application] : context.applications.all()) {
      const bool waits = application.operation && application.operation->url == url;
      if (application.spec.source.repo_url == url || waits) context.look_at(application);
    }
  }

  // ---- the queue ----

  bool turn() {
    const auto now = context.now();
    const auto key = context.queue.pop(now);
    if (!key) return false;
    ++context.counters.reconciles;
    switch (key->kind) {
      case KeyKind::kApplication:
        if (auto* entry = context.applications.find(sync::ApplicationUid(key->id))) reconcile(*entry);
        break;
      case KeyKind::kNode: turn_nodes(*key); break;
      case KeyKind::kNodeStatus:
        if (auto* node = context.nodes.find(sync::NodeUid(key->id))) status.show_node(*node);
        break;
      case KeyKind::kRollup:
        if (auto* entry = context.applications.find(sync::ApplicationUid(key->id)))
          status.show_application(*entry);
        break;
      case KeyKind::kTrust:
      case KeyKind::kAsk:
      case KeyKind::kStored:
      case KeyKind::kSend: break;  // in the queue of what goes out
    }
    // What an application wrote (a root makes others) is looked at before the nodes are.
    take_changes();
    return true;
  }

  void reconcile(ApplicationEntry& application) {
    applications.reconcile(application);
    if (std::exchange(application.is_lift_due, false)) quarantines.lift(application.uid);
  }

  void turn_nodes(const Key& first) {
    std::vector<sync::NodeUid> batch{sync::NodeUid(first.id)};
    while (batch.size() < limits::kNodesPerTransactionMax) {
      const auto next = context.queue.pop(context.now(), KeyKind::kNode);
      if (!next) break;
      batch.emplace_back(next->id);
    }
    nodes.reconcile(batch);
    for (const auto& uid : batch) {
      if (auto* node = context.nodes.find(uid)) quarantines.retry(*node);
    }
    if (!context.gone.empty()) ends.forget_gone();
    for (const auto& [uid, application] : context.applications.all()) {
      if (application.is_deleting()) context.look_at(application);
    }
  }

  std::optional<MonotonicTime> next_due() const {
    std::optional<MonotonicTime> next;
    for (const auto& due : {context.queue.next_due(), context.sources.next_due(), sender.next_due(),
                            commands.next_due(), status.next_due(), secrets.next_due()}) {
      if (due && (!next || *due < *next)) next = due;
    }
    return next;
  }

  void wake_up() const {
    if (wake) wake();
  }

  // ---- the root that was given on the command line ----

  Status keep_root() {
    if (!context.options.root) return {};
    const RootSource& root = *context.options.root;
    const Json source = {{"repoURL", root.url}, {"path", root.path}, {"targetRevision", root.revision}};
    Json object = {
        {"apiVersion", kApiVersion},
        {"kind", "Application"},
        {"metadata", {{"name", root.name}, {"annotations", {{std::string(kAnnotationManagedBy), "serve"}}}}},
        {"spec",
         {{"source", source}, {"syncPolicy", {{"automated", {{"prune", true}, {"selfHeal", true}}}}}}}};
    const auto existing = context.objects.get(kApplications, root.name);
    if (!existing) {
      auto made = context.objects.create(kApplications, object, Actor::kHub);
      if (made) return {};
      if (made.error().code() != base::Code::kConflict) return fail(std::move(made).error());
      // get() found none that can be read, so one is stored that cannot: all that it made is served as it was. When a
      // person has deleted the record, the next start makes the root anew.
      base::log::failure("the root is left as it is", root.name, made.error());
      return {};
    }
    if (const Json* now = find_at(**existing, "spec/source"); now != nullptr && *now == source) return {};
    const Json patch = {{"spec", {{"source", source}}}};
    return context.objects.patch(kApplications, root.name, patch, Actor::kHub).map([](const ObjectPtr&) {});
  }

  std::vector<base::Metric> gauges() const;
};

Controller::Controller(Seams seams, Objects& objects, ControllerOptions options)
    : parts_(std::make_unique<Parts>(seams, objects, std::move(options))) {}

Controller::~Controller() {
  parts_->context.objects.remove_listener(parts_->listener);
  auto& seams = parts_->context.seams;
  seams.git.on_fetched({});
  seams.link.on_message({});
  seams.link.on_state({});
  seams.link.on_writable({});
}

Status Controller::boot() {
  auto& parts = *parts_;
  auto& context = parts.context;
  HF_CHECK(context.applications.load());
  HF_CHECK(context.nodes.load());
  if (context.nodes.has_lost_counters()) HF_CHECK(context.lift_counters());
  HF_CHECK(context.desired.load());
  HF_CHECK(context.secrets.load());
  HF_CHECK(context.events.load());
  HF_CHECK(context.intake.load());
  for (const auto& tombstone : context.objects.tombstones(kApplications)) {
    context.gone[sync::ApplicationUid(tombstone.uid)] = tombstone.name;
  }
  HF_CHECK(parts.keep_root());
  HF_CHECK(parts.take_all());
  forget_leftovers(context);
  parts.ends.forget_gone();
  parts.pins.pin_all();
  parts.booted = true;
  return {};
}

void Controller::start() {
  auto& parts = *parts_;
  auto& seams = parts.context.seams;
  parts.listener = parts.context.objects.add_listener([&parts] { parts.wake_up(); });
  seams.git.on_fetched([&parts](const gitops::FetchResult& result) {
    parts.on_fetched(result);
    parts.wake_up();
  });
  seams.link.on_message([&parts](const std::string& topic, std::string_view payload) {
    parts.talk.on_message(topic, payload);
    parts.wake_up();
  });
  seams.link.on_state([&parts](sync::LinkState state, const std::string& why) {
    parts.talk.on_link(state, why);
    parts.wake_up();
  });
  seams.link.on_writable([&parts] { parts.wake_up(); });
  seams.link.subscribe(sync::Topics::all_up());
  seams.link.start();
}

std::optional<MonotonicTime> Controller::run_due() {
  auto& parts = *parts_;
  parts.take_changes();
  for (const auto& url : parts.context.sources.run_due(parts.context.now())) parts.look_at_users(url);
  int turns = 0;
  while (turns < kTurnsMax && parts.turn()) ++turns;
  // When what came was looked at: a revision may have come into force.
  if (turns < kTurnsMax) parts.epochs.look_again();
  parts.commands.run_due();
  parts.secrets.run_due();
  parts.talk.pump();
  parts.status.run_due();
  parts.take_changes();
  return parts.next_due();
}

void Controller::on_wake(std::function<void()> wake) { parts_->wake = std::move(wake); }

Status Controller::flush() { return parts_->status.flush_all(); }

Status Controller::sync(const std::string& name, const SyncOptions& options) {
  parts_->take_changes();
  HF_TRY(auto* application, parts_->application(name));
  HF_CHECK(parts_->applications.sync(*application, options));
  // At once, so that whoever waits from now on does not see what was before.
  parts_->status.show_application(*application);
  parts_->wake_up();
  return {};
}

Status Controller::refresh(const std::string& name) {
  parts_->take_changes();
  HF_TRY(const auto* application, parts_->application(name));
  parts_->context.sources.fetch_now(application->spec.source.repo_url, parts_->context.now());
  parts_->wake_up();
  return {};
}

Status Controller::rollback(const std::string& name, const std::string& revision) {
  parts_->take_changes();
  HF_TRY(auto* application, parts_->application(name));
  HF_CHECK(parts_->applications.rollback(*application, revision));
  parts_->wake_up();
  return {};
}

Result<std::vector<HistoryEntry>> Controller::history(const std::string& name) const {
  HF_TRY(const auto* application, parts_->application(name));
  return parts_->applications.history(*application);
}

Result<std::vector<Difference>> Controller::diff(const std::string& name) {
  HF_TRY(auto* application, parts_->application(name));
  return parts_->explainer.diff(*application);
}

Result<std::vector<Why>> Controller::why(const std::string& node, const std::string& brief) {
  return parts_->explainer.why(node, brief);
}

std::vector<ResourceRow> Controller::resources(const ResourceFilter& filter) const {
  return parts_->explainer.resources(filter);
}

void Controller::logs(const std::string& node, const LogsQuery& query, OnAnswer done) {
  Json arguments = Json::object();
  if (!query.resource.empty()) arguments["resource"] = query.resource;
  if (!query.container.empty()) arguments["container"] = query.container;
  if (!query.since.empty()) arguments["since"] = query.since;
  if (query.tail_lines) arguments["tailLines"] = *query.tail_lines;
  if (!query.cursor.empty()) arguments["cursor"] = query.cursor;
  parts_->commands.ask(node, sync::CommandKind::kLogs, base::canonical_json(arguments), std::move(done));
  parts_->wake_up();
}

void Controller::diagnose(const std::string& node, OnAnswer done) {
  parts_->commands.ask(node, sync::CommandKind::kDiagnose, "{}", std::move(done));
  parts_->wake_up();
}

void Controller::sync_node(const std::string& node, bool retry, OnAnswer done) {
  const auto kind = retry ? sync::CommandKind::kRetry : sync::CommandKind::kSync;
  parts_->commands.ask(node, kind, "{}", std::move(done));
  parts_->wake_up();
}

std::vector<base::Metric> Controller::Parts::gauges() const {
  std::map<std::string, double> states{{"ready", 0}, {"offline", 0}, {"unknown", 0}};
  double unsent = 0;
  for (const auto& [uid, node] : context.nodes.all()) {
    unsent += node.sending.wanted ? 1 : 0;
    const bool is_away = node.revoked || node.presence == Presence::kOffline;
    ++states[node.is_online() ? "ready" : is_away ? "offline" : "unknown"];
  }
  base::Metric by_state{"holdfast_hub_nodes", base::MetricType::kGauge, "Nodes by connection state.", {}};
  for (const auto& [state, count] : states) by_state.samples.push_back({{{"state", state}}, count});
  std::map<std::pair<std::string, std::string>, double> kinds;
  for (const auto& [uid, entry] : context.applications.all()) {
    ++kinds[{text_at(*entry.object, "status/sync"), text_at(*entry.object, "status/health")}];
  }
  base::Metric by_status{
      "holdfast_hub_applications", base::MetricType::kGauge, "Applications by sync and health.", {}};
  for (const auto& [kind, count] : kinds) {
    by_status.samples.push_back({{{"health", kind.second.empty() ? "Unknown" : kind.second},
                                  {"sync", kind.first.empty() ? "Unknown" : kind.first}},
                                 count});
  }
  return {std::move(by_state), std::move(by_status),
          base::gauge("holdfast_hub_broker_connected", "1 while the hub is connected to its broker.",
                      context.seams.link.state() == sync::LinkState::kUp ? 1 : 0),
          base::gauge("holdfast_hub_queue_length", "Keys that wait in the queue.",
                      static_cast<double>(context.queue.size())),
          base::gauge("holdfast_hub_nodes_unsent", "Nodes that have not acknowledged their desired state.",
                      unsent)};
}

std::vector<base::Metric> Controller::metrics() const {
  auto out = parts_->gauges();
  for (auto& metric : to_metrics(parts_->context.counters)) out.push_back(std::move(metric));
  return out;
}

bool Controller::ready() const {
  return parts_->booted && parts_->context.seams.link.state() == sync::LinkState::kUp;
}

}  // namespace holdfast::hub
