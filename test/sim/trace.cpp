// SPDX-License-Identifier: Apache-2.0
#include "test/sim/trace.hpp"

#include <cstdio>

namespace holdfast::sim {

namespace {
constexpr std::size_t kLastMax = 50;
constexpr std::uint64_t kFnvPrime = 0x100000001b3U;
}  // namespace

void Trace::add(std::string_view who, std::string_view what) {
  std::string line = std::to_string(time_ms_) + " " + std::string(who) + ": " + std::string(what);
  for (const char c : line) digest_ = (digest_ ^ static_cast<unsigned char>(c)) * kFnvPrime;
  ++lines_;
  if (verbose_) std::printf("%s\n", line.c_str());
  last_.push_back(std::move(line));
  if (last_.size() > kLastMax) last_.pop_front();
}

}  // namespace holdfast::sim
