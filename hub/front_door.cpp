// SPDX-License-Identifier: Apache-2.0
#include "hub/front_door.hpp"

#include <sys/resource.h>
#include <sys/socket.h>

#include <array>
#include <cerrno>
#include <map>
#include <mutex>
#include <thread>
#include <utility>

#include "base/event_loop.hpp"
#include "base/limits/hub.hpp"
#include "base/log.hpp"
#include "hub/client_hello.hpp"
#include "hub/listener.hpp"
#include "sync/link/byte_relay.hpp"
#include "sync/link/mosquitto_link.hpp"
#include "sync/link/stream_socket.hpp"

namespace holdfast::hub {

using base::Code;
using base::fail;
using base::Ready;
using base::Result;
using base::Status;
using sync::SocketAddress;
namespace limits = base::limits;
using namespace std::chrono_literals;

namespace {

constexpr int kAcceptedAtOnceMax = 64;
constexpr auto kAcceptPause = 100ms;  // when there are no descriptors left
constexpr std::string_view kNotRelayed = "a connection to the hub's port could not be passed on";

/// Every relay takes two descriptors: as many as this process may have.
void raise_descriptor_limit() {
  rlimit limit{};
  if (::getrlimit(RLIMIT_NOFILE, &limit) != 0 || limit.rlim_cur == limit.rlim_max) return;
  limit.rlim_cur = limit.rlim_max;
  ::setrlimit(RLIMIT_NOFILE, &limit);
}

}  // namespace

struct FrontDoor::State {
  /// A connection, first as one that has not said its ClientHello, then as a relay.
  struct Visitor {
    base::Fd fd;
    std::string address;
    std::string hello;
    std::unique_ptr<base::EventLoop::Timer> deadline;
    std::unique_ptr<sync::ByteRelay> relay;
    std::uint16_t local_port = 0;  // towards the API
  };
  /// Of one address: nobody may take up all the places.
  struct Share {
    std::size_t waiting = 0;
    std::size_t api = 0;
  };
  using Number = std::uint64_t;

  State(FrontDoorOptions given, std::unique_ptr<base::EventLoop> its_loop)
      : options(std::move(given)), loop(std::move(its_loop)) {}

  Status listen();
  void on_listener();
  void pause();
  void take(base::Fd fd, const SocketAddress& peer);
  void on_ready(Number number);
  Status hear(Number number, Visitor& visitor);
  Status lead(Number number, Visitor& visitor, const ClientHello& hello);
  std::size_t waiting_from(const std::string& address) const;
  void leave_waiting(const Visitor& visitor);
  void forget_share(const std::string& address);
  void remember(Number number, const Visitor& visitor);
  void drop(Number number);

  FrontDoorOptions options;
  SocketAddress api;
  std::optional<SocketAddress> broker;
  base::Fd listener;
  std::uint16_t port = 0;
  std::unique_ptr<base::EventLoop> loop;
  std::unique_ptr<base::EventLoop::Timer> pause_timer = loop->timer([this] {
    static_cast<void>(loop->watch(listener.get(), Ready::kRead, [this](Ready) { on_listener(); }));
  });
  std::map<Number, Visitor> visitors;
  std::map<std::string, Share> shares;
  std::size_t waiting = 0;
  Number last = 0;

