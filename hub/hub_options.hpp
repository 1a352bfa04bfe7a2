// SPDX-License-Identifier: Apache-2.0
// HubOptions: what was typed after `holdfast-hub serve`, and what --config says in the same names.
// Threads: plain values.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/limits/git.hpp"
#include "base/limits/hub.hpp"
#include "base/result.hpp"
#include "gitops/git_source.hpp"
#include "hub/controller.hpp"

namespace holdfast::hub {

struct HubOptions {
  std::string data = "/var/lib/holdfast/hub";
  std::string listen_address = "0.0.0.0";
  std::uint16_t listen_port = 8443;
  /// Empty: the hub's own, on broker_port.
  std::string broker_url;
  std::uint16_t broker_port = 8883;
  bool broker_stops_with_hub = false;
  std::vector<std::string> advertise;  ///< names and addresses by which nodes reach this machine
  std::optional<RootSource> root;
  std::vector<gitops::Repository> repositories;
  std::chrono::milliseconds poll_interval = base::limits::kPollInterval;
  std::chrono::milliseconds node_certificate_life = base::limits::kNodeCertificateLife;
  std::string recovery_key;  ///< file to sign a changed trust document with; empty: the data folder's
  std::string log_level;
};

/// "ADDR:PORT", "[v6]:PORT" or ":PORT".
base::Status read_listen(const std::string& text, HubOptions& out);
/// "embedded", "embedded:PORT" or "mqtts://HOST:PORT".
base::Status read_broker(const std::string& text, HubOptions& out);
/// Names by which nodes reach the hub, as its certificate can say them.
base::Status check_advertised(const std::vector<std::string>& names);
/// Hub and embedded broker listen at ports of their own.
base::Status check_ports_differ(const HubOptions& options);
/// "lmdb"; kUnsupported for "etcd=…".
base::Status read_store(const std::string& text);
/// What --source takes: a URL as it is, the absolute path of a folder as file:// URL. kNotFound: no such folder.
base::Result<std::string> read_source_url(const std::string& text);
/// A duration: how often Git is asked.
base::Status read_poll(const std::string& text, HubOptions& out);
/// A duration within limits::kNodeCertificateLifeMin and …Max.
base::Status read_node_certificate_life(const std::string& text, HubOptions& out);
/// JSON with the long options' names in camelCase; unknown members are errors:
/// {"advertise":[],"broker":"","data":"","listen":"","logLevel":"","poll":"30s","brokerStopsWithHub":false,"store":"lmdb","nodeCertificateLife":"2160h",
///  "source":{"url","path","ref"},
///  "repositories":[{"url","username","tokenFile","sshKeyFile","knownHostsFile","caFile"}]}
base::Status read_config(const std::string& text, HubOptions& out);

}  // namespace holdfast::hub
