// SPDX-License-Identifier: Apache-2.0
#include "gitops/kustomize/name_references.hpp"

#include <algorithm>
#include <array>
#include <map>
#include <nlohmann/json.hpp>
#include <string>
#include <utility>

#include "gitops/kustomize/field_walk.hpp"
#include "sync/model/resource.hpp"
#include "sync/model/text.hpp"

namespace holdfast::gitops {
namespace {

using base::Code;
using base::Json;
using base::Status;

/// A field that holds a name of `target`. Of a pod: beneath its spec, for every kind that makes pods.
struct ReferenceRow {
  std::string_view kind;
  std::string_view path;
  std::string_view target;
};
constexpr std::string_view kPod = "(pod)";
constexpr std::array kRows{
    ReferenceRow{kPod, "volumes/configMap/name", "ConfigMap"},
    ReferenceRow{kPod, "volumes/projected/sources/configMap/name", "ConfigMap"},
    ReferenceRow{kPod, "containers/env/valueFrom/configMapKeyRef/name", "ConfigMap"},
    ReferenceRow{kPod, "initContainers/env/valueFrom/configMapKeyRef/name", "ConfigMap"},
    ReferenceRow{kPod, "containers/envFrom/configMapRef/name", "ConfigMap"},
    ReferenceRow{kPod, "initContainers/envFrom/configMapRef/name", "ConfigMap"},
    ReferenceRow{kPod, "volumes/secret/secretName", "Secret"},
    ReferenceRow{kPod, "volumes/projected/sources/secret/name", "Secret"},
    ReferenceRow{kPod, "containers/env/valueFrom/secretKeyRef/name", "Secret"},
    ReferenceRow{kPod, "initContainers/env/valueFrom/secretKeyRef/name", "Secret"},
    ReferenceRow{kPod, "containers/envFrom/secretRef/name", "Secret"},
    ReferenceRow{kPod, "initContainers/envFrom/secretRef/name", "Secret"},
    ReferenceRow{kPod, "imagePullSecrets/name", "Secret"},
    ReferenceRow{kPod, "serviceAccountName", "ServiceAccount"},
    ReferenceRow{kPod, "volumes/persistentVolumeClaim/claimName", "PersistentVolumeClaim"},
    ReferenceRow{kPod, "priorityClassName", "PriorityClass"},
    ReferenceRow{"ServiceAccount", "imagePullSecrets/name", "Secret"},
    ReferenceRow{"StatefulSet", "spec/serviceName", "Service"},
    ReferenceRow{"Ingress", "spec/tls/secretName", "Secret"},
    ReferenceRow{"Ingress", "spec/rules/http/paths/backend/service/name", "Service"},
    ReferenceRow{"Ingress", "spec/defaultBackend/service/name", "Service"},
    ReferenceRow{"PersistentVolumeClaim", "spec/volumeName", "PersistentVolume"},
    ReferenceRow{"PersistentVolumeClaim", "spec/storageClassName", "StorageClass"},
    ReferenceRow{"File", "spec/contentFrom/configMapKeyRef/name", "ConfigMap"},
    ReferenceRow{"File", "spec/contentFrom/secretKeyRef/name", "Secret"},
    ReferenceRow{"Process", "spec/env/valueFrom/configMapKeyRef/name", "ConfigMap"},
    ReferenceRow{"Process", "spec/env/valueFrom/secretKeyRef/name", "Secret"},
};

/// A SealedSecret is the Secret that pods name. In lower case: depends-on may write a kind in any.
std::string target_kind(std::string_view kind) {
  std::string out(kind == "SealedSecret" ? "Secret" : kind);
  for (char& c : out) c = c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
  return out;
}

/// Whether the shorter list is the end of the longer one: the same kustomizations around both.
bool same_end(const std::vector<std::string>& a, const std::vector<std::string>& b) {
  const auto& shorter = a.size() < b.size() ? a : b;
  const auto& longer = a.size() < b.size() ? b : a;
  if (shorter.empty()) return longer.empty();
  return std::equal(shorter.rbegin(), shorter.rend(), longer.rbegin());
}

bool same_way(const BuiltResource& a, const BuiltResource& b, bool may_be_empty) {
  const bool no_prefix = a.prefixes.empty() || b.prefixes.empty();
  const bool no_suffix = a.suffixes.empty() || b.suffixes.empty();
  return ((may_be_empty && no_prefix) || same_end(a.prefixes, b.prefixes)) &&
         ((may_be_empty && no_suffix) || same_end(a.suffixes, b.suffixes));
}

class References {
 public:
  explicit References(ResourceMap& all) : all_(all) {
    for (std::size_t i = 0; i < all_.size(); ++i) {
      for (const auto& id : all_[i].previous) {
        auto& list = by_name_[{target_kind(id.kind), id.name}];
        if (list.empty() || list.back() != i) list.push_back(i);
      }
    }
  }

  Status run() {
    if (by_name_.empty()) return {};
    for (auto& resource : all_) {
      HF_CHECK(fix(resource));
    }
    return {};
  }

