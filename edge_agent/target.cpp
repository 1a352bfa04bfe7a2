// SPDX-License-Identifier: Apache-2.0
#include "edge_agent/target.hpp"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <utility>

#include "base/planted.hpp"
#include "sync/model/kinds.hpp"
#include "sync/model/unit_spec.hpp"

namespace holdfast::edge_agent {

using base::Code;
using base::fail;
using base::Result;

namespace {

/// What tells a hook's runs apart: one for each attempt of each section of each application.
base::Digest attempt_of(const sync::ApplicationUid& application, const base::Digest& section,
                        std::uint32_t run) {
  if (base::planted("hook-run-by-each-agent")) {
    static std::uint32_t loads = 0;
    run += ++loads;
  }
  return base::Digest::of(application.str() + "\n" + section.hex() + "\n" + std::to_string(run));
}

Result<TargetItem> resolve(const sync::Resource& resource, const base::Digest& attempt,
                           References& references, Drivers& drivers) {
  const auto* kind = sync::find_kind(resource.key.group, resource.key.kind);
  TargetItem item;
  item.driver = drivers.of(resource.key);
  if (kind == nullptr || item.driver == nullptr) {
    return fail(Code::kUnsupported, resource.key.brief() + ": this agent cannot do kind " +
                                        resource.key.kind +
                                        "; update the agent or place the application elsewhere");
  }
  auto effective = item.driver->resolve(resource, references);
  if (!effective) return fail(effective.error().with_context(resource.key.brief()));
  item.effective = *std::move(effective);
  if (resource.hook) {
    item.attempt = attempt;
    item.effective->salt(attempt);
  }
  item.effective->shed();
  item.desired = {.key = resource.key,
                  .claims = item.effective->claims,
                  .effective = item.effective->digest,
                  .wave = resource.wave,
                  .kind_order = kind->apply_order,
                  .depends_on = resource.depends_on,
                  .prune_disabled = resource.prune_disabled,
                  .hook = resource.hook,
                  .rests = false};
  return item;
}

}  // namespace

std::vector<DesiredItem> Target::desired() const {
  std::vector<DesiredItem> out;
  out.reserve(items.size());
  for (const auto& item : items) out.push_back(item.desired);
  return out;
}

TargetItem* Target::find(const sync::ResourceKey& key) {
  const auto key_of = [](const TargetItem& item) -> const sync::ResourceKey& { return item.desired.key; };
  const auto at = std::ranges::lower_bound(items, key, {}, key_of);
  return at == items.end() || at->desired.key != key ? nullptr : &*at;
}

bool Target::has_hooks() const {
  return std::ranges::any_of(items, [](const auto& item) { return item.desired.hook.has_value(); });
}

bool Target::has_hooks_of(sync::HookStage stage) const {
  return std::ranges::any_of(
      items, [stage](const auto& item) { return item.desired.hook && item.desired.hook->stage == stage; });
}

Result<std::unique_ptr<Target>> load_target(const base::Digest& digest, std::string_view bytes,
                                            Drivers& drivers, std::uint32_t run,
                                            const sync::ApplicationUid& application) {
  HF_TRY(const auto section, sync::decode_section(bytes));
  References references(section);
  auto target = std::make_unique<Target>();
  target->digest = digest;
  target->run = run;
  const auto attempt = attempt_of(application, digest, run);
  target->policy = section.policy;
  target->items.reserve(section.resources.size());
  for (const auto& resource : section.resources) {
    HF_TRY(auto item, resolve(resource, attempt, references, drivers));
    target->items.push_back(std::move(item));
  }
  const auto desired = target->desired();
  if (const auto errors = dependency_errors(desired); !errors.empty()) {
    return fail(Code::kInvalid, errors.front().message);
  }
  target->order = apply_order(desired);
  for (const auto& placed : target->order) {
    target->items[placed.item].wave = placed.wave;
    target->items[placed.item].depth = placed.depth;
  }
  return target;
}

namespace {

/// Of a resource that is not read strictly here: a newer hub may have said more than this agent knows.
std::vector<sync::Claim> plain_claims(const base::Json& object) {
  const auto text = [](const base::Json& in, const char* name) {
    const auto found = in.is_object() ? in.find(name) : in.end();
    return found != in.end() && found->is_string() ? found->get<std::string>() : std::string();
  };
  if (!object.is_object() || !text(object, "apiVersion").starts_with("holdfast.dev/")) return {};
  const base::Json metadata = object.value("metadata", base::Json::object());
  if (text(object, "kind") == "Process" && !text(metadata, "name").empty()) {
    const auto ns = text(metadata, "namespace");
    return {{sync::ClaimKind::kProcess, (ns.empty() ? "default" : ns) + "/" + text(metadata, "name")}};
  }
  if (text(object, "kind") == "Unit") {
    const auto unit = text(object.value("spec", base::Json::object()), "name");
    if (!sync::check_unit_name(unit)) return {};
    return {{sync::ClaimKind::kPath, "/etc/systemd/system/" + unit}, {sync::ClaimKind::kUnit, unit}};
  }
  if (text(object, "kind") != "File") return {};
  const auto path = sync::normal_path(text(object.value("spec", base::Json::object()), "path"));
  if (!path) return {};
  return {{sync::ClaimKind::kPath, *path}};
}

}  // namespace

std::vector<sync::Claim> claims_in(std::string_view section_bytes) {
  std::vector<sync::Claim> claims;
  const auto section = base::parse_json(section_bytes);
  if (!section || !section->is_object()) return claims;
  const auto resources = section->find("resources");
  if (resources == section->end() || !resources->is_array()) return claims;
  for (const auto& object : *resources) {
    const auto resource = sync::parse_resource(object);
    for (auto& claim : resource ? sync::claims_of(*resource) : plain_claims(object))
      claims.push_back(std::move(claim));
  }
  std::ranges::sort(claims);
  return claims;
}

std::vector<sync::ResourceKey> keys_in(std::string_view section_bytes) {
  std::vector<sync::ResourceKey> keys;
  const auto section = base::parse_json(section_bytes);
  if (!section || !section->is_object() || !section->contains("resources")) return keys;
  for (const auto& object : section->at("resources")) {
    std::string version;
    sync::ResourceKey key;
    base::ObjectReader in(object, "");
    in.required("apiVersion", version).required("kind", key.kind);
    in.required("metadata", [&](const base::Json& metadata, const std::string& at) {
      base::ObjectReader of(metadata, at);
      of.required("name", key.name).optional("namespace", key.ns);
      return of.finish_open();
    });
    if (!in.finish_open()) continue;
    const auto slash = version.find('/');
    if (slash != std::string::npos) key.group = version.substr(0, slash);
    if (key.ns.empty()) key.ns = "default";
    keys.push_back(std::move(key));
  }
  return keys;
}

std::set<base::SealingKeyId> sealing_keys_in(std::string_view section_bytes) {
  std::set<base::SealingKeyId> out;
  const auto section = sync::decode_section(section_bytes);
  if (!section) return out;
  for (const auto& resource : section->resources) {
    if (!sync::is_secret(resource.key)) continue;
    const auto object = base::parse_json(resource.body);
    const auto secret = object ? sync::parse_secret(*object) : Result<sync::Secret>(fail(object.error()));
    if (secret) out.insert(secret->key);
  }
  return out;
}

Result<std::unique_ptr<Effective>> SectionContents::whole(const TargetItem& item) {
  if (!section_) {
    HF_TRY(section_, sync::decode_section(bytes_));
    bytes_.clear();
    references_.emplace(*section_);
  }
  const auto at = std::ranges::lower_bound(section_->resources, item.desired.key, {}, &sync::Resource::key);
  if (at == section_->resources.end() || at->key != item.desired.key)
    return fail(Code::kInternal, item.desired.key.brief() + " left its section");
  HF_TRY(auto effective, item.driver->resolve(*at, *references_));
  if (item.desired.hook) effective->salt(item.attempt);
  return effective;
}

}  // namespace holdfast::edge_agent
