// SPDX-License-Identifier: Apache-2.0
// SealProcess: the real SecretSealer. Starts holdfast-secret-sealer for each job, gives it the job in memory that no file
// system holds, and ends it at its deadline.
// Threads: the event loop's.
#pragma once

#include <sys/types.h>

#include <memory>
#include <string>

#include "base/event_loop.hpp"
#include "base/handle.hpp"
#include "hub/secret_sealer.hpp"

namespace holdfast::hub {

class SealProcess final : public SecretSealer {
 public:
  struct Options {
    std::string program;    ///< holdfast-secret-sealer
    std::string keys_file;  ///< of the hub's sealing keys
  };
  SealProcess(base::EventLoop& loop, Options options) : loop_(loop), options_(std::move(options)) {}
  ~SealProcess() override;
  SealProcess(const SealProcess&) = delete;
  SealProcess& operator=(const SealProcess&) = delete;

  void seal(std::vector<SealOrder> orders, Done done) override;

 private:
  base::Status start(const std::vector<SealOrder>& orders);
  void read();
  void end();
  base::Result<SealAnswer> answer(int status) const;
  int reap();

  base::EventLoop& loop_;
  Options options_;
  pid_t pid_ = 0;
  base::Fd output_;
  Done done_;
  std::unique_ptr<base::EventLoop::Timer> deadline_;
  std::string bytes_;
  bool is_late_ = false;
};

}  // namespace holdfast::hub
