// SPDX-License-Identifier: Apache-2.0
#include "edge_agent/replica_step.hpp"

#include <algorithm>
#include <tuple>

namespace holdfast::edge_agent {
namespace {

using sync::UpdateStrategy;

bool is_available(const ReplicaRules& rules, const ReplicaPod& pod) {
  return pod.ready_for && *pod.ready_for >= rules.min_ready;
}

std::uint32_t least(const ReplicaRules& rules) {
  return rules.replicas - std::min(rules.replicas, rules.bounds.unavailable);
}

std::uint32_t minus(std::uint32_t a, std::uint32_t b) { return a - std::min(a, b); }

/// One decision: what is there, and what was decided so far.
class Decision {
 public:
  Decision(const ReplicaRules& rules, const std::vector<ReplicaPod>& pods) : rules_(rules), pods_(pods) {
    std::ranges::sort(pods_, [&](const auto& a, const auto& b) { return goes_before(a, b); });
    count();
  }

  ReplicaStep make() {
    stop_excess();
    stop_former();
    create();
    std::ranges::sort(step_.create);
    std::ranges::sort(step_.stop);
    const auto& counts = step_.counts;
    step_.is_complete = counts.current == rules_.replicas && counts.current_available == rules_.replicas &&
                        counts.former == 0 && counts.leaving == 0;
    return std::move(step_);
  }

 private:
  /// Which of two is the smaller loss: what is not available, then what is not ready, then the greater index.
  bool goes_before(const ReplicaPod& a, const ReplicaPod& b) const {
    const auto rank = [&](const ReplicaPod& pod) {
      return std::tuple(is_available(rules_, pod), pod.ready_for.has_value(), ~pod.index);
    };
    return rank(a) < rank(b);
  }

  void count() {
    ReplicaCounts& counts = step_.counts;
    for (const auto& pod : pods_) {
      if (pod.is_leaving) {
        ++counts.leaving;
        continue;
      }
      ++(pod.is_current ? counts.current : counts.former);
      if (pod.is_current && pod.ready_for) ++counts.current_ready;
      if (is_available(rules_, pod)) {
        ++counts.available;
        if (pod.is_current) ++counts.current_available;
      } else if (pod.ready_for) {
        const auto left = rules_.min_ready - *pod.ready_for;
        step_.again_in = step_.again_in ? std::min(*step_.again_in, left) : left;
      }
    }
    available_ = counts.available;
  }

  void stop(ReplicaPod& pod) {
    pod.is_leaving = true;
    step_.stop.push_back(pod.index);
    if (is_available(rules_, pod)) --available_;
  }

  /// Fewer are wanted: what is beyond goes at once, whatever the bounds.
  void stop_excess() {
    std::uint32_t excess = minus(step_.counts.current, rules_.replicas);
    for (auto& pod : pods_) {
      if (excess == 0) return;
      if (pod.is_leaving || !pod.is_current) continue;
      stop(pod);
      --excess;
    }
  }

  /// Kubernetes' reconcileOldReplicaSets: first those that are of no use, as far as no current one that is not there yet would be missed; then those that are, as far as
  /// enough stay available.
  void stop_former() {
    if (rules_.strategy == UpdateStrategy::kRecreate) {
      for (auto& pod : pods_) {
        if (!pod.is_leaving && !pod.is_current) stop(pod);
      }
      return;
    }
    const std::uint32_t staying = std::min(step_.counts.current, rules_.replicas);
    const std::uint32_t current_available = std::min(step_.counts.current_available, staying);
    const std::uint32_t missed = least(rules_) + (staying - current_available);
    std::uint32_t useless = minus(staying + step_.counts.former, missed);
    for (auto& pod : pods_) {
      if (pod.is_leaving || pod.is_current || useless == 0) continue;
      if (!is_available(rules_, pod)) {
        stop(pod);
        --useless;
      } else if (available_ > least(rules_)) {
        stop(pod);
      }
    }
  }

  bool waits_for_all_to_go() const {
    const bool has_former = std::ranges::any_of(pods_, [](const auto& pod) { return !pod.is_current; });
    return rules_.strategy == UpdateStrategy::kRecreate && has_former;
  }

  bool is_taken(std::uint32_t index) const {
    return std::ranges::count(pods_, index, &ReplicaPod::index) > 0;
  }

  void create() {
    if (waits_for_all_to_go()) return;
    const std::uint32_t wanted = minus(rules_.replicas, step_.counts.current);
    // What is being stopped in this very step is still there.
    const std::uint32_t surge = rules_.replicas == 0 ? 0 : rules_.bounds.surge;
    std::uint32_t room = minus(rules_.replicas + surge, static_cast<std::uint32_t>(pods_.size()));
    room = std::min(room, wanted);
    for (std::uint32_t index = 0; room > 0; ++index) {
      if (is_taken(index)) continue;
      step_.create.push_back(index);
      --room;
    }
  }

  const ReplicaRules& rules_;
  std::vector<ReplicaPod> pods_;  ///< the one that is missed least comes first
  std::uint32_t available_ = 0;   ///< after what was decided
  ReplicaStep step_;
};

}  // namespace

ReplicaRules replica_rules(const sync::Deployment& deployment) {
  return {.replicas = deployment.replicas,
          .bounds = deployment.rolling,
          .strategy = deployment.strategy,
          .min_ready = deployment.min_ready};
}

ReplicaRules replica_rules(const sync::DaemonSet& set) {
  return {.replicas = 1, .bounds = {.unavailable = 1, .surge = 0}, .min_ready = set.min_ready};
}

ReplicaStep replica_step(const ReplicaRules& rules, const std::vector<ReplicaPod>& pods) {
  return Decision(rules, pods).make();
}

void RolloutProgress::begin(base::MonotonicTime now) {
  *this = RolloutProgress{};
  moved_at_ = now;
}

void RolloutProgress::hold(base::MonotonicTime now) {
  best_.reset();
  moved_at_ = now;
}

void RolloutProgress::look(const ReplicaStep& step, base::MonotonicTime now) {
  is_complete_ = step.is_complete;
  was_complete_ = was_complete_ || is_complete_;
  if (!best_) {
    best_ = step.counts;
    moved_at_ = now;  // from now on it can go on: before, it may have waited for others
    return;
  }
  ReplicaCounts& best = *best_;
  const bool has_moved = step.counts.current > best.current || step.counts.former < best.former ||
                         step.counts.current_ready > best.current_ready ||
                         step.counts.current_available > best.current_available || step.counts.leaving > 0;
  if (has_moved) moved_at_ = now;
  best.current = std::max(best.current, step.counts.current);
  best.former = std::min(best.former, step.counts.former);
  best.current_ready = std::max(best.current_ready, step.counts.current_ready);
  best.current_available = std::max(best.current_available, step.counts.current_available);
}

std::optional<base::MonotonicTime> RolloutProgress::deadline(std::chrono::milliseconds allowed) const {
  if (is_complete_ || was_complete_) return std::nullopt;
  return moved_at_ + allowed;
}

}  // namespace holdfast::edge_agent
