// SPDX-License-Identifier: Apache-2.0
#include "sync/link/stream_socket.hpp"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>

#include <cerrno>

namespace holdfast::sync {

using base::Code;
using base::fail;

namespace {

constexpr int kBacklog = 512;

sockaddr* raw(SocketAddress& address) { return reinterpret_cast<sockaddr*>(&address.storage); }
const sockaddr* raw(const SocketAddress& address) {
  return reinterpret_cast<const sockaddr*>(&address.storage);
}

base::Result<base::Fd> new_socket(int family) {
  base::Fd fd(::socket(family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
  if (!fd) return fail(base::Error::from_errno(errno, "socket"));
  return fd;
}

void set_no_delay(int fd) {
  const int on = 1;
  ::setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
}

}  // namespace

base::Result<base::Fd> begin_connect(const SocketAddress& address) {
  HF_TRY(base::Fd fd, new_socket(address.family()));
  set_no_delay(fd.get());
  if (::connect(fd.get(), raw(address), address.length) == 0 || errno == EINPROGRESS) return fd;
  return fail(Code::kUnavailable, base::Error::from_errno(errno, address.ip()).message());
}

base::Status connect_result(int fd, const SocketAddress& address) {
  int error = 0;
  socklen_t size = sizeof(error);
  if (::getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &size) != 0) error = errno;
  if (error == 0) return {};
  return fail(Code::kUnavailable, base::Error::from_errno(error, address.ip()).message());
}

base::Result<SocketAddress> address_of(const std::string& ip, std::uint16_t port) {
  HF_TRY(const Lookup lookup, Lookup::start(ip, port));
  if (!lookup.done()) return fail(Code::kInvalid, ip + ": not an address in figures");
  HF_TRY(const auto found, lookup.result());
  return found.front();
}

base::Result<base::Fd> listen_on(const SocketAddress& address) {
  HF_TRY(base::Fd fd, new_socket(address.family()));
  const int on = 1;
  ::setsockopt(fd.get(), SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
  if (::bind(fd.get(), raw(address), address.length) == 0 && ::listen(fd.get(), kBacklog) == 0) return fd;
  const bool taken = errno == EADDRINUSE;
  auto error = base::Error::from_errno(errno, address.ip() + ":" + std::to_string(port_of(address)));
  return taken ? fail(Code::kConflict, error.message()) : fail(std::move(error));
}

base::Result<base::Fd> accept_from(int listener, SocketAddress& peer) {
  peer.length = sizeof(peer.storage);
  base::Fd fd(::accept4(listener, raw(peer), &peer.length, SOCK_NONBLOCK | SOCK_CLOEXEC));
  if (fd) {
    set_no_delay(fd.get());
    return fd;
  }
  // Who came went away again before it was taken.
  const bool none = errno == EAGAIN || errno == EINTR || errno == ECONNABORTED || errno == EPROTO;
  if (none) return fd;
  return fail(base::Error::from_errno(errno, "accept"));
}

std::uint16_t port_of(const SocketAddress& address) {
  if (address.family() == AF_INET)
    return ntohs(reinterpret_cast<const sockaddr_in&>(address.storage).sin_port);
  if (address.family() == AF_INET6)
    return ntohs(reinterpret_cast<const sockaddr_in6&>(address.storage).sin6_port);
  return 0;
}

std::uint16_t local_port(int fd) {
  SocketAddress own;
  own.length = sizeof(own.storage);
  return ::getsockname(fd, raw(own), &own.length) == 0 ? port_of(own) : std::uint16_t{0};
}

}  // namespace holdfast::sync
