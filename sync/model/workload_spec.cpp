// SPDX-License-Identifier: Apache-2.0
#include "sync/model/workload_spec.hpp"

#include <algorithm>
#include <charconv>
#include <nlohmann/json.hpp>
#include <optional>

#include "base/limits/model.hpp"
#include "sync/model/fields.hpp"
#include "sync/model/text.hpp"
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

constexpr PodShare kQuarter{25, true};  // Kubernetes' default of both

// ---- maxUnavailable, maxSurge ----

Result<PodShare> parse_share(const Json& value, const std::string& where) {
  PodShare share;
  if (!value.is_string()) {
    HF_CHECK(number_field(share.number, 0, limits::kReplicasMax)(value, where));
    return share;
  }
  std::string_view text = value.get_ref<const std::string&>();
  if (text.ends_with('%')) {
    text.remove_suffix(1);
    const auto percent = base::from_decimal(text);
    if (percent && *percent <= 100) return PodShare{static_cast<std::uint32_t>(*percent), true};
  }
  return fail(Code::kInvalid, "must be a number of pods, or a share such as \"25%\"");
}

std::uint32_t part_of(std::uint32_t replicas, PodShare share, bool rounds_up) {
  if (!share.is_percent) return share.number;
  return (replicas * share.number + (rounds_up ? 99 : 0)) / 100;
}

struct Rolling {
  std::optional<PodShare> unavailable;
  std::optional<PodShare> surge;
};

Result<Rolling> parse_rolling(const Json& value, const std::string& where) {
  Rolling rolling;
  ObjectReader in(value, where);
  HF_CHECK(apply_rules(kRollingUpdateDeploymentFields, value, where, in));
  in.optional("maxUnavailable", document_field(rolling.unavailable, parse_share))
      .optional("maxSurge", document_field(rolling.surge, parse_share));
  HF_CHECK(in.finish());
  if (rolling.unavailable && rolling.surge && rolling.unavailable->number == 0 &&
      rolling.surge->number == 0) {
    return fail(Code::kInvalid, where + ": maxUnavailable and maxSurge must not both be 0");
  }
  return rolling;
}

constexpr Words<UpdateStrategy, 2> kStrategies{
    {{{UpdateStrategy::kRollingUpdate, "RollingUpdate"}, {UpdateStrategy::kRecreate, "Recreate"}}}};

Status read_strategy(const Json& value, const std::string& where, Deployment& deployment, Rolling& rolling) {
  ObjectReader in(value, where);
  HF_CHECK(apply_rules(kDeploymentStrategyFields, value, where, in));
  in.optional("type", text_field(deployment.strategy,
                                 [](std::string_view word) { return kStrategies.parse(word, ""); }))
      .optional("rollingUpdate", document_field(rolling, parse_rolling));
  HF_CHECK(in.finish());
  if (deployment.strategy == UpdateStrategy::kRollingUpdate || !in.has("rollingUpdate")) return {};
  return fail(Code::kInvalid,
              where + ".rollingUpdate: means nothing with type: Recreate; take one of them out");
}

bool asks_for_gpus(const PodSpec& pod) {
  const auto asks = [](const ContainerSpec& container) { return container.resources.gpus > 0; };
  return std::ranges::any_of(pod.containers, asks) || std::ranges::any_of(pod.init_containers, asks);
}

/// Two pods of one node cannot hold one of its ports.
Status settle_rolling(Deployment& deployment, const Rolling& rolling, const std::string& where) {
  const bool excludes = holds_host_port(deployment.pod.spec);
  constexpr std::string_view kWhy =
      ": pods that hold a port of the node (hostPort, hostNetwork) exclude each other; ";
  if (excludes && deployment.replicas > 1) {
    return fail(Code::kInvalid, where + ".replicas" + std::string(kWhy) + "write 1");
  }
  if (excludes && rolling.surge && rolling.surge->number != 0) {
    return fail(Code::kInvalid, where + ".strategy.rollingUpdate.maxSurge" + std::string(kWhy) + "write 0");
  }
  if (deployment.strategy == UpdateStrategy::kRecreate) {
    deployment.rolling = {deployment.replicas, 0};
    return {};
  }
  // Nor can they have one of its GPUs, of which there are few: a successor would wait for what its predecessor has.
  const bool is_scarce = excludes || asks_for_gpus(deployment.pod.spec);
  const PodShare surge = rolling.surge.value_or(is_scarce ? PodShare{} : kQuarter);
  deployment.rolling = rolling_bounds(deployment.replicas, rolling.unavailable.value_or(kQuarter), surge);
  return {};
}