  struct Client {
    Number number = 0;
    std::string address;
  };
  mutable std::mutex mutex;
  std::map<std::uint16_t, Client> clients;  // by the local port towards the API
  std::thread thread;
};

Status FrontDoor::State::listen() {
  HF_TRY(listener, listen_at(options.address, options.port, kListenOption));
  port = sync::local_port(listener.get());
  return loop->watch(listener.get(), Ready::kRead, [this](Ready) { on_listener(); });
}

void FrontDoor::State::on_listener() {
  for (int i = 0; i < kAcceptedAtOnceMax; ++i) {
    SocketAddress peer;
    auto accepted = sync::accept_from(listener.get(), peer);
    if (!accepted) {
      base::log::failure(kNotRelayed, "accept", accepted.error());
      return pause();
    }
    if (!*accepted) return;
    take(*std::move(accepted), peer);
  }
}

// What waits at the listener would wake this loop without end.
void FrontDoor::State::pause() {
  loop->unwatch(listener.get());
  pause_timer->set(kAcceptPause);
}

void FrontDoor::State::take(base::Fd fd, const SocketAddress& peer) {
  const std::string address = peer.ip();
  const bool is_full = waiting >= limits::kClientHellosWaitingMax || visitors.size() >= limits::kRelaysMax;
  if (is_full || waiting_from(address) >= limits::kClientHellosPerAddressMax) {
    base::log::failure(kNotRelayed, is_full ? "too many" : address,
                       {Code::kLimit, "too many connections at once; this one was closed"});
    return;
  }
  const Number number = ++last;
  Visitor& visitor = visitors[number];
  ++waiting;
  ++shares[address].waiting;
  visitor.fd = std::move(fd);
  visitor.address = address;
  visitor.deadline = loop->timer([this, number] { drop(number); });
  visitor.deadline->set(limits::kClientHelloTimeout);
  const Status watched =
      loop->watch(visitor.fd.get(), Ready::kRead, [this, number](Ready) { on_ready(number); });
  if (!watched) drop(number);
}

void FrontDoor::State::on_ready(Number number) {
  Visitor& visitor = visitors.at(number);
  const Status heard = hear(number, visitor);
  if (heard) return;
  base::log::debug("a connection to the hub's port was closed",
                   {{"address", visitor.address}, {"error", heard.error().message()}});
  drop(number);
}

Status FrontDoor::State::hear(Number number, Visitor& visitor) {
  std::array<char, 4096> buffer{};
  const auto got = ::recv(visitor.fd.get(), buffer.data(), buffer.size(), 0);
  if (got < 0 && (errno == EAGAIN || errno == EINTR)) return {};
  if (got <= 0) return fail(Code::kUnavailable, "it went away");
  visitor.hello.append(buffer.data(), static_cast<std::size_t>(got));
  HF_TRY(const auto hello, read_client_hello(visitor.hello));
  return hello ? lead(number, visitor, *hello) : Status{};
}

Status FrontDoor::State::lead(Number number, Visitor& visitor, const ClientHello& hello) {
  const bool to_broker = hello.offers(sync::kMqttAlpn);
  if (to_broker && !broker)
    return fail(Code::kUnsupported, "it offers mqtt, and the broker is not the hub's own");
  if (!to_broker && shares[visitor.address].api >= limits::kApiConnectionsPerAddressMax)
    return fail(Code::kLimit, "too many connections to the API from this address");
  auto there = sync::begin_connect(to_broker ? *broker : api);
  if (!there) {
    base::log::failure(kNotRelayed, to_broker ? "broker" : "API", there.error());
    return fail(std::move(there).error());
  }
  if (!to_broker) visitor.local_port = sync::local_port(there->get());
  remember(number, visitor);
  visitor.deadline.reset();
  leave_waiting(visitor);
  loop->unwatch(visitor.fd.get());
  auto relay = sync::ByteRelay::start(*loop, std::exchange(visitor.fd, {}), *std::move(there),
                                      std::exchange(visitor.hello, {}), [this, number] { drop(number); });
  if (!relay) {
    ++waiting;  // as drop() expects of one that is no relay
    ++shares[visitor.address].waiting;
    return fail(std::move(relay).error());
  }
  visitor.relay = *std::move(relay);
  return {};
}

std::size_t FrontDoor::State::waiting_from(const std::string& address) const {
  const auto found = shares.find(address);
  return found == shares.end() ? 0 : found->second.waiting;
}

void FrontDoor::State::leave_waiting(const Visitor& visitor) {
  --waiting;
  --shares[visitor.address].waiting;
  forget_share(visitor.address);
}

void FrontDoor::State::forget_share(const std::string& address) {
  const auto found = shares.find(address);
  if (found != shares.end() && found->second.waiting == 0 && found->second.api == 0) shares.erase(found);
}

void FrontDoor::State::remember(Number number, const Visitor& visitor) {
  if (visitor.local_port == 0) return;
  ++shares[visitor.address].api;
  const std::lock_guard guard(mutex);
  clients[visitor.local_port] = {number, visitor.address};
}

void FrontDoor::State::drop(Number number) {
  const auto found = visitors.find(number);
  if (found == visitors.end()) return;
  const Visitor& visitor = found->second;
  if (!visitor.relay) leave_waiting(visitor);
  if (visitor.fd) loop->unwatch(visitor.fd.get());
  if (visitor.local_port != 0) {
    --shares[visitor.address].api;
    forget_share(visitor.address);
    const std::lock_guard guard(mutex);
    const auto client = clients.find(visitor.local_port);
    if (client != clients.end() && client->second.number == number) clients.erase(client);
  }
  visitors.erase(found);
}

Result<std::unique_ptr<FrontDoor>> FrontDoor::open(const FrontDoorOptions& options) {
  HF_TRY(auto loop, base::EventLoop::create());
  auto state = std::make_unique<State>(options, std::move(loop));
  if (!options.broker_ip.empty()) {
    HF_TRY(state->broker, resolve(options.broker_ip, options.broker_port));
  }
  return std::unique_ptr<FrontDoor>(new FrontDoor(std::move(state)));
}

FrontDoor::FrontDoor(std::unique_ptr<State> state) : state_(std::move(state)) {}

FrontDoor::~FrontDoor() {
  stop();
  state_->visitors.clear();
}

Status FrontDoor::start(std::uint16_t api_port) {
  raise_descriptor_limit();
  HF_TRY(state_->api, sync::address_of("127.0.0.1", api_port));
  HF_CHECK(state_->listen());
  state_->thread = std::thread([this] { state_->loop->run(); });
  return {};
}

void FrontDoor::stop() {
  if (!state_->thread.joinable()) return;
  state_->loop->stop();
  state_->thread.join();
}

std::uint16_t FrontDoor::port() const { return state_->port; }

std::optional<std::string> FrontDoor::client_of(std::uint16_t local_port) const {
  const std::lock_guard guard(state_->mutex);
  const auto found = state_->clients.find(local_port);
  if (found == state_->clients.end()) return std::nullopt;
  return found->second.address;
}

}  // namespace holdfast::hub
