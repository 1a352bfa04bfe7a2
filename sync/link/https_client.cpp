// SPDX-License-Identifier: Apache-2.0
#include "sync/link/https_client.hpp"

#include <openssl/err.h>
#include <poll.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <functional>
#include <optional>
#include <utility>

#include "sync/link/resolver.hpp"
#include "sync/link/stream_socket.hpp"

namespace holdfast::sync {

using base::Code;
using base::fail;
using base::Status;

namespace {

/// One point in time for the whole call, or for the silence between two pieces of it.
class Deadline {
 public:
  explicit Deadline(std::chrono::milliseconds timeout) : timeout_(timeout) { restart(); }
  void restart() { end_ = Steady::now() + timeout_; }

  Status wait(int fd, short events) const {
    for (;;) {
      pollfd one{fd, events, 0};
      const auto left = std::chrono::ceil<std::chrono::milliseconds>(end_ - Steady::now()).count();
      const int ready = left <= 0 ? 0 : ::poll(&one, 1, static_cast<int>(left));
      if (ready > 0) return {};
      if (ready == 0) return fail(Code::kTimeout, "no answer in time");
      if (errno != EINTR) return fail(base::Error::from_errno(errno, "poll"));
    }
  }

 private:
  using Steady = std::chrono::steady_clock;
  std::chrono::milliseconds timeout_;
  Steady::time_point end_;
};

base::Result<base::Fd> connect_to(const SocketAddress& address, const Deadline& deadline) {
  HF_TRY(base::Fd fd, begin_connect(address));
  HF_CHECK(deadline.wait(fd.get(), POLLOUT));
  HF_CHECK(connect_result(fd.get(), address));
  return fd;
}

base::Result<base::Fd> connect_any(const std::string& host, std::uint16_t port, const Deadline& deadline) {
  HF_TRY(const Lookup lookup, Lookup::start(host, port));
  HF_CHECK(deadline.wait(lookup.fd(), POLLIN));
  HF_TRY(const auto addresses, lookup.result());
  base::Result<base::Fd> last = fail(Code::kUnavailable, host);
  for (const auto& address : addresses) {
    last = connect_to(address, deadline);
    if (last || last.error().code() == Code::kTimeout) break;
  }
  return last;
}

Status ask_proxy(int fd, std::string_view request, const Deadline& deadline) {
  while (!request.empty()) {
    HF_CHECK(deadline.wait(fd, POLLOUT));
    const auto sent = ::send(fd, request.data(), request.size(), MSG_NOSIGNAL);
    if (sent < 0) return fail(Code::kUnavailable, base::Error::from_errno(errno, "sending").message());
    request.remove_prefix(static_cast<std::size_t>(sent));
  }
  ConnectAnswer answer;
  for (bool open = false; !open;) {
    std::array<char, 4096> buffer{};
    HF_CHECK(deadline.wait(fd, POLLIN));
    const auto got = ::recv(fd, buffer.data(), buffer.size(), 0);
    if (got < 0) return fail(Code::kUnavailable, base::Error::from_errno(errno, "receiving").message());
    if (got == 0) return fail(Code::kUnavailable, "the proxy hung up without an answer");
    HF_TRY(open, answer.feed({buffer.data(), static_cast<std::size_t>(got)}));
  }
  return {};
}

base::Result<base::Fd> connect_through(const Proxy& proxy, const HttpsUrl& url, const Deadline& deadline) {
  const auto call = [&]() -> base::Result<base::Fd> {
    HF_TRY(base::Fd fd, connect_any(proxy.host, proxy.port, deadline));
    HF_CHECK(ask_proxy(fd.get(), connect_request(proxy, url.host, url.port), deadline));
    return fd;
  };
  auto connected = call();
  if (!connected)
    return fail(std::move(connected).error().with_context("through the proxy " + proxy.authority()));
  return connected;
}

base::Result<base::Fd> connect_for(const HttpsRequest& request, const Deadline& deadline) {
  if (request.proxy && !request.is_plain) return connect_through(*request.proxy, request.url, deadline);
  return connect_any(request.url.host, request.url.port, deadline);
}

/// The connection of one call, with a TLS session or without.
class Connection {
 public:
  Connection(base::Fd fd, SslSession session, const TlsVerdict& verdict, const Deadline& deadline)
      : fd_(std::move(fd)), session_(std::move(session)), verdict_(verdict), deadline_(deadline) {
    if (session_) SSL_set_fd(session_.get(), fd_.get());
  }

