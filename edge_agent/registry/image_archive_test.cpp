// SPDX-License-Identifier: Apache-2.0
// An archive made while it is read: what tar and engines make of it does not depend on the size of the pieces.
#include "edge_agent/registry/image_archive.hpp"

#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>
#include <nlohmann/json.hpp>

namespace holdfast::edge_agent {
namespace {

using base::Code;
using base::Digest;
namespace fs = std::filesystem;
using nlohmann::json;

class ImageArchiveTest : public testing::Test {
 protected:
  ImageArchiveTest() {
    fs::remove_all(root_);
    fs::create_directory(root_);
    put(config_);
    put(layer_a_);
    put(layer_b_);
  }
  ~ImageArchiveTest() override { fs::remove_all(root_); }

  BlobRef put(const std::string& bytes) {
    EXPECT_TRUE(store_.put(Digest::of(bytes), bytes));
    return {Digest::of(bytes), bytes.size()};
  }
  static json descriptor(const std::string& bytes, const std::string& type) {
    return {{"mediaType", type}, {"size", bytes.size()}, {"digest", "sha256:" + Digest::of(bytes).hex()}};
  }
  Digest put_manifest(const std::vector<std::string>& layers) {
    json list = json::array();
    for (const auto& layer : layers)
      list.push_back(descriptor(layer, "application/vnd.oci.image.layer.v1.tar+gzip"));
    const json manifest = {{"schemaVersion", 2},
                           {"config", descriptor(config_, "application/vnd.oci.image.config.v1+json")},
                           {"layers", list}};
    return put(manifest.dump()).digest;
  }
  base::Result<ImageArchive> open(const Digest& manifest) {
    return ImageArchive::open(store_, manifest, "r.io/app:hf-1");
  }
  static std::string read_all(ImageArchive& archive, std::size_t piece) {
    std::string out;
    for (;;) {
      const auto got = archive.read(piece);
      EXPECT_TRUE(got) << got.error().message();
      if (!got || got->empty()) return out;
      EXPECT_LE(got->size(), piece);
      out += *got;
    }
  }
  /// name and content of each entry
  static std::vector<std::pair<std::string, std::string>> entries(const std::string& tar) {
    std::vector<std::pair<std::string, std::string>> out;
    for (std::size_t at = 0; at + 512 <= tar.size() && tar[at] != '\0';) {
      const std::string name = tar.c_str() + at;
      const std::size_t size = std::stoull(tar.substr(at + 124, 11), nullptr, 8);
      EXPECT_EQ(tar.substr(at, 512), tar_header(name, size));
      out.emplace_back(name, tar.substr(at + 512, size));
      at += 512 + (size + 511) / 512 * 512;
    }
    return out;
  }

  const std::string root_ = testing::TempDir() + "archive-" + std::to_string(::getpid());
  const BlobStore store_{root_ + "/blobs"};
  const std::string config_ = R"({"architecture":"amd64"})";
  const std::string layer_a_ = std::string(1'000, 'a');
  const std::string layer_b_ = std::string(1'024, 'b');
};

TEST_F(ImageArchiveTest, HoldsConfigurationLayersAndTheListOfThem) {
  auto archive = open(put_manifest({layer_a_, layer_b_, layer_a_}));
  ASSERT_TRUE(archive) << archive.error().message();
  const std::string tar = read_all(*archive, 100);
  EXPECT_EQ(tar.size(), archive->bytes());
  EXPECT_EQ(tar.size() % 512, 0U);
  const std::string a = Digest::of(layer_a_).hex() + ".tar";
  const std::string b = Digest::of(layer_b_).hex() + ".tar";
  const std::string config = Digest::of(config_).hex() + ".json";
  const auto found = entries(tar);
  ASSERT_EQ(found.size(), 4U);
  EXPECT_EQ(found[0], (std::pair{config, config_}));
  EXPECT_EQ(found[1], (std::pair{a, layer_a_}));
  EXPECT_EQ(found[2], (std::pair{b, layer_b_}));
  EXPECT_EQ(found[3].first, "manifest.json");
  EXPECT_EQ(json::parse(found[3].second),
            json::array({{{"Config", config}, {"Layers", {a, b, a}}, {"RepoTags", {"r.io/app:hf-1"}}}}));
}

TEST_F(ImageArchiveTest, IsTheSameInPiecesOfAnySize) {
  const Digest manifest = put_manifest({layer_a_, layer_b_});
  auto whole = open(manifest);
  const std::string expected = read_all(*whole, 1'000'000);
  for (const std::size_t piece : std::initializer_list<std::size_t>{1, 7, 512, 513, 4'096}) {
    auto archive = open(manifest);
    EXPECT_EQ(read_all(*archive, piece), expected) << piece;
  }
}

TEST_F(ImageArchiveTest, ABlobThatIsNotThereIsNamed) {
  const Digest manifest = put_manifest({layer_a_, "not fetched"});
  const auto archive = open(manifest);
  ASSERT_FALSE(archive);
  EXPECT_EQ(archive.error().code(), Code::kNotFound);
}

TEST_F(ImageArchiveTest, ABlobThatBecomesShorterEndsIt) {
  auto archive = open(put_manifest({layer_a_}));
  fs::resize_file(store_.path(Digest::of(layer_a_)), 10);
  base::Result<std::string> got = std::string("x");
  while (got && !got->empty()) got = archive->read(64);
  ASSERT_FALSE(got);
  EXPECT_EQ(got.error().code(), Code::kCorrupt);
}

}  // namespace
}  // namespace holdfast::edge_agent
