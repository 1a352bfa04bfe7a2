// SPDX-License-Identifier: Apache-2.0
// PodNeeds: what a pod needs of its node and its application before anything of it, or of one that it replaces, is touched: what it refers to,
// images, GPUs, an address. What is not there is asked for, and whoever asked is told, or looks again after a while.
// Threads: one, the engine's.
#pragma once

#include <string>
#include <vector>

#include "base/backoff.hpp"
#include "base/clock.hpp"
#include "base/result.hpp"
#include "edge_agent/driver.hpp"
#include "edge_agent/gpu_book.hpp"
#include "edge_agent/image_book.hpp"
#include "edge_agent/network_image.hpp"
#include "edge_agent/pod_folders.hpp"
#include "edge_agent/pod_machine.hpp"
#include "edge_agent/pod_wanted.hpp"

namespace holdfast::edge_agent {

class PodNeeds {
 public:
  struct Seams {
    ImageBook& images;
    NetworkImage& network_image;
    GpuBook& gpus;
    const PodFolders& folders;
    const PodMachine& machine;
    base::Clock& clock;
    DueAtListener on_due_at;
  };
  explicit PodNeeds(const Seams& seams);

  // False: why() says what is missing. An error: it will not come by waiting.
  /// `is_made`: its containers are there, and mount what they mount.
  bool has_references(const PodWanted& wanted, bool is_made, const sync::Claim& asker);
  /// Of those alone.
  base::Result<bool> has_images(const PodWanted& wanted, const std::vector<const PodContainer*>& needed,
                                const sync::Claim& asker);
  base::Result<bool> has_gpus(const PodWanted& wanted, const sync::Claim& asker);
  bool has_address(const PodWanted& wanted, const sync::Claim& asker);
  const ResourceHealth& why() const { return why_; }

  ImageLook image_of(const PodWanted& wanted, const PodContainer& container, const sync::Claim& asker);
  /// The engine said that it has it not, although it had: it is looked for anew.
  void image_lost(ContainerRole role, const sync::ImageRef& image);
  /// Of the node, as has_address() found it.
  const std::string& address() const { return address_; }

 private:
  bool is_news_of_pull(const ImageLook& look, const std::string& message);
  Seams seams_;
  ResourceHealth why_;
  ResourceHealth
      told_image_;  ///< the failure of a pull of which an event told, under the reason that it had then
  std::string address_;
  base::Backoff lack_backoff_;
};

}  // namespace holdfast::edge_agent
