// SPDX-License-Identifier: Apache-2.0
#include "hub/quarantine_lift.hpp"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <string>
#include <utility>

namespace holdfast::hub {

using base::Result;

namespace {

bool is_quarantined(const NodeEntry& node, const sync::ApplicationUid& application) {
  const auto* reported = node.reported_section(application);
  return reported != nullptr && reported->phase == sync::SectionPhase::kQuarantined;
}

std::string retry_arguments(const std::set<sync::ApplicationUid>& applications) {
  base::Json list = base::Json::array();
  for (const auto& application : applications) list.push_back(application.str());
  return base::canonical_json(base::Json{{"applications", std::move(list)}});
}

}  // namespace

/// What it is to have now is not what it quarantined: that comes by itself.
bool QuarantineLift::is_superseded(const NodeEntry& node, const sync::ApplicationUid& application) const {
  const auto* held = context_.desired.find_section(node.uid, application);
  const auto* reported = node.reported_section(application);
  if (held == nullptr || reported == nullptr || reported->quarantined.is_none()) return false;
  return held->digest != reported->quarantined;
}

void QuarantineLift::lift(const sync::ApplicationUid& application) {
  for (auto& [uid, node] : context_.nodes.all()) {
    if (!is_quarantined(node, application)) continue;
    node.retries.insert(application);
    context_.look_at(node);
  }
}

void QuarantineLift::retry(NodeEntry& node) {
  if (!node.is_online()) return;
  auto wanted = std::exchange(node.retries, {});
  std::erase_if(wanted, [&](const auto& application) {
    return !is_quarantined(node, application) || is_superseded(node, application);
  });
  if (wanted.empty()) return;
  commands_.ask(node.name, sync::CommandKind::kRetry, retry_arguments(wanted),
                [this, uid = node.uid, wanted](const Result<std::string>& answer) {
                  auto* asked = context_.nodes.find(uid);
                  if (!answer && asked != nullptr) asked->retries.insert(wanted.begin(), wanted.end());
                });
}

}  // namespace holdfast::hub
