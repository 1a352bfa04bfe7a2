// SPDX-License-Identifier: Apache-2.0
#include "edge_agent/image_needs.hpp"

#include <gtest/gtest.h>

#include "sync/model/section.hpp"

namespace holdfast::edge_agent {
namespace {

sync::Resource resource(const std::string& json) { return sync::parse_resource(json).value(); }

TEST(ImageNeeds, AreThoseOfAllContainersInFullForm) {
  sync::Section section;
  section.resources = {
      resource(
          R"({"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"a","namespace":"default"},"data":{"image":"no"}})"),
      resource(R"({"apiVersion":"v1","kind":"Pod","metadata":{"name":"b","namespace":"default"},)"
               R"("spec":{"containers":[{"name":"app","image":"nginx:1"}]}})"),
      resource(R"({"apiVersion":"v1","kind":"Pod","metadata":{"name":"c","namespace":"default"},)"
               R"("spec":{"containers":[{"name":"app","image":"ghcr.io/x/y"}]}})"),
  };
  std::set<std::string> needed;
  const auto added = add_images_of(sync::encode_section(section), needed);
  ASSERT_TRUE(added) << added.error().message();
  EXPECT_EQ(needed, (std::set<std::string>{"docker.io/library/nginx:1", "ghcr.io/x/y:latest"}));
}

TEST(ImageNeeds, OfWhatIsNoSectionCannotBeTold) {
  std::set<std::string> needed;
  EXPECT_FALSE(add_images_of("no section", needed));
}

TEST(ImageNeeds, EachSectionIsReadOnceAndForgottenWhenNobodyAsksForIt) {
  const auto section_of = [](const std::string& image) {
    sync::Section section;
    section.resources = {resource(
        R"({"apiVersion":"v1","kind":"Pod","metadata":{"name":"b","namespace":"default"},"spec":{"containers":[{"name":"app","image":")" +
        image + R"("}]}})")};
    return sync::encode_section(section);
  };
  const auto a = base::Digest::of("a");
  const auto b = base::Digest::of("b");
  int reads = 0;
  bool is_broken = false;
  const ImageNeeds::Read read = [&](const base::Digest& digest) -> base::Result<std::string> {
    ++reads;
    if (is_broken) return base::fail(base::Code::kCorrupt, "it is so");
    return section_of(digest == a ? "nginx:1" : "nginx:2");
  };
  ImageNeeds needs;
  EXPECT_EQ(needs.of({a, b}, read).value().size(), 2U);
  EXPECT_EQ(needs.of({a, b}, read).value().size(), 2U);
  EXPECT_EQ(reads, 2);
  EXPECT_EQ(needs.of({b}, read).value(), std::set<std::string>{"docker.io/library/nginx:2"});
  EXPECT_EQ(reads, 2);
  is_broken = true;
  EXPECT_FALSE(needs.of({a, b}, read)) << "what cannot be read is not taken for nothing";
  is_broken = false;
  EXPECT_EQ(needs.of({a, b}, read).value().size(), 2U);
  EXPECT_EQ(reads, 4);
}

}  // namespace
}  // namespace holdfast::edge_agent
