// SPDX-License-Identifier: Apache-2.0
// How systemd names a unit's object, there and back.
#include "base/systemd/unit_object.hpp"

#include <gtest/gtest.h>

namespace holdfast::base {
namespace {

TEST(UnitObject, PathsAreSystemds) {
  EXPECT_EQ(unit_object_path("camera.service"), "/org/freedesktop/systemd1/unit/camera_2eservice");
  EXPECT_EQ(unit_object_path("a-b@c:1.mount"), "/org/freedesktop/systemd1/unit/a_2db_40c_3a1_2emount");
  EXPECT_EQ(unit_object_path("1a.service"), "/org/freedesktop/systemd1/unit/_31a_2eservice")
      << "no digit first";
}

TEST(UnitObject, PathsLeadBack) {
  for (const std::string unit :
       {"camera.service", "a-b@c:1.mount", "1a.service", "dev-disk-by\\x2dlabel.swap"})
    EXPECT_EQ(unit_of_object_path(unit_object_path(unit)), unit);
}

TEST(UnitObject, OtherPathsAreNoUnits) {
  for (const std::string path : {"", "/org/freedesktop/systemd1", "/org/freedesktop/systemd1/unit/",
                                 "/org/freedesktop/systemd1/unit/a_", "/org/freedesktop/systemd1/unit/a_2",
                                 "/org/freedesktop/systemd1/unit/a_zz"})
    EXPECT_FALSE(unit_of_object_path(path)) << path;
}

TEST(UnitObject, EachTypeIsAskedForWhatItHas) {
  EXPECT_EQ(unit_type_interface("a.timer"), "org.freedesktop.systemd1.Timer");
  EXPECT_EQ(unit_type_properties("a.timer"), (std::vector<std::string>{"Result"}));
  EXPECT_TRUE(unit_type_properties("a.target").empty());
  EXPECT_FALSE(unit_type_properties("a.service").empty());
}

}  // namespace
}  // namespace holdfast::base
