// SPDX-License-Identifier: Apache-2.0
#include "hub/api/api_server.hpp"

#include <httplib.h>

#include <atomic>
#include <chrono>
#include <optional>
#include <thread>

#include "base/json.hpp"
#include "base/limits/hub.hpp"
#include "base/log.hpp"

namespace holdfast::hub {

using base::Code;
using base::fail;
using base::Status;
using namespace std::chrono_literals;
namespace limits = base::limits;

namespace {

constexpr time_t kReadTimeoutS = 10;
constexpr time_t kWriteTimeoutS = 30;
constexpr time_t kKeepAliveTimeoutS = 5;

ApiRequest request_of(const httplib::Request& from, std::string remote) {
  ApiRequest out;
  out.method = from.method;
  out.path = from.path;
  for (const auto& [name, value] : from.params) out.query.emplace(name, value);
  out.accept = from.get_header_value("Accept");
  out.content_type = from.get_header_value("Content-Type");
  out.body = from.body;
  out.remote = std::move(remote);
  return out;
}

/// What of a request is refused before any byte of its body is read: the library bounds neither chunks nor what it
/// unpacks, without a length it reads until its time-out, and one that is too long it reads to its end.
std::optional<ApiResponse> refused_unread(const httplib::Request& from) {
  if (from.has_header("Transfer-Encoding"))
    return error_answer(411, "LengthRequired", "send Content-Length; Transfer-Encoding is not taken");
  if (from.has_header("Content-Encoding"))
    return error_answer(415, "UnsupportedMediaType", "send the body as it is; Content-Encoding is not taken");
  const bool has_body = from.method == "POST" || from.method == "PUT" || from.method == "PATCH";
  if (has_body && !from.has_header("Content-Length"))
    return error_answer(411, "LengthRequired", "send Content-Length, 0 for an empty body");
  if (!from.has_header("Content-Length")) return std::nullopt;
  const auto length = base::from_decimal(from.get_header_value("Content-Length"));
  if (!length) return error_answer(400, "BadRequest", "Content-Length: " + length.error().message());
  if (*length <= limits::kRequestBytesMax) return std::nullopt;
  return error_answer(413, "RequestEntityTooLarge",
                      "a body of at most " + std::to_string(limits::kRequestBytesMax) + " bytes is taken");
}

/// The body is still on the connection, and must not be taken for the next request.
void answer_and_close(ApiResponse response, httplib::Response& out) {
  out.status = response.status;
  out.set_header("Connection", "close");
  out.set_header("Content-Length", std::to_string(response.body.size()));
  const auto type = response.content_type;
  out.set_content_provider(type.c_str(),
                           [body = std::move(response.body)](std::size_t, httplib::DataSink& sink) {
                             sink.write(body.data(), body.size());
                             return false;  // what failed is closed
                           });
}

void set_common_headers(httplib::Response& out) {
  out.set_header("Cache-Control", "no-store");
  out.set_header("X-Content-Type-Options", "nosniff");
  out.set_header("Strict-Transport-Security", "max-age=31536000");
}

}  // namespace

struct ApiServer::State {
  State(ApiParts given_parts, ApiServerOptions given_options)
      : parts(std::move(given_parts)),
        options(std::move(given_options)),
        server(options.certificate_file.c_str(), options.key_file.c_str()) {}

  std::optional<std::string> remote_of(const httplib::Request& from) const;
  void answer(const httplib::Request& from, httplib::Response& out);
  void stream(ApiResponse response, httplib::Response& out);
  Status configure();

