// SPDX-License-Identifier: Apache-2.0
#include "sync/link/fake_peer.hpp"

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <openssl/err.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <cstdlib>
#include <utility>
#include <vector>

namespace holdfast::sync {

namespace {

base::Fd listen_anywhere(std::uint16_t& port) {
  base::Fd fd(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof(address);
  auto* const any = reinterpret_cast<sockaddr*>(&address);
  if (::bind(fd.get(), any, size) != 0 || ::listen(fd.get(), 16) != 0 ||
      ::getsockname(fd.get(), any, &size) != 0)
    std::abort();
  port = ntohs(address.sin_port);
  return fd;
}

}  // namespace

std::uint16_t closed_port() {
  std::uint16_t port = 0;
  const base::Fd briefly = listen_anywhere(port);
  return port;
}

FakePeer FakePeer::tls(const TlsServerOptions& options, std::function<void(Session&)> serve) {
  auto context = make_server_context(options);
  if (!context) std::abort();
  return {*std::move(context), std::move(serve)};
}

FakePeer::FakePeer(SslContext context, std::function<void(Session&)> serve)
    : context_(std::move(context)), serve_(std::move(serve)), listener_(listen_anywhere(port_)) {
  std::array<int, 2> ends{};
  if (::pipe2(ends.data(), O_CLOEXEC) != 0) std::abort();
  stop_read_.reset(ends[0]);
  stop_write_.reset(ends[1]);
  thread_ = std::thread([this] { run(); });
}

FakePeer::~FakePeer() {
  stop_write_.reset();  // the other end becomes readable
  thread_.join();
}

void FakePeer::run() {
  std::vector<base::Fd> silent;
  for (;;) {
    std::array<pollfd, 2> both{{{listener_.get(), POLLIN, 0}, {stop_read_.get(), POLLIN, 0}}};
    if (::poll(both.data(), both.size(), -1) < 0) continue;
    if (both[1].revents != 0) return;
    base::Fd fd(::accept4(listener_.get(), nullptr, nullptr, SOCK_CLOEXEC));
    if (!fd) continue;
    ++accepted_;
    if (context_) {
      serve_one(fd.get());
    } else {
      silent.push_back(std::move(fd));
    }
  }
}

void FakePeer::serve_one(int fd) {
  const timeval patience{10, 0};
  ::setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience));
  const SslSession ssl(SSL_new(context_.get()));
  SSL_set_fd(ssl.get(), fd);
  if (SSL_accept(ssl.get()) == 1) {
    Session session(ssl.get());
    serve_(session);
    SSL_shutdown(ssl.get());
  }
  ERR_clear_error();
  // Unread bytes would turn the close into a reset, which can overtake what was written.
  ::shutdown(fd, SHUT_WR);
  std::array<char, 4096> rest{};
  while (::read(fd, rest.data(), rest.size()) > 0) {
  }
}

std::string FakePeer::Session::read_until(std::string_view end) {
  std::string out;
  std::array<char, 4096> buffer{};
  while (out.find(end) == std::string::npos) {
    const int got = SSL_read(ssl_, buffer.data(), static_cast<int>(buffer.size()));
    if (got <= 0) break;
    out.append(buffer.data(), static_cast<std::size_t>(got));
  }
  return out;
}

void FakePeer::Session::write(std::string_view bytes) {
  while (!bytes.empty()) {
    const int sent = SSL_write(ssl_, bytes.data(), static_cast<int>(bytes.size()));
    if (sent <= 0) return;
    bytes.remove_prefix(static_cast<std::size_t>(sent));
  }
}

std::string FakePeer::Session::alpn() const {
  const unsigned char* name = nullptr;
  unsigned length = 0;
  SSL_get0_alpn_selected(ssl_, &name, &length);
  return {reinterpret_cast<const char*>(name), length};
}

std::string FakePeer::Session::server_name() const {
  const char* const name = SSL_get_servername(ssl_, TLSEXT_NAMETYPE_host_name);
  return name != nullptr ? name : "";
}

std::string FakePeer::Session::client_name() const {
  const base::Handle<X509, X509_free> peer(SSL_get1_peer_certificate(ssl_));
  return peer ? Certificate::share(peer.get()).common_name() : "";
}

}  // namespace holdfast::sync
