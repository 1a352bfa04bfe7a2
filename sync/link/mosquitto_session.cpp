// SPDX-License-Identifier: Apache-2.0
#include "sync/link/mosquitto_session.hpp"

#include <dirent.h>
#include <fcntl.h>
#include <mqtt_protocol.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdlib>
#include <mutex>

#include "base/limits/wire.hpp"
#include "base/log.hpp"
#include "sync/link/tpm_key.hpp"

namespace holdfast::sync {

using base::Code;
using base::fail;
using base::Ready;
using base::Status;

namespace {

constexpr int kQosAtMostOnce = 0;
constexpr int kQosAtLeastOnce = 1;
constexpr int kReceiveMax = 16;
constexpr std::chrono::seconds kKeepAliveMin{5};  // the library refuses less
constexpr std::chrono::seconds kKeepAliveMax{65'535};
constexpr int kReasonRefused = 0x80;  // reason codes from here on are refusals (MQTT 5 §2.4)

void start_library() {
  static std::once_flag once;
  std::call_once(once, [] { mosquitto_lib_init(); });
}

/// libmosquitto leaves its socket, and the pair with which it would wake a thread, to every child of this
/// process, and does not say which the pair is. No socket of ours is meant to be inherited: whoever hands one
/// on does so by dup2(), which takes the mark away.
void close_sockets_on_exec() {
  const base::Handle<DIR, ::closedir> folder(::opendir("/proc/self/fd"));
  constexpr std::string_view kSocket = "socket:";
  while (const dirent* entry = folder ? ::readdir(folder.get()) : nullptr) {
    std::array<char, 64> target{};
    const auto size = ::readlinkat(::dirfd(folder.get()), entry->d_name, target.data(), target.size());
    if (size < 0 || !std::string_view(target.data(), static_cast<std::size_t>(size)).starts_with(kSocket))
      continue;
    const int fd = static_cast<int>(std::strtol(entry->d_name, nullptr, 10));
    if (fd > STDERR_FILENO) ::fcntl(fd, F_SETFD, FD_CLOEXEC);
  }
}

Code code_of(int rc) {
  switch (rc) {
    case MOSQ_ERR_PAYLOAD_SIZE:
    case MOSQ_ERR_OVERSIZE_PACKET: return Code::kLimit;
    case MOSQ_ERR_INVAL:
    case MOSQ_ERR_MALFORMED_UTF8:
    case MOSQ_ERR_MALFORMED_PACKET: return Code::kInvalid;
    case MOSQ_ERR_AUTH:
    case MOSQ_ERR_ACL_DENIED: return Code::kPermission;
    case MOSQ_ERR_KEEPALIVE: return Code::kTimeout;
    default: return Code::kUnavailable;
  }
}

/// The library has no words of its own for a broker that fell silent.
std::string words_of(int rc) {
  if (rc == MOSQ_ERR_ERRNO) return base::Error::from_errno(errno, "socket").message();
  return rc == MOSQ_ERR_KEEPALIVE ? "the broker is silent: it answers no ping" : mosquitto_strerror(rc);
}

}  // namespace

// ---- to connect ----

base::Result<std::unique_ptr<MosquittoSession>> MosquittoSession::begin(
    const MosquittoSessionOptions& options) {
  start_library();
  std::unique_ptr<MosquittoSession> session(new MosquittoSession(options));
  HF_TRY(session->context_, make_client_context(options.tls, session->verdict_));
  session->client_.reset(mosquitto_new(options.client_id.c_str(), true, session.get()));
  if (!session->client_) return fail(base::Error::from_errno(errno, "client id '" + options.client_id + "'"));
  HF_CHECK(session->set_options());
  session->set_listeners();
  HF_CHECK(session->connect());
  return session;
}

Status MosquittoSession::set_options() {
  mosquitto* const client = client_.get();
  const auto set = [&](mosq_opt_t option, int value) {
    return check(mosquitto_int_option(client, option, value));
  };
  HF_CHECK(set(MOSQ_OPT_PROTOCOL_VERSION, MQTT_PROTOCOL_V5));
  HF_CHECK(set(MOSQ_OPT_RECEIVE_MAXIMUM, kReceiveMax));
  HF_CHECK(set(MOSQ_OPT_SEND_MAXIMUM, static_cast<int>(base::limits::kInFlightMax)));
  HF_CHECK(set(MOSQ_OPT_TCP_NODELAY, 1));
  HF_CHECK(set(MOSQ_OPT_SSL_CTX_WITH_DEFAULTS, 0));
  HF_CHECK(check(mosquitto_void_option(client, MOSQ_OPT_SSL_CTX, context_.get())));
  if (options_.will_topic.empty()) return {};
  return check(mosquitto_will_set_v5(client, options_.will_topic.c_str(),
                                     static_cast<int>(options_.will_payload.size()),
                                     options_.will_payload.data(), kQosAtLeastOnce, true, nullptr));
}

void MosquittoSession::set_listeners() {
  mosquitto* const client = client_.get();
  mosquitto_log_callback_set(client, on_log);
  mosquitto_connect_v5_callback_set(client, on_connect);
  mosquitto_disconnect_v5_callback_set(client, on_disconnect);
  mosquitto_message_v5_callback_set(client, on_message);
  mosquitto_publish_v5_callback_set(client, on_publish);
  mosquitto_subscribe_v5_callback_set(client, on_subscribe);
}

Status MosquittoSession::connect() {
  const auto keep_alive = std::clamp(options_.keep_alive, kKeepAliveMin, kKeepAliveMax);
  const int rc = mosquitto_connect_async(client_.get(), options_.ip.c_str(), options_.port,
                                         static_cast<int>(keep_alive.count()));
  close_sockets_on_exec();
  if (rc > 0) return check(rc);
  fd_ = mosquitto_socket(client_.get());
  if (fd_ < 0) return fail(explain(MOSQ_ERR_NO_CONN));
  return {};
}

// ---- to go on ----

Ready MosquittoSession::interest() const {
  if (phase_ == Phase::kTcp) return Ready::kWrite;
  // Its own answer is of no use during the handshake: once it wanted to write, it says so for ever.
  if (phase_ == Phase::kTls) {
    const auto* const ssl = static_cast<const SSL*>(mosquitto_ssl_get(client_.get()));
    return ssl != nullptr && SSL_want(ssl) == SSL_WRITING ? Ready::kWrite : Ready::kRead;
  }
  return mosquitto_want_write(client_.get()) ? Ready::kRead | Ready::kWrite : Ready::kRead;
}

Status MosquittoSession::advance(Ready ready) {
  if (phase_ == Phase::kTcp) {
    HF_CHECK(check_tcp());
    phase_ = Phase::kTls;
    ready = Ready::kWrite;
  }
  if (has(ready, Ready::kRead) || has(ready, Ready::kError)) {
    HF_CHECK(check(mosquitto_loop_read(client_.get(), 1)));
    // For the library that is no error.
    if (dismissal_ != 0) return fail(explain(MOSQ_ERR_CONN_LOST));
  }
  if (has(ready, Ready::kWrite)) HF_CHECK(check(mosquitto_loop_write(client_.get(), 1)));
  if (phase_ == Phase::kTls) {
    const auto* const ssl = static_cast<const SSL*>(mosquitto_ssl_get(client_.get()));
    if (ssl == nullptr || SSL_is_init_finished(ssl) == 0) return check_still_open();
    phase_ = Phase::kMqtt;
  }
  if (phase_ == Phase::kMqtt && connack_ >= 0) {
    if (connack_ != 0) {
      return fail(Code::kPermission, std::string("the broker refuses: ") + mosquitto_reason_string(connack_));
    }
    phase_ = Phase::kSubscribing;
    HF_CHECK(subscribe());
  }
  if (phase_ == Phase::kSubscribing && subscribed_ == options_.filters.size()) {
    phase_ = Phase::kUp;
    events_.insert(events_.begin(), Event{Event::Kind::kConnected, {}, {}});
  }
  return {};
}

std::vector<MosquittoSession::Event> MosquittoSession::take_events() {
  if (phase_ != Phase::kUp) return {};
  return std::exchange(events_, {});
}

// The library takes a failed connect() for one that is under way.
Status MosquittoSession::check_tcp() const {
  int error = 0;
  socklen_t size = sizeof(error);
  if (::getsockopt(fd_, SOL_SOCKET, SO_ERROR, &error, &size) != 0) error = errno;
  if (error != 0) return fail(Code::kUnavailable, base::Error::from_errno(error, "connect").message());
  sockaddr_storage peer{};
  size = sizeof(peer);
  // No error and no peer: the library's first write has already taken the error.
  if (::getpeername(fd_, reinterpret_cast<sockaddr*>(&peer), &size) == 0) return {};
  return fail(Code::kUnavailable, "connection refused");
}

// The library takes the end of the stream during the handshake for a pause.
Status MosquittoSession::check_still_open() const {
  if (const auto trouble = tpm_trouble(SSL_CTX_get0_privatekey(context_.get()))) return fail(*trouble);
  char byte = 0;
  const auto got = ::recv(fd_, &byte, 1, MSG_PEEK | MSG_DONTWAIT);
  if (got > 0 || (got < 0 && (errno == EAGAIN || errno == EINTR))) return {};
  if (!verdict_.reason.empty())
    return fail(Code::kPermission, "the broker is not believed: " + verdict_.reason);
  return fail(Code::kUnavailable, "the connection was closed during the TLS handshake");
}

Status MosquittoSession::subscribe() {
  for (const auto& filter : options_.filters) {
    HF_CHECK(
        check(mosquitto_subscribe_v5(client_.get(), nullptr, filter.c_str(), kQosAtLeastOnce, 0, nullptr)));
  }
  return {};
}

Status MosquittoSession::tick() { return check(mosquitto_loop_misc(client_.get())); }

Status MosquittoSession::publish(const std::string& topic, std::string_view payload, Delivery delivery) {
  const int qos = delivery == Delivery::kAtMostOnce ? kQosAtMostOnce : kQosAtLeastOnce;
  return check(mosquitto_publish_v5(client_.get(), nullptr, topic.c_str(), static_cast<int>(payload.size()),
                                    payload.data(), qos, delivery == Delivery::kRetained, nullptr));
}

void MosquittoSession::say_goodbye() {
  if (connack_ == 0) mosquitto_disconnect_v5(client_.get(), MQTT_RC_NORMAL_DISCONNECTION, nullptr);
}

std::string_view MosquittoSession::phase() const {
  switch (phase_) {
    case Phase::kTcp: return "TCP";
    case Phase::kTls: return "TLS";
    case Phase::kMqtt:
    case Phase::kSubscribing: return "MQTT";
    case Phase::kUp: break;
  }
  return "up";
}

// ---- errors ----

Status MosquittoSession::check(int rc) {
  if (rc == MOSQ_ERR_SUCCESS) return {};
  return fail(explain(rc));
}

base::Error MosquittoSession::explain(int rc) {
  if (const auto trouble = tpm_trouble(SSL_CTX_get0_privatekey(context_.get()))) return *trouble;
  if (!verdict_.reason.empty()) return {Code::kPermission, "the broker is not believed: " + verdict_.reason};
  if (dismissal_ == MQTT_RC_SESSION_TAKEN_OVER)
    return {Code::kConflict,
            "another program took the session over: it has the same identity (a copied data folder, a second "
            "hub), or the hub cut this node off"};
  if (dismissal_ != 0)
    return {Code::kUnavailable,
            std::string("the broker ended the session: ") + mosquitto_reason_string(dismissal_)};
  std::string text = words_of(rc);
  if (!last_log_.empty()) text.append(" (").append(last_log_).append(")");
  // An alert of TLS: the other side did not like what it was shown.
  const bool alert = last_log_.find("alert") != std::string::npos;
  return {alert ? Code::kPermission : code_of(rc), std::move(text)};
}

// ---- what the library tells; nothing is done here but to note it ----

void MosquittoSession::on_log(mosquitto*, void* object, int level, const char* text) {
  if (level == MOSQ_LOG_ERR || level == MOSQ_LOG_WARNING) self(object).last_log_ = text;
}

void MosquittoSession::on_connect(mosquitto*, void* object, int reason, int, const mosquitto_property*) {
  self(object).connack_ = reason;
}

void MosquittoSession::on_disconnect(mosquitto*, void* object, int reason, const mosquitto_property*) {
  if (reason >= kReasonRefused) self(object).dismissal_ = reason;
}

void MosquittoSession::on_message(mosquitto*, void* object, const mosquitto_message* message,
                                  const mosquitto_property*) {
  const auto size = static_cast<std::size_t>(message->payloadlen);
  if (size > base::limits::kPacketBytesMax) {
    base::log::warn("message over the limit ignored",
                    {{"topic", message->topic}, {"bytes", std::uint64_t{size}}});
    return;
  }
  self(object).events_.push_back(
      {Event::Kind::kMessage, message->topic, std::string(static_cast<const char*>(message->payload), size)});
}

void MosquittoSession::on_publish(mosquitto*, void* object, int, int reason, const mosquitto_property*) {
  auto& events = self(object).events_;
  if (reason >= kReasonRefused)
    events.push_back({Event::Kind::kRefused, {}, mosquitto_reason_string(reason)});
  events.push_back({Event::Kind::kAcknowledged, {}, {}});
}

void MosquittoSession::on_subscribe(mosquitto*, void* object, int, int count, const int* granted,
                                    const mosquitto_property*) {
  ++self(object).subscribed_;
  for (int i = 0; i < count; ++i) {
    if (granted[i] < kReasonRefused) continue;
    self(object).events_.push_back(
        {Event::Kind::kRefused, {}, std::string("subscription: ") + mosquitto_reason_string(granted[i])});
  }
}

}  // namespace holdfast::sync
