// SPDX-License-Identifier: Apache-2.0
#include "sync/model/job_spec.hpp"

#include <nlohmann/json.hpp>

#include "base/limits/model.hpp"
#include "sync/model/fields.hpp"
#include "sync/model/metadata.hpp"
#include "sync/model/pod_fields.hpp"
#include "sync/model/time_zone.hpp"
#include "sync/model/words.hpp"
#include "sync/model/workload_fields.hpp"

namespace holdfast::sync {
namespace {

using base::Code;
using base::fail;
using base::Json;
using base::ObjectReader;
using base::Result;
using base::Status;
namespace limits = base::limits;
using std::chrono::seconds;

constexpr Words<ConcurrencyPolicy, 3> kConcurrencyPolicies{{{{ConcurrencyPolicy::kAllow, "Allow"},
                                                             {ConcurrencyPolicy::kForbid, "Forbid"},
                                                             {ConcurrencyPolicy::kReplace, "Replace"}}}};

Result<JobSpec> read_job(const Json& value, const std::string& where) {
  JobSpec job;
  ObjectReader in(value, where);
  HF_CHECK(apply_rules(kJobSpecFields, value, where, in));
  in.required("template", document_field(job.pod, parse_pod_template))
      .optional("completions", number_field(job.completions, 1, limits::kJobCompletionsMax))
      .optional("backoffLimit", number_field(job.backoff_limit, 0, limits::kJobBackoffLimitMax))
      .optional("activeDeadlineSeconds",
                seconds_field(job.active_deadline, seconds{1}, limits::kJobDeadlineMax))
      .optional("ttlSecondsAfterFinished",
                seconds_field(job.ttl_after_finished, seconds{0}, limits::kJobDeadlineMax))
      .optional("suspend", job.suspend);
  HF_CHECK(in.finish());
  if (job.pod.spec.restart_policy != RestartPolicy::kAlways) return job;
  return fail(Code::kInvalid,
              where + ".template.spec.restartPolicy: must be OnFailure or Never, and written");
}

Status read_job_metadata(const Json& value, const std::string& where, CronJob& out) {
  ObjectReader in(value, where);
  HF_CHECK(apply_rules(kTemplateMetadataFields, value, where, in));
  in.optional("labels", out.job_labels).optional("annotations", out.job_annotations);
  HF_CHECK(in.finish());
  HF_CHECK(check_labels(out.job_labels, where + ".labels"));
  return check_annotations(out.job_annotations, where + ".annotations");
}

Status read_job_template(const Json& value, const std::string& where, CronJob& out) {
  ObjectReader in(value, where);
  in.optional("metadata", [&](const Json& metadata, const std::string& at) {
      return read_job_metadata(metadata, at, out);
    }).required("spec", document_field(out.job, read_job));
  return in.finish();
}

Result<CronJob> read_cron_job(const Json& value, const std::string& where) {
  CronJob cron;
  ObjectReader in(value, where);
  HF_CHECK(apply_rules(kCronJobSpecFields, value, where, in));
  in.required("schedule", text_field(cron.schedule, CronSchedule::parse))
      .required("jobTemplate",
                [&](const Json& job, const std::string& at) { return read_job_template(job, at, cron); })
      .optional("timeZone", text_field(cron.time_zone, parse_zone_name))
      .optional("concurrencyPolicy",
                text_field(cron.concurrency,
                           [](std::string_view word) { return kConcurrencyPolicies.parse(word, ""); }))
      .optional("startingDeadlineSeconds",
                seconds_field(cron.starting_deadline, seconds{1}, limits::kJobDeadlineMax))
      .optional("suspend", cron.suspend)
      .optional("successfulJobsHistoryLimit", number_field(cron.successful_kept, 0, limits::kJobHistoryMax))
      .optional("failedJobsHistoryLimit", number_field(cron.failed_kept, 0, limits::kJobHistoryMax));
  HF_CHECK(in.finish());
  return cron;
}

/// Shorter than other names, because Kubernetes makes other names of it.
Status check_length(const Json& object, std::size_t length_max) {
  ObjectReader in(object, "");
  Metadata metadata;
  in.required("metadata", document_field(metadata, parse_metadata));
  HF_CHECK(in.finish_open());
  if (metadata.name.size() <= length_max) return {};
  return fail(Code::kLimit, "metadata.name: " + std::to_string(metadata.name.size()) +
                                " characters; at most " + std::to_string(length_max) +
                                " are allowed for this kind");
}

template <class T, class Read>
Result<T> read_object(const Json& object, std::size_t name_length_max, Read read) {
  HF_CHECK(check_length(object, name_length_max));
  T out;
  ObjectReader in(object, "");
  in.ignore("apiVersion").ignore("kind").ignore("metadata");
  in.required("spec", document_field(out, read));
  HF_CHECK(in.finish());
  return out;
}

}  // namespace

Result<JobSpec> parse_job(const Json& object) {
  return read_object<JobSpec>(object, limits::kJobNameLengthMax, read_job);
}

Result<CronJob> parse_cron_job(const Json& object) {
  return read_object<CronJob>(object, limits::kCronJobNameLengthMax, read_cron_job);
}

}  // namespace holdfast::sync
