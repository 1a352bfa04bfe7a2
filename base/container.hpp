// SPDX-License-Identifier: Apache-2.0
// What is said to a container engine and heard from it: a container as it is wanted (ContainerSpec) and as it is
// (ContainerState), and its image.
// Threads: plain values.
#pragma once

#include <chrono>
#include <compare>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/clock.hpp"
#include "base/result.hpp"
#include "base/strong.hpp"

namespace holdfast::base {

using ContainerId = Strong<struct ContainerIdTag>;      ///< the engine's: 64 hex digits
using ContainerName = Strong<struct ContainerNameTag>;  ///< ours: [a-zA-Z0-9][a-zA-Z0-9_.-]{0,254}
using ImageId = Strong<struct ImageIdTag>;              ///< the engine's: "sha256:…" of its configuration

/// For messages: what an id's first characters tell is enough.
std::string brief(const ContainerId& id);

// ---- as it is wanted ----

/// A file or folder of the host. Whoever asks for it sees to it that it is there: where it is not, Docker refuses the
/// container, and podman makes a folder.
struct BindMount {
  std::string source;
  std::string target;
  bool read_only = false;
  bool operator==(const BindMount&) const = default;
};
struct MemoryMount {
  std::string target;
  std::optional<std::uint64_t> bytes_max;
  std::uint32_t mode = 01777;
  bool operator==(const MemoryMount&) const = default;
};
enum class PortProtocol { kTcp, kUdp, kSctp };
struct PortMapping {
  std::uint16_t container_port = 0;
  std::uint16_t host_port = 0;
  std::string host_ip;  ///< empty: all addresses
  PortProtocol protocol = PortProtocol::kTcp;
  bool operator==(const PortMapping&) const = default;
};
enum class ContainerNetwork {
  kBridge,  ///< the engine's default network, with an address of its own
  kHost,
  kNone,
  kShared,  ///< that of the container `shared_with`
};
struct DeviceMapping {
  std::string host_path;
  std::string container_path;
  std::string permissions = "rwm";
  bool operator==(const DeviceMapping&) const = default;
};
/// What a runtime is asked for beyond device files: GPUs.
struct DeviceRequest {
  std::string driver;      ///< "nvidia", "cdi"
  std::int64_t count = 0;  ///< -1: all; 0: those of `ids`
  std::vector<std::string> ids;
  std::vector<std::string> capabilities;  ///< all of them, "gpu"
  bool operator==(const DeviceRequest&) const = default;
};

struct ContainerSpec {
  ContainerName name;
  std::string image;                                   ///< a reference, or the image's id
  std::optional<std::vector<std::string>> entrypoint;  ///< nullopt: the image's
  std::optional<std::vector<std::string>> arguments;   ///< nullopt: the image's
  std::vector<std::pair<std::string, std::string>> env;
  std::map<std::string, std::string> labels;
  std::string working_dir;  ///< empty: the image's
  std::string user;         ///< "name|uid[:group|gid]"; empty: the image's
  std::string hostname;     ///< empty: the engine's choice
  std::vector<std::pair<std::string, std::string>> extra_hosts;  ///< name, address

  std::vector<BindMount> binds;
  std::vector<MemoryMount> memory_mounts;
  ContainerNetwork network = ContainerNetwork::kBridge;
  std::vector<PortMapping> ports;
  std::optional<ContainerId> shared_with;  ///< whose IPC it has and, with kShared, whose network
  bool ipc_is_shareable = false;           ///< others may be `shared_with` it

  bool read_only_root = false;
  bool privileged = false;
  bool no_new_privileges = false;
  bool seccomp_unconfined = false;  ///< without the engine's default profile
  bool init = false;                ///< a process of the engine's as its first one, which reaps
  std::vector<std::string> capabilities_add;
  std::vector<std::string> capabilities_drop;
  std::vector<std::string> groups;  ///< beside its own: names or numbers
  std::optional<std::uint64_t> memory_bytes_max;
  std::optional<std::uint64_t> memory_bytes_low;  ///< what it keeps where memory is short
  std::optional<std::uint32_t> cpu_milli_max;
  std::optional<std::uint32_t> cpu_shares;
  std::optional<std::uint32_t> processes_max;  ///< threads count, too
  std::vector<DeviceMapping> devices;
  std::vector<DeviceRequest> device_requests;
  std::string runtime;  ///< an OCI runtime that the engine knows by this name; empty: its default

  std::optional<std::chrono::seconds> stop_timeout;  ///< of a stop that others ask for
  std::string stop_signal;                           ///< empty: the image's, else SIGTERM
  std::string log_driver;                            ///< empty: the engine's default
  std::map<std::string, std::string> log_options;

  bool operator==(const ContainerSpec&) const = default;
};

/// What no engine would take, and what is over a limit: the error names the container and the field.
Status check_container_spec(const ContainerSpec& spec);
/// Overwrites what may be secret in it: its environment and its command.
void wipe_secrets(ContainerSpec& spec);
/// Device requests, or another runtime: what not every engine carries out.
bool wants_devices(const ContainerSpec& spec);
Status check_container_name(const ContainerName& name);

// ---- as it is ----

enum class ContainerPhase {
  kCreated,
  kRunning,
  kPaused,
  kRestarting,
  kRemoving,
  kExited,
  kDead,  ///< an engine could not remove it whole, or its word for it is not known
};
std::string_view to_string(ContainerPhase phase);

/// One of a list.
struct ContainerSummary {
  ContainerId id;
  ContainerName name;
  std::string image;  ///< as the engine names it; not for comparing
  ImageId image_id;
  std::map<std::string, std::string> labels;
  ContainerPhase phase = ContainerPhase::kCreated;
  bool operator==(const ContainerSummary&) const = default;
};

/// As Docker itself says of a container whose end nobody saw (the machine lost its power).
inline constexpr std::int64_t kExitCodeUnknown = 255;

struct ContainerState {
  ContainerId id;
  ContainerName name;
  ImageId image_id;
  std::map<std::string, std::string> labels;
  ContainerPhase phase = ContainerPhase::kCreated;
  std::int64_t exit_code = 0;  ///< of the last run, 128 + signal where one ended it
  bool out_of_memory = false;
  std::string error;                ///< the engine's own words on a start that failed
  std::int64_t pid = 0;             ///< on the host; 0 where it does not run
  std::optional<WallTime> started;  ///< nullopt: never
  std::optional<WallTime> finished;
  std::vector<std::string> addresses;  ///< in its networks
  /// Not of the engine: the name under which it was known before somebody renamed it; empty: nobody did.
  ContainerName was_named{};
  bool operator==(const ContainerState&) const = default;
};

struct ImageInfo {
  ImageId id;
  std::vector<std::string> tags;     ///< "registry/name:tag"
  std::vector<std::string> digests;  ///< "registry/name@sha256:…"
  std::string architecture;          ///< as Go names it: "arm64"; empty in a list
  std::string os;
  std::uint64_t size_bytes = 0;
  std::string user{};  ///< "name|uid[:group|gid]"; empty: root; empty in a list
  bool operator==(const ImageInfo&) const = default;
};

}  // namespace holdfast::base
