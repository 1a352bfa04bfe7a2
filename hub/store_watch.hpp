// SPDX-License-Identifier: Apache-2.0
// StoreWatch: the hub's store, and whether it takes what is written. Everything of the hub writes through it, so that a
// write that fails is counted and said wherever it came from, and a hub that can keep nothing is not ready.
// Threads: any.
#pragma once

#include <cstdint>
#include <mutex>
#include <optional>

#include "base/clock.hpp"
#include "base/metric.hpp"
#include "sync/store/store.hpp"

namespace holdfast::hub {

class StoreWatch final : public sync::Store {
 public:
  StoreWatch(sync::Store& store, base::Clock& clock) : store_(store), clock_(clock) {}

  base::Status read(const std::function<base::Status(sync::ReadTxn&)>& work) override;
  base::Status write(const std::function<base::Status(sync::WriteTxn&)>& work) override;

  /// Whether the last write was refused. What was refused may not be tried again by itself: after limits::kRetryInterval
  /// this writes a record and takes it away again.
  bool is_refusing();
  base::Metric failures() const;

 private:
  void note(const base::Status& written);

  sync::Store& store_;
  base::Clock& clock_;
  mutable std::mutex lock_;
  std::optional<base::MonotonicTime> refused_;
  std::uint64_t failures_ = 0;
};

}  // namespace holdfast::hub
