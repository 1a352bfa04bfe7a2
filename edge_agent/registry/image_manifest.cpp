// SPDX-License-Identifier: Apache-2.0
#include "edge_agent/registry/image_manifest.hpp"

#include <algorithm>
#include <array>
#include <nlohmann/json.hpp>
#include <optional>
#include <set>
#include <utility>

#include "base/json.hpp"
#include "base/limits/images.hpp"
#include "sync/model/text.hpp"

namespace holdfast::edge_agent {

using base::Code;
using base::fail;
using base::Json;
using base::ObjectReader;
using base::Result;
using base::Status;
namespace limits = base::limits;

namespace {

constexpr std::string_view kDockerManifest = "application/vnd.docker.distribution.manifest.v2+json";
constexpr std::string_view kDockerIndex = "application/vnd.docker.distribution.manifest.list.v2+json";
constexpr std::string_view kOciManifest = "application/vnd.oci.image.manifest.v1+json";
constexpr std::string_view kOciIndex = "application/vnd.oci.image.index.v1+json";

constexpr std::array<std::string_view, 6> kLayerTypes{
    "application/vnd.docker.image.rootfs.diff.tar.gzip",
    "application/vnd.docker.image.rootfs.diff.tar",
    "application/vnd.oci.image.layer.v1.tar",
    "application/vnd.oci.image.layer.v1.tar+gzip",
    "application/vnd.oci.image.layer.v1.tar+zstd",
    "application/vnd.docker.image.rootfs.diff.tar.zstd",
};
constexpr std::array<std::string_view, 2> kConfigTypes{
    "application/vnd.docker.container.image.v1+json",
    "application/vnd.oci.image.config.v1+json",
};

/// What others write: a member that we do not know is theirs.
Result<Json> document(std::string_view bytes, std::string_view what) {
  base::JsonLimits bounds = base::default_json_limits();
  bounds.bytes_max = limits::kImageManifestBytesMax;
  bounds.integers = base::JsonIntegers::kRounded;
  auto json = base::parse_json(bytes, bounds);
  if (!json) {
    const Code code = json.error().code() == Code::kLimit ? Code::kLimit : Code::kCorrupt;
    return fail(code, std::string(what) + ": " + json.error().message());
  }
  if (!json->is_object()) return fail(Code::kCorrupt, std::string(what) + " is not an object");
  return json;
}

/// What is not of its form is the registry's fault.
Status shaped(Status status) {
  if (status || status.error().code() != Code::kInvalid) return status;
  return fail(Code::kCorrupt, status.error().message());
}

Result<base::Digest> digest_of(std::string_view text) {
  constexpr std::string_view kAlgorithm = "sha256:";
  if (!text.starts_with(kAlgorithm)) return fail(Code::kUnsupported, "a digest that is not sha256");
  auto digest = base::Digest::from_hex(text.substr(kAlgorithm.size()));
  if (!digest) return fail(Code::kCorrupt, "a digest that is not 64 hex digits");
  return digest;
}

struct Descriptor {
  BlobRef blob;
  std::string media_type;
  ImagePlatform platform;
  bool is_elsewhere = false;  ///< to be fetched from somewhere else than the registry
};

Result<Descriptor> descriptor(const Json& value, const std::string& where, std::uint64_t bytes_max) {
  Descriptor out;
  std::string digest;
  std::int64_t size = -1;
  HF_CHECK(ObjectReader(value, where)
               .required("digest", digest)
               .required("size", size)
               .optional("mediaType", out.media_type)
               .optional("platform",
                         [&](const Json& platform, const std::string& at) {
                           return ObjectReader(platform, at)
                               .optional("os", out.platform.os)
                               .optional("architecture", out.platform.architecture)
                               .optional("variant", out.platform.variant)
                               .finish_open();
                         })
               .optional("urls",
                         [&](const Json& urls, const std::string&) -> Status {
                           out.is_elsewhere = !urls.empty();
                           return {};
                         })
               .finish_open());
  auto parsed = digest_of(digest);
  if (!parsed) return fail(std::move(parsed).error().with_context(where));
  if (size < 0) return fail(Code::kCorrupt, where + ": a size below zero");
  if (static_cast<std::uint64_t>(size) > bytes_max) {
    return fail(Code::kLimit, where + ": " + std::to_string(size) + " bytes, at most " +
                                  std::to_string(bytes_max) + " are taken");
  }
  out.blob = {*parsed, static_cast<std::uint64_t>(size)};
  return out;
}

template <std::size_t N>
bool is_one_of(const std::array<std::string_view, N>& types, std::string_view type) {
  return std::ranges::find(types, type) != types.end();
}

std::string plain(const std::string& text) { return sync::in_quotes(text.substr(0, 100)); }

Result<ImageManifest> read_manifest(const Json& json) {
  ImageManifest out;
  const auto config = [&](const Json& value, const std::string& where) -> Status {
    HF_TRY(const Descriptor one, descriptor(value, where, limits::kImageManifestBytesMax));
    if (!is_one_of(kConfigTypes, one.media_type)) {
      return fail(Code::kUnsupported,
                  where + ": " + plain(one.media_type) + " is not the configuration of a container image");
    }
    out.config = one.blob;
    return {};
  };
  const auto layer = [&](const Json& value, const std::string& where) -> Status {
    if (out.layers.size() == limits::kImageLayersMax)
      return fail(Code::kLimit, where + ": more than " + std::to_string(limits::kImageLayersMax) + " layers");
    HF_TRY(const Descriptor one, descriptor(value, where, limits::kImageLayerBytesMax));
    if (one.is_elsewhere || !is_one_of(kLayerTypes, one.media_type)) {
      return fail(Code::kUnsupported,
                  where + ": " + plain(one.media_type) + " is not a layer that is kept in a registry");
    }
    out.layers.push_back(one.blob);
    return {};
  };
  HF_CHECK(
      shaped(ObjectReader(json, "manifest").required("config", config).each("layers", layer).finish_open()));
  if (out.layers.empty()) return fail(Code::kCorrupt, "manifest: there are no layers");
  if (out.layer_bytes() > limits::kImageBytesMax) {
    return fail(Code::kLimit, "manifest: layers of " + std::to_string(out.layer_bytes()) +
                                  " bytes, at most " + std::to_string(limits::kImageBytesMax) + " are taken");
  }
  return out;
}

Result<ImageIndex> read_index(const Json& json) {
  ImageIndex out;
  const auto entry = [&](const Json& value, const std::string& where) -> Status {
    if (out.entries.size() == limits::kImageIndexEntriesMax) {
      return fail(Code::kLimit,
                  where + ": more than " + std::to_string(limits::kImageIndexEntriesMax) + " manifests");
    }
    HF_TRY(Descriptor one, descriptor(value, where, limits::kImageManifestBytesMax));
    // What is no manifest of an image (a signature, an index within an index) is for others.
    if (one.media_type == kDockerManifest || one.media_type == kOciManifest)
      out.entries.push_back({one.blob, std::move(one.platform)});
    return {};
  };
  HF_CHECK(shaped(ObjectReader(json, "index").each("manifests", entry).finish_open()));
  return out;
}

/// As a number, so that the nearest one can be found; "v8" is arm64's own, and what it is taken for without a word.
int level(const ImagePlatform& platform) {
  if (platform.variant.empty()) return platform.architecture == "arm64" ? 8 : 0;
  if (platform.variant.size() == 2 && platform.variant[0] == 'v' && platform.variant[1] >= '1' &&
      platform.variant[1] <= '9')
    return platform.variant[1] - '0';
  return 100;
}

/// How well it runs here: the higher, the better; nullopt: not at all.
std::optional<int> fitness(const ImagePlatform& image, const ImagePlatform& here) {
  if (image.os != here.os || image.architecture != here.architecture) return std::nullopt;
  if (level(image) > level(here)) return std::nullopt;
  return level(image);
}

}  // namespace

std::string ImagePlatform::text() const {
  std::string out = os + "/" + architecture;
  if (!variant.empty()) out += "/" + variant;
  return out;
}

ImagePlatform ImagePlatform::here() {
#if defined(__aarch64__)
  return {"linux", "arm64", "v8"};
#elif defined(__arm__) && defined(__ARM_ARCH) && __ARM_ARCH >= 7
  return {"linux", "arm", "v7"};
#elif defined(__arm__)
  return {"linux", "arm", "v6"};
#elif defined(__i386__)
  return {"linux", "386", ""};
#elif defined(__riscv)
  return {"linux", "riscv64", ""};
#else
  return {"linux", "amd64", ""};
#endif
}

std::vector<BlobRef> ImageManifest::blobs() const {
  std::vector<BlobRef> out = layers;
  out.push_back(config);
  std::ranges::sort(out);
  const auto twice = std::ranges::unique(out, {}, &BlobRef::digest);
  out.erase(twice.begin(), twice.end());
  return out;
}

std::uint64_t ImageManifest::layer_bytes() const {
  std::uint64_t out = 0;
  std::set<base::Digest> seen;
  for (const BlobRef& layer : layers) {
    if (seen.insert(layer.digest).second) out += layer.size_bytes;
  }
  return out;
}

Result<std::variant<ImageManifest, ImageIndex>> parse_image_manifest(std::string_view bytes) {
  using Out = std::variant<ImageManifest, ImageIndex>;
  HF_TRY(const Json json, document(bytes, "manifest"));
  if (json.contains("fsLayers") || json.value("schemaVersion", Json()) == Json(1)) {
    return fail(Code::kUnsupported,
                "manifest: schema version 1, which registries gave up; push the image anew");
  }
  std::string type;
  HF_CHECK(shaped(ObjectReader(json, "manifest").optional("mediaType", type).finish_open()));
  const bool has_layers = json.contains("layers") || json.contains("config");
  const bool has_manifests = json.contains("manifests");
  if (has_layers && has_manifests)
    return fail(Code::kCorrupt, "manifest: it could be read as an index and as a manifest");
  const bool may_be_manifest = type.empty() || type == kDockerManifest || type == kOciManifest;
  const bool may_be_index = type.empty() || type == kDockerIndex || type == kOciIndex;
  if (has_layers && may_be_manifest) {
    HF_TRY(auto manifest, read_manifest(json));
    return Out(std::move(manifest));
  }
  if (has_manifests && may_be_index) {
    HF_TRY(auto index, read_index(json));
    return Out(std::move(index));
  }
  return fail(Code::kUnsupported, "manifest: " + (type.empty() ? "neither an image nor an index"
                                                               : plain(type) + " is not one of an image"));
}

Result<BlobRef> choose_platform(const ImageIndex& index, const ImagePlatform& platform) {
  const IndexEntry* best = nullptr;
  int best_fitness = -1;
  std::string there;
  for (const IndexEntry& entry : index.entries) {
    const auto fits = fitness(entry.platform, platform);
    if (fits && *fits > best_fitness) {
      best = &entry;
      best_fitness = *fits;
    }
    if (there.size() < 200) there += (there.empty() ? "" : ", ") + sync::in_quotes(entry.platform.text());
  }
  if (best != nullptr) return best->manifest;
  return fail(Code::kUnsupported, "there is no image for " + platform.text() + "; there is " +
                                      (there.empty() ? "none at all" : there));
}

Status check_image_config(std::string_view bytes, const ImageManifest& manifest,
                          const ImagePlatform& platform) {
  HF_TRY(const Json json, document(bytes, "configuration of the image"));
  ImagePlatform image;
  std::vector<std::string> layers;
  const auto root = [&](const Json& value, const std::string& where) {
    return ObjectReader(value, where).optional("diff_ids", layers).finish_open();
  };
  HF_CHECK(shaped(ObjectReader(json, "configuration of the image")
                      .optional("os", image.os)
                      .optional("architecture", image.architecture)
                      .optional("variant", image.variant)
                      .required("rootfs", root)
                      .finish_open()));
  // Of builders that write none.
  if (image.os.empty()) image.os = platform.os;
  if (!fitness(image, platform)) {
    return fail(Code::kUnsupported, "the image is for " + sync::in_quotes(image.text()) +
                                        ", and this machine is " + platform.text());
  }
  if (layers.size() != manifest.layers.size()) {
    return fail(Code::kCorrupt, "the configuration of the image speaks of " + std::to_string(layers.size()) +
                                    " layers, its manifest of " + std::to_string(manifest.layers.size()));
  }
  return {};
}

std::string_view accepted_manifests() {
  return "application/vnd.oci.image.index.v1+json, "
         "application/vnd.docker.distribution.manifest.list.v2+json, "
         "application/vnd.oci.image.manifest.v1+json, application/vnd.docker.distribution.manifest.v2+json";
}

}  // namespace holdfast::edge_agent