// ---- what both have ----

Status check_template(const LabelSelector& selector, const PodTemplate& pod, const std::string& where) {
  HF_CHECK(check_selector(selector, pod.labels, where));
  if (pod.spec.restart_policy == RestartPolicy::kAlways) return {};
  return fail(Code::kInvalid,
              where + ".template.spec.restartPolicy: must be Always; what is to end is a Job");
}

Result<Deployment> read_deployment(const Json& value, const std::string& where) {
  Deployment deployment;
  LabelSelector selector;
  Rolling rolling;
  ObjectReader in(value, where);
  HF_CHECK(apply_rules(kDeploymentSpecFields, value, where, in));
  in.required("selector", document_field(selector, parse_label_selector))
      .required("template", document_field(deployment.pod, parse_pod_template))
      .optional("replicas", number_field(deployment.replicas, 0, limits::kReplicasMax))
      .optional("strategy",
                [&](const Json& strategy, const std::string& at) {
                  return read_strategy(strategy, at, deployment, rolling);
                })
      .optional("minReadySeconds", seconds_field(deployment.min_ready, seconds{0}, limits::kMinReadyMax))
      .optional("progressDeadlineSeconds",
                seconds_field(deployment.progress_deadline, seconds{1}, limits::kProgressDeadlineMax));
  HF_CHECK(in.finish());
  HF_CHECK(check_template(selector, deployment.pod, where));
  HF_CHECK(settle_rolling(deployment, rolling, where));
  if (deployment.progress_deadline > deployment.min_ready) return deployment;
  return fail(Code::kInvalid, where + ".progressDeadlineSeconds: must be more than minReadySeconds");
}

Status read_update_strategy(const Json& value, const std::string& where) {
  std::string type = "RollingUpdate";
  ObjectReader in(value, where);
  HF_CHECK(apply_rules(kDaemonSetUpdateStrategyFields, value, where, in));
  in.optional("type", type)
      .optional("rollingUpdate", [](const Json& rolling, const std::string& at) -> Status {
        ObjectReader of_rolling(rolling, at);
        HF_CHECK(apply_rules(kRollingUpdateDaemonSetFields, rolling, at, of_rolling));
        return of_rolling.finish();
      });
  HF_CHECK(in.finish());
  if (type == "RollingUpdate") return {};
  if (type != "OnDelete") return fail(Code::kInvalid, where + ".type: must be RollingUpdate");
  return fail(
      Code::kUnsupported,
      where +
          ".type: \"OnDelete\" is not supported: nobody deletes pods by hand on a node; write RollingUpdate");
}

Result<DaemonSet> read_daemon_set(const Json& value, const std::string& where) {
  DaemonSet set;
  LabelSelector selector;
  ObjectReader in(value, where);
  HF_CHECK(apply_rules(kDaemonSetSpecFields, value, where, in));
  in.required("selector", document_field(selector, parse_label_selector))
      .required("template", document_field(set.pod, parse_pod_template))
      .optional("updateStrategy", read_update_strategy)
      .optional("minReadySeconds", seconds_field(set.min_ready, seconds{0}, limits::kMinReadyMax));
  HF_CHECK(in.finish());
  HF_CHECK(check_template(selector, set.pod, where));
  return set;
}

template <class T, class Read>
Result<T> read_object(const Json& object, Read read) {
  T out;
  ObjectReader in(object, "");
  in.ignore("apiVersion").ignore("kind").ignore("metadata");
  in.required("spec", document_field(out, read));
  HF_CHECK(in.finish());
  return out;
}

}  // namespace

RollingBounds rolling_bounds(std::uint32_t replicas, PodShare unavailable, PodShare surge) {
  RollingBounds bounds{part_of(replicas, unavailable, false), part_of(replicas, surge, true)};
  if (bounds.unavailable == 0 && bounds.surge == 0) bounds.unavailable = 1;
  return bounds;
}

Status check_selector(const LabelSelector& selector, const StringMap& labels, const std::string& where) {
  if (selector.empty())
    return fail(Code::kInvalid, where + ".selector: must ask for a label of the template");
  if (matches(selector, labels)) return {};
  return fail(Code::kInvalid,
              where + ".selector: does not match the labels of the template (template.metadata.labels)");
}

Result<Deployment> parse_deployment(const Json& object) {
  return read_object<Deployment>(object, read_deployment);
}

Result<DaemonSet> parse_daemon_set(const Json& object) {
  return read_object<DaemonSet>(object, read_daemon_set);
}

}  // namespace holdfast::sync
