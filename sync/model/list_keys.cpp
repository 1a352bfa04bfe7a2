// SPDX-License-Identifier: Apache-2.0
#include "sync/model/list_keys.hpp"

#include <algorithm>
#include <array>

namespace holdfast::sync {
namespace {

using Names = std::span<const std::string_view>;

constexpr std::array<std::string_view, 1> kName{"name"};
constexpr std::array<std::string_view, 1> kIp{"ip"};
constexpr std::array<std::string_view, 1> kUid{"uid"};
constexpr std::array<std::string_view, 1> kMountPath{"mountPath"};
constexpr std::array<std::string_view, 1> kDevicePath{"devicePath"};
constexpr std::array<std::string_view, 2> kPort{"containerPort", "protocol"};
constexpr std::array<std::string_view, 2> kSpread{"topologyKey", "whenUnsatisfiable"};

constexpr std::array<std::string_view, 1> kOfPod{"spec"};
constexpr std::array<std::string_view, 3> kOfTemplate{"spec", "template", "spec"};
constexpr std::array<std::string_view, 5> kOfJobTemplate{"spec", "jobTemplate", "spec", "template", "spec"};

/// Where a kind holds the spec of its pods.
struct PodPlace {
  std::string_view group;
  std::string_view kind;
  Names path;
};
constexpr std::array kPods{
    PodPlace{"", "Pod", kOfPod},
    PodPlace{"apps", "Deployment", kOfTemplate},
    PodPlace{"apps", "DaemonSet", kOfTemplate},
    PodPlace{"apps", "ReplicaSet", kOfTemplate},
    PodPlace{"apps", "StatefulSet", kOfTemplate},
    PodPlace{"batch", "Job", kOfTemplate},
    PodPlace{"batch", "CronJob", kOfJobTemplate},
};

/// Kinds of Kubernetes without pods, whose metadata is merged as that of the others.
struct Plain {
  std::string_view group;
  std::string_view kind;
};
constexpr std::array kPlain{Plain{"", "ConfigMap"}, Plain{"", "Secret"}, Plain{"", "ServiceAccount"}};

struct Row {
  std::string_view list;
  Names members;
};
constexpr std::array kOfPodSpec{
    Row{"containers", kName},       Row{"initContainers", kName},
    Row{"volumes", kName},          Row{"ephemeralContainers", kName},
    Row{"imagePullSecrets", kName}, Row{"topologySpreadConstraints", kSpread},
    Row{"hostAliases", kIp},
};
constexpr std::array kOfContainer{
    Row{"env", kName},
    Row{"ports", kPort},
    Row{"volumeMounts", kMountPath},
    Row{"volumeDevices", kDevicePath},
};

template <std::size_t N>
Names members_of(const std::array<Row, N>& rows, std::string_view list) {
  const auto row = std::find_if(rows.begin(), rows.end(), [&](const Row& at) { return at.list == list; });
  return row == rows.end() ? Names{} : row->members;
}

bool is_container_list(std::string_view name) {
  return name == "containers" || name == "initContainers" || name == "ephemeralContainers";
}

/// `path`: from the spec of the pod on.
Names in_pod_spec(std::span<const std::string> path) {
  if (path.size() == 1) return members_of(kOfPodSpec, path[0]);
  if (path.size() == 2 && is_container_list(path[0])) return members_of(kOfContainer, path[1]);
  return {};
}

/// "metadata.finalizers" of the object itself, of its pods' template and of its jobs'.
bool is_in_metadata(std::span<const std::string> path, std::string_view list) {
  return path.size() >= 2 && path[path.size() - 2] == "metadata" && path.back() == list;
}

}  // namespace

ListKeys list_keys(std::string_view group, std::string_view kind, std::span<const std::string> path) {
  const auto same = [&](const auto& row) { return row.group == group && row.kind == kind; };
  const auto* const pods = std::find_if(kPods.begin(), kPods.end(), same);
  const bool has_pods = pods != kPods.end();
  const bool is_known = has_pods || std::any_of(kPlain.begin(), kPlain.end(), same);
  if (!is_known || path.empty()) return {};
  if (is_in_metadata(path, "finalizers")) return {.members = {}, .is_set = true};
  if (is_in_metadata(path, "ownerReferences")) return {.members = kUid};
  if (kind == "ServiceAccount")
    return {.members = path.size() == 1 && path[0] == "secrets" ? kName : Names{}};
  if (!has_pods || path.size() <= pods->path.size()) return {};
  if (!std::equal(pods->path.begin(), pods->path.end(), path.begin())) return {};
  return {.members = in_pod_spec(path.subspan(pods->path.size()))};
}

}  // namespace holdfast::sync
