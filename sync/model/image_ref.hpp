// SPDX-License-Identifier: Apache-2.0
// ImageRef: the name of a container image taken apart, in the full form that engines and registries use: "nginx" is "docker.io/library/nginx:latest".
// Grammar: https://github.com/distribution/reference
// Threads: plain values.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "base/digest.hpp"
#include "base/result.hpp"

namespace holdfast::sync {

struct ImageRef {
  std::string registry;    ///< "docker.io", "registry.example.com:5000", "localhost"
  std::string repository;  ///< "library/nginx"
  std::string tag;         ///< "latest" where neither tag nor digest is written; empty where only a digest is
  std::optional<base::Digest> digest;  ///< where it is written, it decides, and the tag is for people
  bool operator==(const ImageRef&) const = default;
  std::string text() const;  ///< "docker.io/library/nginx:1.25@sha256:…"
  static base::Result<ImageRef> parse(std::string_view text);
};

}  // namespace holdfast::sync
