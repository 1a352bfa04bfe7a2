// SPDX-License-Identifier: Apache-2.0
// Content of kind File: what a file on the node must be.
// Threads: plain values.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "base/json.hpp"
#include "base/result.hpp"

namespace holdfast::sync {

struct ConfigMapKeyRef {
  std::string name;  ///< ConfigMap of the same section and namespace
  std::string key;
  bool operator==(const ConfigMapKeyRef&) const = default;
};

/// Exactly one of content and config_map_key is set. (`source` is refused until nodes can download.)
struct FileSpec {
  std::string path;  ///< normal form, see normal_path()
  std::optional<std::string> content;
  std::optional<ConfigMapKeyRef> config_map_key;
  std::uint32_t mode = 0644;         ///< written "0644", octal, in YAML and JSON a string
  std::optional<std::string> owner;  ///< name or number; none: whoever the agent runs as
  std::optional<std::string> group;
};

base::Result<FileSpec> parse_file_spec(const base::Json& object);

}  // namespace holdfast::sync
