// SPDX-License-Identifier: Apache-2.0
// Broker: the hub's own Mosquitto. Its configuration is written here, it runs under a holdfast-shim and so
// survives a restart of the hub, which adopts it; one that ends is started again with backoff. Transport,
// never truth: it keeps nothing on disk. Rules of the configuration: mosquitto.conf(5).
// Threads: one, the event loop's.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>

#include "base/backoff.hpp"
#include "base/clock.hpp"
#include "base/event_loop.hpp"
#include "base/host.hpp"
#include "base/random.hpp"
#include "base/result.hpp"

namespace holdfast::hub {

struct BrokerOptions {
  std::string folder;   ///< absolute; mosquitto.conf and acl are written there
  std::string address;  ///< to listen on; empty: every one
  std::uint16_t port = 8883;
  std::string certificate_file;
  std::string key_file;
  std::string ca_file;
};

/// Whom the broker knows on its Unix socket: the hub, to end sessions. It may read and write nothing.
inline constexpr const char* kBrokerAdminName = "holdfast-broker-admin";

/// Pure: the two files.
std::string broker_configuration(const BrokerOptions& options, bool as_root);
std::string broker_acl();
/// A line of mosquitto's password file; the password is random, so that one round of SHA-512 is enough.
std::string broker_password_line(const std::string& user, const std::string& password,
                                 const std::string& salt);
/// In PATH or where Debian puts it.
base::Result<std::string> find_mosquitto();
/// kConflict names the port when it cannot listen there, because something else does for instance.
base::Status check_port_free(const BrokerOptions& options);

class Broker {
 public:
  Broker(base::Host& host, base::EventLoop& loop, base::Clock& clock, BrokerOptions options);

  /// In PEM; call before start() and whenever it changed. A running broker reads it at once.
  base::Status set_revocation_list(const std::string& list);
  bool has_revocation_list() const;  ///< of this start or one before
  /// The Unix socket and the password of kBrokerAdminName, made at the first call.
  base::Result<std::string> admin_password(base::Random& random);
  std::string admin_socket() const { return options_.folder + "/admin.sock"; }
  /// Adopts one that runs with this configuration, replaces one with another or without its shim, starts one where none
  /// runs. On a full disk it is tried again until there is room.
  base::Status start();
  /// Call for every host event.
  void on_host_event(const base::HostEvent& event);
  base::Status stop();
  /// For a hub that does not come up: ends what this start() started, and nothing that it adopted.
  void abandon();
  std::uint64_t restarts() const { return restarts_; }

 private:
  base::Status launch();
  base::Status reload();
  void look();

  base::Host& host_;
  base::Clock& clock_;
  BrokerOptions options_;
  base::ProcessId id_{"broker"};
  std::string digest_;
  base::Backoff backoff_;
  std::unique_ptr<base::EventLoop::Timer> timer_;
  std::uint64_t restarts_ = 0;
  bool is_due_ = false;  ///< it ended, and is to be started when the backoff allows
  bool stopping_ = false;
  bool is_ours_ = false;  ///< started, not adopted
};

}  // namespace holdfast::hub
