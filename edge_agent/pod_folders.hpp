// SPDX-License-Identifier: Apache-2.0
// PodFolders: the files of the volumes of pods on this machine.
//
//   DISK/NS_POD/VOLUME/             emptyDir; ConfigMap
//   MEMORY/NS_POD/VOLUME/           Secret, emptyDir of medium Memory
//   …/VOLUME/..DIGEST/KEY           the files, whole, before anything points to them
//   …/VOLUME/..data -> ..DIGEST     exchanged by one rename, so that a reader sees all of the old or all of the new
//   …/VOLUME/KEY -> ..data/KEY
//   …/VOLUME.sub/KEY                what mounts with a subPath see: made with the pod, and never changed
//
// as kubelet lays them out. Everything of a pod goes with it.
// Threads: one. Blocks as long as a local disk does.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "base/container.hpp"
#include "base/result.hpp"
#include "edge_agent/pod_places.hpp"
#include "edge_agent/pod_wanted.hpp"

namespace holdfast::edge_agent {

class PodFolders {
 public:
  explicit PodFolders(PodPlaces places) : places_(std::move(places)) {}

  /// Whether the files of every ConfigMap and Secret volume are those that are wanted.
  bool are_right(const PodWanted& pod) const;
  /// Puts them there, where they differ. REQUIRES: `pod` is whole.
  base::Status update(const PodWanted& pod) const;
  /// Before the first container of a pod is made: all of its volumes, the empty ones empty. Errors name the volume.
  base::Status make(const PodWanted& pod) const;
  /// Empty ones that are gone, as those in memory are after a restart of the machine.
  base::Status restore(const PodWanted& pod) const;
  /// What of the node's own it mounts, and is not there or of another type. Makes nothing.
  std::optional<PodLack> lack(const PodWanted& pod) const;
  /// What the container mounts. REQUIRES: they were made.
  base::Status mount(const PodWanted& pod, const PodContainer& container, base::ContainerSpec& spec) const;
  void remove(const PodId& pod) const;
  /// Who has files here.
  std::vector<PodId> pods() const;

 private:
  std::string folder(const PodId& pod, const PodVolume& volume) const;
  base::Status check_host_path(const PodVolume& volume) const;
  base::Status make_host_path(const PodVolume& volume) const;
  base::Status make_volume(const PodWanted& pod, const PodVolume& volume) const;
  base::Status update_volume(const PodWanted& pod, const PodVolume& volume) const;
  base::Result<std::string> source(const PodWanted& pod, const PodVolume& volume,
                                   const std::string& sub_path) const;

  PodPlaces places_;
};

}  // namespace holdfast::edge_agent
