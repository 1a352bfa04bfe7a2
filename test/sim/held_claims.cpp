// SPDX-License-Identifier: Apache-2.0
#include "test/sim/held_claims.hpp"

namespace holdfast::sim {

void HeldClaims::hold(const std::string& node, const std::string& application, const sync::Claim& claim,
                      Standing standing) {
  nodes_[node][claim] = {application, standing};
}

bool HeldClaims::holds(const std::string& node, const sync::Claim& claim) const {
  const auto held = nodes_.find(node);
  return held != nodes_.end() && held->second.contains(claim);
}

void HeldClaims::placed(const std::string& node, const std::string& application) {
  for (auto& [claim, held] : nodes_[node]) {
    if (held.application == application) held.standing = Standing::kPlaced;
  }
}

void HeldClaims::said(const std::string& node, const std::string& application) {
  std::erase_if(nodes_[node], [&](const auto& item) {
    return item.second.application == application && item.second.standing == Standing::kPlaced;
  });
}

void HeldClaims::approved(const std::string& node) {
  std::erase_if(nodes_[node], [](const auto& item) { return item.second.standing == Standing::kPlaced; });
}

void HeldClaims::committed(const std::string& application, const Claims& folder) {
  for (auto& [node, claims] : nodes_) {
    std::erase_if(claims, [&](const auto& item) {
      return item.second.application == application && !folder.contains(item.first);
    });
  }
}

}  // namespace holdfast::sim
