// SPDX-License-Identifier: Apache-2.0
#include "edge_agent/job_records.hpp"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "base/json.hpp"
#include "base/limits/agent.hpp"
#include "sync/model/fields.hpp"
#include "sync/model/words.hpp"

namespace holdfast::edge_agent {

using base::Code;
using base::fail;
using base::Json;
using base::ObjectReader;
using base::Result;
using base::Status;

namespace {

constexpr sync::Words<JobOutcome, 3> kOutcomes{
    {{{JobOutcome::kNone, "None"}, {JobOutcome::kComplete, "Complete"}, {JobOutcome::kFailed, "Failed"}}}};
constexpr std::chrono::milliseconds kSteadyMax = std::chrono::years{100};

auto count_field(std::uint32_t& out) { return sync::number_field(out, 0, UINT32_MAX); }

Json stamp_json(const Stamp& stamp) {
  return {{"boot", stamp.boot_id},
          {"steady", stamp.monotonic.time_since_epoch().count()},
          {"wall", sync::to_milliseconds(stamp.wall)}};
}

auto stamp_field(std::optional<Stamp>& out) {
  return [&out](const Json& value, const std::string& where) -> Status {
    Stamp stamp;
    std::chrono::milliseconds steady{0};
    ObjectReader in(value, where);
    in.required("boot", stamp.boot_id)
        .required("steady", sync::milliseconds_field(steady, std::chrono::milliseconds{0}, kSteadyMax))
        .required("wall", sync::time_field(stamp.wall));
    HF_CHECK(in.finish_open());
    stamp.monotonic = base::MonotonicTime{steady};
    out = stamp;
    return {};
  };
}

Json entry_json(const CronEntry& entry) {
  const JobRecord& job = entry.job;
  Json out{{"scheduled", sync::to_milliseconds(entry.scheduled)},
           {"run", job.run.hex()},
           {"tries", job.tries},
           {"succeeded", job.succeeded},
           {"failed", job.failed},
           {"failedInRow", job.failed_in_row},
           {"outcome", kOutcomes.word(job.outcome)}};
  if (entry.is_leaving) out["leaving"] = true;
  if (!job.reason.empty()) out["reason"] = job.reason;
  if (!job.message.empty()) out["message"] = job.message;
  if (job.started) out["started"] = stamp_json(*job.started);
  if (job.last_failed) out["lastFailed"] = stamp_json(*job.last_failed);
  if (job.finished) out["finished"] = stamp_json(*job.finished);
  Json done = Json::array();
  for (const auto& run : job.done) done.push_back(run.hex());
  if (!done.empty()) out["done"] = std::move(done);
  return out;
}

auto done_field(std::vector<base::Digest>& out) {
  return [&out](const Json& value, const std::string& where) -> Status {
    if (!value.is_array() || value.size() > base::limits::kJobRunsKept)
      return fail(Code::kInvalid, where + " is no list of runs");
    for (const auto& run : value) HF_CHECK(sync::digest_field(out.emplace_back())(run, where));
    return {};
  };
}

Status read_entry(const Json& value, const std::string& where, CronEntry& entry) {
  JobRecord& job = entry.job;
  ObjectReader in(value, where);
  in.required("scheduled", sync::time_field(entry.scheduled))
      .required("run", sync::digest_field(job.run))
      .required("tries", count_field(job.tries))
      .required("succeeded", count_field(job.succeeded))
      .required("failed", count_field(job.failed))
      .required("failedInRow", count_field(job.failed_in_row))
      .required("outcome", sync::text_field(job.outcome,
                                            [](std::string_view word) { return kOutcomes.parse(word, ""); }))
      .optional("leaving", entry.is_leaving)
      .optional("reason", job.reason)
      .optional("message", job.message)
      .optional("started", stamp_field(job.started))
      .optional("lastFailed", stamp_field(job.last_failed))
      .optional("finished", stamp_field(job.finished))
      .optional("done", done_field(job.done));
  return in.finish_open();
}

}  // namespace

std::string encode_jobs(const sync::ResourceKey& key, const CronRecord& record) {
  Json jobs = Json::array();
  for (const auto& entry : record.jobs) jobs.push_back(entry_json(entry));
  return base::canonical_json({{"key", key.text()},
                               {"dealtWith", sync::to_milliseconds(record.dealt_with)},
                               {"jobs", std::move(jobs)}});
}

Result<std::pair<sync::ResourceKey, CronRecord>> decode_jobs(std::string_view bytes) {
  HF_TRY(const Json value, base::parse_json(bytes));
  std::pair<sync::ResourceKey, CronRecord> out;
  auto& record = out.second;
  ObjectReader in(value, "job");
  in.required("key", sync::text_field(out.first, sync::ResourceKey::parse))
      .required("dealtWith", sync::time_field(record.dealt_with))
      .required("jobs", [&](const Json& jobs, const std::string& where) -> Status {
        if (!jobs.is_array() || jobs.size() > kCronEntriesMax)
          return fail(Code::kInvalid, where + " is no list of Jobs");
        for (const auto& job : jobs) HF_CHECK(read_entry(job, where, record.jobs.emplace_back()));
        return {};
      });
  HF_CHECK(in.finish_open());
  return out;
}

}  // namespace holdfast::edge_agent
