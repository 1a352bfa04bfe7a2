// SPDX-License-Identifier: Apache-2.0
// SealProcess: the real SecretSealer. Starts holdfast-secret-sealer for each job, gives it the job in memory that no file
// system holds, and ends it at its deadline.
// Threads: the event loop's.
#pragma once

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "base/child_call.hpp"
#include "hub/secret_sealer.hpp"

namespace holdfast::hub {

class SealProcess final : public SecretSealer {
 public:
  struct Options {
    std::string program;    ///< holdfast-secret-sealer
    std::string keys_file;  ///< of the hub's sealing keys
  };
  SealProcess(base::EventLoop& loop, Options options) : loop_(loop), options_(std::move(options)) {}

  void seal(std::vector<SealOrder> orders, Done done) override;

 private:
  base::Status start(const std::vector<SealOrder>& orders);

  base::EventLoop& loop_;
  Options options_;
  Done done_;
  std::unique_ptr<base::ChildCall> call_;
};

}  // namespace holdfast::hub
