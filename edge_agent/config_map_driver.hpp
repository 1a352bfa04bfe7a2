// SPDX-License-Identifier: Apache-2.0
// ConfigMapDriver: a ConfigMap or Secret has nothing on the host; it is there for what refers to it.
// Threads: one, the engine's.
#pragma once

#include "edge_agent/driver.hpp"

namespace holdfast::edge_agent {

class ConfigMapDriver final : public Driver {
 public:
  base::Result<std::unique_ptr<Effective>> resolve(const sync::Resource& resource,
                                                   References& references) override;
  base::Result<Observed> observe(const sync::Claim& claim, const Effective* wanted,
                                 const sync::InventoryEntry* entry) override;
  base::Result<Progress> apply(const Effective& wanted, const Action& action) override;
  base::Result<Progress> remove(const sync::InventoryEntry& entry) override;
  base::Result<Tended> tend(const Effective& wanted) override;
  ResourceHealth health(const Effective& wanted) override;
  base::Status watch(const Effective& wanted) override;
  void unwatch(const sync::Claim& claim) override;
  std::vector<sync::Claim> on_event(const base::HostEvent& event) override;
};

}  // namespace holdfast::edge_agent
