// SPDX-License-Identifier: Apache-2.0
#include "edge_agent/registry/pull_job.hpp"

#include <gtest/gtest.h>

namespace holdfast::edge_agent {
namespace {

using base::Code;
using base::Digest;
using namespace std::chrono_literals;

TEST(PullJob, ComesBackAsItWas) {
  PullJob job;
  job.image = sync::ImageRef::parse("r.io/app:1@sha256:" + Digest::of("m").hex()).value();
  job.platform = {"linux", "arm", "v7"};
  job.store = "/data/images/blobs/sha256";
  job.engine_folder = "/var/lib/docker";
  job.present = {Digest::of("a"), Digest::of("b")};
  job.spare = {Digest::of("c")};
  job.is_plain = true;
  job.others_are_to_come = true;
  job.ca_file = "/etc/ca.pem";
  job.credentials = {"user", "pass\"word"};
  job.proxy = "http://p:1";
  job.no_proxy = "a,b";
  job.bytes_per_s_max = 1'000'000;
  const auto back = decode_pull_job(encode_pull_job(job));
  ASSERT_TRUE(back) << back.error().message();
  EXPECT_EQ(*back, job);
}

TEST(PullWord, ComesBackAsItWas) {
  const PullWord words[] = {
      PullProgress{34'000'000, 120'000'000},
      PulledImage{Digest::of("m"), Digest::of("i"), Digest::of("c"), {Digest::of("l")}, true},
      PullFailure{base::Error(Code::kNoSpace, "no room"), 30s},
      PullFailure{base::Error(Code::kInternal, "x"), std::nullopt},
  };
  for (const PullWord& word : words) {
    const std::string line = encode_pull_word(word);
    EXPECT_EQ(line.find('\n'), std::string::npos);
    const auto back = decode_pull_word(line);
    ASSERT_TRUE(back) << line << back.error().message();
    EXPECT_EQ(*back, word) << line;
  }
}

TEST(PullWord, ThatIsNoneIsRefused) {
  for (const char* bad : {"", "[]", "{}", "x", R"({"bytes":"1"})", R"({"code":"?","message":""})"})
    EXPECT_FALSE(decode_pull_word(bad)) << bad;
}

}  // namespace
}  // namespace holdfast::edge_agent
