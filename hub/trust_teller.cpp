// SPDX-License-Identifier: Apache-2.0
#include "hub/trust_teller.hpp"

#include <string>

namespace holdfast::hub {

void TrustTeller::on_presence(NodeEntry& node, std::chrono::milliseconds turn) {
  context_.outgoing.drop({KeyKind::kTrust, node.uid.str()});
  node.trust_sent.reset();
  // The keys may have changed while no hub ran: who stayed connected must not believe the older ones until its next beacon.
  const bool is_unable_to_say = node.trust == 0U;
  const auto in_force = context_.options.trust_version;
  if (node.is_online() && in_force > 1 && !is_unable_to_say && !node.holds_trust(in_force))
    sender_.want_trust(node, turn);
}

bool TrustTeller::on_hello(NodeEntry& node, const sync::Hello& hello) {
  const bool is_other = context_.nodes.note_trust(node, hello.trust);
  if (is_other) context_.show(node);
  const auto in_force = context_.options.trust_version;
  context_.outgoing.drop({KeyKind::kTrust, node.uid.str()});
  if (!hello.beacon) node.trust_sent.reset();
  // A node of the first version says 0 for ever: it is told when it comes, not at each beacon.
  if (hello.trust < in_force && (hello.trust != 0 || !hello.beacon)) sender_.want_trust(node);
  if (hello.trust <= in_force || hello.beacon) return is_other;
  context_.tell(
      node, sync::EventType::kWarning, "TrustAhead",
      "the node believes trust document " + std::to_string(hello.trust) + ", this hub's is " +
          std::to_string(in_force) +
          ": keys or addresses were changed since the backup that it was restored from, or another hub is "
          "at work");
  return is_other;
}

}  // namespace holdfast::hub
