// SPDX-License-Identifier: Apache-2.0
// The alphabet of the binary messages.
#include "sync/wire/bytes.hpp"

#include <gtest/gtest.h>

namespace holdfast::sync {
namespace {

TEST(Bytes, NumbersAreLittleEndian) {
  EXPECT_EQ(ByteWriter().u8(1).u32(0x04030201).u64(0x0807060504030201).take(),
            std::string("\1\1\2\3\4\1\2\3\4\5\6\7\x08", 13));
}

TEST(Bytes, ReadBackWhatWasWritten) {
  const base::Digest digest = base::Digest::of("x");
  const std::string bytes = ByteWriter()
                                .u8(255)
                                .u32(UINT32_MAX)
                                .u64(UINT64_MAX)
                                .generation({1, 2})
                                .digest(digest)
                                .block("abc")
                                .raw("z")
                                .take();
  ByteReader in(bytes);
  EXPECT_EQ(in.u8(), 255);
  EXPECT_EQ(in.u32(), UINT32_MAX);
  EXPECT_EQ(in.u64(), UINT64_MAX);
  EXPECT_EQ(in.generation(), (Generation{1, 2}));
  EXPECT_EQ(in.digest(), digest);
  EXPECT_EQ(in.block(), "abc");
  EXPECT_EQ(in.rest(), "z");
  EXPECT_TRUE(in.ok());
}

TEST(Bytes, ReadingBeyondTheEndFailsForGood) {
  ByteReader in("abc");
  EXPECT_EQ(in.u32(), 0U);
  EXPECT_FALSE(in.ok());
  EXPECT_EQ(in.u8(), 0) << "what is left is not read out of step";
  EXPECT_FALSE(in.ok());
}

TEST(Bytes, BlockLongerThanTheBytesFails) {
  const std::string bytes = ByteWriter().u32(UINT32_MAX).raw("abc").take();
  ByteReader in(bytes);
  EXPECT_EQ(in.block(), "");
  EXPECT_FALSE(in.ok());
}

}  // namespace
}  // namespace holdfast::sync
