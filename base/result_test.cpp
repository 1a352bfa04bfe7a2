// SPDX-License-Identifier: Apache-2.0
// Error: what a code means for the caller, how an errno becomes one, and how it carries its place.
#include "base/result.hpp"

#include <gtest/gtest.h>

#include <cerrno>
#include <memory>
#include <set>

namespace holdfast::base {
namespace {

constexpr Code kAllCodes[] = {Code::kInvalid,    Code::kNotFound,    Code::kConflict,    Code::kLimit,
                              Code::kPermission, Code::kUnavailable, Code::kTimeout,     Code::kCorrupt,
                              Code::kTooNew,     Code::kNoSpace,     Code::kUnsupported, Code::kIo,
                              Code::kInternal};

TEST(Code, EachHasAWordOfItsOwn) {
  std::set<std::string_view> words;
  for (const Code code : kAllCodes) words.insert(to_string(code));
  EXPECT_EQ(words.size(), std::size(kAllCodes));
  EXPECT_FALSE(words.contains("Unknown"));
}

TEST(Disposition, EachHasAWordOfItsOwn) {
  EXPECT_EQ(to_string(Disposition::kRetry), "Retry");
  EXPECT_EQ(to_string(Disposition::kWait), "Wait");
  EXPECT_EQ(to_string(Disposition::kStalled), "Stalled");
}

TEST(Error, WhatPassesIsTriedAgainAndWhatIsWrongIsNot) {
  EXPECT_EQ(Error(Code::kUnavailable, "x").disposition(), Disposition::kRetry);
  EXPECT_EQ(Error(Code::kTimeout, "x").disposition(), Disposition::kRetry);
  EXPECT_EQ(Error(Code::kNoSpace, "x").disposition(), Disposition::kRetry);
  EXPECT_EQ(Error(Code::kNotFound, "x").disposition(), Disposition::kWait);
  EXPECT_EQ(Error(Code::kInvalid, "x").disposition(), Disposition::kStalled);
  EXPECT_EQ(Error(Code::kTooNew, "x").disposition(), Disposition::kStalled);
  EXPECT_EQ(Error(Code::kInternal, "x").disposition(), Disposition::kStalled);
}

TEST(Error, ThePlaceKnowsTheDispositionBetter) {
  EXPECT_EQ(Error(Code::kConflict, Disposition::kStalled, "x").disposition(), Disposition::kStalled);
  EXPECT_EQ(Error(Code::kInvalid, "x").with_disposition(Disposition::kRetry).disposition(),
            Disposition::kRetry);
}

struct ErrnoRow {
  const char* name;
  int value;
  Code code;
};

class ErrorOfErrno : public testing::TestWithParam<ErrnoRow> {};

TEST_P(ErrorOfErrno, HasTheCodeThatFits) {
  const Error error = Error::from_errno(GetParam().value, "cannot open 'x'");
  EXPECT_EQ(error.code(), GetParam().code);
  EXPECT_TRUE(error.message().starts_with("cannot open 'x': ")) << error.message();
}

INSTANTIATE_TEST_SUITE_P(
    Table, ErrorOfErrno,
    testing::Values(
        ErrnoRow{"Missing", ENOENT, Code::kNotFound}, ErrnoRow{"NoProcess", ESRCH, Code::kNotFound},
        ErrnoRow{"Exists", EEXIST, Code::kConflict}, ErrnoRow{"Access", EACCES, Code::kPermission},
        ErrnoRow{"Symlink", ELOOP, Code::kPermission}, ErrnoRow{"Full", ENOSPC, Code::kNoSpace},
        ErrnoRow{"ReadOnly", EROFS, Code::kNoSpace}, ErrnoRow{"OtherMachine", ENOEXEC, Code::kUnsupported},
        ErrnoRow{"OldKernel", ENOSYS, Code::kUnsupported}, ErrnoRow{"TimedOut", ETIMEDOUT, Code::kTimeout},
        ErrnoRow{"Refused", ECONNREFUSED, Code::kUnavailable}, ErrnoRow{"Folder", EISDIR, Code::kInvalid},
        ErrnoRow{"Disk", EIO, Code::kIo}),
    [](const auto& row) { return row.param.name; });

TEST(Error, ContextIsPutBeforeTheMessageAndKeepsTheRest) {
  const Error error(Code::kLimit, Disposition::kRetry, "too long");
  const Error placed = error.with_context("spec.path").with_context("apps/a.yaml:12");
  EXPECT_EQ(placed.message(), "apps/a.yaml:12: spec.path: too long");
  EXPECT_EQ(placed.code(), Code::kLimit);
  EXPECT_EQ(placed.disposition(), Disposition::kRetry);
  EXPECT_EQ(error.message(), "too long");
}

// ---- the macros ----

Status positive(int value) {
  if (value > 0) return {};
  return fail(Code::kInvalid, "not positive");
}

Result<std::unique_ptr<int>> boxed(int value) {
  HF_CHECK(positive(value));
  return std::make_unique<int>(value);
}

Result<int> sum(int a, int b) {
  HF_TRY(auto first, boxed(a));
  HF_TRY(const auto second, boxed(b));
  return *first + *second;
}

TEST(Macros, GiveTheValueOrReturnTheError) {
  EXPECT_EQ(sum(2, 3).value(), 5);
  EXPECT_EQ(sum(2, -3).error(), Error(Code::kInvalid, "not positive"));
  EXPECT_EQ(sum(0, 3).error().message(), "not positive");
}

TEST(Macros, EvaluateTheirArgumentOnce) {
  int calls = 0;
  const auto run = [&]() -> Status {
    const auto once = [&]() -> Status {
      ++calls;
      return {};
    };
    HF_CHECK(once());
    return {};
  };
  EXPECT_TRUE(run());
  EXPECT_EQ(calls, 1);
}

}  // namespace
}  // namespace holdfast::base
