// SPDX-License-Identifier: Apache-2.0
#include "edge_agent/succession.hpp"

#include <algorithm>
#include <set>
#include <vector>

namespace holdfast::edge_agent {
namespace {

std::set<sync::ApplicationUid> named_by(const sync::DesiredHeader& header) {
  std::set<sync::ApplicationUid> out;
  for (const auto& ref : header.sections) out.insert(ref.application);
  for (const auto& removal : header.removals) out.insert(removal.application);
  return out;
}

std::vector<const sync::InventoryEntry*> made_by(const StateStore& store,
                                                 const sync::ApplicationUid& application) {
  std::vector<const sync::InventoryEntry*> out;
  for (const auto& [claim, entry] : store.inventory()) {
    if (entry.application == application) out.push_back(&entry);
  }
  return out;
}

/// What the orphan had applied is nothing new for who goes on with it: its hooks have run.
void hand_on_applied(const SectionRecord& orphan, const sync::ApplicationUid& successor, Changes& changes) {
  const auto found = changes.sections.find(successor);
  if (found == changes.sections.end() || !found->second || !found->second->applied.is_none()) return;
  if (found->second->accepted.digest != orphan.applied) return;
  found->second->applied = orphan.applied;
  found->second->run = orphan.run;
}

}  // namespace

bool leaves_orphans(const StateStore::Sections& sections, const sync::DesiredHeader& header) {
  const auto named = named_by(header);
  return std::ranges::any_of(sections, [&](const auto& item) {
    return !item.second.removal_pending && !named.contains(item.first);
  });
}

void succeed_orphans(const StateStore& store, const sync::DesiredHeader& header, const WantedClaims& wanted,
                     Changes& changes) {
  const auto named = named_by(header);
  for (const auto& [application, record] : store.sections()) {
    if (record.removal_pending || named.contains(application)) continue;
    const auto entries = made_by(store, application);
    const auto first =
        std::ranges::find_if(entries, [&](const auto* entry) { return wanted.contains(entry->claim); });
    if (first == entries.end()) continue;
    const auto& successor = wanted.at((*first)->claim);
    changes.sections[application] = std::nullopt;
    hand_on_applied(record, successor, changes);
    for (const auto* entry : entries) {
      const auto found = wanted.find(entry->claim);
      sync::InventoryEntry moved = *entry;
      moved.application = found == wanted.end() ? successor : found->second;
      if (found == wanted.end()) moved.prune_disabled = true;
      changes.inventory[entry->claim] = std::move(moved);
    }
  }
}

}  // namespace holdfast::edge_agent
