// SPDX-License-Identifier: Apache-2.0
#include "edge_agent/network_image.hpp"

#include <array>
#include <cstdio>
#include <memory>
#include <nlohmann/json.hpp>
#include <utility>

#include "base/digest.hpp"
#include "base/file_io.hpp"
#include "base/limits/agent.hpp"
#include "base/limits/pods.hpp"

namespace holdfast::edge_agent {

using base::Result;
using Is = ImageLook::Is;

namespace {

constexpr std::size_t kBlock = 512;

#if defined(__aarch64__)
constexpr const char* kArchitecture = "arm64";
#elif defined(__arm__)
constexpr const char* kArchitecture = "arm";
#else
constexpr const char* kArchitecture = "amd64";
#endif

/// The fields of a ustar header that matter here. https://pubs.opengroup.org/onlinepubs/9699919799/utilities/pax.html
std::string entry(std::string_view name, std::string_view content) {
  std::string header(kBlock, '\0');
  const auto put = [&](std::size_t at, std::string_view text) { header.replace(at, text.size(), text); };
  const auto octal = [](std::size_t value, int digits) {
    std::array<char, 24> text{};
    std::snprintf(text.data(), text.size(), "%0*zo", digits, value);
    return std::string(text.data());
  };
  put(0, name);
  put(100, "0000755");
  put(108, "0000000");
  put(116, "0000000");
  put(124, octal(content.size(), 11));
  put(136, "00000000000");
  put(148, "        ");
  put(156, "0");
  put(257, "ustar");
  put(263, "00");
  std::size_t sum = 0;
  for (const char c : header) sum += static_cast<unsigned char>(c);
  put(148, octal(sum, 6) + '\0');
  std::string out = header + std::string(content);
  out.resize((out.size() + kBlock - 1) / kBlock * kBlock, '\0');
  return out;
}

std::string closed(std::string tar) { return tar.append(2 * kBlock, '\0'); }

}  // namespace

std::string network_image_name(std::string_view shim) {
  return "holdfast.dev/shim:" + base::Digest::of(shim).brief();
}

std::string network_archive(std::string_view shim, const std::string& name) {
  const std::string layer = closed(entry(std::string_view(kNetworkProgram).substr(1), shim));
  const base::Json config = {
      {"architecture", kArchitecture},
      {"os", "linux"},
      {"config", {{"Entrypoint", {kNetworkProgram, kNetworkCommand}}}},
      {"rootfs", {{"type", "layers"}, {"diff_ids", {"sha256:" + base::Digest::of(layer).hex()}}}}};
  const base::Json manifest =
      base::Json::array({{{"Config", "config.json"}, {"RepoTags", {name}}, {"Layers", {"layer.tar"}}}});
  return closed(entry("config.json", config.dump()) + entry("layer.tar", layer) +
                entry("manifest.json", manifest.dump()));
}

NetworkImage::~NetworkImage() {
  if (call_ != 0) seams_.engine.cancel(call_);
}

ImageLook NetworkImage::failed(const base::Error& error) const {
  return {.is = Is::kFailed,
          .reason = "ImageInspectError",
          .message = error.message(),
          .is_hosts_fault = true,
          .retry_at = seams_.clock.monotonic() + base::limits::kImageBackoffBase};
}

void NetworkImage::answer(ImageLook look) {
  call_ = 0;
  look_ = std::move(look);
  for (const auto& asker : std::exchange(askers_, {})) seams_.on_due(asker);
}

void NetworkImage::ask(bool may_load) {
  const auto shim = base::read_file(shim_, base::limits::kShimBytesMax);
  if (!shim) {
    look_ = failed(shim.error());
    return;
  }
  call_ = seams_.engine.image(network_image_name(*shim), [this, may_load](Result<base::ImageInfo> image) {
    if (image) return answer({.is = Is::kThere, .image = *std::move(image)});
    call_ = 0;
    const bool is_missing = image.error().code() == base::Code::kNotFound;
    if (is_missing && may_load) return load();
    answer(failed(image.error()));
  });
}

void NetworkImage::load() {
  auto shim = base::read_file(shim_, base::limits::kShimBytesMax);
  if (!shim) return answer(failed(shim.error()));
  auto archive = std::make_shared<std::string>(network_archive(*shim, network_image_name(*shim)));
  call_ = seams_.engine.load_image(
      [archive](std::size_t bytes_max) -> Result<std::string> {
        std::string piece = archive->substr(0, bytes_max);
        archive->erase(0, piece.size());
        return piece;
      },
      [this](const base::Status& loaded) {
        if (!loaded) return answer(failed(loaded.error()));
        ask(false);
      });
}

ImageLook NetworkImage::look(const sync::Claim& asker) {
  if (look_.is == Is::kThere) return look_;
  askers_.insert(asker);
  const bool is_due = look_.is == Is::kPulling || look_.retry_at <= seams_.clock.monotonic();
  if (call_ == 0 && is_due) ask(true);
  const bool waits = call_ == 0 && look_.is == Is::kFailed && look_.retry_at;
  if (waits) seams_.on_due_at(asker, *look_.retry_at);
  return look_;
}

}  // namespace holdfast::edge_agent
