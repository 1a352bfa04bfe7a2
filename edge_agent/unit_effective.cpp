// SPDX-License-Identifier: Apache-2.0
#include "edge_agent/unit_effective.hpp"

#include <nlohmann/json.hpp>
#include <utility>

#include "base/json.hpp"

namespace holdfast::edge_agent {
namespace {

using base::Digest;
using base::Json;
using base::Result;

std::unique_ptr<FileEffective> file_of(const sync::UnitSpec& spec, const sync::Claim& claim,
                                       const sync::ResourceKey& key) {
  auto file = std::make_unique<FileEffective>();
  file->key = key;
  file->claims = {claim};
  file->path = claim.value;
  file->content = spec.content ? *spec.content : spec.drop_in->content;
  file->content_digest = Digest::of(*file->content);
  file->size = file->content->size();
  file->digest = file->content_digest;
  return file;
}

Result<Digest> start_digest(UnitEffective& unit, const sync::UnitSpec& spec, const std::string& ns,
                            References& references) {
  Json named = Json::object();
  for (const auto& brief : spec.restart_on) {
    HF_TRY(const Digest digest, references.digest(ns, brief));
    named[brief] = digest.hex();
    if (!brief.starts_with("File/")) continue;
    HF_TRY(const auto* file, references.file(ns, brief));
    unit.named.push_back(file);
  }
  const Json text{{"content", unit.file ? unit.file->content_digest.hex() : ""},
                  {"restartOn", std::move(named)}};
  return Digest::of(base::canonical_json(text));
}

Digest effective_digest(const UnitEffective& unit) {
  Json text{{"unit", unit.unit}, {"start", unit.start.hex()}, {"path", unit.file ? unit.file->path : ""}};
  if (unit.enabled) text["enabled"] = *unit.enabled;
  if (unit.run) text["state"] = *unit.run == sync::UnitRun::kRunning ? "running" : "stopped";
  if (unit.min_ready.count() > 0) text["minReady"] = unit.min_ready.count();
  return Digest::of(base::canonical_json(text));
}

}  // namespace

Result<std::unique_ptr<UnitEffective>> resolve_unit(const sync::Resource& resource, References& references) {
  HF_TRY(const Json object, base::parse_json(resource.body));
  HF_TRY(const auto spec, sync::parse_unit_spec(object));
  auto unit = std::make_unique<UnitEffective>();
  unit->key = resource.key;
  unit->claims = sync::claims_of_unit(spec);
  unit->unit = spec.name;
  unit->enabled = spec.enabled;
  unit->run = spec.run;
  unit->min_ready = spec.min_ready;
  if (unit->claims.size() > 1) unit->file = file_of(spec, unit->claims.front(), resource.key);
  HF_TRY(unit->start, start_digest(*unit, spec, resource.key.ns, references));
  unit->digest = effective_digest(*unit);
  return unit;
}

}  // namespace holdfast::edge_agent
