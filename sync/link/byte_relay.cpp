// SPDX-License-Identifier: Apache-2.0
#include "sync/link/byte_relay.hpp"

#include <sys/socket.h>

#include <cerrno>
#include <utility>

#include "base/limits/wire.hpp"

namespace holdfast::sync {

using base::Ready;
using base::Status;

namespace {

constexpr int kRoundsMax = 4;  // for one direction at a time: others want their turn

bool is_pause(int error) { return error == EAGAIN || error == EINTR || error == EWOULDBLOCK; }

}  // namespace

base::Result<std::unique_ptr<ByteRelay>> ByteRelay::start(base::EventLoop& loop, base::Fd here,
                                                          base::Fd there, std::string first,
                                                          std::function<void()> on_end) {
  std::unique_ptr<ByteRelay> relay(
      new ByteRelay(loop, std::move(here), std::move(there), std::move(first), std::move(on_end)));
  HF_CHECK(relay->watch());
  return relay;
}

ByteRelay::ByteRelay(base::EventLoop& loop, base::Fd here, base::Fd there, std::string first,
                     std::function<void()> on_end)
    : loop_(loop),
      here_(std::move(here)),
      there_(std::move(there)),
      directions_{{{.from = here_.get(), .to = there_.get(), .waiting = std::move(first)},
                   {.from = there_.get(), .to = here_.get()}}},
      on_end_(std::move(on_end)),
      half_closed_(loop.timer([this] { end(); })) {}

ByteRelay::~ByteRelay() {
  if (here_watched_) loop_.unwatch(here_.get());
  if (there_watched_) loop_.unwatch(there_.get());
}

void ByteRelay::on_ready() {
  if (over_) return;
  progress_ = false;
  for (auto& direction : directions_) {
    if (pump(direction) == Flow::kBroken) return end();
  }
  if (directions_[0].passed_on && directions_[1].passed_on) return end();
  const bool half_closed = directions_[0].passed_on || directions_[1].passed_on;
  if (half_closed && progress_) half_closed_->set(base::limits::kRelayHalfClosedMax);
  if (const Status watched = watch(); !watched) end();
}

ByteRelay::Flow ByteRelay::pump(Direction& direction) {
  for (int round = 0; round < kRoundsMax; ++round) {
    if (send(direction) == Flow::kBroken) return Flow::kBroken;
    if (!direction.waiting.empty() || direction.ended) break;
    if (receive(direction) == Flow::kBroken) return Flow::kBroken;
    if (direction.waiting.empty() && !direction.ended) break;
  }
  if (direction.ended && direction.waiting.empty() && !std::exchange(direction.passed_on, true)) {
    ::shutdown(direction.to, SHUT_WR);
    progress_ = true;
  }
  return Flow::kOpen;
}

ByteRelay::Flow ByteRelay::send(Direction& direction) {
  if (direction.waiting.empty()) return Flow::kOpen;
  const auto sent = ::send(direction.to, direction.waiting.data(), direction.waiting.size(), MSG_NOSIGNAL);
  if (sent < 0) return is_pause(errno) ? Flow::kOpen : Flow::kBroken;
  direction.waiting.erase(0, static_cast<std::size_t>(sent));
  // Most connections are idle most of the time: they hold no buffer.
  if (direction.waiting.empty()) std::string().swap(direction.waiting);
  progress_ = true;
  return Flow::kOpen;
}

ByteRelay::Flow ByteRelay::receive(Direction& direction) {
  std::array<char, base::limits::kRelayBufferBytesMax> buffer;
  const auto got = ::recv(direction.from, buffer.data(), buffer.size(), 0);
  if (got < 0) return is_pause(errno) ? Flow::kOpen : Flow::kBroken;
  progress_ = true;
  direction.ended = got == 0;
  direction.waiting.assign(buffer.data(), static_cast<std::size_t>(got));
  return Flow::kOpen;
}

Status ByteRelay::watch() {
  const auto interest = [](const Direction& out_of, const Direction& into) {
    Ready ready = Ready::kNone;
    if (!out_of.ended && out_of.waiting.empty()) ready = ready | Ready::kRead;
    if (!into.waiting.empty()) ready = ready | Ready::kWrite;
    return ready;
  };
  HF_CHECK(watch(here_.get(), here_watched_, interest(directions_[0], directions_[1])));
  return watch(there_.get(), there_watched_, interest(directions_[1], directions_[0]));
}

// A socket that nothing is wanted of is not watched at all: its hang-up would be told without end.
Status ByteRelay::watch(int fd, bool& watched, Ready interest) {
  if (interest == Ready::kNone) {
    if (std::exchange(watched, false)) loop_.unwatch(fd);
    return {};
  }
  if (watched) return loop_.change(fd, interest);
  HF_CHECK(loop_.watch(fd, interest, [this](Ready) { on_ready(); }));
  watched = true;
  return {};
}

void ByteRelay::end() {
  if (std::exchange(over_, true)) return;
  half_closed_->cancel();
  if (std::exchange(here_watched_, false)) loop_.unwatch(here_.get());
  if (std::exchange(there_watched_, false)) loop_.unwatch(there_.get());
  // Their numbers and ports stay taken until whoever keeps this has forgotten them.
  ::shutdown(here_.get(), SHUT_RDWR);
  ::shutdown(there_.get(), SHUT_RDWR);
  const std::weak_ptr<const bool> weak = alive_;
  loop_.post([this, weak] {
    if (!weak.expired() && on_end_) on_end_();
  });
}

}  // namespace holdfast::sync
