// SPDX-License-Identifier: Apache-2.0
#include "base/event_loop.hpp"

#include <pthread.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/signalfd.h>
#include <sys/timerfd.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <cerrno>
#include <climits>
#include <csignal>
#include <cstdlib>
#include <ctime>
#include <mutex>
#include <optional>
#include <unordered_map>
#include <utility>

#include "base/handle.hpp"
#include "base/timer_queue.hpp"

namespace holdfast::base {
namespace {

using std::chrono::nanoseconds;

nanoseconds now_on(clockid_t clock) {
  timespec time{};
  ::clock_gettime(clock, &time);
  return std::chrono::seconds(time.tv_sec) + nanoseconds(time.tv_nsec);
}

struct TimerFd {
  Fd fd;
  clockid_t clock = CLOCK_BOOTTIME;
};

/// CLOCK_BOOTTIME counts through suspend: five minutes are over after a night asleep. Where a kernel has
/// no such timer it is CLOCK_MONOTONIC.
Result<TimerFd> open_timer() {
  for (const clockid_t clock : {CLOCK_BOOTTIME, CLOCK_MONOTONIC}) {
    Fd fd(::timerfd_create(clock, TFD_NONBLOCK | TFD_CLOEXEC));
    if (fd) return TimerFd{std::move(fd), clock};
  }
  return fail(Error::from_errno(errno, "event loop: timerfd_create"));
}

std::uint32_t to_epoll(Ready interest) {
  std::uint32_t events = 0;
  if (has(interest, Ready::kRead)) events |= EPOLLIN | EPOLLRDHUP;
  if (has(interest, Ready::kWrite)) events |= EPOLLOUT;
  return events;
}

/// A hang-up is readable, too: whoever reads then sees the end of the stream.
Ready from_epoll(std::uint32_t events) {
  Ready ready = Ready::kNone;
  if ((events & (EPOLLIN | EPOLLRDHUP | EPOLLHUP)) != 0) ready = ready | Ready::kRead;
  if ((events & EPOLLOUT) != 0) ready = ready | Ready::kWrite;
  if ((events & (EPOLLERR | EPOLLHUP)) != 0) ready = ready | Ready::kError;
  return ready;
}

/// Clears the counter of an eventfd or timerfd.
void drain(const Fd& fd) {
  std::uint64_t count = 0;
  [[maybe_unused]] const auto got = ::read(fd.get(), &count, sizeof count);
}

/// What epoll gives back: the descriptor and the generation of the watch that was meant, so that an event
/// taken together with an unwatch, or with the number's next owner, is known to be stale. 0: the loop's own.
struct Tag {
  int fd = -1;
  std::uint32_t generation = 0;

  static Tag from(std::uint64_t packed) {
    return {static_cast<int>(packed & 0xffffffffU), static_cast<std::uint32_t>(packed >> 32U)};
  }
  epoll_event event(std::uint32_t events) const {
    epoll_event out{};
    out.events = events;
    out.data.u64 = std::uint64_t{generation} << 32U | static_cast<std::uint32_t>(fd);
    return out;
  }
};

/// Shares the queue, so that a timer may outlive its loop.
class LoopTimer final : public EventLoop::Timer {
 public:
  LoopTimer(std::shared_ptr<TimerQueue> queue, clockid_t clock, std::function<void()> on_due)
      : queue_(std::move(queue)), clock_(clock), id_(queue_->add(std::move(on_due))) {}
  ~LoopTimer() override { queue_->remove(id_); }
  LoopTimer(const LoopTimer&) = delete;
  LoopTimer& operator=(const LoopTimer&) = delete;

  void set(std::chrono::milliseconds after) override {
    constexpr std::chrono::milliseconds kMost = std::chrono::hours(24 * 365 * 10);
    queue_->set(id_, now_on(clock_) + std::clamp(after, std::chrono::milliseconds::zero(), kMost));
  }
  void cancel() override { queue_->cancel(id_); }

