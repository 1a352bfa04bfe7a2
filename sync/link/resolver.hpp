// SPDX-License-Identifier: Apache-2.0
// Lookup: one name lookup by a thread of its own, because getaddrinfo() can only block, for half a minute if
// the name server is away. The descriptor becomes readable when it is done. A lookup that nobody waits for
// any more is left to end by itself; it touches nothing but what it owns.
// Threads: one asks; the lookup's own is inside.
#pragma once

#include <sys/socket.h>

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "base/handle.hpp"
#include "base/result.hpp"

namespace holdfast::sync {

struct SocketAddress {
  sockaddr_storage storage{};
  socklen_t length = 0;
  int family() const { return storage.ss_family; }
  /// "192.0.2.1", "2001:db8::1", "fe80::1%eth0"
  std::string ip() const;
};

class Lookup {
 public:
  /// An address in figures is done at once, without a thread.
  static base::Result<Lookup> start(const std::string& host, std::uint16_t port);
  /// Readable (poll, epoll) from when it is done until the end.
  int fd() const;
  bool done() const;
  /// REQUIRES: done(). At least one address; kUnavailable says why there is none.
  base::Result<std::vector<SocketAddress>> result() const;

 private:
  struct Shared;
  explicit Lookup(std::shared_ptr<Shared> shared) : shared_(std::move(shared)) {}
  std::shared_ptr<Shared> shared_;
};

}  // namespace holdfast::sync
