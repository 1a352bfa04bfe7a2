// SPDX-License-Identifier: Apache-2.0
// Fuzzes what is read of a registry's manifests, indexes and configurations. Whatever the bytes: no crash, an error is one of
// those that are promised, and what is taken is within the limits.
// Threads: one.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string_view>
#include <variant>

#include "base/json.hpp"
#include "base/limits/images.hpp"
#include "edge_agent/registry/image_manifest.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size);

namespace {

using holdfast::base::Code;
using holdfast::base::Error;
namespace agent = holdfast::edge_agent;
namespace limits = holdfast::base::limits;

void check_error(const Error& error) {
  const Code code = error.code();
  if (code != Code::kCorrupt && code != Code::kLimit && code != Code::kUnsupported) std::abort();
  if (!holdfast::base::is_utf8(error.message())) std::abort();
}

void check(const agent::ImageManifest& manifest) {
  if (manifest.layers.empty() || manifest.layers.size() > limits::kImageLayersMax) std::abort();
  if (manifest.layer_bytes() > limits::kImageBytesMax) std::abort();
  if (manifest.blobs().size() > manifest.layers.size() + 1) std::abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const auto parsed = agent::parse_image_manifest(text);
  if (!parsed) {
    check_error(parsed.error());
  } else if (const auto* const manifest = std::get_if<agent::ImageManifest>(&*parsed)) {
    check(*manifest);
  } else {
    const auto chosen = agent::choose_platform(std::get<agent::ImageIndex>(*parsed), {"linux", "arm", "v7"});
    if (!chosen) check_error(chosen.error());
  }
  const auto config = agent::check_image_config(text, {{}, {{}}}, {"linux", "arm64", "v8"});
  if (!config) check_error(config.error());
  return 0;
}
