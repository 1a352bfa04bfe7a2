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

}  // namespace
}  // namespace holdfast::edge_agent
