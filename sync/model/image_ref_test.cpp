// SPDX-License-Identifier: Apache-2.0
// Names of images: their full form, and what is none.
#include "sync/model/image_ref.hpp"

#include <gtest/gtest.h>

namespace holdfast::sync {
namespace {

const std::string kHex(64, 'a');

struct Good {
  std::string text;
  std::string registry;
  std::string repository;
  std::string tag;
  bool has_digest = false;
};

TEST(ImageRef, IsReadIntoItsFullForm) {
  const Good rows[] = {
      {"nginx", "docker.io", "library/nginx", "latest"},
      {"nginx:1.25", "docker.io", "library/nginx", "1.25"},
      {"team/app", "docker.io", "team/app", "latest"},
      {"docker.io/nginx", "docker.io", "library/nginx", "latest"},
      {"registry.example.com/team/app:v1", "registry.example.com", "team/app", "v1"},
      {"localhost/app", "localhost", "app", "latest"},
      {"localhost:5000/app:1", "localhost:5000", "app", "1"},
      {"10.0.0.7:5000/a/b/c", "10.0.0.7:5000", "a/b/c", "latest"},
      {"[fd00::7]:5000/app", "[fd00::7]:5000", "app", "latest"},
      {"NAS/app", "NAS", "app", "latest"},
      {"app@sha256:" + kHex, "docker.io", "library/app", "", true},
      {"r.example.com:443/app:1@sha256:" + kHex, "r.example.com:443", "app", "1", true},
      {"r.io/a__b/c-d--e/f.g_h:V_1.0-x", "r.io", "a__b/c-d--e/f.g_h", "V_1.0-x"},
  };
  for (const auto& row : rows) {
    const auto image = ImageRef::parse(row.text);
    ASSERT_TRUE(image) << row.text << ": " << image.error().message();
    EXPECT_EQ(image->registry, row.registry) << row.text;
    EXPECT_EQ(image->repository, row.repository) << row.text;
    EXPECT_EQ(image->tag, row.tag) << row.text;
    EXPECT_EQ(image->digest.has_value(), row.has_digest) << row.text;
    const auto again = ImageRef::parse(image->text());
    ASSERT_TRUE(again) << image->text();
    EXPECT_EQ(*again, *image) << row.text;
  }
}

TEST(ImageRef, IsRefusedWhereItIsNone) {
  for (const std::string& text : {std::string(""),
                                  std::string(" "),
                                  std::string("Nginx"),
                                  std::string("nginx:"),
                                  std::string("nginx: 1"),
                                  std::string("nginx@"),
                                  std::string("nginx@md5:1"),
                                  std::string("nginx@sha256:12"),
                                  "nginx@sha256:" + std::string(64, 'g'),
                                  std::string("a//b"),
                                  std::string("/a"),
                                  std::string("a/"),
                                  std::string("a..b/c"),
                                  std::string("a/b-"),
                                  std::string("a/_b"),
                                  std::string("a/b___c"),
                                  std::string("a/b.-c"),
                                  std::string("https://r.io/a"),
                                  std::string("r.io:0/a"),
                                  std::string("r.io:65536/a"),
                                  std::string("r.io:/a"),
                                  std::string("-r.io/a"),
                                  std::string("a/b:c/d"),
                                  std::string("a\nb"),
                                  std::string("nginx:.1"),
                                  "nginx:" + std::string(129, '1'),
                                  std::string(5'000, 'a')}) {
    EXPECT_FALSE(ImageRef::parse(text)) << text;
  }
}

TEST(ImageRef, ErrorSaysWhichPart) {
  EXPECT_EQ(ImageRef::parse("team/App").error().message(),
            "\"team/App\" is not an image such as \"registry.example.com/team/app:1.2\": its name is "
            "lower-case letters "
            "and digits, with '.', '_', '-' and '/' between");
}

}  // namespace
}  // namespace holdfast::sync
