// SPDX-License-Identifier: Apache-2.0
#include "hub/fake_fleet.hpp"

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <nlohmann/json.hpp>

#include "base/limits/git.hpp"
#include "hub/json_path.hpp"
#include "hub/tables.hpp"

namespace holdfast::hub {

using base::Json;

namespace {

/// A fake that is used wrongly, or a hub that refuses what a test takes for granted, ends the test program.
template <class T>
T must(base::Result<T> result, const char* what) {
  if (result) {
    if constexpr (!std::is_void_v<T>)
      return *std::move(result);
    else
      return;
  }
  std::fprintf(stderr, "%s: %s\n", what, result.error().message().c_str());
  std::abort();
}

std::string find_condition(const Json& object, const std::string& type) {
  const Json* list = find_at(object, "status/conditions");
  if (list == nullptr) return "";
  for (const Json& item : *list) {
    if (text_at(item, "type") == type) return text_at(item, "status") + ": " + text_at(item, "message");
  }
  return "";
}

}  // namespace

std::string file_yaml(const std::string& name, const std::string& path, const std::string& content) {
  return "apiVersion: holdfast.dev/v1\nkind: File\nmetadata: {name: " + name + "}\nspec: {path: " + path +
         ", content: \"" + content + "\"}\n";
}

std::string process_yaml(const std::string& name) {
  return "apiVersion: holdfast.dev/v1\nkind: Process\nmetadata: {name: " + name +
         "}\nspec: {command: [/bin/sleep, \"60\"]}\n";
}

std::string application_yaml(const ApplicationYaml& a) {
  std::string out = "apiVersion: holdfast.dev/v1\nkind: Application\nmetadata:\n  name: " + a.name + "\n";
  if (a.finalizer) out += "  finalizers: [" + std::string(kResourcesFinalizer) + "]\n";
  out += "spec:\n  source: {repoURL: \"" + a.url + "\", targetRevision: " + a.revision + ", path: " + a.path +
         "}\n";
  if (a.placed) out += "  placement: {selector: {matchLabels: {" + a.selector + "}}}\n";
  if (a.automated) {
    out += std::string("  syncPolicy: {automated: {prune: ") + (a.prune ? "true" : "false") +
           ", selfHeal: true, allowEmpty: " + (a.allow_empty ? "true" : "false") +
           ", maxPrune: " + a.max_prune + "}}\n";
  }
  return out;
}

Json application_json(const ApplicationYaml& a) {
  Json object = {
      {"apiVersion", kApiVersion},
      {"kind", "Application"},
      {"metadata", {{"name", a.name}}},
      {"spec", {{"source", {{"repoURL", a.url}, {"targetRevision", a.revision}, {"path", a.path}}}}}};
  if (a.finalizer) object["metadata"]["finalizers"] = {kResourcesFinalizer};
  if (a.automated) {
    object["spec"]["syncPolicy"]["automated"] = {
        {"prune", a.prune}, {"selfHeal", true}, {"allowEmpty", a.allow_empty}, {"maxPrune", a.max_prune}};
  }
  if (!a.placed) return object;
  Json labels = Json::object();
  if (const auto colon = a.selector.find(": "); colon != std::string::npos) {
    labels[a.selector.substr(0, colon)] = a.selector.substr(colon + 2);
  }
  object["spec"]["placement"]["selector"]["matchLabels"] = labels;
  return object;
}

FakeFleet::FakeFleet()
    : store(std::vector<sync::Table>(kHubTables.begin(), kHubTables.end())),
      key(base::SigningKey::generate(random)),
      options{.fleet = sync::FleetId("00000000-0000-4000-8000-0000000000f1"),
              .signing_key = key,
              .repositories = {},
              .root = {},
              .poll_interval = base::limits::kPollInterval} {
  base::FakeRandom keys(21);
  sealer.keys.add(base::SealingKey::generate(keys), clock.wall());
  options.sealer = &sealer;
  options.sealing_key = hub_sealing_key();
  start_hub();
}

FakeFleet::~FakeFleet() { stop_hub(); }

void FakeFleet::start_hub() {
  link = std::make_unique<sync::FakeLink>(broker, "holdfast-hub");
  objects = std::make_unique<Objects>(Objects::Seams{clock, random, store});
  must(objects->load(), "load");
  hub = std::make_unique<Controller>(Controller::Seams{clock, random, store, *link, git}, *objects, options);
  must(hub->boot(), "boot");
  hub->start();
}

void FakeFleet::stop_hub() {
  hub.reset();
  objects.reset();
  link.reset();
  git.crash();
}

sync::Revision FakeFleet::commit(Tree tree, const std::string& subject) {
  return git.commit(kRepository, "main", std::move(tree), subject);
}

sync::Revision FakeFleet::change(const std::map<std::string, std::optional<gitops::FakeFile>>& changes) {
  return git.change(kRepository, "main", changes);
}

void FakeFleet::apply(const ApplicationYaml& application) {
  const Json json = application_json(application);
  if (objects->get(kApplications, application.name)) {
    must(objects->update(kApplications, application.name, json, Actor::kPerson), "apply");
  } else {
    must(objects->create(kApplications, json, Actor::kPerson), "apply");
  }
}

void FakeFleet::remove(const std::string& type, const std::string& name) {
  must(objects->remove(type, name), "remove");
}

void FakeFleet::label(const std::string& node, const std::string& label_key, const std::string& value) {
  const Json patch = {{"metadata", {{"labels", {{label_key, value.empty() ? Json() : Json(value)}}}}}};
  must(objects->patch(kNodes, node, patch, Actor::kPerson), "label");
}

ObjectPtr FakeFleet::object(const std::string& type, const std::string& name) const {
  return must(objects->get(type, name), "get");
}

std::string FakeFleet::status(const std::string& application, const std::string& path) const {
  const auto* value = find_at(*object(std::string(kApplications), application), "status/" + path);
  if (value == nullptr) return "";
  return value->is_string() ? value->get<std::string>() : value->dump();
}

std::string FakeFleet::condition(const std::string& application, const std::string& type) const {
  return find_condition(*object(std::string(kApplications), application), type);
}

std::string FakeFleet::node_condition(const std::string& node, const std::string& type) const {
  return find_condition(*object(std::string(kNodes), node), type);
}

bool FakeFleet::has_event(const std::string& reason) const {
  const auto listing = must(objects->list(kEvents), "events");
  return std::ranges::any_of(listing.items,
                             [&](const auto& event) { return text_at(*event, "reason") == reason; });
}

FakeNode& FakeFleet::add_node(const std::string& name, const std::map<std::string, std::string>& labels,
                              const std::map<std::string, std::string>& facts) {
  const sync::NodeUid uid(random.uuid());
  const Json json = {{"apiVersion", kApiVersion},
                     {"kind", "Node"},
                     {"metadata", {{"name", name}, {"labels", labels}}},
                     {"spec", {{"uid", uid.str()}}}};
  must(objects->create(kNodes, json, Actor::kHub), "node");
  auto node = std::make_unique<FakeNode>(broker, FakeNode::Identity{options.fleet, uid, key.public_key()});
  node->facts = facts;
  node->connect();
  return *(nodes[name] = std::move(node));
}

/// Everything due now; when the next thing is.
std::optional<base::MonotonicTime> FakeFleet::step() {
  std::optional<base::MonotonicTime> next;
  bool busy = true;
  while (busy) {
    busy = broker.step(clock.monotonic()) > 0;
    busy = git.deliver() > 0 || busy;
    if (!hub) continue;
    next = hub->run_due();
    busy = busy || git.pending() > 0 || (next && *next <= clock.monotonic());
  }
  if (const auto due = broker.next_due(); due && (!next || *due < *next)) next = due;
  return next;
}

void FakeFleet::run_for(std::chrono::milliseconds duration) {
  const auto end = clock.monotonic() + duration;
  while (true) {
    const auto next = step();
    if (!next || *next > end) break;
    clock.advance(std::max(*next - clock.monotonic(), std::chrono::milliseconds(1)));
  }
  if (clock.monotonic() < end) clock.advance(end - clock.monotonic());
  step();
}

void FakeFleet::settle() { run_for(std::chrono::seconds(8)); }

}  // namespace holdfast::hub
