// SPDX-License-Identifier: Apache-2.0
// PodWanted: one pod as it should be, with its references filled in; and PodSeen, what its keeper says of it. No word of the kind
// that it is of: a Pod is one, a Deployment has several.
// Threads: plain values.
#pragma once

#include <chrono>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "base/clock.hpp"
#include "base/container.hpp"
#include "base/digest.hpp"
#include "base/result.hpp"
#include "edge_agent/registry/pull_credentials.hpp"
#include "sync/model/claim.hpp"
#include "sync/model/container_spec.hpp"
#include "sync/model/pod_spec.hpp"
#include "sync/model/resource.hpp"

namespace holdfast::edge_agent {

/// Of a node there is one of each.
struct PodId {
  std::string ns;
  std::string name;
  auto operator<=>(const PodId&) const = default;
  std::string text() const { return ns + "/" + name; }
};

/// In order of their start.
enum class ContainerRole {
  kNetwork,  ///< owns the network and the IPC of the others
  kInit,     ///< ends before the next one starts
  kSidecar,  ///< has started before the next one does, and runs until the main ones have ended
  kMain,
};

/// A file of a ConfigMap or Secret volume.
struct VolumeFile {
  std::string path;  ///< beneath the volume
  std::string content;
  std::uint32_t mode = 0644;
};

struct PodVolume {
  enum class Kind {
    kData,
    kSecret,  ///< as kData, and of memory alone where the machine has a place for that
    kEmpty,
    kMemory,
    kHost,
  };
  Kind kind = Kind::kEmpty;
  std::string name;
  base::Digest digest;                     ///< of kData and kSecret: of the files
  std::vector<VolumeFile> files;           ///< the same; a shed one has none
  std::optional<std::uint32_t> group;      ///< that owns what is in it (fsGroup)
  std::optional<std::uint64_t> bytes_max;  ///< of kMemory
  std::string path;                        ///< of kHost
  sync::HostPathType type = sync::HostPathType::kUnchecked;
};

struct PodContainer {
  ContainerRole role = ContainerRole::kMain;
  std::string name;   ///< in the pod
  sync::Claim claim;  ///< of its name at the engine
  sync::ImageRef image;
  sync::PullPolicy pull_policy = sync::PullPolicy::kIfNotPresent;
  PullCredentials pull_credentials;  ///< of its registry; of a shed one none
  /// But for image, labels and shared_with, which are filled in when it is created. Of a shed one only `name` holds.
  base::ContainerSpec spec;
  std::optional<sync::Probe> liveness;
  std::optional<sync::Probe> readiness;
  std::optional<sync::Probe> startup;
  sync::PreStop pre_stop;
  bool has_probes() const { return liveness || readiness || startup; }
  std::vector<sync::VolumeMount> mounts;
  std::string node_ports;  ///< that it holds: "tcp/80,udp/53"
  std::uint32_t gpus = 0;  ///< nvidia.com/gpu
  bool non_root = false;   ///< an image whose user is root, or has no number, is refused
};

/// What it needs and is not there; it is made once it is.
struct PodLack {
  std::string reason;   ///< kubelet's word: "FailedMount"
  std::string message;  ///< what, and the way out
};

struct PodWanted {
  PodId id;
  sync::ResourceKey owner;  ///< the resource that it is of
  std::map<std::string, std::string>
      labels;  ///< at the engine, beside those of pod_labels.hpp: for what the owner has to find again
  base::Digest digest;      ///< of all that cannot change while it runs: another one is another pod
  base::Digest kept;        ///< of the rest: probes, policies
  base::Digest chosen_for;  ///< what a tag leads to is chosen once for each; none: for this pod alone
  sync::RestartPolicy restart_policy = sync::RestartPolicy::kAlways;
  std::chrono::milliseconds grace{30'000};
  std::vector<PodContainer> containers;  ///< in order of their start
  std::vector<PodVolume> volumes;
  /// Why a Secret that it needs cannot be opened: what runs is left as it is until it can.
  std::optional<base::Error> unreadable;
  /// A ConfigMap or Secret that it refers to is not in its application: what runs is left as it is until another revision has it.
  std::optional<PodLack> lack;

  bool has_network_owner() const {
    return !containers.empty() && containers.front().role == ContainerRole::kNetwork;
  }
  /// GPUs that it may hold at a time: init containers have given theirs back when the main ones start.
  std::uint32_t gpus() const;
  bool wants_address = false;  ///< that of the node, when it is made
  bool is_shed = false;
  /// Forgets what is needed to create it; it can still be kept.
  void shed();
};

enum class PodPhase {
  kAbsent,   ///< nothing of it is there
  kPending,  ///< being made, or its init containers run
  kRunning,
  kSucceeded,  ///< every container ended well, and none is started again
  kFailed,     ///< one ended badly, and none is started again
};

/// As of the last tend().
struct PodSeen {
  PodPhase phase = PodPhase::kAbsent;
  bool is_ready = false;
  std::optional<base::MonotonicTime> ready_since{};  ///< as this agent saw it, no earlier than its own start
  std::int64_t exit_code = 0;                        ///< of kFailed: of the first container that failed
};

}  // namespace holdfast::edge_agent
