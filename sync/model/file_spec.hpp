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

/// {name, key} of a ConfigMap or Secret.
struct KeyRef {
  std::string name;  ///< in the same section and namespace
  std::string key;
  bool operator==(const KeyRef&) const = default;
};

/// Exactly one of content, config_map_key and secret_key is set. (`source` is refused until nodes can download.)
struct FileSpec {
  std::string path;  ///< normal form, see normal_path()
  std::optional<std::string> content;
  std::optional<KeyRef> config_map_key;
  std::optional<KeyRef> secret_key;
  std::uint32_t mode =
      0644;  ///< written "0644", octal, in YAML and JSON a string; of a secret 0600 unless said
  std::optional<std::string> owner;  ///< name or number; none: whoever the agent runs as
  std::optional<std::string> group;
};

base::Result<FileSpec> parse_file_spec(const base::Json& object);

}  // namespace holdfast::sync
