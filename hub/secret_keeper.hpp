// SPDX-License-Identifier: Apache-2.0
// SecretKeeper: has made what the nodes' sections still lack: hands it to the child, keeps what comes back, and has the
// nodes looked at again. One child at a time.
// Threads: one.
#pragma once

#include <memory>
#include <optional>
#include <set>

#include "base/clock.hpp"
#include "base/result.hpp"
#include "hub/context.hpp"
#include "hub/secret_sealer.hpp"

namespace holdfast::hub {

class SecretKeeper {
 public:
  /// `on_wake`: called when there is something to do, outside run_due().
  SecretKeeper(Context& context, std::function<void()> on_wake)
      : context_(context), on_wake_(std::move(on_wake)) {}

  void run_due();
  std::optional<base::MonotonicTime> next_due() const { return retry_at_; }

 private:
  void take(const base::Result<SealAnswer>& answer);
  base::Status store(const SealAnswer& answer);
  void drop_unused();

  Context& context_;
  std::function<void()> on_wake_;
  SecretBook::Batch batch_;  ///< that the child works at
  bool is_busy_ = false;
  bool has_made_ = false;  ///< since unused ones were last looked for
  std::optional<base::MonotonicTime> retry_at_;
};

}  // namespace holdfast::hub