  Status handshake() {
    if (!session_) return {};
    return repeat([&] { return SSL_connect(session_.get()); }, "TLS handshake").map([](int) {});
  }

  Status send(std::string_view bytes) {
    while (!bytes.empty()) {
      const int size = static_cast<int>(std::min<std::size_t>(bytes.size(), 64U << 10U));
      HF_TRY(const int sent,
             session_ ? repeat([&] { return SSL_write(session_.get(), bytes.data(), size); }, "sending")
                      : plain([&] { return ::send(fd_.get(), bytes.data(), bytes.size(), MSG_NOSIGNAL); },
                              POLLOUT, "sending"));
      bytes.remove_prefix(static_cast<std::size_t>(sent));
    }
    return {};
  }

  /// kCorrupt when the server ends the connection: the response was not whole.
  base::Result<std::string_view> receive() {
    const int room = static_cast<int>(buffer_.size());
    HF_TRY(const int got,
           session_ ? repeat([&] { return SSL_read(session_.get(), buffer_.data(), room); }, "receiving")
                    : plain([&] { return ::recv(fd_.get(), buffer_.data(), buffer_.size(), 0); }, POLLIN,
                            "receiving"));
    return std::string_view(buffer_.data(), static_cast<std::size_t>(got));
  }

 private:
  template <class Step>
  base::Result<int> repeat(const Step& step, std::string_view what) {
    for (;;) {
      ERR_clear_error();
      const int rc = step();
      if (rc > 0) return rc;
      const int error_number = errno;
      const int why = SSL_get_error(session_.get(), rc);
      if (why == SSL_ERROR_WANT_READ) {
        HF_CHECK(deadline_.wait(fd_.get(), POLLIN));
      } else if (why == SSL_ERROR_WANT_WRITE) {
        HF_CHECK(deadline_.wait(fd_.get(), POLLOUT));
      } else {
        return fail(explain(why, error_number, what));
      }
    }
  }

  template <class Step>
  base::Result<int> plain(const Step& step, short events, std::string_view what) {
    for (;;) {
      const auto rc = step();
      if (rc > 0) return static_cast<int>(rc);
      if (rc == 0) return fail(Code::kCorrupt, std::string(what) + ": the server ended the connection early");
      if (errno == EAGAIN) {
        HF_CHECK(deadline_.wait(fd_.get(), events));
      } else if (errno != EINTR) {
        return fail(Code::kUnavailable, base::Error::from_errno(errno, what).message());
      }
    }
  }

  base::Error explain(int why, int error_number, std::string_view what) const {
    if (!verdict_.reason.empty())
      return {Code::kPermission, "the server is not believed: " + verdict_.reason};
    if (why == SSL_ERROR_ZERO_RETURN)
      return {Code::kCorrupt, std::string(what) + ": the server ended the connection early"};
    const unsigned long error = ERR_peek_error();
    const int reason = ERR_GET_REASON(error);
    if (error != 0 && reason != SSL_R_UNEXPECTED_EOF_WHILE_READING) {
      const bool alert = reason > SSL_AD_REASON_OFFSET;
      return {alert ? Code::kPermission : Code::kUnavailable,
              std::string(what) + ": " + take_tls_errors("TLS failed")};
    }
    ERR_clear_error();
    if (why == SSL_ERROR_SYSCALL && error_number != 0) {
      return {Code::kUnavailable, base::Error::from_errno(error_number, what).message()};
    }
    return {SSL_is_init_finished(session_.get()) != 0 ? Code::kCorrupt : Code::kUnavailable,
            std::string(what) + ": the connection was cut off"};
  }

