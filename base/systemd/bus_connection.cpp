// SPDX-License-Identifier: Apache-2.0
#include "base/systemd/bus_connection.hpp"

#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <utility>

#include "base/digest.hpp"
#include "base/limits/units.hpp"

namespace holdfast::base {
namespace {

constexpr std::size_t kReadBytes = 16U << 10U;
constexpr std::size_t kLineBytesMax = 4096;

/// A socket that nobody serves, or with no room for another, is a bus that is not there.
Error no_bus(int error, const std::string& path) {
  Error out = Error::from_errno(error, "no message bus at " + path);
  const bool is_away = error == ENOENT || error == ECONNREFUSED || error == ENOTDIR || error == EAGAIN;
  return is_away ? Error(Code::kUnavailable, out.message()) : out;
}

}  // namespace

Result<std::unique_ptr<BusConnection>> BusConnection::open(EventLoop& loop, const std::string& path,
                                                           Listener listener) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  std::memcpy(address.sun_path, path.c_str(), std::min(path.size(), sizeof address.sun_path - 1));
  Fd socket(::socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
  if (!socket) return fail(Error::from_errno(errno, "message bus: socket"));
  if (::connect(socket.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0)
    return fail(no_bus(errno, path));
  std::unique_ptr<BusConnection> connection(new BusConnection(loop, std::move(socket), std::move(listener)));
  HF_CHECK(loop.watch(connection->socket_.get(), Ready::kRead | Ready::kWrite,
                      [raw = connection.get()](Ready now) { raw->ready(now); }));
  return connection;
}

/// A NUL byte comes first, and our user id as hex of its digits.
BusConnection::BusConnection(EventLoop& loop, Fd socket, Listener listener)
    : loop_(loop), socket_(std::move(socket)), listener_(std::move(listener)) {
  out_ = std::string("\0AUTH EXTERNAL ", 15) + to_hex(std::to_string(::geteuid())) + "\r\n";
}

BusConnection::~BusConnection() {
  *is_alive_ = false;
  if (socket_) loop_.unwatch(socket_.get());
}

void BusConnection::end(Error error) {
  if (!socket_) return;
  loop_.unwatch(socket_.get());
  socket_.reset();
  const auto on_end = std::move(listener_.on_end);
  on_end(error);
}

void BusConnection::ready(Ready now) {
  if (has(now, Ready::kWrite) && !flush()) return;
  if (has(now, Ready::kRead) || has(now, Ready::kError)) receive();
}

bool BusConnection::flush() {
  while (!out_.empty()) {
    const ssize_t n = ::send(socket_.get(), out_.data(), out_.size(), MSG_NOSIGNAL);
    if (n < 0 && errno == EINTR) continue;
    if (n < 0 && errno == EAGAIN) return true;
    if (n < 0) {
      end(Error(Code::kUnavailable, Error::from_errno(errno, "the message bus went away").message()));
      return false;
    }
    out_.erase(0, static_cast<std::size_t>(n));
  }
  // Nothing to say: the loop need not tell that it could be said.
  static_cast<void>(loop_.change(socket_.get(), Ready::kRead));
  return true;
}

void BusConnection::write(std::string_view bytes) {
  if (out_.empty()) static_cast<void>(loop_.change(socket_.get(), Ready::kRead | Ready::kWrite));
  out_ += bytes;
}

Result<std::uint32_t> BusConnection::send(DBusMessage& message) {
  if (!socket_) return fail(Code::kUnavailable, "the message bus went away");
  if (++last_serial_ == 0) ++last_serial_;
  HF_TRY(const auto bytes, encode_bus_message(message, last_serial_));
  write(bytes);
  return last_serial_;
}

bool BusConnection::receive() {
  std::array<char, kReadBytes> piece{};
  const ssize_t n = ::recv(socket_.get(), piece.data(), piece.size(), 0);
  if (n < 0 && (errno == EAGAIN || errno == EINTR)) return true;
  if (n <= 0) {
    end(Error(Code::kUnavailable, n == 0 ? "the message bus closed the connection"
                                         : Error::from_errno(errno, "the message bus went away").message()));
    return false;
  }
  in_.append(piece.data(), static_cast<std::size_t>(n));
  if (!is_open_ && !take_line()) return false;
  return !is_open_ || take_messages();
}

bool BusConnection::take_line() {
  const auto line_end = in_.find("\r\n");
  if (line_end == std::string::npos) {
    if (in_.size() <= kLineBytesMax) return true;
    end(Error(Code::kCorrupt, "what listens there is no message bus"));
    return false;
  }
  const std::string line = in_.substr(0, line_end);
  in_.erase(0, line_end + 2);
  if (!line.starts_with("OK ")) {
    const bool is_rejected = line.starts_with("REJECTED");
    end(Error(
        is_rejected ? Code::kPermission : Code::kCorrupt,
        is_rejected ? "the message bus does not let this user in" : "what listens there is no message bus"));
    return false;
  }
  write("BEGIN\r\n");
  is_open_ = true;
  const auto is_alive = is_alive_;
  listener_.on_open();
  return *is_alive && socket_;
}

bool BusConnection::take_messages() {
  const auto is_alive = is_alive_;
  while (true) {
    const auto size = bus_message_size(in_);
    if (!size) {
      end(size.error());
      return false;
    }
    if (*size == 0 || in_.size() < *size) return true;
    auto message = decode_bus_message(std::string_view(in_).substr(0, *size));
    in_.erase(0, *size);
    if (!message) {
      end(message.error());
      return false;
    }
    listener_.on_message(**message);
    if (!*is_alive || !socket_) return false;
  }
}

}  // namespace holdfast::base
