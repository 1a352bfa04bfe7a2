// SPDX-License-Identifier: Apache-2.0
// FrontDoor: the hub's one port. A connection that offers `mqtt` (ALPN) is relayed to the broker, every other to the
// API, byte by byte: TLS ends where it ended before, and nothing is read here but the ClientHello. Bounded in
// connections, bytes and time; one thread for all of them.
// Threads: open, start and stop on the program's; client_of() on any.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#include "base/result.hpp"

namespace holdfast::hub {

struct FrontDoorOptions {
  std::string address = "0.0.0.0";
  std::uint16_t port = 8443;  ///< 0: any free one
  std::string broker_ip;      ///< of the hub's own broker; empty: none, and who offers `mqtt` is turned away
  std::uint16_t broker_port = 0;
};

/// By which a person says where it listens.
inline constexpr std::string_view kListenOption = "--listen ADDR:PORT";

class FrontDoor {
 public:
  static base::Result<std::unique_ptr<FrontDoor>> open(const FrontDoorOptions& options);
  ~FrontDoor();
  FrontDoor(const FrontDoor&) = delete;
  FrontDoor& operator=(const FrontDoor&) = delete;

  /// Listens, and leads to the API on this port of 127.0.0.1. kConflict: the port is taken.
  base::Status start(std::uint16_t api_port);
  void stop();
  std::uint16_t port() const;
  /// Whose connection to the API comes from this port of 127.0.0.1; nothing: it did not come through this door. Only
  /// this process knows, so nobody can claim another's address.
  std::optional<std::string> client_of(std::uint16_t local_port) const;

 private:
  struct State;
  explicit FrontDoor(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

}  // namespace holdfast::hub
