// SPDX-License-Identifier: Apache-2.0
// What hub and fetching child say to each other, and the refs of a mirror as a file.
#include "gitops/git/fetch_job.hpp"

#include <gtest/gtest.h>

#include "base/limits/git.hpp"
#include "gitops/git/refs_file.hpp"

namespace holdfast::gitops {
namespace {

using base::Code;
using sync::Revision;

TEST(FetchJob, ReadsBackWhole) {
  const FetchJob job{
      JobKind::kRepack, {"https://h/a", "hub", "/t", "/k", "/kh", "/ca"}, "/folder", 1ULL << 40U, 2, 3};
  const auto again = decode_fetch_job(encode_fetch_job(job));
  ASSERT_TRUE(again) << again.error().message();
  EXPECT_EQ(again->kind, JobKind::kRepack);
  EXPECT_EQ(again->repository, job.repository);
  EXPECT_EQ(again->folder, job.folder);
  EXPECT_EQ(again->bytes_max, job.bytes_max);
  EXPECT_EQ(again->memory_bytes_max, 2U);
  EXPECT_EQ(again->cpu_s_max, 3U);
  EXPECT_FALSE(decode_fetch_job("{}"));
}

TEST(FetchAnswer, CarriesAnErrorWithItsCode) {
  EXPECT_TRUE(decode_fetch_answer(encode_fetch_answer({})));
  for (const Code code :
       {Code::kPermission, Code::kNotFound, Code::kTimeout, Code::kInternal, Code::kNoSpace}) {
    const auto answer = decode_fetch_answer(encode_fetch_answer(base::fail(code, "why")));
    ASSERT_FALSE(answer);
    EXPECT_EQ(answer.error(), base::Error(code, "why"));
  }
}

TEST(FetchAnswer, GarbageIsNoSuccess) {
  for (const char* text : {"", "yes", "[]", "{\"ok\":true}", "{\"code\":1}"})
    EXPECT_FALSE(decode_fetch_answer(text)) << text;
  EXPECT_EQ(decode_fetch_answer("{\"code\":\"Word\",\"message\":\"m\"}").error().code(), Code::kInternal);
}

const std::string kOne(40, '1');
const std::string kTwo(40, '2');

TEST(RefsFile, ReadsBackWhole) {
  const MirrorRefs refs{{{"main", Revision(kOne)}, {"feature/x", Revision(kTwo)}},
                        {{"v1", Revision(kTwo)}},
                        {{"web", Revision(kOne)}}};
  EXPECT_EQ(decode_refs(encode_refs(refs)).value(), refs);
  EXPECT_EQ(encode_refs(refs), kTwo + " refs/heads/feature/x\n" + kOne + " refs/heads/main\n" + kOne +
                                   " refs/holdfast/web\n" + kTwo + " refs/tags/v1\n");
}

TEST(RefsFile, ReadsWhatGitWrites) {
  const auto refs = decode_refs("# pack-refs with: peeled fully-peeled sorted \n" + kOne +
                                " refs/tags/v1\n^" + kTwo + "\n" + kTwo + " refs/notes/x\n");
  ASSERT_TRUE(refs) << refs.error().message();
  EXPECT_EQ(refs->tags.at("v1").str(), kOne);
  EXPECT_TRUE(refs->branches.empty());
}

TEST(RefsFile, ALineThatIsNoneIsCorrupt) {
  for (const std::string& text : {std::string("x"), kOne, kOne + " ", "G" + kOne.substr(1) + " refs/heads/a",
                                  kOne + "\trefs/heads/a", kOne.substr(1) + "  refs/heads/a"}) {
    const auto refs = decode_refs(text + "\n");
    ASSERT_FALSE(refs) << text;
    EXPECT_EQ(refs.error().code(), Code::kCorrupt);
  }
}

TEST(RefsFile, MoreRefsThanAllowedAreRefused) {
  std::string text;
  for (std::size_t i = 0; i <= base::limits::kGitRefsMax; ++i)
    text += kOne + " refs/heads/b" + std::to_string(i) + "\n";
  EXPECT_EQ(decode_refs(text).error().code(), Code::kLimit);
}

TEST(Head, IsABranchOrNothing) {
  EXPECT_EQ(decode_head(encode_head("feature/x")), "feature/x");
  EXPECT_EQ(decode_head(encode_head("")), "main");
  EXPECT_EQ(decode_head(kOne + "\n"), "");
  EXPECT_EQ(decode_head("ref: refs/tags/v1\n"), "");
}

TEST(RefPart, IsWhatGitTakesAsOnePart) {
  for (const char* name : {"web", "a.b", "x-1_2"}) EXPECT_TRUE(is_ref_part(name)) << name;
  for (const char* name : {"", ".a", "a.", "a..b", "a.lock", "a/b", "a b", "a~"})
    EXPECT_FALSE(is_ref_part(name)) << name;
}

}  // namespace
}  // namespace holdfast::gitops
