// SPDX-License-Identifier: Apache-2.0
#include "sync/link/fake_proxy.hpp"

#include <poll.h>
#include <sys/socket.h>

#include <array>
#include <chrono>
#include <cstdlib>

#include "sync/link/stream_socket.hpp"

namespace holdfast::sync {

using base::Ready;

struct FakeProxy::Passage {
  base::Fd near;
  base::Fd far;
  std::string request;
  bool asked = false;
};

namespace {

void send_all(int fd, std::string_view bytes) {
  while (!bytes.empty()) {
    const auto sent = ::send(fd, bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (sent > 0) {
      bytes.remove_prefix(static_cast<std::size_t>(sent));
      continue;
    }
    pollfd one{fd, POLLOUT, 0};
    if (::poll(&one, 1, 1'000) <= 0 || (one.revents & (POLLERR | POLLHUP)) != 0) return;
  }
}

}  // namespace

FakeProxy::FakeProxy(std::uint16_t target, std::string answer) : answer_(std::move(answer)), target_(target) {
  auto listener = listen_on(*address_of("127.0.0.1", 0));
  auto loop = base::EventLoop::create();
  if (!listener || !loop) std::abort();
  listener_ = *std::move(listener);
  loop_ = *std::move(loop);
  port_ = local_port(listener_.get());
  thread_ = std::thread([this] { run(); });
}

FakeProxy::~FakeProxy() {
  loop_->stop();
  thread_.join();
}

void FakeProxy::run() {
  if (!loop_->watch(listener_.get(), Ready::kRead, [this](Ready) { take(); })) std::abort();
  loop_->run();
}

void FakeProxy::take() {
  SocketAddress peer;
  auto accepted = accept_from(listener_.get(), peer);
  if (!accepted || !*accepted) return;
  passages_.push_back(std::make_unique<Passage>());
  Passage& passage = *passages_.back();
  passage.near = *std::move(accepted);
  static_cast<void>(
      loop_->watch(passage.near.get(), Ready::kRead, [this, &passage](Ready) { on_ready(passage, true); }));
}

void FakeProxy::on_ready(Passage& passage, bool near) {
  std::array<char, 16'384> buffer{};
  const int from = near ? passage.near.get() : passage.far.get();
  const auto got = ::recv(from, buffer.data(), buffer.size(), 0);
  if (swallows_) {
    if (got <= 0) loop_->unwatch(from);
    return;
  }
  if (got <= 0) {
    loop_->unwatch(passage.near.get());
    passage.near.reset();
    if (passage.far) loop_->unwatch(passage.far.get());
    passage.far.reset();
    return;
  }
  const std::string_view bytes(buffer.data(), static_cast<std::size_t>(got));
  if (passage.asked) {
    const int to = near ? passage.far.get() : passage.near.get();
    if (to >= 0) send_all(to, bytes);
    return;
  }
  passage.request.append(bytes);
  if (passage.request.find("\r\n\r\n") == std::string::npos) return;
  passage.asked = true;
  {
    const std::lock_guard guard(mutex_);
    requests_.push_back(passage.request);
  }
  if (answer_.starts_with("HTTP/1.1 200")) {
    auto far = begin_connect(*address_of("127.0.0.1", target_));
    if (!far) return;
    passage.far = *std::move(far);
    static_cast<void>(
        loop_->watch(passage.far.get(), Ready::kRead, [this, &passage](Ready) { on_ready(passage, false); }));
  }
  send_all(passage.near.get(), answer_);
}

std::vector<std::string> FakeProxy::requests() const {
  const std::lock_guard guard(mutex_);
  return requests_;
}

}  // namespace holdfast::sync
