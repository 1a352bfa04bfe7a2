// SPDX-License-Identifier: Apache-2.0
// Label and annotation syntax, at and over each limit.
#include "sync/model/labels.hpp"

#include <gtest/gtest.h>

#include "base/limits/model.hpp"

namespace holdfast::sync {
namespace {

namespace limits = base::limits;

TEST(LabelKey, IsANameWithAnOptionalPrefix) {
  const std::string longest(limits::kLabelLengthMax, 'a');
  for (const std::string& key : {std::string("role"), std::string("a.b_c-D"), std::string("x.io/y"),
                                 std::string("app.kubernetes.io/name"), longest, "x.io/" + longest}) {
    EXPECT_TRUE(check_label_key(key)) << key;
  }
  for (const std::string& key :
       {std::string(), std::string("/a"), std::string("x.io/"), std::string("a/b/c"), std::string("X.io/a"),
        std::string("-a"), std::string("a-"), std::string("a b"), longest + "a", "x.io/" + longest + "a",
        std::string(limits::kNameLengthMax + 1, 'a') + "/a"}) {
    EXPECT_FALSE(check_label_key(key)) << key;
  }
}

TEST(LabelValue, IsShortAndPlain) {
  const std::string longest(limits::kLabelLengthMax, 'Z');
  for (const std::string& value : {std::string(), std::string("v1.2_3-x"), longest}) {
    EXPECT_TRUE(check_label_value(value)) << value;
  }
  for (const std::string& value : {std::string("a b"), std::string("-a"), std::string("a."), std::string("ü"),
                                   std::string("a/b"), longest + "Z"}) {
    EXPECT_FALSE(check_label_value(value)) << value;
  }
}

TEST(Labels, ErrorNamesTheLabel) {
  EXPECT_EQ(
      check_labels({{"role", "front camera"}}, "metadata.labels").error().message(),
      "metadata.labels[\"role\"]: the value \"front camera\" must be letters, digits, '-', '_' and '.', "
      "beginning and ending with a letter or digit");
}

TEST(Labels, AreBoundedInNumber) {
  StringMap labels;
  for (std::size_t i = 0; i < limits::kLabelsMax; ++i) labels["l" + std::to_string(i)] = "v";
  EXPECT_TRUE(check_labels(labels, "metadata.labels"));
  labels["one-more"] = "v";
  EXPECT_EQ(check_labels(labels, "metadata.labels").error().message(),
            "metadata.labels: 129 labels; at most 128 are allowed");
}

TEST(Annotations, HaveFreeValuesWithinALimit) {
  const std::string fits(limits::kAnnotationBytesMax - 1, ' ');
  EXPECT_TRUE(check_annotations({{"a", fits}}, "metadata.annotations"));
  EXPECT_EQ(check_annotations({{"a", fits + " "}}, "metadata.annotations").error().code(),
            base::Code::kLimit);
  EXPECT_FALSE(check_annotations({{"a b", ""}}, "metadata.annotations"));
}

}  // namespace
}  // namespace holdfast::sync
