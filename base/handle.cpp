// SPDX-License-Identifier: Apache-2.0
#include "base/handle.hpp"

#include <unistd.h>

#include <cerrno>

namespace holdfast::base {

void Fd::reset(int fd) {
  if (fd_ >= 0 && fd_ != fd) {
    // Handles go away between a failed call and the reading of its errno: keep it.
    const int saved = errno;
    ::close(fd_);  // never tried again: on Linux the number is free even after EINTR
    errno = saved;
  }
  fd_ = fd;
}

}  // namespace holdfast::base
