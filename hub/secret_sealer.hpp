// SPDX-License-Identifier: Apache-2.0
// SecretSealer: the seam to the child that opens secrets: the hub's own process hands over what is sealed and gets back
// what is sealed. Real: seal_process.hpp; fake: fake_sealer.hpp.
// Threads: one, the event loop's.
#pragma once

#include <functional>
#include <vector>

#include "base/result.hpp"
#include "hub/seal/seal_job.hpp"

namespace holdfast::hub {

class SecretSealer {
 public:
  virtual ~SecretSealer() = default;
  using Done = std::function<void(base::Result<SealAnswer> answer)>;
  /// `done` is called once, later or at once. REQUIRES: the one before is done.
  virtual void seal(std::vector<SealOrder> orders, Done done) = 0;
};

}  // namespace holdfast::hub
