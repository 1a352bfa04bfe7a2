// SPDX-License-Identifier: Apache-2.0
#include "edge_agent/target.hpp"

#include <algorithm>
#include <utility>

#include "sync/model/kinds.hpp"

namespace holdfast::edge_agent {

using base::Code;
using base::fail;
using base::Result;

namespace {

Result<TargetItem> resolve(const sync::Resource& resource, ConfigMaps& config_maps, Drivers& drivers) {
  const auto* kind = sync::find_kind(resource.key.group, resource.key.kind);
  TargetItem item;
  item.driver = drivers.of(resource.key);
  if (kind == nullptr || item.driver == nullptr) {
    return fail(Code::kUnsupported, resource.key.brief() + ": this agent cannot do kind " +
                                        resource.key.kind +
                                        "; update the agent or place the application elsewhere");
  }
  auto effective = item.driver->resolve(resource, config_maps);
  if (!effective) return fail(effective.error().with_context(resource.key.brief()));
  item.effective = *std::move(effective);
  item.effective->shed();
  item.desired = {.key = resource.key,
                  .claims = item.effective->claims,
                  .effective = item.effective->digest,
                  .wave = resource.wave,
                  .kind_order = kind->apply_order,
                  .depends_on = resource.depends_on,
                  .prune_disabled = resource.prune_disabled};
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

Result<std::unique_ptr<Target>> load_target(const base::Digest& digest, std::string_view bytes,
                                            Drivers& drivers) {
  HF_TRY(const auto section, sync::decode_section(bytes));
  ConfigMaps config_maps(section);
  auto target = std::make_unique<Target>();
  target->digest = digest;
  target->policy = section.policy;
  target->items.reserve(section.resources.size());
  for (const auto& resource : section.resources) {
    HF_TRY(auto item, resolve(resource, config_maps, drivers));
    target->items.push_back(std::move(item));
  }
  const auto desired = target->desired();
  if (const auto errors = dependency_errors(desired); !errors.empty()) {
    return fail(Code::kInvalid, errors.front().message);
  }
  target->order = apply_order(desired);
  return target;
}

std::vector<sync::Claim> claims_in(std::string_view section_bytes) {
  std::vector<sync::Claim> claims;
  const auto section = sync::decode_section(section_bytes);
  if (!section) return claims;
  for (const auto& resource : section->resources) {
    for (auto& claim : sync::claims_of(resource)) claims.push_back(std::move(claim));
  }
  std::ranges::sort(claims);
  return claims;
}

Result<std::unique_ptr<Effective>> SectionContents::whole(const TargetItem& item) {
  if (!section_) {
    HF_TRY(section_, sync::decode_section(bytes_));
    bytes_.clear();
    config_maps_.emplace(*section_);
  }
  const auto at = std::ranges::lower_bound(section_->resources, item.desired.key, {}, &sync::Resource::key);
  if (at == section_->resources.end() || at->key != item.desired.key)
    return fail(Code::kInternal, item.desired.key.brief() + " left its section");
  return item.driver->resolve(*at, *config_maps_);
}

}  // namespace holdfast::edge_agent
