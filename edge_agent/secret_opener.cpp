// SPDX-License-Identifier: Apache-2.0
#include "edge_agent/secret_opener.hpp"

namespace holdfast::edge_agent {

base::Result<base::ClearText> SecretOpener::open(const SealedValue& sealed) const {
  const std::string what = "key \"" + sealed.key + "\" of " + sealed.secret.brief() + " cannot be opened: ";
  const auto* key = keys_.find(sealed.sealed_to);
  if (key == nullptr) {
    return base::fail(
        base::Code::kPermission,
        what + "it is sealed to key " + sealed.sealed_to.hex() +
            ", which this node does not have (any more); the hub seals it anew once the node has told "
            "its key, at its next connect");
  }
  if (on_open_) on_open_();
  auto opened = key->open(sync::bound_to(sealed.secret.ns, sealed.secret.name, sealed.key), sealed.bytes);
  if (opened) return opened;
  return base::fail(opened.error().code(),
                    what + opened.error().message() + "; seal it again for this place with `holdfast seal`");
}

}  // namespace holdfast::edge_agent
