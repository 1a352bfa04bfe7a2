// SPDX-License-Identifier: Apache-2.0
// Volumes of a pod, and where its containers see them.
// https://kubernetes.io/docs/concepts/storage/volumes/
// Threads: plain values.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "base/json.hpp"
#include "base/result.hpp"

namespace holdfast::sync {

inline constexpr std::uint32_t kVolumeModeDefault = 0644;

struct KeyToPath {
  std::string key;
  std::string path;  ///< beneath the volume, without "." and ".."
  std::optional<std::uint32_t> mode;
  bool operator==(const KeyToPath&) const = default;
};

/// A ConfigMap or Secret as files.
struct DataVolume {
  enum class Kind { kConfigMap, kSecret };
  Kind kind = Kind::kConfigMap;
  std::string name;
  std::vector<KeyToPath> items;  ///< empty: every key, by its name
  std::uint32_t default_mode = kVolumeModeDefault;
  bool optional = false;  ///< an empty folder where there is none
  bool operator==(const DataVolume&) const = default;
};

struct EmptyDirVolume {
  bool in_memory = false;
  std::optional<std::uint64_t> bytes_max;  ///< only in memory
  bool operator==(const EmptyDirVolume&) const = default;
};

/// https://kubernetes.io/docs/concepts/storage/volumes/#hostpath-volume-types
enum class HostPathType {
  kUnchecked,
  kDirectoryOrCreate,
  kDirectory,
  kFileOrCreate,
  kFile,
  kSocket,
  kCharDevice,
  kBlockDevice,
};
struct HostPathVolume {
  std::string path;  ///< normal form, or "/"
  HostPathType type = HostPathType::kUnchecked;
  bool operator==(const HostPathVolume&) const = default;
};

struct VolumeSpec {
  std::string name;
  std::variant<EmptyDirVolume, DataVolume, HostPathVolume> source;
  bool operator==(const VolumeSpec&) const = default;
};

struct VolumeMount {
  std::string volume;
  std::string path;      ///< in the container, normal form
  std::string sub_path;  ///< of the volume, without "." and ".."; empty: all of it
  bool read_only = false;
  bool operator==(const VolumeMount&) const = default;
};

base::Result<VolumeSpec> parse_volume(const base::Json& value, const std::string& where);
base::Result<VolumeMount> parse_volume_mount(const base::Json& value, const std::string& where);

}  // namespace holdfast::sync
