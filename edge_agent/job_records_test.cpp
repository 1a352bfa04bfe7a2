// SPDX-License-Identifier: Apache-2.0
// What is stored of Jobs reads back as it was, and bytes that say nothing are an error.
#include "edge_agent/job_records.hpp"

#include <gtest/gtest.h>

namespace holdfast::edge_agent {
namespace {

using namespace std::chrono_literals;

const sync::ResourceKey kKey{"batch", "CronJob", "default", "report"};

CronRecord record() {
  CronRecord out{.dealt_with = base::WallTime{1'700'000'000s}, .jobs = {}};
  const Stamp stamp{"boot-1", base::MonotonicTime{70s}, base::WallTime{1'700'000'005s}};
  JobRecord job{.run = base::Digest::of("run"), .tries = 3, .succeeded = 1, .failed = 2, .failed_in_row = 2};
  job.started = stamp;
  job.last_failed = stamp;
  job.outcome = JobOutcome::kFailed;
  job.reason = "BackoffLimitExceeded";
  job.message = "failed 2 times";
  job.finished = stamp;
  job.done = {base::Digest::of("a"), base::Digest::of("b")};
  out.jobs.push_back({base::WallTime{1'700'000'000s}, job, true});
  out.jobs.push_back({base::WallTime{1'700'000'060s}, {.run = base::Digest::of("run")}});
  return out;
}

TEST(JobRecords, ReadBackAsTheyWere) {
  const auto read = decode_jobs(encode_jobs(kKey, record()));
  ASSERT_TRUE(read) << read.error().message();
  EXPECT_EQ(read->first, kKey);
  EXPECT_EQ(read->second, record());
  EXPECT_EQ(decode_jobs(encode_jobs(kKey, {}))->second, CronRecord{});
}

TEST(JobRecords, CutOffAtAnyPlaceAreAnError) {
  const auto bytes = encode_jobs(kKey, record());
  for (std::size_t n = 0; n < bytes.size(); ++n) EXPECT_FALSE(decode_jobs(bytes.substr(0, n))) << n;
}

TEST(JobRecords, WhatSaysNothingIsAnError) {
  for (const auto* const text : {R"({})", R"([])", R"({"key":"batch/CronJob/a/b","dealtWith":"x","jobs":[]})",
                                 R"({"key":"batch/CronJob/a/b","dealtWith":0,"jobs":{}})",
                                 R"({"key":"batch/CronJob/a/b","dealtWith":0,"jobs":[{}]})",
                                 R"({"key":"nothing","dealtWith":0,"jobs":[]})",
                                 R"({"key":"batch/CronJob/a/b","dealtWith":"0","jobs":[]})"}) {
    EXPECT_FALSE(decode_jobs(text)) << text;
  }
}

}  // namespace
}  // namespace holdfast::edge_agent
