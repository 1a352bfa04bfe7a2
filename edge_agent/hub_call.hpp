// SPDX-License-Identifier: Apache-2.0
// A question to the hub over HTTPS: the addresses of the trust document are tried in order until one answers. Blocks:
// for a thread of its own, or a program that does nothing else.
// Threads: any.
#pragma once

#include <string>
#include <vector>

#include "base/clock.hpp"
#include "base/json.hpp"
#include "base/result.hpp"
#include "sync/link/proxy.hpp"

namespace holdfast::edge_agent {

struct HubQuestion {
  std::vector<std::string> hubs;  ///< https://host:port
  std::string ca_bundle;          ///< PEM: who is believed
  base::WallTime when{};          ///< at which certificates are checked
  std::string target;             ///< "/apis/holdfast.dev/v1/renew"
  std::string body;               ///< JSON
  sync::ProxyRules proxies;
};

/// The answer's JSON. kPermission: a hub of ours refused, in its words; kUnavailable and kTimeout: none was reached.
base::Result<base::Json> ask_hub(const HubQuestion& question);

}  // namespace holdfast::edge_agent
