// SPDX-License-Identifier: Apache-2.0
#include "sync/link/proxy_tunnel.hpp"

#include <sys/socket.h>

#include <array>
#include <cerrno>
#include <utility>

#include "sync/link/stream_socket.hpp"

namespace holdfast::sync {

using base::Code;
using base::fail;
using base::Ready;
using base::Status;

base::Result<std::unique_ptr<ProxyTunnel>> ProxyTunnel::open(base::EventLoop& loop, Options options,
                                                             OnFailed on_failed) {
  std::unique_ptr<ProxyTunnel> tunnel(new ProxyTunnel(loop, std::move(options), std::move(on_failed)));
  HF_CHECK(tunnel->begin());
  return tunnel;
}

ProxyTunnel::~ProxyTunnel() {
  if (listener_) loop_.unwatch(listener_.get());
  if (proxy_) loop_.unwatch(proxy_.get());
}

Status ProxyTunnel::begin() {
  HF_TRY(const SocketAddress loopback, address_of("127.0.0.1", 0));
  HF_TRY(listener_, listen_on(loopback));
  port_ = local_port(listener_.get());
  HF_TRY(proxy_, begin_connect(options_.proxy));
  HF_CHECK(loop_.watch(listener_.get(), Ready::kRead, [this](Ready) { on_listener(); }));
  return loop_.watch(proxy_.get(), Ready::kWrite, [this](Ready) { on_proxy(); });
}

void ProxyTunnel::expect(int fd) { expected_ = local_port(fd); }

void ProxyTunnel::on_listener() {
  SocketAddress peer;
  auto accepted = accept_from(listener_.get(), peer);
  if (!accepted) return fail_later(std::move(accepted).error());
  if (!*accepted || port_of(peer) != expected_) return;
  near_ = *std::move(accepted);
  loop_.unwatch(listener_.get());
  listener_.reset();
  if (const Status joined = join(); !joined) fail_later(joined.error());
}

void ProxyTunnel::on_proxy() {
  if (const Status status = advance(); !status) {
    loop_.unwatch(proxy_.get());
    fail_later(status.error());
  }
}

Status ProxyTunnel::advance() {
  if (!connected_) {
    HF_CHECK(connect_result(proxy_.get(), options_.proxy));
    connected_ = true;
  }
  if (!options_.request.empty()) return ask();
  return hear();
}

Status ProxyTunnel::ask() {
  const auto sent = ::send(proxy_.get(), options_.request.data(), options_.request.size(), MSG_NOSIGNAL);
  if (sent < 0 && (errno == EAGAIN || errno == EINTR)) return {};
  if (sent < 0) return fail(Code::kUnavailable, base::Error::from_errno(errno, "proxy").message());
  options_.request.erase(0, static_cast<std::size_t>(sent));
  return options_.request.empty() ? loop_.change(proxy_.get(), Ready::kRead) : Status{};
}

Status ProxyTunnel::hear() {
  std::array<char, 4096> buffer{};
  const auto got = ::recv(proxy_.get(), buffer.data(), buffer.size(), 0);
  if (got < 0 && (errno == EAGAIN || errno == EINTR)) return {};
  if (got < 0) return fail(Code::kUnavailable, base::Error::from_errno(errno, "proxy").message());
  if (got == 0) return fail(Code::kUnavailable, "the proxy hung up without an answer");
  HF_TRY(open_, answer_.feed({buffer.data(), static_cast<std::size_t>(got)}));
  if (!open_) return {};
  loop_.unwatch(proxy_.get());
  return join();
}

Status ProxyTunnel::join() {
  if (!open_ || !near_) return {};
  // When one side ends the other is closed, too; libmosquitto tells what that means.
  HF_TRY(relay_, ByteRelay::start(loop_, std::move(near_), std::move(proxy_), {}, {}));
  return {};
}

void ProxyTunnel::fail_later(base::Error error) {
  const std::weak_ptr<const bool> weak = alive_;
  loop_.post([this, weak, told = std::move(error)] {
    if (weak.expired()) return;
    const OnFailed listener = on_failed_;  // which destroys this
    listener(told);
  });
}

}  // namespace holdfast::sync
