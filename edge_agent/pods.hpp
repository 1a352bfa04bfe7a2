// SPDX-License-Identifier: Apache-2.0
// Pods: what all drivers of workloads share: one cache of the engine's containers, one book of images, and one keeper for each pod,
// whoever asks for it.
// Threads: one, the engine's.
#pragma once

#include <map>
#include <memory>

#include "edge_agent/container_cache.hpp"
#include "edge_agent/gpu_book.hpp"
#include "edge_agent/image_book.hpp"
#include "edge_agent/network_image.hpp"
#include "edge_agent/pod_folders.hpp"
#include "edge_agent/pod_keeper.hpp"
#include "edge_agent/pod_machine.hpp"

namespace holdfast::edge_agent {

class Pods {
 public:
  struct Seams {
    base::Engine& engine;
    base::Host& host;
    base::Clock& clock;
    const Marks& marks;
    RestartBook& restarts;
    PodPlaces places;
    DueListener on_due;
    DueAtListener on_due_at;
    ImagePuller* puller = nullptr;  ///< none: images are not pulled
    PodMachine machine{};
  };
  explicit Pods(const Seams& seams)
      : seams_(seams),
        folders_(seams.places),
        network_image_({seams.engine, seams.clock, seams.on_due, seams.on_due_at}, seams.places.shim),
        cache_({seams.engine, seams.clock, seams.on_due, seams.on_due_at}),
        gpus_({seams.engine, seams.clock, cache_, seams.marks, seams.on_due, seams.on_due_at,
               seams.machine.gpus}),
        images_({seams.engine, seams.clock, seams.on_due, seams.on_due_at, seams.puller}) {}

  PodKeeper& keeper(const PodId& pod) {
    auto& one = keepers_[pod];
    if (!one)
      one = std::make_unique<PodKeeper>(
          PodKeeper::Seams{seams_.engine, cache_, images_, seams_.host, seams_.clock, seams_.marks,
                           seams_.restarts, folders_, network_image_, gpus_, seams_.machine, seams_.on_due,
                           seams_.on_due_at},
          pod);
    return *one;
  }
  /// nullptr: nobody keeps it.
  PodKeeper* find(const PodId& pod) {
    const auto found = keepers_.find(pod);
    return found == keepers_.end() ? nullptr : found->second.get();
  }
  /// Nothing of it is there or on its way, and it is not wanted: its volumes go, too. Not from inside one of its calls.
  void forget(const PodId& pod) {
    keepers_.erase(pod);
    folders_.remove(pod);
  }
  const std::map<PodId, std::unique_ptr<PodKeeper>>& keepers() const { return keepers_; }

  /// Files of pods that nobody keeps and that have no container any more: an agent before this one died before it had removed
  /// them. Once every pod that is wanted has its keeper. False: the engine is being asked, and `asker` is told.
  bool remove_left_files(const sync::Claim& asker) {
    auto left = folders_.pods();
    std::erase_if(left, [this](const PodId& pod) { return keepers_.contains(pod); });
    if (left.empty()) return true;
    if (!cache_.known(asker)) return false;
    for (const auto& pod : left) {
      if (cache_.of_pod(pod).empty()) folders_.remove(pod);
    }
    return true;
  }

  ContainerCache& cache() { return cache_; }
  ImageBook& images() { return images_; }
  GpuBook& gpus() { return gpus_; }
  const Marks& marks() const { return seams_.marks; }

 private:
  Seams seams_;
  PodFolders folders_;
  NetworkImage network_image_;
  ContainerCache cache_;
  GpuBook gpus_;
  ImageBook images_;
  std::map<PodId, std::unique_ptr<PodKeeper>> keepers_;
};

}  // namespace holdfast::edge_agent
