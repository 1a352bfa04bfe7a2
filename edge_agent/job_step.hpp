// SPDX-License-Identifier: Apache-2.0
// One Job, as a function: what is remembered of it, what its pod is, and how much time went by -> what to remember, and whether to start a pod or to take it away.
// The one that calls stores what is to be remembered before it does anything: a try that is counted is never counted again, and one that was started under its number
// never twice. Follows Kubernetes' controller: https://kubernetes.io/docs/concepts/workloads/controllers/job/
// Threads: pure function.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/clock.hpp"
#include "base/digest.hpp"
#include "sync/model/job_spec.hpp"

namespace holdfast::edge_agent {

/// A time that can be told from later ones after the clock was set and after a reboot.
struct Stamp {
  std::string boot_id;
  base::MonotonicTime monotonic{};
  base::WallTime wall{};  ///< 1970 where the clock was not set
  bool operator==(const Stamp&) const = default;
};
/// By the steady clock within one boot, else by the wall clock; never negative, and nothing where the one or the other was not set.
std::chrono::milliseconds time_since(const Stamp& then, const Stamp& now);

enum class JobOutcome { kNone, kComplete, kFailed };

/// What a node remembers of a Job, over restarts, and after its pods are gone.
struct JobRecord {
  base::Digest run;         ///< of what is run: another one is another Job
  std::uint32_t tries = 0;  ///< pods that ended and are counted; the next one has this number plus 1
  std::uint32_t succeeded = 0;
  std::uint32_t failed = 0;
  std::uint32_t failed_in_row = 0;  ///< since the last success
  std::optional<Stamp> started;     ///< since when activeDeadlineSeconds runs; none while it is suspended
  std::optional<Stamp> last_failed;
  JobOutcome outcome = JobOutcome::kNone;
  std::string reason;  ///< of kFailed: "BackoffLimitExceeded", "DeadlineExceeded"
  std::string message;
  std::optional<Stamp> finished;
  std::vector<base::Digest>
      done;  ///< runs before this one that were complete; newest last, at most limits::kJobRunsKept
  bool operator==(const JobRecord&) const = default;
};
/// Another run of the Job: its books begin anew. One that was complete before is so still: a way back does nothing twice.
JobRecord next_run(const JobRecord& record, const base::Digest& run);

/// The pod that is there, whatever its state.
struct JobPod {
  enum class Is {
    kAbsent,
    kActive,  ///< being made, running, or restarted within
    kSucceeded,
    kFailed,
    kLeaving,  ///< told to go, and not gone
    kOther,    ///< of another run of this Job
  };
  Is is = Is::kAbsent;
  std::uint32_t number = 0;    ///< of the try that it is; not of kAbsent and kOther
  std::uint64_t restarts = 0;  ///< of its containers, with restartPolicy: OnFailure
  std::string message;         ///< how it ended
};

struct JobStep {
  enum class Act {
    kNothing,
    kStart,   ///< a pod of try `number`, in the place of whatever is there
    kRemove,  ///< stop it and take it away
  };
  JobRecord record;  ///< to be stored first, where it differs
  Act act = Act::kNothing;
  std::uint32_t number = 0;
  std::optional<std::chrono::milliseconds> again_in;
};

JobStep job_step(const sync::JobSpec& spec, const JobRecord& record, const JobPod& pod, const Stamp& now);

/// Kubernetes' wait before the next try: 10 s, doubled for each failure in a row, to 6 min.
std::chrono::milliseconds job_backoff(std::uint32_t failed_in_row);

}  // namespace holdfast::edge_agent
