// SPDX-License-Identifier: Apache-2.0
// FakePulls: pulls of images that tests let come on and end. What they "fetch" lies in the store of blobs.
// Threads: one.
#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/fake_engine.hpp"
#include "edge_agent/registry/blob_store.hpp"
#include "edge_agent/registry/running_pull.hpp"

namespace holdfast::edge_agent {

class FakePulls {
 public:
  explicit FakePulls(BlobStore store) : store_(std::move(store)) {}

  StartPull start();

  // Of the pull that is under way. REQUIRES: there is one.
  void come_on(std::uint64_t bytes, std::uint64_t of) { listener_.on_progress({bytes, of}); }
  void fail_with(base::Code code, std::optional<std::chrono::seconds> retry_after = {});
  /// An image of one layer; its archive is known to the engine under the name that the agent gives it.
  PulledImage end(base::FakeEngine& engine, const std::string& content);
  /// An image that the engine has already.
  void end_present(const PulledImage& image);
  /// The same of one that the engine is given at this moment.
  void end_there(base::FakeEngine& engine, const std::string& content);

  std::vector<PullJob> jobs;  ///< all that were begun
  int running = 0;

 private:
  class Handle;
  base::Digest put(const std::string& bytes);

  BlobStore store_;
  PullListener listener_;
};

}  // namespace holdfast::edge_agent
