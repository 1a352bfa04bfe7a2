// SPDX-License-Identifier: Apache-2.0
// A library to be preloaded (LD_PRELOAD) into a program: its wall clock is HOLDFAST_CLOCK_OFF seconds ahead of this
// machine's (negative: behind). Only the wall clock: what counts from boot, timers and the times of files stay as they are, as on a
// machine whose clock is wrong. (libfaketime moves timerfds as well, absolute monotonic ones among them, which then never end.)
// Threads: any.
#include <sys/syscall.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

#include <cstdlib>

namespace {

time_t seconds_off() {
  static const time_t off = [] {
    const char* text = ::getenv("HOLDFAST_CLOCK_OFF");
    return text == nullptr ? time_t{0} : static_cast<time_t>(std::strtoll(text, nullptr, 10));
  }();
  return off;
}

}  // namespace

extern "C" {

int clock_gettime(clockid_t clock, timespec* now) noexcept {
  const long done = ::syscall(SYS_clock_gettime, clock, now);
  if (done == 0 && (clock == CLOCK_REALTIME || clock == CLOCK_REALTIME_COARSE)) now->tv_sec += seconds_off();
  return static_cast<int>(done);
}

time_t time(time_t* out) noexcept {
  timespec now{};
  clock_gettime(CLOCK_REALTIME, &now);
  if (out != nullptr) *out = now.tv_sec;
  return now.tv_sec;
}

int gettimeofday(timeval* now, void* /*zone*/) noexcept {
  timespec exact{};
  clock_gettime(CLOCK_REALTIME, &exact);
  now->tv_sec = exact.tv_sec;
  now->tv_usec = exact.tv_nsec / 1000;
  return 0;
}

}  // extern "C"
