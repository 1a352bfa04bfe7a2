// SPDX-License-Identifier: Apache-2.0
#include "edge_agent/pruning.hpp"

#include <algorithm>
#include <tuple>

#include "edge_agent/prune.hpp"

namespace holdfast::edge_agent {

using base::Result;
using base::Status;

namespace {

std::vector<sync::InventoryEntry> in_order(const StateStore::Inventory& inventory) {
  std::vector<sync::InventoryEntry> out;
  for (const auto& [claim, entry] : inventory) out.push_back(entry);
  std::ranges::sort(out, [](const auto& a, const auto& b) {
    const DeleteTurn turn_a = delete_turn(a);
    const DeleteTurn turn_b = delete_turn(b);
    return std::tie(turn_b, b.key, b.claim) < std::tie(turn_a, a.key, a.claim);
  });
  return out;
}

/// Why it stays; empty: it goes.
Result<std::string> reason_to_stay(Driver& driver, const sync::InventoryEntry& entry,
                                   const std::function<bool()>& wait) {
  if (entry.prune_disabled)
    return std::string("carries holdfast.dev/prune: disabled, or came from an application that a hub lost");
  if (entry.adopted) return std::string("was there before this agent took it over");
  auto looked = driver.observe(entry.claim, nullptr, &entry);
  while (!looked && is_not_known_yet(looked.error()) && wait())
    looked = driver.observe(entry.claim, nullptr, &entry);
  HF_TRY(const auto seen, std::move(looked));
  if (seen.present && !seen.ours) return std::string("what is there now was not made by this agent");
  return std::string();
}

Status forget(StateStore& store, const sync::Claim& claim) {
  Changes changes;
  changes.inventory[claim] = std::nullopt;
  return store.commit(changes);
}

Status remove(Driver& driver, const sync::InventoryEntry& entry, const std::function<bool()>& wait) {
  while (true) {
    const auto progress = driver.remove(entry);
    if (!progress && !is_not_known_yet(progress.error())) return base::fail(progress.error());
    if (progress && *progress == Driver::Progress::kDone) return {};
    if (!wait()) return base::fail(base::Code::kTimeout, "it does not end");
  }
}

}  // namespace

Pruned prune_all(StateStore& store, Drivers& drivers, const std::function<bool()>& wait) {
  Pruned out;
  for (const auto& entry : in_order(store.inventory())) {
    const std::string what = entry.key.brief() + " (" + entry.claim.text() + ")";
    Driver* const driver = drivers.of(entry);
    if (driver == nullptr) {
      out.failed.push_back(what + ": this agent cannot do that kind");
      continue;
    }
    const auto stays = reason_to_stay(*driver, entry, wait);
    auto done = stays ? Status() : Status(base::fail(stays.error()));
    const bool goes = stays && stays->empty();
    if (goes) done = remove(*driver, entry, wait);
    if (done) done = forget(store, entry.claim);
    if (!done)
      out.failed.push_back(what + ": " + done.error().message());
    else if (goes)
      ++out.deleted;
    else
      out.left.push_back(what + ": " + *stays);
  }
  return out;
}

}  // namespace holdfast::edge_agent
