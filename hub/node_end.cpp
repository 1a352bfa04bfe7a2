// SPDX-License-Identifier: Apache-2.0
#include "hub/node_end.hpp"

#include <set>

#include "base/log.hpp"
#include "hub/tables.hpp"

namespace holdfast::hub {
namespace {

bool are_all_nodes_read(const Context& context) {
  std::size_t stored = 0;
  const auto counted = context.seams.store.read([&](sync::ReadTxn& txn) {
    return txn.scan(kObjectTable, std::string(kNodes) + "/", [&](std::string_view, std::string_view) {
      ++stored;
      return true;
    });
  });
  return counted.has_value() && stored == context.nodes.all().size();
}

}  // namespace

void forget_node(Context& context, const sync::NodeUid& uid) {
  auto forgotten = context.desired.erase(uid);
  if (forgotten) forgotten = context.nodes.forget(uid);
  if (forgotten) forgotten = context.intake.forget(uid);
  if (forgotten) forgotten = context.secrets.forget(uid);
  if (!forgotten) base::log::failure("a deleted node was not forgotten", uid.str(), forgotten.error());
}

void forget_leftovers(Context& context) {
  std::set<sync::NodeUid> leftovers;
  for (const auto& uid : context.nodes.unclaimed()) leftovers.insert(uid);
  for (const auto& [uid, record] : context.desired.all()) {
    if (context.nodes.find(uid) == nullptr) leftovers.insert(uid);
  }
  for (const auto& uid : context.intake.nodes()) {
    if (context.nodes.find(uid) == nullptr) leftovers.insert(uid);
  }
  if (leftovers.empty() || context.nodes.all().empty() || !are_all_nodes_read(context)) return;
  for (const auto& uid : leftovers) forget_node(context, uid);
}

}  // namespace holdfast::hub
