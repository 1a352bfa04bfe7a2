// SPDX-License-Identifier: Apache-2.0
#include "test/sim/hub_box.hpp"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "hub/application_record.hpp"
#include "hub/epochs.hpp"
#include "hub/json_path.hpp"
#include "hub/node_book.hpp"
#include "hub/tables.hpp"

namespace holdfast::sim {

using base::Json;
using base::Status;
using hub::Actor;

namespace {

Json application_json(const ApplicationModel& model) {
  Json object = {{"apiVersion", "holdfast.dev/v1"},
                 {"kind", "Application"},
                 {"metadata", {{"name", model.name}}},
                 {"spec",
                  {{"source", {{"repoURL", kRepository}, {"targetRevision", "main"}, {"path", model.folder}}},
                   {"placement", {{"selector", {{"matchLabels", {{model.key, model.value}}}}}}},
                   {"syncPolicy",
                    {{"automated", {{"prune", true}, {"selfHeal", true}}},
                     {"retry", {{"limit", 1}, {"backoff", {{"duration", "2s"}}}}},
                     {"progressDeadlineSeconds", 40}}}}}};
  if (model.finalizer) object["metadata"]["finalizers"] = {hub::kResourcesFinalizer};
  return object;
}

Status forget_value(base::Result<hub::ObjectPtr> result) {
  return result.map([](const hub::ObjectPtr&) {});
}

}  // namespace

HubBox::HubBox(sync::FakeBroker& broker, hub::ControllerOptions options, Trace& trace, Judge& judge,
               std::uint64_t seed)
    : Box("hub", trace, seed),
      store(std::vector<sync::Table>(hub::kHubTables.begin(), hub::kHubTables.end())),
      broker_(broker),
      options_(std::move(options)),
      rules_(trace, judge) {
  options_.sealer = &sealer_;
  rotate_sealing_key();
}

void HubBox::rotate_sealing_key() {
  sealer_.keys.add(base::SealingKey::generate(random), clock.wall());
  options_.sealing_key = sealing_key();
}

bool HubBox::begin() {
  sim_store_ = std::make_unique<SimStore>(
      store, fuse, [this](sync::Table table, std::string_view key, std::string_view value) {
        rules_.stored(table, key, value);
      });
  link_ = std::make_unique<SimLink>(
      broker_, "holdfast-hub", fuse, [this](const auto& work) { guard(work); },
      [this](const std::string&, const std::string& payload) { rules_.sent(payload); });
  objects_ = std::make_unique<hub::Objects>(hub::Objects::Seams{clock, random, *sim_store_});
  auto started = objects_->load();
  if (started) {
    controller_ = std::make_unique<hub::Controller>(
        hub::Controller::Seams{clock, random, *sim_store_, *link_, git}, *objects_, options_);
    started = controller_->boot();
  }
  if (!started) {
    note("boot failed: " + started.error().message());
    return false;
  }
  controller_->on_wake([this] { wake(); });
  controller_->start();
  if (!before_restore_.empty()) note_forgotten();
  return true;
}

void HubBox::end() {
  controller_.reset();
  objects_.reset();
  link_.reset();
  sim_store_.reset();
  git.crash();
  store.crash();  // nothing is lost by it, but what a store without fsync would lose
  store.restart();
}

std::optional<base::MonotonicTime> HubBox::work() {
  constexpr int kRoundsMax = 1'000;
  std::optional<base::MonotonicTime> next;
  int rounds = 0;
  for (bool busy = true; busy;) {
    if (++rounds > kRoundsMax) {
      rules_.does_not_rest();
      return std::nullopt;
    }
    busy = git.deliver() > 0;
    next = controller_->run_due();
    busy = busy || git.pending() > 0 || (next && *next <= clock.monotonic());
  }
  return next;
}

void HubBox::go_by(const FleetTrust& trust) {
  options_.signing_key = trust.signing_key();
  options_.signing_keys = trust.document().signing_keys;
  options_.trust = sync::encode(trust.sealed());
  options_.trust_version = trust.document().version;
  rules_.signs_by(options_.signing_key);
}

// ---- a copy, and what becomes of it ----

bool HubBox::back_up() {
  if (!is_up() || store.crashed()) return false;
  note("is copied");
  copy_ = store;
  return true;
}

void HubBox::restore(Mirrors mirrors, std::chrono::milliseconds later) {
  note("is replaced by the copy");
  before_restore_ = events_of_all();
  stop_for(later);
  store = *copy_;
  store.full_after(std::nullopt);
  store.set_read_only(false);
  if (mirrors == Mirrors::kLost) git.lose_mirrors();
  rules_.restored(store);
  rules_.signs_by(options_.signing_key);
}

std::map<std::string, EventCounts> HubBox::events_of_all() {
  std::map<std::string, EventCounts> out;
  const auto nodes = objects_ ? objects_->list(hub::kNodes)
                              : base::Result<hub::Listing>(base::fail(base::Code::kUnavailable, ""));
  if (!nodes) return out;
  for (const auto& node : nodes->items) out[hub::name_of(*node)] = events_of(hub::name_of(*node));
  return out;
}

void HubBox::note_forgotten() {
  for (const auto& [node, before] : std::exchange(before_restore_, {})) {
    const auto now = events_of(node);
    auto& forgotten = forgotten_[node];
    forgotten.lost += before.lost - std::min(before.lost, now.lost);
    for (const auto& [text, count] : before.told) {
      const auto found = now.told.find(text);
      forgotten.told[text] += count - std::min(count, found == now.told.end() ? 0 : found->second);
    }
  }
}

std::vector<std::string> HubBox::waiting_for_approval() {
  std::vector<std::string> out;
  const auto nodes = objects_ ? objects_->list(hub::kNodes)
                              : base::Result<hub::Listing>(base::fail(base::Code::kUnavailable, ""));
  if (!nodes) return out;
  for (const auto& node : nodes->items) {
    const auto proven = hub::text_at(*node, "status/generation/proven");
    const auto approved = hub::annotations_of(*node);
    const auto found = approved.find(hub::kApprovedGenerationAnnotation);
    const bool is_said = found != approved.end() && found->second == proven;
    if (!proven.empty() && !is_said) out.push_back(hub::name_of(*node));
  }
  return out;
}

bool HubBox::approve(const std::string& node) {
  return ask("approve " + node, [&]() -> Status {
    const auto object = objects_->get(hub::kNodes, node);
    if (!object) return base::fail(base::Code::kNotFound, "no such node");
    const Json annotations{
        {hub::kApprovedGenerationAnnotation, hub::text_at(**object, "status/generation/proven")}};
    return forget_value(
        objects_->patch(hub::kNodes, node, {{"metadata", {{"annotations", annotations}}}}, Actor::kPerson));
  });
}

bool HubBox::ask(const std::string& what, const std::function<Status()>& request) {
  was_unclear_ = false;
  if (!is_up()) return false;
  Status status = base::fail(base::Code::kUnavailable, "died");
  guard([&] { status = request(); });
  const auto code = status ? base::Code::kInvalid : status.error().code();
  was_unclear_ =
      code != base::Code::kInvalid && code != base::Code::kNotFound && code != base::Code::kConflict;
  note(what + (status ? "" : " failed: " + status.error().message()));
  return status.has_value();
}

bool HubBox::apply(const ApplicationModel& application) {
  return ask("apply " + application.name, [&]() -> Status {
    const Json json = application_json(application);
    const auto existing = objects_->get("applications", application.name);
    if (!existing) return forget_value(objects_->create("applications", json, Actor::kPerson));
    if (hub::is_being_deleted(**existing)) return base::fail(base::Code::kConflict, "is being deleted");
    return forget_value(objects_->update("applications", application.name, json, Actor::kPerson));
  });
}

bool HubBox::remove(const ApplicationModel& application) {
  return ask("delete " + application.name,
             [&] { return forget_value(objects_->remove("applications", application.name)); });
}

bool HubBox::add_node(const std::string& name, const sync::NodeUid& uid,
                      const std::map<std::string, std::string>& labels) {
  return ask("enrol " + name, [&] {
    const Json json = {{"apiVersion", "holdfast.dev/v1"},
                       {"kind", "Node"},
                       {"metadata", {{"name", name}, {"labels", labels}}},
                       {"spec", {{"uid", uid.str()}}}};
    return forget_value(objects_->create("nodes", json, Actor::kHub));
  });
}

bool HubBox::label(const std::string& node, const std::string& key, const std::string& value) {
  return ask("label " + node + " " + key + "=" + value, [&] {
    const Json patch = {{"metadata", {{"labels", {{key, value.empty() ? Json() : Json(value)}}}}}};
    return forget_value(objects_->patch("nodes", node, patch, Actor::kPerson));
  });
}

bool HubBox::sync(const std::string& application, bool confirm_prune) {
  return ask("sync " + application + (confirm_prune ? " --confirm-prune" : ""), [&] {
    return controller_->sync(application, {.revision = {}, .confirm_prune = confirm_prune});
  });
}

bool HubBox::rollback(const std::string& application, const std::string& revision) {
  return ask("rollback " + application + " to " + revision.substr(0, 8),
             [&] { return controller_->rollback(application, revision); });
}

bool HubBox::refresh(const std::string& application) {
  return ask("refresh " + application, [&] { return controller_->refresh(application); });
}

bool HubBox::sync_node(const std::string& node, bool retry) {
  return ask("sync node " + node, [&]() -> Status {
    controller_->sync_node(node, retry, [](const base::Result<std::string>&) {});
    return {};
  });
}

bool HubBox::has_made_since_copy(const sync::NodeUid& node) {
  return desired_in(store, node) != desired_in(*copy_, node);
}

std::optional<sync::Generation> HubBox::desired_in(sync::FakeStore& store, const sync::NodeUid& node) {
  const auto bytes = sync::read_one(store, hub::kDesiredTable, node.str());
  if (!bytes || !*bytes) return std::nullopt;
  constexpr std::size_t kSignatureBytes = 64;
  const auto header = sync::decode_header(std::string_view(**bytes).substr(kSignatureBytes));
  return header ? std::optional(header->generation) : std::nullopt;
}

std::optional<base::Digest> HubBox::snapshot_of(const sync::NodeUid& node) {
  const auto bytes = sync::read_one(store, hub::kReportTable, node.str());
  if (!bytes || !*bytes) return std::nullopt;
  const auto report = sync::decode_snapshot_report(**bytes);
  return report ? std::optional(base::Digest::of(report->snapshot)) : std::nullopt;
}

std::string HubBox::status_of(const std::string& application) {
  if (!objects_) return "down";
  const auto object = objects_->get("applications", application);
  if (!object) return "missing";
  return hub::text_at(**object, "status/sync") + " " + hub::text_at(**object, "status/health");
}

EventCounts HubBox::events_of(const std::string& node) {
  EventCounts out;
  const auto events = objects_ ? objects_->list("events")
                               : base::Result<hub::Listing>(base::fail(base::Code::kUnavailable, ""));
  if (!events) return out;
  for (const auto& event : events->items) {
    const bool is_of_node = hub::text_at(*event, "source/component") == "agent" &&
                            hub::text_at(*event, "involvedObject/name") == node;
    if (!is_of_node) continue;
    const auto count = static_cast<std::uint64_t>(hub::number_at(*event, "count"));
    const auto message = hub::text_at(*event, "message");
    if (hub::text_at(*event, "reason") == "EventsLost")
      out.lost += count * base::from_decimal(message.substr(0, message.find(' '))).value_or(0);
    else
      out.told[event_text({.reason = hub::text_at(*event, "reason"),
                           .application = hub::text_at(*event, "application"),
                           .resource = hub::text_at(*event, "resource"),
                           .message = message})] += count;
  }
  return out;
}

std::optional<Oracle::Places> HubBox::in_force() {
  Oracle::Places out;
  const auto done = store.read([&](sync::ReadTxn& txn) {
    return txn.scan(hub::kApplicationTable, "", [&](std::string_view, std::string_view value) {
      const auto record = hub::decode_record(value);
      if (record && record->in_force) {
        out[record->name] = {record->in_force->commit.str(), record->in_force->path};
      }
      return true;
    });
  });
  return done ? std::optional(out) : std::nullopt;
}

std::string HubBox::story_of(const std::string& application) {
  if (!objects_) return "";
  const auto object = objects_->get("applications", application);
  if (!object) return "";
  std::string out;
  for (const auto* path : {"status/operation", "status/conditions"}) {
    if (const auto* found = hub::find_at(**object, path)) out += found->dump() + " ";
  }
  return out;
}

}  // namespace holdfast::sim
