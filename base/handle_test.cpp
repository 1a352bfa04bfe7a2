// SPDX-License-Identifier: Apache-2.0
// Fd and Handle let go of what they own exactly once.
#include "base/handle.hpp"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <cerrno>
#include <utility>

namespace holdfast::base {
namespace {

Fd open_null() { return Fd(::open("/dev/null", O_RDONLY | O_CLOEXEC)); }
bool is_open(int fd) { return ::fcntl(fd, F_GETFD) >= 0; }

TEST(Fd, ClosesWhatItOwnsWhenItGoesAway) {
  int number = -1;
  {
    const Fd fd = open_null();
    number = fd.get();
    EXPECT_TRUE(fd);
    EXPECT_TRUE(is_open(number));
  }
  EXPECT_FALSE(is_open(number));
}

TEST(Fd, MovingLeavesNothingBehind) {
  Fd first = open_null();
  const int number = first.get();
  const Fd& left_behind = first;
  Fd second = std::move(first);
  EXPECT_FALSE(left_behind);
  EXPECT_EQ(second.get(), number);
  Fd third = open_null();
  const int replaced = third.get();
  third = std::move(second);
  EXPECT_FALSE(is_open(replaced));
  EXPECT_EQ(third.get(), number);
}

TEST(Fd, ReleaseGivesItAway) {
  Fd fd = open_null();
  const int number = fd.release();
  EXPECT_FALSE(fd);
  EXPECT_TRUE(is_open(number));
  ::close(number);
}

TEST(Fd, ResetToItsOwnNumberKeepsIt) {
  Fd fd = open_null();
  fd.reset(fd.get());
  EXPECT_TRUE(is_open(fd.get()));
}

TEST(Fd, ClosingKeepsErrnoForTheErrorThatIsOnItsWay) {
  {
    const Fd fd = open_null();
    errno = ENOSPC;
  }
  EXPECT_EQ(errno, ENOSPC);
  {
    const Fd wrong(100000);
    errno = ENOSPC;
  }
  EXPECT_EQ(errno, ENOSPC);
}

int freed = 0;
void free_int(int* object) {
  ++freed;
  delete object;
}

TEST(Handle, FreesOnce) {
  freed = 0;
  {
    Handle<int, free_int> handle(new int(7));
    const auto moved = std::move(handle);
    EXPECT_EQ(*moved, 7);
  }
  EXPECT_EQ(freed, 1);
}

}  // namespace
}  // namespace holdfast::base
