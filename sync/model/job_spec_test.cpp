// SPDX-License-Identifier: Apache-2.0
// Job and CronJob: defaults and what is refused.
#include "sync/model/job_spec.hpp"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>
#include <string>

#include "base/limits/model.hpp"
#include "sync/model/kubernetes_examples.hpp"

namespace holdfast::sync {
namespace {

using base::Json;
using std::chrono::seconds;
namespace limits = base::limits;

Json job_json() {
  return *base::parse_json(R"({"metadata": {"name": "a"}, "spec": {"template": {"spec": {
    "restartPolicy": "Never", "containers": [{"name": "app", "image": "a:1"}]}}}})");
}

Json cron_json() {
  Json cron =
      *base::parse_json(R"({"metadata": {"name": "a"}, "spec": {"schedule": "@daily", "jobTemplate": {}}})");
  cron["spec"]["jobTemplate"]["spec"] = job_json()["spec"];
  return cron;
}

TEST(Job, HasKubernetesDefaults) {
  const auto job = parse_job(job_json());
  ASSERT_TRUE(job) << job.error().message();
  EXPECT_EQ(job->completions, 1U);
  EXPECT_EQ(job->backoff_limit, 6U);
  EXPECT_FALSE(job->active_deadline);
  EXPECT_FALSE(job->ttl_after_finished);
  EXPECT_FALSE(job->suspend);
}

TEST(Job, ReadsAWholeOne) {
  const auto job = parse_job(*base::parse_json(kJobExample));
  ASSERT_TRUE(job) << job.error().message();
  EXPECT_EQ(job->completions, 2U);
  EXPECT_EQ(job->backoff_limit, 3U);
  EXPECT_EQ(job->active_deadline, seconds{600});
  EXPECT_EQ(job->ttl_after_finished, seconds{100});
  EXPECT_EQ(job->pod.spec.restart_policy, RestartPolicy::kNever);
}

TEST(Job, PodsMustEnd) {
  Json job = job_json();
  job["spec"]["template"]["spec"].erase("restartPolicy");
  EXPECT_EQ(parse_job(job).error().message(),
            "spec.template.spec.restartPolicy: must be OnFailure or Never, and written");
}

TEST(Job, ParallelPodsAreRefused) {
  Json job = job_json();
  job["spec"]["parallelism"] = 2;
  EXPECT_EQ(parse_job(job).error().message(),
            "spec.parallelism: a Job runs one pod at a time on a node; write 1 or take it out, or write "
            "several Jobs");
}

TEST(Job, NumbersAreBounded) {
  const auto parsed = [](const char* field, std::int64_t value) {
    Json job = job_json();
    job["spec"][field] = value;
    return parse_job(job).has_value();
  };
  const std::int64_t deadline = seconds(limits::kJobDeadlineMax).count();
  EXPECT_TRUE(parsed("completions", limits::kJobCompletionsMax));
  EXPECT_FALSE(parsed("completions", limits::kJobCompletionsMax + 1));
  EXPECT_FALSE(parsed("completions", 0));
  EXPECT_TRUE(parsed("backoffLimit", limits::kJobBackoffLimitMax));
  EXPECT_FALSE(parsed("backoffLimit", limits::kJobBackoffLimitMax + 1));
  EXPECT_TRUE(parsed("activeDeadlineSeconds", deadline));
  EXPECT_FALSE(parsed("activeDeadlineSeconds", deadline + 1));
  EXPECT_TRUE(parsed("ttlSecondsAfterFinished", 0));
}

TEST(CronJob, HasKubernetesDefaultsAndUtc) {
  const auto cron = parse_cron_job(cron_json());
  ASSERT_TRUE(cron) << cron.error().message();
  EXPECT_EQ(cron->schedule, *CronSchedule::parse("0 0 * * *"));
  EXPECT_EQ(cron->time_zone, "UTC");
  EXPECT_EQ(cron->concurrency, ConcurrencyPolicy::kAllow);
  EXPECT_FALSE(cron->starting_deadline);
  EXPECT_EQ(cron->successful_kept, 3U);
  EXPECT_EQ(cron->failed_kept, 1U);
}

TEST(CronJob, ReadsAWholeOne) {
  const auto cron = parse_cron_job(*base::parse_json(kCronJobExample));
  ASSERT_TRUE(cron) << cron.error().message();
  EXPECT_EQ(cron->time_zone, "Europe/Berlin");
  EXPECT_EQ(cron->concurrency, ConcurrencyPolicy::kForbid);
  EXPECT_EQ(cron->starting_deadline, seconds{3'600});
  EXPECT_EQ(cron->successful_kept, 2U);
  EXPECT_EQ(cron->failed_kept, 5U);
  EXPECT_EQ(cron->job_labels, (StringMap{{"app", "report"}}));
  EXPECT_EQ(cron->job.pod.spec.restart_policy, RestartPolicy::kOnFailure);
}

struct Bad {
  const char* name;
  const char* field;
  Json value;
  const char* message;
};
class CronJobRefuses : public testing::TestWithParam<Bad> {};

TEST_P(CronJobRefuses, AndNamesTheField) {
  Json cron = cron_json();
  cron["spec"][GetParam().field] = GetParam().value;
  const auto parsed = parse_cron_job(cron);
  ASSERT_FALSE(parsed);
  EXPECT_EQ(parsed.error().message(), GetParam().message);
}

INSTANTIATE_TEST_SUITE_P(
    Fields, CronJobRefuses,
    testing::Values(
        Bad{"Schedule", "schedule", "0 0 30 2 *",
            "spec.schedule: \"0 0 30 2 *\" never comes: none of its months has such a day"},
        Bad{"Zone", "timeZone", "Local",
            "spec.timeZone: \"Local\" is no time zone; write its name, such as \"Europe/Berlin\""},
        Bad{"Policy", "concurrencyPolicy", "Queue",
            "spec.concurrencyPolicy: must be one of Allow, Forbid, Replace"},
        Bad{"DeadlineOfNothing", "startingDeadlineSeconds", 0,
            "spec.startingDeadlineSeconds: must be a whole number from 1 to 31536000"},
        Bad{"History", "successfulJobsHistoryLimit", limits::kJobHistoryMax + 1,
            "spec.successfulJobsHistoryLimit: must be a whole number from 0 to 100"}),
    [](const auto& row) { return row.param.name; });

TEST(CronJob, NamesLeaveRoomForThoseOfItsJobs) {
  const auto named = [](Json object, std::size_t length, auto parse) {
    object["metadata"]["name"] = std::string(length, 'a');
    return parse(object).has_value();
  };
  EXPECT_TRUE(named(cron_json(), limits::kCronJobNameLengthMax, parse_cron_job));
  EXPECT_FALSE(named(cron_json(), limits::kCronJobNameLengthMax + 1, parse_cron_job));
  EXPECT_TRUE(named(job_json(), limits::kJobNameLengthMax, parse_job));
  EXPECT_FALSE(named(job_json(), limits::kJobNameLengthMax + 1, parse_job));
}

}  // namespace
}  // namespace holdfast::sync