  base::Fd fd_;
  SslSession session_;
  const TlsVerdict& verdict_;
  const Deadline& deadline_;
  std::array<char, 16U << 10U> buffer_{};
};

bool is_plain(std::string_view text) {
  return std::all_of(text.begin(), text.end(),
                     [](char c) { return static_cast<unsigned char>(c) >= 0x20 && c != 0x7f; });
}

/// Without the port that the scheme has anyway: servers that check a signature over this header write it so.
std::string host_header(const HttpsRequest& request) {
  std::string out = request.url.authority();
  const std::string_view own = request.is_plain ? ":80" : ":443";
  if (out.ends_with(own)) out.resize(out.size() - own.size());
  return out;
}

// What a caller passes on from elsewhere must not be able to begin a line of its own.
base::Result<std::string> encode(const HttpsRequest& request) {
  std::string out = request.method + " " + request.url.target + " HTTP/1.1\r\n";
  const std::string length = std::to_string(request.body.size());
  std::vector<std::pair<std::string, std::string>> headers = {{"Host", host_header(request)},
                                                              {"Connection", "close"}};
  if (!request.body.empty() || request.method != "GET") headers.emplace_back("Content-Length", length);
  headers.insert(headers.end(), request.headers.begin(), request.headers.end());
  bool plain = is_plain(request.method) && is_plain(request.url.target) &&
               request.url.target.find(' ') == std::string::npos;
  for (const auto& [name, value] : headers) {
    plain = plain && is_plain(name) && is_plain(value) && name.find(':') == std::string::npos;
    out.append(name).append(": ").append(value).append("\r\n");
  }
  if (!plain) return fail(Code::kInvalid, "a control character in the request to " + request.url.host);
  return out.append("\r\n").append(request.body);
}

using Exchange = std::function<base::Result<HttpResponse>(Connection& connection, Deadline& deadline,
                                                          std::string_view bytes)>;

base::Result<HttpResponse> exchange(Connection& connection, const HttpsRequest& request,
                                    std::string_view bytes) {
  HF_CHECK(connection.handshake());
  const Status sent = connection.send(bytes);
  const bool head = request.method == "HEAD";
  HttpResponseParser parser(request.body_bytes_max,
                            head ? HttpResponseParser::Body::kNone : HttpResponseParser::Body::kExpected);
  // A server may answer (too large, not allowed) before it took all of the request: read on after a failed
  // send.
  for (bool first = true; !parser.done(); first = false) {
    const auto got = connection.receive();
    if (!got) return fail(first && !sent ? sent.error() : got.error());
    HF_TRY([[maybe_unused]] const bool done, parser.feed(*got));
  }
  return parser.take();
}

base::Result<HttpResponse> exchange(Connection& connection, Deadline& deadline, const HttpsRequest& request,
                                    std::string_view bytes, const BodySink& sink, std::uint64_t bytes_max) {
  HF_CHECK(connection.handshake());
  HF_CHECK(connection.send(bytes));
  HttpResponseParser parser(std::max<std::uint64_t>(bytes_max, request.body_bytes_max));
  std::optional<bool> is_wanted;
  while (!parser.done()) {
    HF_TRY(const auto got, connection.receive());
    HF_TRY([[maybe_unused]] const bool done, parser.feed(got));
    if (!parser.has_head()) continue;
    if (!is_wanted) is_wanted = sink.wants(parser.head());
    if (*is_wanted) {
      HF_CHECK(sink.take(parser.take_body()));
      deadline.restart();
    } else if (parser.head().body.size() > request.body_bytes_max) {
      return fail(Code::kLimit,
                  "HTTP response: a body of more than " + std::to_string(request.body_bytes_max) + " bytes");
    }
  }
  return parser.take();
}

base::Result<HttpsAnswer> connected(const HttpsRequest& request, const Exchange& talk) {
  Deadline deadline(request.timeout);
  const std::string where = (request.is_plain ? "http://" : "https://") + request.url.authority();
  const auto call = [&]() -> base::Result<HttpsAnswer> {
    HF_TRY(const std::string bytes, encode(request));
    TlsVerdict verdict;
    SslContext context;
    SslSession session;
    if (!request.is_plain) {
      TlsClientOptions tls = request.tls;
      if (tls.server_name.empty()) tls.server_name = request.url.host;
      HF_TRY(context, make_client_context(tls, verdict));
      HF_TRY(session, make_client_session(context.get()));
    }
    HF_TRY(base::Fd fd, connect_for(request, deadline));
    Connection connection(std::move(fd), std::move(session), verdict, deadline);
    HF_TRY(HttpResponse response, talk(connection, deadline, bytes));
    return HttpsAnswer{std::move(response), std::move(verdict.pinned)};
  };
  auto answer = call();
  if (!answer) return fail(std::move(answer).error().with_context(where));
  return answer;
}

}  // namespace

base::Result<HttpsAnswer> https_call(const HttpsRequest& request) {
  return connected(request, [&](Connection& connection, Deadline&, std::string_view bytes) {
    return exchange(connection, request, bytes);
  });
}

base::Result<HttpsAnswer> https_call(const HttpsRequest& request, const BodySink& sink,
                                     std::uint64_t bytes_max) {
  return connected(request, [&](Connection& connection, Deadline& deadline, std::string_view bytes) {
    return exchange(connection, deadline, request, bytes, sink, bytes_max);
  });
}

}  // namespace holdfast::sync
