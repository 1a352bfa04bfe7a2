// SPDX-License-Identifier: Apache-2.0
#include "base/socket_probe_run.hpp"

#include <arpa/inet.h>
#include <netinet/in.h>

#include <array>
#include <cerrno>
#include <cstring>

namespace holdfast::base {
namespace {

constexpr std::size_t kStatusLineBytesMax = 1024;
constexpr int kOkFrom = 200;
constexpr int kOkBelow = 400;

template <class Socket>
bool fill(std::string_view host, Socket& address, int family, void* number) {
  const std::string text(host);
  reinterpret_cast<sockaddr&>(address).sa_family = static_cast<sa_family_t>(family);
  return ::inet_pton(family, text.c_str(), number) == 1;
}

std::string host_header(const HttpProbe& probe) {
  const bool v6 = probe.host.find(':') != std::string::npos;
  return (v6 ? "[" + probe.host + "]" : probe.host) + ":" + std::to_string(probe.port);
}

bool same_name(std::string_view a, std::string_view b) {
  const auto lower = [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; };
  if (a.size() != b.size()) return false;
  for (std::size_t i = 0; i < a.size(); ++i) {
    if (lower(a[i]) != lower(b[i])) return false;
  }
  return true;
}

}  // namespace

Result<int> parse_status_line(std::string_view line) {
  const auto digit = [&](std::size_t at) { return line[at] >= '0' && line[at] <= '9'; };
  constexpr std::size_t kLeast = std::string_view("HTTP/1.1 200").size();
  const bool shaped = line.size() >= kLeast && line.starts_with("HTTP/1.") && digit(7) && line[8] == ' ' &&
                      digit(9) && digit(10) && digit(11) &&
                      (line.size() == kLeast || line[kLeast] == ' ' || line[kLeast] == '\r');
  if (!shaped) return fail(Code::kInvalid, "the answer is not HTTP");
  return (line[9] - '0') * 100 + (line[10] - '0') * 10 + (line[11] - '0');
}

bool is_probe_host(const std::string& host) {
  in6_addr number{};
  return same_name(host, "localhost") || ::inet_pton(AF_INET, host.c_str(), &number) == 1 ||
         ::inet_pton(AF_INET6, host.c_str(), &number) == 1;
}

std::string request_of(const HttpProbe& probe) {
  std::string request = "GET " + probe.path + " HTTP/1.1\r\n";
  bool own_host = false;
  for (const auto& [name, value] : probe.headers) {
    own_host = own_host || same_name(name, "Host");
    request.append(name).append(": ").append(value).append("\r\n");
  }
  if (!own_host) request.append("Host: ").append(host_header(probe)).append("\r\n");
  return request.append("User-Agent: holdfast-probe\r\nAccept: */*\r\nConnection: close\r\n\r\n");
}

Result<std::vector<SocketProbeRun::Address>> SocketProbeRun::addresses_of(const std::string& host,
                                                                          std::uint16_t port) {
  std::vector<Address> addresses;
  const auto add = [&](std::string_view text) {
    Address address;
    sockaddr_in v4{};
    v4.sin_port = htons(port);
    sockaddr_in6 v6{};
    v6.sin6_port = htons(port);
    if (fill(text, v4, AF_INET, &v4.sin_addr)) {
      std::memcpy(&address.storage, &v4, sizeof v4);
      address.size = sizeof v4;
    } else if (fill(text, v6, AF_INET6, &v6.sin6_addr)) {
      std::memcpy(&address.storage, &v6, sizeof v6);
      address.size = sizeof v6;
    } else {
      return false;
    }
    addresses.push_back(address);
    return true;
  };
  if (same_name(host, "localhost")) {
    add("::1");
    add("127.0.0.1");
    return addresses;
  }
  if (!add(host))
    return fail(Code::kInvalid, "probe host '" + host + "' is neither an address nor localhost");
  return addresses;
}

Result<std::unique_ptr<RunningProbe>> SocketProbeRun::start(EventLoop& loop, const TcpProbe& probe,
                                                            OnEnd on_end) {
  return start(loop, probe, std::string(), std::move(on_end));
}

Result<std::unique_ptr<RunningProbe>> SocketProbeRun::start(EventLoop& loop, const HttpProbe& probe,
                                                            OnEnd on_end) {
  return start(loop, TcpProbe{probe.host, probe.port}, request_of(probe), std::move(on_end));
}

Result<std::unique_ptr<RunningProbe>> SocketProbeRun::start(EventLoop& loop, const TcpProbe& where,
                                                            std::string request, OnEnd on_end) {
  HF_TRY(auto addresses, addresses_of(where.host, where.port));
  std::unique_ptr<SocketProbeRun> run(new SocketProbeRun(loop, where.host + ":" + std::to_string(where.port),
                                                         std::move(request), std::move(addresses),
                                                         std::move(on_end)));
  run->connect_next(0);
  return run;
}

SocketProbeRun::SocketProbeRun(EventLoop& loop, std::string target, std::string request,
                               std::vector<Address> addresses, OnEnd on_end)
    : loop_(loop),
      target_(std::move(target)),
      request_(std::move(request)),
      wants_answer_(!request_.empty()),
      addresses_(std::move(addresses)),
      on_end_(std::move(on_end)) {}

SocketProbeRun::~SocketProbeRun() { close(); }

void SocketProbeRun::close() {
  if (socket_) loop_.unwatch(socket_.get());
  socket_.reset();
}

void SocketProbeRun::end(bool ok, std::string detail) {
  close();
  on_end_(ok, std::move(detail));
}

void SocketProbeRun::connect_next(int last_error) {
  int error = last_error;
  while (!addresses_.empty()) {
    const Address address = addresses_.back();
    addresses_.pop_back();
    close();
    socket_ = Fd(::socket(address.storage.ss_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
    const auto* where = reinterpret_cast<const sockaddr*>(&address.storage);
    if (!socket_ || (::connect(socket_.get(), where, address.size) != 0 && errno != EINPROGRESS)) {
      error = errno;
      continue;
    }
    if (loop_.watch(socket_.get(), Ready::kWrite, [this](Ready) { ready(); })) return;
    socket_.reset();
    error = EIO;
  }
  end(false, Error::from_errno(error, "cannot connect to " + target_).message());
}

void SocketProbeRun::ready() {
  if (connected_) {
    request_.empty() ? read_answer() : send_request();
    return;
  }
  int error = 0;
  socklen_t size = sizeof error;
  if (::getsockopt(socket_.get(), SOL_SOCKET, SO_ERROR, &error, &size) != 0) error = errno;
  if (error != 0) {
    connect_next(error);
  } else if (!wants_answer_) {
    end(true, "connected to " + target_);
  } else {
    connected_ = true;
    send_request();
  }
}

void SocketProbeRun::send_request() {
  const ssize_t n = ::send(socket_.get(), request_.data(), request_.size(), MSG_NOSIGNAL);
  if (n < 0 && (errno == EAGAIN || errno == EINTR)) return;
  if (n < 0) {
    end(false, Error::from_errno(errno, "cannot send to " + target_).message());
    return;
  }
  request_.erase(0, static_cast<std::size_t>(n));
  if (!request_.empty()) return;
  if (const auto changed = loop_.change(socket_.get(), Ready::kRead); !changed)
    end(false, changed.error().message());
}

void SocketProbeRun::read_answer() {
  std::array<char, kStatusLineBytesMax> buffer{};
  const ssize_t n = ::recv(socket_.get(), buffer.data(), kStatusLineBytesMax - answer_.size(), 0);
  if (n < 0 && (errno == EAGAIN || errno == EINTR)) return;
  if (n < 0) {
    end(false, Error::from_errno(errno, "cannot read from " + target_).message());
    return;
  }
  answer_.append(buffer.data(), static_cast<std::size_t>(n));
  const std::size_t newline = answer_.find('\n');
  if (newline == std::string::npos && n > 0 && answer_.size() < kStatusLineBytesMax) return;
  const auto status = parse_status_line(std::string_view(answer_).substr(0, newline));
  if (!status || newline == std::string::npos) {
    end(false, target_ + ": " + (status ? "the answer breaks off" : status.error().message()));
    return;
  }
  end(*status >= kOkFrom && *status < kOkBelow, "HTTP status " + std::to_string(*status));
}

}  // namespace holdfast::base
