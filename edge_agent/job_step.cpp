// SPDX-License-Identifier: Apache-2.0
#include "edge_agent/job_step.hpp"

#include <algorithm>

#include "base/limits/agent.hpp"

namespace holdfast::edge_agent {
namespace {

using std::chrono::milliseconds;
using Act = JobStep::Act;
using Is = JobPod::Is;
namespace limits = base::limits;

class Decision {
 public:
  Decision(const sync::JobSpec& spec, const JobRecord& record, const JobPod& pod, const Stamp& now)
      : spec_(spec), pod_(pod), now_(now) {
    step_.record = record;
  }

  JobStep make() {
    for (auto* stamp : {&step_.record.started, &step_.record.last_failed, &step_.record.finished})
      restamp(*stamp);
    if (step_.record.outcome == JobOutcome::kNone) count();
    if (step_.record.outcome == JobOutcome::kNone && !spec_.suspend) begin();
    if (step_.record.outcome == JobOutcome::kNone) judge();
    if (step_.record.outcome != JobOutcome::kNone) {
      after_the_end();
    } else if (spec_.suspend) {
      suspend();
    } else {
      go_on();
    }
    return std::move(step_);
  }

 private:
  /// Of a boot before, when the clock was not set, or was ahead of what it shows now: it says nothing any more, so its time
  /// begins now, and not when a wrong year has come.
  void restamp(std::optional<Stamp>& stamp) const {
    if (!stamp || stamp->boot_id == now_.boot_id) return;
    const bool is_set = now_.wall != base::WallTime{};
    const bool is_lost = stamp->wall == base::WallTime{} || (is_set && stamp->wall > now_.wall);
    if (is_lost) stamp = now_;
  }

  bool is_there() const { return pod_.is != Is::kAbsent; }
  bool has_ended() const { return pod_.is == Is::kSucceeded || pod_.is == Is::kFailed; }

  /// A pod that ended since the last look.
  void count() {
    JobRecord& record = step_.record;
    if (!has_ended() || pod_.number <= record.tries) return;
    // One that was stopped to suspend it has not failed.
    if (spec_.suspend && pod_.is == Is::kFailed) return;
    record.tries = pod_.number;
    if (pod_.is == Is::kSucceeded) {
      ++record.succeeded;
      record.failed_in_row = 0;
      return;
    }
    ++record.failed;
    ++record.failed_in_row;
    record.last_failed = now_;
    record.message = pod_.message;
  }

  void begin() {
    if (!step_.record.started) step_.record.started = now_;
  }

  void finish(JobOutcome outcome, std::string message) {
    step_.record.outcome = outcome;
    step_.record.message = std::move(message);
    step_.record.finished = now_;
  }

  /// Restarts within a pod count as failures, as in Kubernetes.
  bool is_over_the_limit() const {
    if (step_.record.failed > spec_.backoff_limit) return true;
    const bool restarts =
        spec_.pod.spec.restart_policy == sync::RestartPolicy::kOnFailure && pod_.is == Is::kActive;
    return restarts && pod_.restarts > 0 && pod_.restarts >= spec_.backoff_limit;
  }

  void judge() {
    JobRecord& record = step_.record;
    if (record.succeeded >= spec_.completions) {
      finish(JobOutcome::kComplete, "");
    } else if (is_over_the_limit()) {
      const auto failures = record.failed + (pod_.is == Is::kActive ? pod_.restarts : 0);
      record.reason = "BackoffLimitExceeded";
      finish(JobOutcome::kFailed, "failed " + std::to_string(failures) +
                                      (failures == 1 ? " time" : " times") + " (backoffLimit " +
                                      std::to_string(spec_.backoff_limit) + ")" +
                                      (pod_.message.empty() ? "" : "; the last time: " + pod_.message));
    } else if (const auto left = time_left(); left && *left <= milliseconds{0}) {
      record.reason = "DeadlineExceeded";
      finish(JobOutcome::kFailed, "was not done after " + std::to_string(spec_.active_deadline->count()) +
                                      " s (activeDeadlineSeconds)");
    }
  }

  std::optional<milliseconds> time_left() const {
    if (!spec_.active_deadline || !step_.record.started) return std::nullopt;
    return *spec_.active_deadline - time_since(*step_.record.started, now_);
  }

  void look_again_in(milliseconds time) {
    step_.again_in = step_.again_in ? std::min(*step_.again_in, time) : time;
  }

  void remove_if(bool should_go) {
    if (should_go && pod_.is != Is::kLeaving) step_.act = Act::kRemove;
  }

  /// The last pod stays for its log, until its time is over.
  void after_the_end() {
    remove_if(pod_.is == Is::kActive || pod_.is == Is::kOther);
    if (!spec_.ttl_after_finished || !is_there()) return;
    const auto& finished = step_.record.finished;
    const milliseconds since = finished ? time_since(*finished, now_) : milliseconds::max();
    const milliseconds left = *spec_.ttl_after_finished - since;
    if (left > milliseconds{0}) return look_again_in(left);
    remove_if(true);
  }

  /// As in Kubernetes the pod goes, and its deadline begins anew afterwards.
  void suspend() {
    step_.record.started.reset();
    remove_if(is_there() && pod_.is != Is::kSucceeded);
  }

  void go_on() {
    if (const auto left = time_left()) look_again_in(*left);
    if (pod_.is == Is::kLeaving || (pod_.is == Is::kActive && pod_.number > step_.record.tries)) return;
    const JobRecord& record = step_.record;
    if (record.failed_in_row > 0) {
      const milliseconds left = job_backoff(record.failed_in_row) - time_since(*record.last_failed, now_);
      if (left > milliseconds{0}) return look_again_in(left);
    }
    step_.act = Act::kStart;
    step_.number = record.tries + 1;
  }

  const sync::JobSpec& spec_;
  const JobPod& pod_;
  const Stamp& now_;
  JobStep step_;
};

}  // namespace

JobRecord next_run(const JobRecord& record, const base::Digest& run) {
  JobRecord next{.run = run, .done = record.done};
  if (record.outcome == JobOutcome::kComplete) {
    std::erase(next.done, record.run);
    next.done.push_back(record.run);
    if (next.done.size() > limits::kJobRunsKept) next.done.erase(next.done.begin());
  }
  if (std::ranges::count(next.done, run) > 0) next.outcome = JobOutcome::kComplete;
  return next;
}

milliseconds time_since(const Stamp& then, const Stamp& now) {
  const bool is_unset = then.wall == base::WallTime{} || now.wall == base::WallTime{};
  if (then.boot_id != now.boot_id && is_unset) return milliseconds{0};
  const auto time = then.boot_id == now.boot_id ? now.monotonic - then.monotonic : now.wall - then.wall;
  return std::max(time, milliseconds{0});
}

milliseconds job_backoff(std::uint32_t failed_in_row) {
  if (failed_in_row == 0) return milliseconds{0};
  milliseconds wait = limits::kJobBackoffBase;
  for (std::uint32_t i = 1; i < failed_in_row && wait < limits::kJobBackoffMax; ++i) wait *= 2;
  return std::min<milliseconds>(wait, limits::kJobBackoffMax);
}

JobStep job_step(const sync::JobSpec& spec, const JobRecord& record, const JobPod& pod, const Stamp& now) {
  return Decision(spec, record, pod, now).make();
}

}  // namespace holdfast::edge_agent
