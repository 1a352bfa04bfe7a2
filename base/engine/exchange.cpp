// SPDX-License-Identifier: Apache-2.0
#include "base/engine/exchange.hpp"

#include <sys/socket.h>
#include <sys/un.h>

#include <array>
#include <cerrno>
#include <charconv>
#include <cstring>

#include "base/sealing.hpp"

namespace holdfast::base {
namespace {

constexpr std::size_t kReadBytes = 16U << 10U;
constexpr std::size_t kArchivePieceBytes = 64U << 10U;

std::string head_of(const EngineRequest& request) {
  std::string head =
      request.method + " " + request.target + " HTTP/1.1\r\nHost: engine\r\nUser-Agent: holdfast\r\n";
  if (request.archive) {
    head += "Content-Type: application/x-tar\r\nTransfer-Encoding: chunked\r\n";
  } else if (!request.json.empty()) {
    head +=
        "Content-Type: application/json\r\nContent-Length: " + std::to_string(request.json.size()) + "\r\n";
  } else if (request.method == "POST") {
    head += "Content-Length: 0\r\n";
  }
  return head + "Connection: close\r\n\r\n" + request.json;
}

std::string chunk_of(std::string_view piece) {
  std::array<char, 16> size{};
  const auto [end, error] = std::to_chars(size.data(), size.data() + size.size(), piece.size(), 16);
  std::string chunk(size.data(), error == std::errc{} ? end : size.data());
  chunk.append("\r\n").append(piece).append("\r\n");
  return chunk;
}

/// A socket that nobody serves is an engine that is not there, whatever errno calls it.
Error no_engine(int error, const std::string& path) {
  Error out = Error::from_errno(error, "no container engine at " + path);
  const bool is_away = error == ENOENT || error == ECONNREFUSED || error == ENOTDIR || error == EAGAIN;
  return is_away ? Error(Code::kUnavailable, out.message()) : out;
}

}  // namespace

Exchange::Exchange(EventLoop& loop, const std::string& socket_path, EngineRequest request,
                   Deadlines deadlines, Listener listener)
    : loop_(loop),
      deadlines_(deadlines),
      listener_(std::move(listener)),
      out_(head_of(request)),
      archive_(std::move(request.archive)),
      total_(loop.timer([this] { late(); })),
      silence_(loop.timer([this] { late(); })) {
  wipe(request.json);  // it may hold secrets, and so may what is sent
  if (const auto connected = connect(socket_path); !connected) {
    failed_ = connected.error();
    total_->set(std::chrono::milliseconds(0));
    return;
  }
  if (deadlines_.total) total_->set(*deadlines_.total);
  send_at_once();
  moved();
}

Exchange::~Exchange() { abandon(); }

void Exchange::abandon() {
  total_->cancel();
  silence_->cancel();
  if (socket_) loop_.unwatch(socket_.get());
  socket_.reset();
  wipe(out_);
}

Status Exchange::connect(const std::string& socket_path) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  if (socket_path.empty() || socket_path.size() >= sizeof address.sun_path)
    return fail(Code::kInvalid, "the container engine's socket '" + socket_path + "' is no path of a socket");
  std::memcpy(address.sun_path, socket_path.c_str(), socket_path.size());
  socket_ = Fd(::socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
  if (!socket_) return fail(Error::from_errno(errno, "container engine: socket"));
  if (::connect(socket_.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0) {
    const int error = errno;
    socket_.reset();
    return fail(no_engine(error, socket_path));
  }
  const auto watched =
      loop_.watch(socket_.get(), Ready::kRead | Ready::kWrite, [this](Ready now) { ready(now); });
  if (!watched) socket_.reset();
  return watched;
}

/// So that the engine begins while whoever called goes on with its own work. Only the bytes go: what becomes of them is told from
/// the loop, which says in a moment that the socket takes more.
void Exchange::send_at_once() {
  const ssize_t n = ::send(socket_.get(), out_.data(), out_.size(), MSG_NOSIGNAL);
  if (n > 0) sent_ = static_cast<std::size_t>(n);
}

void Exchange::moved() {
  if (deadlines_.silence) silence_->set(*deadlines_.silence);
}

void Exchange::late() {
  if (failed_) {
    end(fail(*failed_));
    return;
  }
  end(fail(Code::kTimeout, "the container engine does not answer in time"));
}

void Exchange::end(Status status) {
  abandon();
  const auto on_end = std::move(listener_.on_end);
  on_end(std::move(status));  // the exchange may be gone after it
}

void Exchange::ready(Ready now) {
  if (is_sending_ && has(now, Ready::kWrite) && !send()) return;
  if (has(now, Ready::kRead) || has(now, Ready::kError)) receive();
}

bool Exchange::send() {
  // Who has all of it may have answered and closed by now, and takes not even nothing.
  const bool has_all = sent_ == out_.size();
  const ssize_t n =
      has_all ? 0 : ::send(socket_.get(), out_.data() + sent_, out_.size() - sent_, MSG_NOSIGNAL);
  if (n < 0) {
    if (errno == EAGAIN || errno == EINTR) return true;
    // It takes no more, and may have said why.
    stop_sending();
    return true;
  }
  moved();
  sent_ += static_cast<std::size_t>(n);
  if (sent_ < out_.size()) return true;
  wipe(out_);
  sent_ = 0;
  return refill();
}

bool Exchange::refill() {
  if (archive_) return take_archive();
  stop_sending();
  if (listener_.on_sent) listener_.on_sent();
  return static_cast<bool>(socket_);
}

bool Exchange::take_archive() {
  auto piece = archive_(kArchivePieceBytes);
  if (!piece) {
    end(fail(std::move(piece).error().with_context("the archive")));
    return false;
  }
  if (piece->empty()) {
    archive_ = nullptr;
    out_ = "0\r\n\r\n";
  } else {
    out_ = chunk_of(*piece);
  }
  return true;
}

void Exchange::stop_sending() {
  is_sending_ = false;
  archive_ = nullptr;
  // It watches for reading already: that this fails is told by the deadline at the latest.
  static_cast<void>(loop_.change(socket_.get(), Ready::kRead));
}

void Exchange::receive() {
  std::array<char, kReadBytes> buffer{};
  const ssize_t n = ::recv(socket_.get(), buffer.data(), buffer.size(), 0);
  if (n < 0) {
    if (errno == EAGAIN || errno == EINTR) return;
    Error error = Error::from_errno(errno, "the container engine went away");
    end(fail(Code::kUnavailable, error.message()));
    return;
  }
  moved();
  if (n == 0) {
    end(stream_.close());
    return;
  }
  take(std::string_view(buffer.data(), static_cast<std::size_t>(n)));
}

void Exchange::take(std::string_view bytes) {
  if (auto fed = stream_.feed(bytes); !fed) {
    end(std::move(fed));
    return;
  }
  if (!is_headed_ && stream_.head() != nullptr) {
    is_headed_ = true;
    if (listener_.on_head) listener_.on_head(*stream_.head());
    if (!socket_) return;
  }
  if (const std::string body = stream_.take_body(); !body.empty()) {
    auto taken = listener_.on_body(body);
    if (!socket_) return;
    if (!taken) {
      end(std::move(taken));
      return;
    }
  }
  if (stream_.done()) end({});
}

}  // namespace holdfast::base
