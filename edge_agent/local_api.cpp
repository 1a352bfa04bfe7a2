// SPDX-License-Identifier: Apache-2.0
#include "edge_agent/local_api.hpp"

#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <sys/un.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <utility>

#include "base/limits/agent.hpp"

namespace holdfast::edge_agent {

using base::Code;
using base::Error;
using base::fail;
using base::Fd;
using base::Ready;
using base::Result;
using base::Status;
namespace limits = base::limits;

struct LocalApi::Connection {
  std::unique_ptr<base::EventLoop::Timer> deadline;
  Fd fd;
  std::string in;
  std::string out;
  std::size_t sent = 0;
  bool answered = false;
};

namespace {

int hex_value(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

Result<std::string> percent_decode(std::string_view text) {
  std::string out;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '+') {
      out += ' ';
    } else if (text[i] != '%') {
      out += text[i];
    } else {
      const int high = i + 2 < text.size() ? hex_value(text[i + 1]) : -1;
      const int low = i + 2 < text.size() ? hex_value(text[i + 2]) : -1;
      if (high < 0 || low < 0)
        return fail(Code::kInvalid, "a % in the address is not followed by two hex digits");
      out += static_cast<char>(high * 16 + low);
      i += 2;
    }
  }
  return out;
}

std::string_view reason_of(int status) {
  switch (status) {
    case 200: return "OK";
    case 400: return "Bad Request";
    case 404: return "Not Found";
    case 405: return "Method Not Allowed";
    case 413: return "Content Too Large";
    case 503: return "Service Unavailable";
    default: return "Error";
  }
}

std::string render(const LocalResponse& response) {
  std::string out =
      "HTTP/1.1 " + std::to_string(response.status) + " " + std::string(reason_of(response.status));
  out += "\r\nContent-Type: " + response.content_type;
  out += "\r\nContent-Length: " + std::to_string(response.body.size());
  out += "\r\nConnection: close\r\n\r\n";
  return out + response.body;
}

Result<sockaddr_un> address_of(const std::string& path) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  if (path.size() >= sizeof address.sun_path) {
    return fail(Code::kInvalid, path + ": too long for a Unix socket (" + std::to_string(path.size()) +
                                    " bytes, at most 107); choose a shorter --data folder");
  }
  std::memcpy(address.sun_path, path.c_str(), path.size() + 1);
  return address;
}

}  // namespace

Result<LocalRequest> parse_local_request(std::string_view head) {
  const auto line = head.substr(0, head.find("\r\n"));
  const auto first = line.find(' ');
  const auto second = first == std::string_view::npos ? first : line.find(' ', first + 1);
  if (second == std::string_view::npos || !line.substr(second + 1).starts_with("HTTP/1.")) {
    return fail(Code::kInvalid, "this is not an HTTP/1.1 request");
  }
  LocalRequest request{.method = std::string(line.substr(0, first)), .path = {}, .query = {}};
  auto target = line.substr(first + 1, second - first - 1);
  const auto mark = target.find('?');
  HF_TRY(request.path, percent_decode(target.substr(0, mark)));
  if (mark == std::string_view::npos) return request;
  for (auto rest = target.substr(mark + 1); !rest.empty();) {
    const auto end = rest.find('&');
    const auto pair = rest.substr(0, end);
    const auto equals = pair.find('=');
    HF_TRY(auto name, percent_decode(pair.substr(0, equals)));
    std::string value;
    if (equals != std::string_view::npos) {
      HF_TRY(value, percent_decode(pair.substr(equals + 1)));
    }
    request.query.insert_or_assign(std::move(name), std::move(value));
    rest = end == std::string_view::npos ? std::string_view{} : rest.substr(end + 1);
  }
  return request;
}

