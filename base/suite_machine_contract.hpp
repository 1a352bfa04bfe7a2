// SPDX-License-Identifier: Apache-2.0
// SuiteMachine: something real that is started once for all tests of a contract suite, as its start takes longer than most
// of them: a container engine, a machine with systemd. It ends with the last test.
// Threads: one.
#pragma once

#include <gtest/gtest.h>

#include <memory>

namespace holdfast::base {

/// REQUIRES: it lives as long as the program.
template <class Machine>
class SuiteMachine {
 public:
  SuiteMachine() { testing::AddGlobalTestEnvironment(new End(one_)); }

  Machine& started() {
    if (!one_) one_ = std::make_unique<Machine>();
    return *one_;
  }

 private:
  class End final : public testing::Environment {
   public:
    explicit End(std::unique_ptr<Machine>& one) : one_(one) {}
    void TearDown() override { one_.reset(); }

   private:
    std::unique_ptr<Machine>& one_;
  };
  std::unique_ptr<Machine> one_;
};

}  // namespace holdfast::base