 private:
  Status fix(BuiltResource& resource) {
    const std::string kind = resource.text("kind");
    const std::string pod(pod_spec_of(kind));
    Status status;
    for (const auto& row : kRows) {
      const bool is_of_pod = row.kind == kPod;
      if (is_of_pod ? pod.empty() : row.kind != kind) continue;
      const std::string path = is_of_pod ? pod + "/" + std::string(row.path) : std::string(row.path);
      for_each_field(*resource.object, path, Missing::kLeave, [&](Json& value) {
        if (status && value.is_string()) status = fix_name(resource, row.target, path, value);
      });
      HF_CHECK(status);
    }
    for (const auto& path : brief_paths(kind)) {
      for_each_field(*resource.object, path, Missing::kLeave, [&](Json& value) {
        if (status) status = fix_briefs(resource, path, value);
      });
      HF_CHECK(status);
    }
    return {};
  }

  /// Fields that name resources as "Kind/name" or "Kind/namespace/name". The annotation's name holds a slash, so
  /// fix_briefs finds it.
  static std::vector<std::string> brief_paths(const std::string& kind) {
    std::vector<std::string> paths{"metadata/annotations"};
    if (kind == "Unit") paths.emplace_back("spec/restartOn");
    return paths;
  }

  Status fix_briefs(const BuiltResource& referrer, const std::string& path, Json& value) {
    if (value.is_array()) {
      for (auto& element : value) HF_CHECK(fix_briefs(referrer, path, element));
      return {};
    }
    if (!value.is_object()) return fix_list(referrer, path, value);
    const auto annotation = value.find(std::string(sync::kAnnotationDependsOn));
    if (annotation == value.end()) return {};
    return fix_list(referrer, std::string(sync::kAnnotationDependsOn), *annotation);
  }

  Status fix_list(const BuiltResource& referrer, const std::string& field, Json& value) {
    if (!value.is_string()) return {};
    std::string out;
    for (const auto brief : sync::split(value.get_ref<const std::string&>(), ',')) {
      HF_TRY(const std::string changed, changed_brief(referrer, field, brief));
      out.append(out.empty() ? "" : ",").append(changed);
    }
    value = out;
    return {};
  }

  base::Result<std::string> changed_brief(const BuiltResource& referrer, const std::string& field,
                                          std::string_view brief) {
    const auto slash = brief.find('/');
    if (slash == std::string_view::npos) return std::string(brief);
    const auto begin = brief.find_first_not_of(' ');
    const std::string_view kind = brief.substr(begin, slash - begin);
    const auto name_at = brief.rfind('/') + 1;
    const auto end = brief.find_last_not_of(' ') + 1;
    if (name_at >= end || begin >= slash) return std::string(brief);
    HF_TRY(const BuiltResource* const found,
           select(referrer, kind, field, std::string(brief.substr(name_at, end - name_at))));
    if (found == nullptr) return std::string(brief);
    std::string out = std::string(kind) + "/";
    // Without a namespace it would be looked for in "default".
    const std::string ns = found->id().ns;
    if (name_at > slash + 1 || ns != "default") out += ns + "/";
    return out + found->name();
  }

  Status fix_name(const BuiltResource& referrer, std::string_view target, const std::string& path,
                  Json& value) {
    HF_TRY(const BuiltResource* const found, select(referrer, target, path, value.get<std::string>()));
    if (found != nullptr) value = found->name();
    return {};
  }

  /// nullptr: it names none of the build's, or one that kept its name.
  base::Result<const BuiltResource*> select(const BuiltResource& referrer, std::string_view kind,
                                            const std::string& field, const std::string& name) const {
    const auto known = by_name_.find({target_kind(kind), name});
    if (known == by_name_.end()) return nullptr;
    std::vector<const BuiltResource*> left;
    for (const std::size_t at : known->second) {
      const bool anywhere = is_cluster_kind(kind);
      if (anywhere || all_[at].id().ns == referrer.id().ns) left.push_back(&all_[at]);
    }
    for (const bool may_be_empty : {true, false}) {
      if (left.size() <= 1) break;
      std::erase_if(left, [&](const auto* at) { return !same_way(*at, referrer, may_be_empty); });
    }
    if (left.empty()) return nullptr;
    const bool is_one = std::all_of(left.begin(), left.end(),
                                    [&](const auto* at) { return at->name() == left.front()->name(); });
    if (is_one) return left.front();
    return base::fail(Code::kConflict, referrer.id().brief() + ": " + field + ": " + sync::in_quotes(name) +
                                           " may mean " + left[0]->id().brief() + " of " + left[0]->file +
                                           " or " + left[1]->id().brief() + " of " + left[1]->file +
                                           "; give them different names");
  }

  ResourceMap& all_;
  std::map<std::pair<std::string, std::string>, std::vector<std::size_t>> by_name_;  // kind, a former name
};

}  // namespace

Status fix_name_references(ResourceMap& all) { return References(all).run(); }

}  // namespace holdfast::gitops
