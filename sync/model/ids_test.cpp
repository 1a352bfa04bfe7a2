// SPDX-License-Identifier: Apache-2.0
// Generations, shards, and what may be a name, a namespace and an id.
#include "sync/model/ids.hpp"

#include <gtest/gtest.h>

#include "base/limits/model.hpp"

namespace holdfast::sync {
namespace {

TEST(Generation, IsOrderedByEpochAndThenBySequence) {
  EXPECT_LT((Generation{0, 0}), (Generation{0, 1}));
  EXPECT_LT((Generation{1, 900}), (Generation{2, 1}));
}

TEST(Generation, ReadsWhatItWrites) {
  const Generation last{UINT64_MAX, UINT64_MAX};
  EXPECT_EQ((Generation{3, 17}.text()), "3.17");
  EXPECT_EQ(Generation::parse("3.17"), (Generation{3, 17}));
  EXPECT_EQ(Generation::parse(last.text()), last);
}

TEST(Generation, HasOneTextOnly) {
  for (const char* text : {"", "3", ".", "3.", ".17", "3.17.1", "03.17", "3.017", "-1.2", "3.17 ", "+3.1",
                           "3,17", "18446744073709551616.0"}) {
    EXPECT_FALSE(Generation::parse(text)) << text;
  }
}

TEST(Shard, IsFrozen) {
  EXPECT_EQ(shard_of(NodeUid("5e0d8f6c-9a9e-4b53-a6ee-0a8bff1c2d33")), 81U);
  EXPECT_EQ(shard_of(NodeUid("node-1")), 151U);
}

TEST(Name, IsAnRfc1123Subdomain) {
  const std::string longest(base::limits::kNameLengthMax, 'a');
  for (const std::string& name : {std::string("a"), std::string("a-b.c0"), std::string("0"), longest}) {
    EXPECT_TRUE(check_name(name, "metadata.name")) << name;
  }
  for (const std::string& name :
       {std::string(), std::string("A"), std::string("-a"), std::string("a-"), std::string("a..b"),
        std::string(".a"), std::string("a_b"), std::string("a/b"), std::string("ä"), longest + "a"}) {
    EXPECT_FALSE(check_name(name, "metadata.name")) << name;
  }
}

TEST(Name, ErrorSaysTheFieldTheTextAndTheRule) {
  EXPECT_EQ(check_name("My_File", "metadata.name").error().message(),
            "metadata.name: \"My_File\" is not a name: lower-case letters, digits, '-' and '.', "
            "starting and ending with a letter or digit");
  const std::string long_name(base::limits::kNameLengthMax + 1, 'a');
  EXPECT_EQ(check_name(long_name, "metadata.name").error().message(),
            "metadata.name: 254 characters; at most 253 are allowed");
  EXPECT_EQ(check_name(long_name, "metadata.name").error().code(), base::Code::kLimit);
}

TEST(Namespace, IsOneLabel) {
  EXPECT_TRUE(check_namespace(std::string(base::limits::kLabelLengthMax, 'a'), "namespace"));
  EXPECT_FALSE(check_namespace(std::string(base::limits::kLabelLengthMax + 1, 'a'), "namespace"));
  EXPECT_FALSE(check_namespace("a.b", "namespace"));
  EXPECT_FALSE(check_namespace("", "namespace"));
}

TEST(Id, IsSafeInATopicAFileNameAndALogLine) {
  EXPECT_TRUE(check_id("5e0d8f6c-9a9e-4b53-a6ee-0a8bff1c2d33", "node"));
  EXPECT_TRUE(check_id(std::string(base::limits::kIdLengthMax, 'f'), "revision"));
  for (const std::string& id :
       {std::string(), std::string("a/b"), std::string("+"), std::string("#"), std::string("a b"),
        std::string("a\nb"), std::string(base::limits::kIdLengthMax + 1, 'f')}) {
    EXPECT_FALSE(check_id(id, "node")) << id;
  }
}

}  // namespace
}  // namespace holdfast::sync
