// SPDX-License-Identifier: Apache-2.0
#include "test/sim/trust_rules.hpp"

#include "edge_agent/state_records.hpp"
#include "sync/model/desired_state.hpp"

namespace holdfast::sim {

void TrustRules::took(std::string_view encoded) {
  const auto sealed = sync::decode_trust(encoded);
  auto document = sealed ? sync::verify_trust(*sealed, node_.recovery_key)
                         : base::Result<sync::TrustDocument>(base::fail(sealed.error()));
  if (!document || document->fleet != node_.fleet) {
    return judge_.violated("trust-by-recovery-key",
                           node_.name + ": took a trust document that the fleet's recovery key did not sign");
  }
  if (document->version <= document_.version) {
    return judge_.violated("trust-never-older", node_.name + ": took trust document " +
                                                    std::to_string(document->version) + " after " +
                                                    std::to_string(document_.version));
  }
  document_ = *std::move(document);
}

void TrustRules::storing_header(std::string_view record) {
  const auto stored = edge_agent::decode_stored_header(record);
  if (stored && sync::verify_header(*stored, document_.signing_keys, node_.fleet, node_.uid)) return;
  judge_.violated("signed-by-whom-it-trusts",
                  node_.name + ": accepts a desired state that no key of its trust document has signed");
}

}  // namespace holdfast::sim
