// SPDX-License-Identifier: Apache-2.0
// The loop on real descriptors, timers, signals and threads: what arrives, and what a callback may do.
#include "base/event_loop.hpp"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <thread>

#include "base/handle.hpp"
#include "base/system_clock.hpp"

namespace holdfast::base {
namespace {

using namespace std::chrono_literals;

struct Pipe {
  Fd out;
  Fd in;

  static Pipe make() {
    std::array<int, 2> ends{};
    EXPECT_EQ(::pipe2(ends.data(), O_CLOEXEC | O_NONBLOCK), 0);
    return {Fd(ends[0]), Fd(ends[1])};
  }
  void put() const { EXPECT_EQ(::write(in.get(), "x", 1), 1); }
};

class EventLoopTest : public testing::Test {
 protected:
  EventLoopTest() : loop_(EventLoop::create().value()) {}

  /// Runs the loop until `done`; a test that would wait for ever fails instead.
  template <class Done>
  void run_until(Done done) {
    for (int i = 0; i < 5000 && !done(); ++i) loop_->run_once(10ms);
    EXPECT_TRUE(done());
  }

  std::unique_ptr<EventLoop> loop_;
};

// ---- descriptors ----

TEST_F(EventLoopTest, TellsThatADescriptorIsReadableAsLongAsItIs) {
  const Pipe pipe = Pipe::make();
  int calls = 0;
  ASSERT_TRUE(loop_->watch(pipe.out.get(), Ready::kRead, [&](Ready ready) {
    EXPECT_TRUE(has(ready, Ready::kRead));
    EXPECT_FALSE(has(ready, Ready::kWrite));
    ++calls;
  }));
  EXPECT_EQ(loop_->run_once(0ms), 0U);
  pipe.put();
  EXPECT_EQ(loop_->run_once(0ms), 1U);
  EXPECT_EQ(loop_->run_once(0ms), 1U);  // nobody read it
  char byte = 0;
  EXPECT_EQ(::read(pipe.out.get(), &byte, 1), 1);
  EXPECT_EQ(loop_->run_once(0ms), 0U);
  EXPECT_EQ(calls, 2);
}

TEST_F(EventLoopTest, InterestCanChange) {
  const Pipe pipe = Pipe::make();
  Ready last = Ready::kNone;
  ASSERT_TRUE(loop_->watch(pipe.in.get(), Ready::kNone, [&](Ready ready) { last = ready; }));
  EXPECT_EQ(loop_->run_once(0ms), 0U);
  ASSERT_TRUE(loop_->change(pipe.in.get(), Ready::kWrite));
  EXPECT_EQ(loop_->run_once(0ms), 1U);
  EXPECT_EQ(last, Ready::kWrite);
  ASSERT_TRUE(loop_->change(pipe.in.get(), Ready::kNone));
  EXPECT_EQ(loop_->run_once(0ms), 0U);
}

TEST_F(EventLoopTest, AHangUpIsReadableSoThatTheEndIsSeen) {
  Pipe pipe = Pipe::make();
  Ready last = Ready::kNone;
  ASSERT_TRUE(loop_->watch(pipe.out.get(), Ready::kRead, [&](Ready ready) { last = ready; }));
  pipe.in.reset();
  EXPECT_EQ(loop_->run_once(0ms), 1U);
  EXPECT_TRUE(has(last, Ready::kRead));
  EXPECT_TRUE(has(last, Ready::kError));
}

TEST_F(EventLoopTest, MisuseIsAnErrorThatNamesTheDescriptor) {
  const Pipe pipe = Pipe::make();
  const int fd = pipe.out.get();
  ASSERT_TRUE(loop_->watch(fd, Ready::kRead, [](Ready) {}));
  const auto twice = loop_->watch(fd, Ready::kRead, [](Ready) {});
  ASSERT_FALSE(twice);
  EXPECT_EQ(twice.error().code(), Code::kConflict);
  EXPECT_EQ(twice.error().message(), "event loop: descriptor " + std::to_string(fd) + " is watched already");
  EXPECT_EQ(loop_->change(pipe.in.get(), Ready::kRead).error().code(), Code::kNotFound);
  EXPECT_FALSE(loop_->watch(-1, Ready::kRead, [](Ready) {}));
  EXPECT_FALSE(loop_->watch(pipe.in.get(), Ready::kRead, nullptr));
}

TEST_F(EventLoopTest, ACallbackMayUnwatchAndCloseItself) {
  Pipe pipe = Pipe::make();
  const auto kept = std::make_shared<int>(7);
  int seen = 0;
  ASSERT_TRUE(loop_->watch(pipe.out.get(), Ready::kRead, [&, kept](Ready) {
    loop_->unwatch(pipe.out.get());
    pipe.out.reset();
    seen = *kept;  // the callback must outlive its watch
  }));
  pipe.put();
  EXPECT_EQ(loop_->run_once(0ms), 1U);
  EXPECT_EQ(seen, 7);
  EXPECT_EQ(kept.use_count(), 1);
  EXPECT_EQ(loop_->run_once(0ms), 0U);
}

TEST_F(EventLoopTest, ACallbackMayUnwatchAnotherWhoseEventIsTakenAlready) {
  const Pipe a = Pipe::make();
  const Pipe b = Pipe::make();
  int calls = 0;
  const auto drop_both = [&](Ready) {
    ++calls;
    loop_->unwatch(a.out.get());
    loop_->unwatch(b.out.get());
  };
  ASSERT_TRUE(loop_->watch(a.out.get(), Ready::kRead, drop_both));
  ASSERT_TRUE(loop_->watch(b.out.get(), Ready::kRead, drop_both));
  a.put();
  b.put();
  EXPECT_EQ(loop_->run_once(0ms), 1U);
  EXPECT_EQ(calls, 1);
}

TEST_F(EventLoopTest, AnEventIsNeverGivenToTheNextOwnerOfItsNumber) {
  Pipe a = Pipe::make();
  Pipe b = Pipe::make();
  const Pipe idle = Pipe::make();
  int stale = 0;
  const auto replace = [&](Pipe& other) {
    const int number = other.out.get();
    loop_->unwatch(number);
    other.out.reset();
    ASSERT_EQ(::dup3(idle.out.get(), number, O_CLOEXEC), number);
    other.out = Fd(number);
    ASSERT_TRUE(loop_->watch(number, Ready::kRead, [&](Ready) { ++stale; }));
  };
  bool replaced = false;
  const auto once = [&](Pipe& other) {
    if (!std::exchange(replaced, true)) replace(other);
  };
  ASSERT_TRUE(loop_->watch(a.out.get(), Ready::kRead, [&](Ready) { once(b); }));
  ASSERT_TRUE(loop_->watch(b.out.get(), Ready::kRead, [&](Ready) { once(a); }));
  a.put();
  b.put();
  EXPECT_EQ(loop_->run_once(0ms), 1U);
  EXPECT_TRUE(replaced);
  EXPECT_EQ(stale, 0);
}

TEST_F(EventLoopTest, ACallbackMayWatchAgainUnderItsOwnNumber) {
  const Pipe pipe = Pipe::make();
  int first = 0;
  int second = 0;
  ASSERT_TRUE(loop_->watch(pipe.out.get(), Ready::kRead, [&](Ready) {
    ++first;
    loop_->unwatch(pipe.out.get());
    ASSERT_TRUE(loop_->watch(pipe.out.get(), Ready::kRead, [&](Ready) { ++second; }));
  }));
  pipe.put();
  loop_->run_once(0ms);
  loop_->run_once(0ms);
  EXPECT_EQ(first, 1);
  EXPECT_EQ(second, 1);
}

TEST_F(EventLoopTest, UnwatchingWhatIsNotWatchedIsNothing) {
  loop_->unwatch(-1);
  loop_->unwatch(12345);
  EXPECT_EQ(loop_->run_once(0ms), 0U);
}

TEST_F(EventLoopTest, ManyDescriptorsAreAllServed) {
  std::vector<Pipe> pipes;
  std::vector<int> calls(200, 0);
  for (std::size_t i = 0; i < calls.size(); ++i) {
    pipes.push_back(Pipe::make());
    const int fd = pipes.back().out.get();
    ASSERT_TRUE(loop_->watch(fd, Ready::kRead, [&, i, fd](Ready) {
      ++calls[i];
      loop_->unwatch(fd);
    }));
    pipes.back().put();
  }
  run_until([&] { return calls == std::vector<int>(200, 1); });
}

// ---- timers ----

TEST_F(EventLoopTest, ATimerIsDueOnceNotBeforeItsTime) {
  int due = 0;
  const auto timer = loop_->timer([&] { ++due; });
  const auto set = SystemClock().monotonic();
  timer->set(20ms);
  run_until([&] { return due > 0; });
  EXPECT_GE(SystemClock().monotonic() - set, 20ms);
  loop_->run_once(0ms);
  EXPECT_EQ(due, 1);
}

TEST_F(EventLoopTest, ATimerOfZeroIsDueInTheNextRound) {
  int due = 0;
  const auto timer = loop_->timer([&] { ++due; });
  timer->set(0ms);
  EXPECT_EQ(loop_->run_once(0ms), 1U);
  timer->set(-5ms);
  EXPECT_EQ(loop_->run_once(0ms), 1U);
  EXPECT_EQ(due, 2);
}

TEST_F(EventLoopTest, SettingReplacesAndCancellingForgets) {
  int due = 0;
  const auto timer = loop_->timer([&] { ++due; });
  timer->set(0ms);
  timer->set(1h);
  EXPECT_EQ(loop_->run_once(0ms), 0U);
  timer->set(0ms);
  timer->cancel();
  EXPECT_EQ(loop_->run_once(0ms), 0U);
  timer->set(0ms);
  EXPECT_EQ(loop_->run_once(0ms), 1U);
}

TEST_F(EventLoopTest, ATimerWakesAWaitThatHasNoEnd) {
  int due = 0;
  const auto far = loop_->timer([&] { ADD_FAILURE() << "not due for an hour"; });
  const auto near = loop_->timer([&] {
    ++due;
    loop_->stop();
  });
  far->set(1h);
  near->set(5ms);
  loop_->run();
  EXPECT_EQ(due, 1);
}

TEST_F(EventLoopTest, ATimerMayDestroyItselfWhenDue) {
  std::unique_ptr<EventLoop::Timer> timer;
  const auto kept = std::make_shared<int>(7);
  int seen = 0;
  timer = loop_->timer([&, kept] {
    timer.reset();
    seen = *kept;
  });
  timer->set(0ms);
  EXPECT_EQ(loop_->run_once(0ms), 1U);
  EXPECT_EQ(seen, 7);
}

TEST_F(EventLoopTest, ATimerMaySetItselfAgain) {
  int due = 0;
  std::unique_ptr<EventLoop::Timer> timer;
  timer = loop_->timer([&] {
    if (++due < 3) timer->set(1ms);
  });
  timer->set(1ms);
  run_until([&] { return due == 3; });
}

TEST_F(EventLoopTest, ATimerMayOutliveTheLoop) {
  const auto timer = loop_->timer([] { ADD_FAILURE() << "the loop is gone"; });
  timer->set(0ms);
  loop_.reset();
  timer->set(1ms);
  timer->cancel();
  SUCCEED();
}

TEST_F(EventLoopTest, AnEndlessDelayIsNoDelayOfZero) {
  const auto timer = loop_->timer([] { ADD_FAILURE() << "due far too early"; });
  timer->set(std::chrono::milliseconds::max());
  EXPECT_EQ(loop_->run_once(1ms), 0U);
}

// ---- work from elsewhere ----

TEST_F(EventLoopTest, PostedWorkRunsInOrder) {
  std::vector<int> order;
  loop_->post([&] { order.push_back(1); });
  loop_->post([&] { order.push_back(2); });
  EXPECT_EQ(loop_->run_once(1h), 2U);
  EXPECT_EQ(order, (std::vector<int>{1, 2}));
}

TEST_F(EventLoopTest, WorkPostedByWorkRunsInTheNextRound) {
  int ran = 0;
  loop_->post([&] {
    ++ran;
    loop_->post([&] { ++ran; });
  });
  EXPECT_EQ(loop_->run_once(0ms), 1U);
  EXPECT_EQ(loop_->run_once(1h), 1U);
  EXPECT_EQ(ran, 2);
}

TEST_F(EventLoopTest, WorkOfOtherThreadsWakesTheLoopAndNoneIsLost) {
  constexpr int kThreads = 4;
  constexpr int kEach = 500;
  int ran = 0;  // only the loop's thread touches it
  std::vector<std::thread> threads;
  threads.reserve(kThreads);
  for (int t = 0; t < kThreads; ++t) {
    threads.emplace_back([&] {
      for (int i = 0; i < kEach; ++i) {
        loop_->post([&] {
          if (++ran == kThreads * kEach) loop_->stop();
        });
      }
    });
  }
  loop_->run();
  for (auto& thread : threads) thread.join();
  EXPECT_EQ(ran, kThreads * kEach);
}

TEST_F(EventLoopTest, StopBeforeRunIsNotLost) {
  loop_->stop();
  loop_->run();
  int ran = 0;
  loop_->post([&] {
    ++ran;
    loop_->stop();
  });
  loop_->run();  // and the loop can run again
  EXPECT_EQ(ran, 1);
}

TEST_F(EventLoopTest, StopFromAnotherThreadEndsRun) {
  std::thread other([&] { loop_->stop(); });
  loop_->run();
  other.join();
  SUCCEED();
}

// ---- signals ----

TEST_F(EventLoopTest, SignalsArriveAsCalls) {
  std::vector<int> seen;
  ASSERT_TRUE(loop_->on_signals({SIGUSR1, SIGUSR2}, [&](int signal) { seen.push_back(signal); }));
  ::kill(::getpid(), SIGUSR2);
  run_until([&] { return !seen.empty(); });
  EXPECT_EQ(seen, std::vector<int>{SIGUSR2});
}

TEST_F(EventLoopTest, ASignalThatIsNoneIsAnError) {
  EXPECT_EQ(loop_->on_signals({100000}, [](int) {}).error().code(), Code::kInvalid);
}

TEST_F(EventLoopTest, WhatCallbacksHoldMayUnwatchWhileTheLoopGoesAway) {
  struct Holder {
    EventLoop* loop;
    int fd;
    ~Holder() { loop->unwatch(fd); }
  };
  const Pipe pipe = Pipe::make();
  const auto holder = [&] { return std::make_shared<Holder>(Holder{loop_.get(), pipe.out.get()}); };
  ASSERT_TRUE(loop_->watch(pipe.out.get(), Ready::kRead, [held = holder()](Ready) {}));
  loop_->post([held = holder()] {});
  loop_.reset();
  SUCCEED();
}

}  // namespace
}  // namespace holdfast::base
