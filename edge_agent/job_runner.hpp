// SPDX-License-Identifier: Apache-2.0
// JobRunner: the pods of Jobs, whoever asks for them (a Job, or a CronJob for several): what one is and has come to, and how a try is made and ended. Decides nothing: that
// is job_step's; stores nothing: that is its driver's, between decide() and act().
// Threads: one, the engine's.
#pragma once

#include <map>
#include <optional>
#include <set>
#include <string>

#include "base/clock.hpp"
#include "edge_agent/driver.hpp"
#include "edge_agent/job_step.hpp"
#include "edge_agent/pods.hpp"

namespace holdfast::edge_agent {

namespace job_labels {
inline constexpr const char* kRun = "dev.holdfast.job-run";  ///< JobRecord::run
inline constexpr const char* kTry = "dev.holdfast.job-try";  ///< its number
}  // namespace job_labels

class JobRunner {
 public:
  struct Seams {
    Pods& pods;
    RestartBook& restarts;
    base::Clock& clock;
    std::string boot_id;
    base::WallTime not_before;  ///< a clock that shows an earlier time is not set
  };
  explicit JobRunner(Seams seams) : seams_(std::move(seams)) {}

  Stamp now() const;

  /// How a pod is kept from now on. What runs by an earlier template goes on by that.
  void learn(const PodWanted& pod);

  struct Decision {
    JobStep step;
    JobPod pod;
    bool is_made = true;  ///< its containers are all there
    bool makes_pod() const { return step.act == JobStep::Act::kStart || !is_made; }
    std::optional<base::MonotonicTime> again_at;
    std::string restarted;
  };
  /// Keeps the pod that is there, and says what is next. REQUIRES: the cache is known, the pod was learnt.
  base::Result<Decision> decide(const PodId& id, const sync::JobSpec& spec, const JobRecord& record,
                                const sync::Claim& asker);

  /// Carries it out. REQUIRES: what the decision has to remember is stored. `whole`: the pod to make; none: true is given back where one is needed.
  base::Result<bool> act(const Decision& decision, const PodId& id, const JobRecord& record,
                         const PodWanted* whole, const sync::Claim& asker);
  /// kDone when nothing of it is there.
  base::Result<Driver::Progress> end(const PodId& id, const sync::Claim& asker);

  /// What keeps it from running well; kHealthy: nothing.
  ResourceHealth complaint(const PodId& id, const JobRecord& record, const JobPod& pod);
  void cancel_probes(const PodId& id);
  /// It is gone, and nobody wants it any more.
  void forget(const PodId& id);
  /// The number of the try that is there; 0: none.
  std::uint32_t try_of(const PodId& id) const;
  std::optional<base::Digest> run_of(const PodId& id) const;

 private:
  JobPod raw(const PodId& id) const;
  base::Status look(const PodId& id, const JobRecord& record, const sync::Claim& asker, Decision& out);

  Seams seams_;
  std::map<PodId, PodWanted> kept_;  ///< shed
  std::set<PodId> leaving_;
};

/// The pod of one try: labels and digest say which.
PodWanted pod_of_try(const PodWanted& pod, const base::Digest& run, std::uint32_t number);

}  // namespace holdfast::edge_agent