  ApiParts parts;
  ApiServerOptions options;
  httplib::SSLServer server;
  std::thread thread;
  std::atomic<std::size_t> watches{0};
  std::atomic<bool> stopping{false};
  std::atomic<bool> ended{false};
  int port = 0;
};

void ApiServer::State::stream(ApiResponse response, httplib::Response& out) {
  if (watches.fetch_add(1) >= limits::kWatchesMax) {
    watches.fetch_sub(1);
    const auto refused = error_answer(429, "TooManyRequests", "too many watches at once; try again later");
    out.status = refused.status;
    return out.set_content(refused.body, refused.content_type.c_str());
  }
  out.set_chunked_content_provider(
      response.content_type.c_str(),
      [this, next = std::move(response.stream)](std::size_t, httplib::DataSink& sink) {
        std::string piece;
        const bool more = !stopping && next(piece);
        if (!piece.empty() && !sink.write(piece.data(), piece.size())) return false;
        // Nothing was written and the client may be gone: is_writable tells.
        if (piece.empty() && sink.is_writable && !sink.is_writable()) return false;
        if (!more) sink.done();
        return true;
      },
      [this](bool) { watches.fetch_sub(1); });
}

std::optional<std::string> ApiServer::State::remote_of(const httplib::Request& from) const {
  if (!options.client_of) return from.remote_addr;
  return options.client_of(static_cast<std::uint16_t>(from.remote_port));
}

void ApiServer::State::answer(const httplib::Request& from, httplib::Response& out) {
  set_common_headers(out);
  auto remote = remote_of(from);
  if (!remote)
    return answer_and_close(error_answer(403, "Forbidden", "come through the hub's own port"), out);
  auto response = route(parts, request_of(from, *std::move(remote)), from.get_header_value("Authorization"));
  out.status = response.status;
  if (response.stream) return stream(std::move(response), out);
  out.set_content(std::move(response.body), response.content_type.c_str());
}

Status ApiServer::State::configure() {
  if (!server.is_valid()) {
    return fail(Code::kInvalid,
                options.certificate_file + " and " + options.key_file + " cannot be used for TLS");
  }
  SSL_CTX_set_min_proto_version(server.ssl_context(), TLS1_2_VERSION);
  // Without SO_REUSEPORT, which the library would set: a second hub must not silently share the port.
  server.set_socket_options([](socket_t socket) {
    const int yes = 1;
    ::setsockopt(socket, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof yes);
  });
  server.set_payload_max_length(limits::kRequestBytesMax);
  server.set_read_timeout(kReadTimeoutS);
  server.set_write_timeout(kWriteTimeoutS);
  server.set_keep_alive_timeout(kKeepAliveTimeoutS);
  server.new_task_queue = [] { return new httplib::ThreadPool(limits::kApiThreads); };
  server.set_pre_routing_handler([](const httplib::Request& from, httplib::Response& out) {
    auto refused = refused_unread(from);
    if (!refused) return httplib::Server::HandlerResponse::Unhandled;
    answer_and_close(*std::move(refused), out);
    return httplib::Server::HandlerResponse::Handled;
  });
  const auto handler = [this](const httplib::Request& from, httplib::Response& out) { answer(from, out); };
  server.Get(".*", handler);
  server.Post(".*", handler);
  server.Put(".*", handler);
  server.Patch(".*", handler);
  server.Delete(".*", handler);
  server.set_exception_handler([](const httplib::Request&, httplib::Response& out, std::exception_ptr) {
    const auto broken = error_answer(500, "InternalError", "the hub failed to answer; its log says why");
    base::log::error("an API handler failed with an exception");
    out.status = broken.status;
    out.set_content(broken.body, broken.content_type.c_str());
  });
  return {};
}

ApiServer::ApiServer(ApiParts parts, ApiServerOptions options)
    : state_(std::make_unique<State>(std::move(parts), std::move(options))) {}

ApiServer::~ApiServer() { stop(); }

Status ApiServer::start() {
  auto& state = *state_;
  HF_CHECK(state.configure());
  if (state.options.port == 0) {
    state.port = state.server.bind_to_any_port(state.options.address.c_str());
  } else if (state.server.bind_to_port(state.options.address.c_str(), state.options.port)) {
    state.port = state.options.port;
  }
  if (state.port <= 0) {
    return fail(Code::kConflict,
                state.options.address + ":" + std::to_string(state.options.port) +
                    " cannot be listened on: it is in use, or not an address of this machine; choose "
                    "another with --listen ADDR:PORT");
  }
  state.thread = std::thread([&state] {
    state.server.listen_after_bind();
    state.ended = true;
  });
  // Before it runs its stop() does nothing, and whoever stops it would wait for ever.
  while (!state.server.is_running() && !state.ended) std::this_thread::sleep_for(1ms);
  return {};
}

void ApiServer::stop() {
  state_->stopping = true;
  state_->server.stop();
  if (state_->thread.joinable()) state_->thread.join();
}

std::uint16_t ApiServer::port() const { return static_cast<std::uint16_t>(state_->port); }

}  // namespace holdfast::hub
