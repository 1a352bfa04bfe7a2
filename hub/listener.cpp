// SPDX-License-Identifier: Apache-2.0
#include "hub/listener.hpp"

#include <poll.h>

#include "sync/link/resolver.hpp"

namespace holdfast::hub {

using base::Code;
using base::fail;
using base::Result;

namespace {

constexpr int kLookupTimeoutMs = 5'000;

}  // namespace

Result<sync::SocketAddress> resolve(const std::string& host, std::uint16_t port) {
  HF_TRY(const auto lookup, sync::Lookup::start(host, port));
  pollfd done{lookup.fd(), POLLIN, 0};
  if (::poll(&done, 1, kLookupTimeoutMs) <= 0) return fail(Code::kUnavailable, host + ": no answer in time");
  HF_TRY(const auto found, lookup.result());
  return found.front();
}

Result<base::Fd> listen_at(const std::string& host, std::uint16_t port, std::string_view option) {
  const auto address = resolve(host, port);
  auto made = address ? sync::listen_on(*address) : Result<base::Fd>(fail(address.error()));
  if (made) return made;
  return fail(Code::kConflict,
              host + ":" + std::to_string(port) +
                  " cannot be listened on: it is in use, or not an address of this machine (" +
                  made.error().message() + "); choose another with " + std::string(option));
}

}  // namespace holdfast::hub
