// SPDX-License-Identifier: Apache-2.0
#include "hub/quarantine_lift.hpp"

#include <string>
#include <utility>

namespace holdfast::hub {

using base::Result;

namespace {

bool is_quarantined(const NodeEntry& node, const sync::ApplicationUid& application) {
  const auto* reported = node.reported_section(application);
  return reported != nullptr && reported->phase == sync::SectionPhase::kQuarantined;
}

}  // namespace

void QuarantineLift::lift(const sync::ApplicationUid& application) {
  for (auto& [uid, node] : context_.nodes.all()) {
    if (!is_quarantined(node, application)) continue;
    node.retries.insert(application);
    if (node.is_online()) retry(node);
  }
}

void QuarantineLift::retry(NodeEntry& node) {
  auto wanted = std::exchange(node.retries, {});
  std::erase_if(wanted, [&](const auto& application) { return !is_quarantined(node, application); });
  if (wanted.empty()) return;
  commands_.ask(node.name, sync::CommandKind::kRetry, "{}",
                [this, uid = node.uid, wanted](const Result<std::string>& answer) {
                  auto* asked = context_.nodes.find(uid);
                  if (!answer && asked != nullptr) asked->retries.insert(wanted.begin(), wanted.end());
                });
}

}  // namespace holdfast::hub
