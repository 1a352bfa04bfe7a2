// SPDX-License-Identifier: Apache-2.0
// StoreOwner: the claim of one program on one store file, so that two agents never share one. A lock on
// "<path>-owner" against other processes (it holds the owner's pid for the message), and a list in memory
// against this one, because LMDB breaks when one process opens a file twice.
// Threads: any.
#pragma once

#include <string>

#include "base/handle.hpp"
#include "base/result.hpp"

namespace holdfast::sync {

class StoreOwner {
 public:
  /// kConflict when somebody else holds it. On a read-only file system the claim holds in this process only.
  static base::Result<StoreOwner> claim(const std::string& path);
  /// In this process only: for readers beside the owner.
  static base::Result<StoreOwner> claim_here(const std::string& path);
  StoreOwner() = default;
  StoreOwner(StoreOwner&& other) noexcept;
  StoreOwner& operator=(StoreOwner&& other) noexcept;
  ~StoreOwner();

 private:
  void release();
  std::string here_;
  base::Fd lock_;
};

}  // namespace holdfast::sync