 private:
  std::shared_ptr<TimerQueue> queue_;
  clockid_t clock_;
  TimerQueue::Id id_;
};

}  // namespace

struct EventLoop::State {
  struct Watch {
    std::uint32_t generation = 0;
    OnReady on_ready;  // empty while it runs
  };

  Fd epoll;
  Fd wake;
  TimerFd timer;
  std::vector<Fd> signals;

  std::unordered_map<int, Watch> watches;
  std::uint32_t last_generation = 0;
  std::shared_ptr<TimerQueue> queue = std::make_shared<TimerQueue>();
  std::optional<nanoseconds> armed;  // what the timerfd is set to

  std::mutex mutex;
  std::vector<std::function<void()>> posted;  // under mutex
  std::atomic<bool> stopping{false};

  Status add_own(const Fd& fd) {
    epoll_event event = Tag{fd.get(), 0}.event(EPOLLIN);
    if (::epoll_ctl(epoll.get(), EPOLL_CTL_ADD, fd.get(), &event) == 0) return {};
    return fail(Error::from_errno(errno, "event loop: epoll_ctl"));
  }

  void ring() const {
    const std::uint64_t one = 1;
    [[maybe_unused]] const auto put = ::write(wake.get(), &one, sizeof one);  // full means: already ringing
  }

  /// Sets the timerfd to the earliest deadline, where that is not what it is set to.
  void arm() {
    const auto next = queue->next();
    if (next == armed) return;
    itimerspec spec{};
    if (next) {
      const auto at = std::max(*next, nanoseconds(1));  // zero would disarm
      spec.it_value.tv_sec = std::chrono::duration_cast<std::chrono::seconds>(at).count();
      spec.it_value.tv_nsec = (at % std::chrono::seconds(1)).count();
    }
    if (::timerfd_settime(timer.fd.get(), TFD_TIMER_ABSTIME, &spec, nullptr) == 0) armed = next;
  }

  std::size_t dispatch(const epoll_event& event) {
    const Tag tag = Tag::from(event.data.u64);
    if (tag.generation == 0) {
      drain(tag.fd == wake.get() ? wake : timer.fd);
      return 0;
    }
    const auto watch = watches.find(tag.fd);
    if (watch == watches.end() || watch->second.generation != tag.generation) return 0;
    // The callback may unwatch itself: it must not be destroyed while it runs.
    auto on_ready = std::move(watch->second.on_ready);
    if (!on_ready) return 0;
    on_ready(from_epoll(event.events));
    const auto still = watches.find(tag.fd);
    if (still != watches.end() && still->second.generation == tag.generation)
      still->second.on_ready = on_ready;
    return 1;
  }

  std::size_t run_posted() {
    std::vector<std::function<void()>> work;
    {
      const std::lock_guard lock(mutex);
      work.swap(posted);
    }
    for (const auto& piece : work) piece();
    return work.size();
  }
};

Result<std::unique_ptr<EventLoop>> EventLoop::create() {
  auto state = std::make_unique<State>();
  state->epoll = Fd(::epoll_create1(EPOLL_CLOEXEC));
  if (!state->epoll) return fail(Error::from_errno(errno, "event loop: epoll_create1"));
  state->wake = Fd(::eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC));
  if (!state->wake) return fail(Error::from_errno(errno, "event loop: eventfd"));
  HF_TRY(state->timer, open_timer());
  HF_CHECK(state->add_own(state->wake));
  HF_CHECK(state->add_own(state->timer.fd));
  return std::unique_ptr<EventLoop>(new EventLoop(std::move(state)));
}

EventLoop::EventLoop(std::unique_ptr<State> state) : state_(std::move(state)) {}

EventLoop::~EventLoop() {
  // What callbacks captured may unwatch as it goes away: let it find a loop that is whole.
  const auto watches = std::exchange(state_->watches, {});
  const auto posted = std::exchange(state_->posted, {});
}

