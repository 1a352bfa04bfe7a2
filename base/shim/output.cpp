// SPDX-License-Identifier: Apache-2.0
#include "base/shim/output.hpp"

#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "base/shim/system.hpp"
#include "base/shim/text.hpp"

namespace holdfast::base::shim {

bool Output::read_some() {
  const ssize_t n = ::read(fd_, read_, sizeof read_);
  if (n < 0 && errno == EINTR) return true;
  if (n <= 0) return false;
  frame(read_, static_cast<std::size_t>(n), wall_ms());
  flush();
  return true;
}

void Output::finish() {
  // A bound, for the case that somebody outside our reach still holds the other end and writes on.
  constexpr int kRoundsMax = 64;
  for (int rounds = 0; rounds < kRoundsMax && read_some(); ++rounds) {
  }
  if (line_size_ > 0) emit('o', wall_ms());
  flush();
}

void Output::frame(const char* bytes, std::size_t size, std::int64_t now_ms) {
  while (size > 0) {
    const void* newline = std::memchr(bytes, '\n', size);
    const std::size_t length =
        newline == nullptr ? size : static_cast<std::size_t>(static_cast<const char*>(newline) - bytes);
    const std::size_t room = sizeof line_ - line_size_;
    const std::size_t taken = length < room ? length : room;
    std::memcpy(line_ + line_size_, bytes, taken);
    line_size_ += taken;
    bytes += taken;
    size -= taken;
    if (taken < length) {
      emit('p', now_ms);
    } else if (newline != nullptr) {
      emit('o', now_ms);
      ++bytes;
      --size;
    }
  }
}

void Output::emit(char tag, std::int64_t now_ms) {
  Text<32> head;
  head.add_number(now_ms).add(" ").add(&tag, 1).add(" ");
  if (framed_size_ + head.size() + line_size_ + 1 > sizeof framed_) flush();
  std::memcpy(framed_ + framed_size_, head.data(), head.size());
  framed_size_ += head.size();
  std::memcpy(framed_ + framed_size_, line_, line_size_);
  framed_size_ += line_size_;
  framed_[framed_size_++] = '\n';
  line_size_ = 0;
}

void Output::flush() {
  segments_.append(framed_, framed_size_);
  framed_size_ = 0;
}

}  // namespace holdfast::base::shim
