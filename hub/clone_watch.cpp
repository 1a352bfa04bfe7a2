// SPDX-License-Identifier: Apache-2.0
#include "hub/clone_watch.hpp"

#include <nlohmann/json.hpp>
#include <string>

#include "base/log.hpp"

namespace holdfast::hub {

using base::Json;
using base::Status;

namespace {

/// Its bytes as a fingerprint begins with them.
std::string hardware_hex(std::uint64_t hardware) {
  std::string bytes;
  for (int i = 0; i < 8; ++i) bytes += static_cast<char>(hardware >> (8 * i) & 0xffU);
  return base::to_hex(bytes);
}

}  // namespace

bool CloneWatch::is_same_machine(NodeEntry& node, std::uint64_t hardware) {
  if (hardware == 0) return true;
  const auto seen = hardware_hex(hardware);
  if (node.fingerprint.starts_with(seen)) return true;
  const bool is_known = node.fingerprint.size() >= seen.size();
  const Status kept = is_known ? cut_off(node, seen) : keep(node, {{"fingerprint", seen}});
  if (!is_known) node.fingerprint = seen;
  if (!kept) base::log::failure("what machine a node is could not be kept", node.name, kept.error());
  return !is_known;
}

Status CloneWatch::cut_off(const NodeEntry& node, const std::string& seen) {
  const std::string why =
      "two machines are node " + node.name + ": hardware " + seen + " and " +
      node.fingerprint.substr(0, seen.size()) +
      ". Both are cut off, what they run goes on. Was a disk copied, enrol the copy anew "
      "(holdfast-agent unenroll --keep there); then, or if it is the same machine with another "
      "board: holdfast approve " +
      node.name;
  HF_CHECK(keep(node, {{"clone", why}}));
  base::log::warn("two machines under one identity: both are cut off", {{"node", node.name}});
  context_.tell(node, sync::EventType::kWarning, "Cloned", why);
  return {};
}

Status CloneWatch::keep(const NodeEntry& node, const Json& spec) {
  return context_.objects.write(Actor::kHub, [&](ObjectWriter& writer) -> Status {
    return writer.patch(kNodes, node.name, {{"spec", spec}}).map([](const ObjectPtr&) {});
  });
}

}  // namespace holdfast::hub