Result<std::unique_ptr<LocalApi>> LocalApi::listen(base::EventLoop& loop, const std::string& socket_path,
                                                   Handler handler) {
  HF_TRY(const auto address, address_of(socket_path));
  Fd fd(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  if (!fd) return fail(Error::from_errno(errno, "making the local socket"));
  ::unlink(socket_path.c_str());
  const mode_t before = ::umask(0177);
  const int bound = ::bind(fd.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address);
  const int bind_errno = errno;
  ::umask(before);
  if (bound != 0) return fail(Error::from_errno(bind_errno, socket_path));
  if (::listen(fd.get(), 16) != 0) return fail(Error::from_errno(errno, socket_path));
  auto api = std::unique_ptr<LocalApi>(new LocalApi(loop, std::move(fd), socket_path, std::move(handler)));
  HF_CHECK(loop.watch(api->listener_.get(), Ready::kRead, [raw = api.get()](Ready) { raw->accept_all(); }));
  return api;
}

LocalApi::LocalApi(base::EventLoop& loop, Fd listener, std::string socket_path, Handler handler)
    : loop_(loop),
      listener_(std::move(listener)),
      socket_path_(std::move(socket_path)),
      handler_(std::move(handler)),
      pause_(loop.timer([this] {
        static_cast<void>(loop_.watch(listener_.get(), Ready::kRead, [this](Ready) { accept_all(); }));
      })) {}

LocalApi::~LocalApi() {
  for (const auto& [fd, connection] : connections_) loop_.unwatch(fd);
  loop_.unwatch(listener_.get());
  ::unlink(socket_path_.c_str());
}

void LocalApi::accept_all() {
  while (connections_.size() < limits::kLocalConnectionsMax) {
    Fd fd(::accept4(listener_.get(), nullptr, nullptr, SOCK_CLOEXEC | SOCK_NONBLOCK));
    if (!fd && errno != EAGAIN && errno != EINTR) return pause();
    if (!fd) return;
    const int number = fd.get();
    auto connection = std::make_unique<Connection>();
    connection->fd = std::move(fd);
    connection->deadline = loop_.timer([this, number] { close(number); });
    connection->deadline->set(limits::kLocalIdleMax);
    if (loop_.watch(number, Ready::kRead, [this, number](Ready ready) { on_ready(number, ready); })) {
      connections_[number] = std::move(connection);
    }
  }
  // Over the limit: a connection is accepted and closed, so that the listener does not stay ready for ever.
  Fd(::accept4(listener_.get(), nullptr, nullptr, SOCK_CLOEXEC));
}

// What waits at the listener would wake this loop without end.
void LocalApi::pause() {
  loop_.unwatch(listener_.get());
  pause_->set(limits::kLocalAcceptPause);
}

void LocalApi::on_ready(int fd, Ready ready) {
  const auto found = connections_.find(fd);
  if (found == connections_.end()) return;
  auto& connection = *found->second;
  if (base::has(ready, Ready::kRead) && !connection.answered) {
    std::array<char, 4096> buffer{};
    const auto got = ::read(fd, buffer.data(), buffer.size());
    if (got == 0 || (got < 0 && errno != EAGAIN && errno != EINTR)) return close(fd);
    if (got > 0) connection.in.append(buffer.data(), static_cast<std::size_t>(got));
    if (connection.in.find("\r\n\r\n") != std::string::npos ||
        connection.in.size() > limits::kLocalRequestBytesMax) {
      answer(connection);
    }
  } else if (base::has(ready, Ready::kError)) {
    return close(fd);
  }
  if (!connection.answered) return;
  const auto rest = std::string_view(connection.out).substr(connection.sent);
  const auto wrote = ::send(fd, rest.data(), rest.size(), MSG_NOSIGNAL);
  if (wrote < 0 && errno != EAGAIN && errno != EINTR) return close(fd);
  if (wrote > 0) connection.sent += static_cast<std::size_t>(wrote);
  if (connection.sent == connection.out.size()) return close(fd);
}

void LocalApi::answer(Connection& connection) {
  connection.answered = true;
  LocalResponse response;
  if (connection.in.size() > limits::kLocalRequestBytesMax) {
    response = {413, "text/plain", "the request is too large\n"};
  } else if (auto request = parse_local_request(connection.in)) {
    response = handler_(*request);
  } else {
    response = {400, "text/plain", request.error().message() + "\n"};
  }
  connection.out = render(response);
  if (!loop_.change(connection.fd.get(), Ready::kWrite)) connection.out.clear();
}

void LocalApi::close(int fd) {
  loop_.unwatch(fd);
  connections_.erase(fd);
}

namespace {

Result<std::string> exchange(int fd, const std::string& request) {
  for (std::size_t sent = 0; sent < request.size();) {
    const auto wrote = ::send(fd, request.data() + sent, request.size() - sent, MSG_NOSIGNAL);
    if (wrote < 0) return fail(Error::from_errno(errno, "asking the agent"));
    sent += static_cast<std::size_t>(wrote);
  }
  std::string answer;
  std::array<char, 16384> buffer{};
  while (answer.size() <= limits::kLocalAnswerBytesMax) {
    const auto got = ::read(fd, buffer.data(), buffer.size());
    if (got < 0 && (errno == EAGAIN || errno == EWOULDBLOCK)) {
      return fail(Code::kTimeout, "the agent did not answer in time");
    }
    if (got < 0) return fail(Error::from_errno(errno, "reading the agent's answer"));
    if (got == 0) return answer;
    answer.append(buffer.data(), static_cast<std::size_t>(got));
  }
  return fail(Code::kLimit,
              "the agent's answer is larger than " + std::to_string(limits::kLocalAnswerBytesMax) + " bytes");
}

}  // namespace

Result<LocalResponse> ask_local(const std::string& socket_path, const std::string& method,
                                const std::string& target, int timeout_ms) {
  HF_TRY(const auto address, address_of(socket_path));
  const Fd fd(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
  if (!fd) return fail(Error::from_errno(errno, "making a local socket"));
  const timeval timeout{.tv_sec = timeout_ms / 1000, .tv_usec = (timeout_ms % 1000) * 1000};
  ::setsockopt(fd.get(), SOL_SOCKET, SO_RCVTIMEO, &timeout, sizeof timeout);
  ::setsockopt(fd.get(), SOL_SOCKET, SO_SNDTIMEO, &timeout, sizeof timeout);
  if (::connect(fd.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0) {
    if (errno == EACCES) return fail(Error::from_errno(errno, socket_path));
    return fail(Code::kUnavailable, "no agent is running here (" + socket_path + ")");
  }
  HF_TRY(const auto text, exchange(fd.get(), method + " " + target + " HTTP/1.1\r\nHost: agent\r\n\r\n"));
  const auto end = text.find("\r\n\r\n");
  if (end == std::string::npos || !text.starts_with("HTTP/1.1 ")) {
    return fail(Code::kCorrupt, "the agent's answer is not HTTP");
  }
  return LocalResponse{std::atoi(text.c_str() + 9), "", text.substr(end + 4)};
}

}  // namespace holdfast::edge_agent
