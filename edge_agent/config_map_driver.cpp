// SPDX-License-Identifier: Apache-2.0
#include "edge_agent/config_map_driver.hpp"

namespace holdfast::edge_agent {

using base::Result;

Result<std::unique_ptr<Effective>> ConfigMapDriver::resolve(const sync::Resource& resource, References&) {
  auto effective = std::make_unique<Effective>();
  effective->key = resource.key;
  effective->digest = resource.digest;
  return effective;
}

Result<Observed> ConfigMapDriver::observe(const sync::Claim&, const Effective*, const sync::InventoryEntry*) {
  return Observed{.present = true, .matches = true, .ours = true, .difference = ""};
}

Result<Driver::Progress> ConfigMapDriver::apply(const Effective&, const Action&) { return Progress::kDone; }
Result<Driver::Progress> ConfigMapDriver::remove(const sync::InventoryEntry&) { return Progress::kDone; }
Result<Driver::Tended> ConfigMapDriver::tend(const Effective&) { return Tended{}; }
ResourceHealth ConfigMapDriver::health(const Effective&) { return {.health = sync::Health::kHealthy}; }
base::Status ConfigMapDriver::watch(const Effective&) { return {}; }
void ConfigMapDriver::unwatch(const sync::Claim&) {}
std::vector<sync::Claim> ConfigMapDriver::on_event(const base::HostEvent&) { return {}; }

}  // namespace holdfast::edge_agent
