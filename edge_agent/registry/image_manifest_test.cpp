// SPDX-License-Identifier: Apache-2.0
// What registries say of an image: taken where it is whole, refused where two readers could differ.
#include "edge_agent/registry/image_manifest.hpp"

#include <gtest/gtest.h>

#include "base/limits/images.hpp"

namespace holdfast::edge_agent {
namespace {

using base::Code;
using base::Digest;

const std::string kDocker = "application/vnd.docker.distribution.manifest.v2+json";
const std::string kLayer = "application/vnd.docker.image.rootfs.diff.tar.gzip";

std::string of(const std::string& name) { return "sha256:" + Digest::of(name).hex(); }

std::string blob(const std::string& name, const std::string& type, const std::string& size = "7") {
  return R"({"mediaType":")" + type + R"(","size":)" + size + R"(,"digest":")" + of(name) + R"("})";
}
std::string config() { return blob("config", "application/vnd.docker.container.image.v1+json"); }
std::string manifest(const std::string& layers, const std::string& more = "") {
  return R"({"schemaVersion":2,"mediaType":")" + kDocker + R"(","config":)" + config() + R"(,"layers":[)" +
         layers + "]" + more + "}";
}
std::string entry(const std::string& name, const std::string& platform) {
  return R"({"mediaType":")" + kDocker + R"(","size":9,"digest":")" + of(name) + R"(","platform":)" +
         platform + "}";
}
ImageIndex index_of(const std::string& entries) {
  const auto parsed = parse_image_manifest(
      R"({"schemaVersion":2,"mediaType":"application/vnd.oci.image.index.v1+json","manifests":[)" + entries +
      "]}");
  EXPECT_TRUE(parsed) << parsed.error().message();
  return std::get<ImageIndex>(*parsed);
}

TEST(ImageManifest, OfDockerAndOfOciAreTheSame) {
  const std::string oci =
      R"({"schemaVersion":2,"config":)" + blob("config", "application/vnd.oci.image.config.v1+json") +
      R"(,"layers":[)" + blob("a", "application/vnd.oci.image.layer.v1.tar+gzip") + "," +
      blob("b", "application/vnd.oci.image.layer.v1.tar+zstd", "5") + R"(],"annotations":{"x":"y"}})";
  const auto from_oci = parse_image_manifest(oci);
  const auto from_docker = parse_image_manifest(manifest(blob("a", kLayer) + "," + blob("b", kLayer, "5")));
  ASSERT_TRUE(from_oci) << from_oci.error().message();
  ASSERT_TRUE(from_docker) << from_docker.error().message();
  EXPECT_EQ(std::get<ImageManifest>(*from_oci), std::get<ImageManifest>(*from_docker));
  const auto& read = std::get<ImageManifest>(*from_docker);
  EXPECT_EQ(read.config, (BlobRef{Digest::of("config"), 7}));
  EXPECT_EQ(read.layers, (std::vector<BlobRef>{{Digest::of("a"), 7}, {Digest::of("b"), 5}}));
  EXPECT_EQ(read.layer_bytes(), 12U);
}

TEST(ImageManifest, ALayerThatComesTwiceIsFetchedOnce) {
  const auto parsed = parse_image_manifest(manifest(blob("a", kLayer) + "," + blob("a", kLayer)));
  ASSERT_TRUE(parsed);
  EXPECT_EQ(std::get<ImageManifest>(*parsed).layers.size(), 2U);
  EXPECT_EQ(std::get<ImageManifest>(*parsed).layer_bytes(), 7U);
  EXPECT_EQ(std::get<ImageManifest>(*parsed).blobs().size(), 2U);
}

struct Bad {
  std::string name;
  std::string text;
  Code code;
};
TEST(ImageManifest, WhatIsNoneIsRefusedWithAWord) {
  const std::string big = std::to_string(base::limits::kImageLayerBytesMax + 1);
  std::string many = blob("a", kLayer);
  for (std::size_t i = 0; i < base::limits::kImageLayersMax; ++i)
    many += "," + blob(std::to_string(i), kLayer);
  const Bad rows[] = {
      {"no JSON", "<html>", Code::kCorrupt},
      {"a list", "[]", Code::kCorrupt},
      {"nothing", "{}", Code::kUnsupported},
      {"schema 1", R"({"schemaVersion":1,"fsLayers":[]})", Code::kUnsupported},
      {"both at once", manifest(blob("a", kLayer), R"(,"manifests":[])"), Code::kCorrupt},
      {"no layers", manifest(""), Code::kCorrupt},
      {"a negative size", manifest(blob("a", kLayer, "-1")), Code::kCorrupt},
      {"a size that is none", manifest(blob("a", kLayer, R"("7")")), Code::kCorrupt},
      {"too large a layer", manifest(blob("a", kLayer, big)), Code::kLimit},
      {"too many layers", manifest(many), Code::kLimit},
      {"a layer that lies elsewhere",
       manifest(blob("a", "application/vnd.docker.image.rootfs.foreign.diff.tar.gzip")), Code::kUnsupported},
      {"an artifact",
       R"({"schemaVersion":2,"config":)" + blob("config", "application/vnd.cncf.helm.config.v1+json") +
           R"(,"layers":[]})",
       Code::kUnsupported},
      {"another digest", manifest(R"({"mediaType":")" + kLayer + R"(","size":1,"digest":"sha512:ab"})"),
       Code::kUnsupported},
      {"a short digest", manifest(R"({"mediaType":")" + kLayer + R"(","size":1,"digest":"sha256:ab"})"),
       Code::kCorrupt},
      {"another media type", R"({"mediaType":"text/html","layers":[]})", Code::kUnsupported},
      {"a type that the content is not",
       R"({"mediaType":"application/vnd.oci.image.index.v1+json","layers":[]})", Code::kUnsupported},
  };
  for (const Bad& row : rows) {
    const auto parsed = parse_image_manifest(row.text);
    ASSERT_FALSE(parsed) << row.name;
    EXPECT_EQ(parsed.error().code(), row.code) << row.name << ": " << parsed.error().message();
  }
  EXPECT_EQ(parse_image_manifest(std::string(base::limits::kImageManifestBytesMax + 1, ' ')).error().code(),
            Code::kLimit);
}

struct Choice {
  std::string name;
  ImagePlatform here;
  std::string chosen;  ///< empty: none
};
TEST(ImageIndex, GivesTheNearestPlatform) {
  const ImageIndex index =
      index_of(entry("amd64", R"({"os":"linux","architecture":"amd64"})") + "," +
               entry("arm64", R"({"os":"linux","architecture":"arm64","variant":"v8"})") + "," +
               entry("arm6", R"({"os":"linux","architecture":"arm","variant":"v6"})") + "," +
               entry("arm7", R"({"os":"linux","architecture":"arm","variant":"v7"})") + "," +
               entry("amd64v3", R"({"os":"linux","architecture":"amd64","variant":"v3"})") + "," +
               entry("windows", R"({"os":"windows","architecture":"amd64"})") + "," +
               entry("attestation", R"({"os":"unknown","architecture":"unknown"})"));
  const Choice rows[] = {
      {"x86", {"linux", "amd64", ""}, "amd64"},
      {"a Jetson", {"linux", "arm64", "v8"}, "arm64"},
      {"a Raspberry Pi of today", {"linux", "arm", "v7"}, "arm7"},
      {"the first one", {"linux", "arm", "v6"}, "arm6"},
      {"older still", {"linux", "arm", "v5"}, ""},
      {"another world", {"linux", "riscv64", ""}, ""},
  };
  for (const Choice& row : rows) {
    const auto chosen = choose_platform(index, row.here);
    EXPECT_EQ(chosen.has_value(), !row.chosen.empty()) << row.name;
    if (chosen) {
      EXPECT_EQ(chosen->digest, Digest::of(row.chosen)) << row.name;
    }
  }
}

TEST(ImageIndex, AVariantThatIsNotWrittenIsTaken) {
  const ImageIndex index = index_of(entry("plain", R"({"os":"linux","architecture":"arm64"})"));
  const auto chosen = choose_platform(index, {"linux", "arm64", "v8"});
  ASSERT_TRUE(chosen);
  EXPECT_EQ(chosen->digest, Digest::of("plain"));
}

TEST(ImageIndex, OfAnotherArchitectureSaysWhatThereIs) {
  const ImageIndex index = index_of(entry("a", R"({"os":"linux","architecture":"arm64"})"));
  const auto chosen = choose_platform(index, {"linux", "amd64", ""});
  ASSERT_FALSE(chosen);
  EXPECT_EQ(chosen.error().code(), Code::kUnsupported);
  EXPECT_EQ(chosen.error().message(), "there is no image for linux/amd64; there is \"linux/arm64\"");
}

ImageManifest of_layers(std::size_t count) { return {{Digest::of("c"), 1}, std::vector<BlobRef>(count)}; }

TEST(ImageConfig, OfAnotherArchitectureIsRefused) {
  const std::string config = R"({"architecture":"arm64","os":"linux","rootfs":{"diff_ids":["sha256:1"]}})";
  EXPECT_TRUE(check_image_config(config, of_layers(1), {"linux", "arm64", "v8"}));
  const auto wrong = check_image_config(config, of_layers(1), {"linux", "amd64", ""});
  ASSERT_FALSE(wrong);
  EXPECT_EQ(wrong.error().code(), Code::kUnsupported);
  EXPECT_EQ(wrong.error().message(), "the image is for \"linux/arm64\", and this machine is linux/amd64");
}

TEST(ImageConfig, WithOtherLayersThanItsManifestIsRefused) {
  const std::string config = R"({"architecture":"amd64","rootfs":{"diff_ids":["sha256:1"]}})";
  EXPECT_TRUE(check_image_config(config, of_layers(1), {"linux", "amd64", ""}));
  EXPECT_EQ(check_image_config(config, of_layers(2), {"linux", "amd64", ""}).error().code(), Code::kCorrupt);
  EXPECT_EQ(check_image_config("{}", of_layers(1), {"linux", "amd64", ""}).error().code(), Code::kCorrupt);
}

}  // namespace
}  // namespace holdfast::edge_agent