Status EventLoop::watch(int fd, Ready interest, OnReady on_ready) {
  if (!on_ready) return fail(Code::kInternal, "event loop: a watch without a callback");
  if (state_->watches.contains(fd)) {
    return fail(Code::kConflict, "event loop: descriptor " + std::to_string(fd) + " is watched already");
  }
  if (++state_->last_generation == 0) ++state_->last_generation;  // 0 is the loop's own
  const Tag tag{fd, state_->last_generation};
  epoll_event event = tag.event(to_epoll(interest));
  if (::epoll_ctl(state_->epoll.get(), EPOLL_CTL_ADD, fd, &event) != 0) {
    return fail(Error::from_errno(errno, "event loop: cannot watch descriptor " + std::to_string(fd)));
  }
  state_->watches.insert_or_assign(fd, State::Watch{tag.generation, std::move(on_ready)});
  return {};
}

Status EventLoop::change(int fd, Ready interest) {
  const auto watch = state_->watches.find(fd);
  if (watch == state_->watches.end()) {
    return fail(Code::kNotFound, "event loop: descriptor " + std::to_string(fd) + " is not watched");
  }
  epoll_event event = Tag{fd, watch->second.generation}.event(to_epoll(interest));
  if (::epoll_ctl(state_->epoll.get(), EPOLL_CTL_MOD, fd, &event) == 0) return {};
  return fail(Error::from_errno(errno, "event loop: cannot change descriptor " + std::to_string(fd)));
}

void EventLoop::unwatch(int fd) {
  if (state_->watches.erase(fd) == 0) return;
  epoll_event ignored{};  // kernels before 2.6.9 wanted one
  ::epoll_ctl(state_->epoll.get(), EPOLL_CTL_DEL, fd, &ignored);
}

std::unique_ptr<EventLoop::Timer> EventLoop::timer(std::function<void()> on_due) {
  return std::make_unique<LoopTimer>(state_->queue, state_->timer.clock, std::move(on_due));
}

Status EventLoop::on_signals(const std::vector<int>& signals, std::function<void(int)> on_signal) {
  sigset_t set{};
  ::sigemptyset(&set);
  for (const int signal : signals) {
    if (::sigaddset(&set, signal) != 0) {
      return fail(Error::from_errno(errno, "event loop: signal " + std::to_string(signal)));
    }
  }
  if (const int problem = ::pthread_sigmask(SIG_BLOCK, &set, nullptr); problem != 0) {
    return fail(Error::from_errno(problem, "event loop: pthread_sigmask"));
  }
  Fd fd(::signalfd(-1, &set, SFD_NONBLOCK | SFD_CLOEXEC));
  if (!fd) return fail(Error::from_errno(errno, "event loop: signalfd"));
  const int number = fd.get();
  HF_CHECK(watch(number, Ready::kRead, [number, call = std::move(on_signal)](Ready) {
    signalfd_siginfo info{};
    while (::read(number, &info, sizeof info) == static_cast<ssize_t>(sizeof info)) {
      call(static_cast<int>(info.ssi_signo));
    }
  }));
  state_->signals.push_back(std::move(fd));
  return {};
}

void EventLoop::post(std::function<void()> work) {
  {
    const std::lock_guard lock(state_->mutex);
    state_->posted.push_back(std::move(work));
  }
  state_->ring();
}

void EventLoop::run() {
  while (!state_->stopping.exchange(false)) run_once(std::chrono::milliseconds(-1));
}

std::size_t EventLoop::run_once(std::chrono::milliseconds wait) {
  State& state = *state_;
  state.arm();
  std::array<epoll_event, 64> events{};
  const int timeout = static_cast<int>(std::clamp<std::int64_t>(wait.count(), -1, INT_MAX));
  const int count = ::epoll_wait(state.epoll.get(), events.data(), static_cast<int>(events.size()), timeout);
  if (count < 0 && errno != EINTR) std::abort();  // only a broken epoll descriptor does that
  std::size_t ran = 0;
  for (int i = 0; i < count; ++i) ran += state.dispatch(events[static_cast<std::size_t>(i)]);
  ran += state.queue->run_due(now_on(state.timer.clock));
  return ran + state.run_posted();
}

void EventLoop::stop() {
  state_->stopping = true;
  state_->ring();
}

}  // namespace holdfast::base
