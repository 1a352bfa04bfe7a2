// SPDX-License-Identifier: Apache-2.0
#include "edge_agent/fake_fleet.hpp"

#include <algorithm>
#include <cassert>
#include <nlohmann/json.hpp>
#include <utility>

#include "base/fake_random.hpp"
#include "base/json.hpp"
#include "sync/model/secret.hpp"

namespace holdfast::edge_agent {

using base::Json;

FakeApp::FakeApp(std::string name) : name_(std::move(name)) {
  policy.prune = true;
  policy.self_heal = true;
  policy.retry = {
      .limit = 1, .delay = std::chrono::seconds{5}, .factor = 2, .delay_max = std::chrono::seconds{60}};
  policy.progress_deadline = std::chrono::seconds{60};
}

FakeApp& FakeApp::add(const std::string& api, const std::string& kind, const std::string& name,
                      const std::string& members, const FakeMeta& meta) {
  Json object = Json::parse(members);
  object["apiVersion"] = api;
  object["kind"] = kind;
  object["metadata"] = {{"name", name}, {"namespace", meta.ns}};
  Json annotations = Json::object();
  if (meta.wave != 0) annotations[std::string(sync::kAnnotationSyncWave)] = std::to_string(meta.wave);
  if (!meta.depends_on.empty()) annotations[std::string(sync::kAnnotationDependsOn)] = meta.depends_on;
  if (meta.prune_disabled) annotations[std::string(sync::kAnnotationPrune)] = "disabled";
  if (!meta.hook.empty()) annotations[std::string(sync::kAnnotationHook)] = meta.hook;
  if (!meta.hook_delete_policy.empty())
    annotations[std::string(sync::kAnnotationHookDeletePolicy)] = meta.hook_delete_policy;
  if (!annotations.empty()) object["metadata"]["annotations"] = annotations;
  auto resource = sync::parse_resource(object);
  assert(resource && "a manifest of a test is wrong");
  resources_.insert_or_assign(resource->key, *resource);
  return *this;
}

FakeApp& FakeApp::file_spec(const std::string& name, const std::string& spec, FakeMeta meta) {
  return add("holdfast.dev/v1", "File", name, Json{{"spec", Json::parse(spec)}}.dump(), meta);
}

FakeApp& FakeApp::file(const std::string& name, const std::string& path, const std::string& content,
                       FakeMeta meta) {
  return file_spec(name, Json{{"path", path}, {"content", content}}.dump(), std::move(meta));
}

FakeApp& FakeApp::process_spec(const std::string& name, const std::string& spec, FakeMeta meta) {
  return add("holdfast.dev/v1", "Process", name, Json{{"spec", Json::parse(spec)}}.dump(), meta);
}

FakeApp& FakeApp::pod(const std::string& name, const std::string& spec, FakeMeta meta) {
  return add("v1", "Pod", name, Json{{"spec", Json::parse(spec)}}.dump(), meta);
}

FakeApp& FakeApp::workload(const std::string& kind, const std::string& name, const std::string& spec,
                           FakeMeta meta) {
  const bool is_job = kind == "Job" || kind == "CronJob";
  return add(is_job ? "batch/v1" : "apps/v1", kind, name, Json{{"spec", Json::parse(spec)}}.dump(), meta);
}

FakeApp& FakeApp::process(const std::string& name, const std::vector<std::string>& command, FakeMeta meta) {
  return process_spec(name, Json{{"command", command}}.dump(), std::move(meta));
}

FakeApp& FakeApp::unit_spec(const std::string& name, const std::string& spec, FakeMeta meta) {
  return add("holdfast.dev/v1", "Unit", name, Json{{"spec", Json::parse(spec)}}.dump(), meta);
}

FakeApp& FakeApp::config_map(const std::string& name, const std::map<std::string, std::string>& data,
                             FakeMeta meta) {
  return add("v1", "ConfigMap", name, Json{{"data", data}}.dump(), meta);
}

FakeApp& FakeApp::secret(const std::string& name, const base::SealingPublicKey& key,
                         const std::map<std::string, std::string>& data, const std::string& sealed_as) {
  std::map<std::string, std::string> sealed;
  Json version = Json::object();
  for (const auto& [field, value] : data) {
    version[field] = value;
    sealed[field] =
        base::seal(key, sync::bound_to("default", sealed_as.empty() ? name : sealed_as, field), value);
  }
  const Json members = sync::sealed_data(base::Digest::of(base::canonical_json(version)), key.id(), sealed);
  return add("v1", "Secret", name, Json{{"data", members}}.dump(), {});
}

FakeApp& FakeApp::without(const std::string& brief) {
  std::erase_if(resources_, [&](const auto& pair) { return pair.first.matches_brief(brief); });
  return *this;
}

FakeApp& FakeApp::revision(const std::string& commit) {
  revision_ = sync::Revision(commit);
  return *this;
}

FakeApp& FakeApp::confirm_prune(bool confirmed) {
  prune_confirmed_ = confirmed;
  return *this;
}

FakeApp& FakeApp::withhold(std::vector<sync::Claim> claims) {
  std::ranges::sort(claims);
  withhold_ = std::move(claims);
  return *this;
}

std::string FakeApp::bytes() const {
  sync::Section section{.policy = policy, .resources = {}};
  for (const auto& [key, resource] : resources_) section.resources.push_back(resource);
  return sync::encode_section(section);
}

sync::SectionRef FakeApp::ref() const {
  return {.application = uid(),
          .name = name_,
          .revision = revision_,
          .digest = digest(),
          .provenance = base::Digest::of(body().provenance),
          .withhold = withhold_,
          .prune_confirmed = prune_confirmed_};
}

sync::SectionBody FakeApp::body() const {
  std::vector<sync::Provenance> provenance;
  std::uint32_t line = 1;
  for (const auto& [key, resource] : resources_) {
    provenance.push_back({.key = key,
                          .source = "https://git.example.com/fleet.git",
                          .commit = revision_,
                          .file = "apps/" + name_ + "/all.yaml",
                          .line = line});
    line += 10;
  }
  return {.digest = digest(), .bytes = bytes(), .provenance = sync::encode_provenance(provenance)};
}

namespace {

base::SigningKey make_key(std::uint64_t seed) {
  base::FakeRandom random(seed);
  return base::SigningKey::generate(random);
}

base::MacKey make_mac(std::uint64_t seed) {
  base::FakeRandom random(seed + 1);
  return base::make_mac_key(random);
}

}  // namespace

FakeFleet::FakeFleet(std::uint64_t seed)
    : id_("fleet-" + std::to_string(seed)), key_(make_key(seed)), mark_key_(make_mac(seed)) {}

NodeIdentity FakeFleet::identity(const std::string& node_name) const {
  return {.fleet = id_,
          .uid = sync::NodeUid("uid-" + node_name),
          .name = node_name,
          .signing_keys = {key_.public_key()},
          .mark_key = mark_key_};
}

sync::DesiredHeader FakeFleet::header(const sync::NodeUid& node, sync::Generation generation,
                                      const std::vector<FakeApp>& apps,
                                      const std::vector<sync::Removal>& removals) const {
  sync::DesiredHeader header;
  header.fleet = id_;
  header.node = node;
  header.generation = generation;
  for (const auto& app : apps) header.sections.push_back(app.ref());
  header.removals = removals;
  std::ranges::sort(header.sections, {}, &sync::SectionRef::application);
  std::ranges::sort(header.removals, {}, &sync::Removal::application);
  return header;
}

sync::State FakeFleet::state(const sync::NodeUid& node, sync::Generation generation,
                             const std::vector<FakeApp>& apps,
                             const std::vector<sync::Removal>& removals) const {
  sync::State state{.header = sync::sign_header(header(node, generation, apps, removals), key_),
                    .bodies = {}};
  for (const auto& app : apps) state.bodies.push_back(app.body());
  return state;
}

sync::Claim path_claim(const std::string& path) { return {sync::ClaimKind::kPath, path}; }

sync::Claim process_claim(const std::string& name) {
  const bool has_namespace = name.find('/') != std::string::npos;
  return {sync::ClaimKind::kProcess, has_namespace ? name : "default/" + name};
}

}  // namespace holdfast::edge_agent
