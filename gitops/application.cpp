// SPDX-License-Identifier: Apache-2.0
#include "gitops/application.hpp"

#include <nlohmann/json.hpp>
#include <utility>

#include "base/limits/model.hpp"
#include "base/time_text.hpp"
#include "gitops/manifest_path.hpp"
#include "gitops/repository_url.hpp"
#include "sync/model/fields.hpp"
#include "sync/model/ids.hpp"
#include "sync/model/text.hpp"

namespace holdfast::gitops {
namespace {

using base::Code;
using base::fail;
using base::Json;
using base::ObjectReader;
using base::Result;
using base::Status;
using std::chrono::milliseconds;
using sync::in_quotes;
namespace limits = base::limits;

Status read_path(std::string_view text, std::string& out) {
  HF_TRY(out, normal_tree_path(text));
  if (out.empty()) out = ".";
  return {};
}

Status check_revision(std::string_view revision) {
  constexpr std::size_t kRevisionLengthMax = 255;
  const bool plain = !revision.empty() && revision.size() <= kRevisionLengthMax && revision.front() != '-' &&
                     revision.find("..") == std::string_view::npos &&
                     revision.find_first_of(" ~^:?*[\\\t\r\n") == std::string_view::npos;
  if (plain) return {};
  return fail(Code::kInvalid, in_quotes(revision) + " must be a branch, a tag, a commit id or HEAD");
}

Status read_source(const Json& value, const std::string& where, ApplicationSource& source) {
  ObjectReader in(value, where);
  for (const char* later : {"chart", "helm", "kustomize", "directory", "plugin", "ref"}) {
    if (!in.has(later)) continue;
    return fail(Code::kUnsupported,
                where + "." + later + ": is not supported by this release; name a path of plain manifests");
  }
  in.required("repoURL", source.repo_url)
      .optional("targetRevision", source.target_revision)
      .optional("path", [&](const Json& path, const std::string&) -> Status {
        if (!path.is_string()) return fail(Code::kInvalid, "must be a string");
        return read_path(path.get_ref<const std::string&>(), source.path);
      });
  HF_CHECK(in.finish());
  const auto url = parse_repository_url(source.repo_url);
  if (!url) return fail(url.error().with_context(where + ".repoURL"));
  const auto revision = check_revision(source.target_revision);
  if (!revision) return fail(revision.error().with_context(where + ".targetRevision"));
  return {};
}

Status read_sources(const Json& value, const std::string& where, ApplicationSource& source) {
  if (!value.is_array() || value.size() != 1) {
    return fail(Code::kUnsupported,
                where + ": this release takes one source; give each path an Application of its own");
  }
  return read_source(value[0], where + "[0]", source);
}

Status read_placement(const Json& value, const std::string& where, ApplicationSpec& spec) {
  ObjectReader in(value, where);
  in.required("selector", [&](const Json& selector, const std::string& at) -> Status {
    HF_TRY(spec.placement, parse_label_selector(selector, at));
    return {};
  });
  HF_CHECK(in.finish());
  spec.placed = true;
  return {};
}

Status read_prune_limit(const Json& value, sync::PruneLimit& limit) {
  if (value.is_number_integer() && value.get<std::int64_t>() >= 0) {
    HF_TRY(limit, sync::PruneLimit::parse(std::to_string(value.get<std::int64_t>())));
    return {};
  }
  if (!value.is_string())
    return fail(Code::kInvalid, "must be a percentage such as \"50%\", or a count such as 20");
  HF_TRY(limit, sync::PruneLimit::parse(value.get_ref<const std::string&>()));
  return {};
}

Status read_automated(const Json& value, const std::string& where, ApplicationSpec& spec) {
  ObjectReader in(value, where);
  in.optional("prune", spec.policy.prune)
      .optional("selfHeal", spec.policy.self_heal)
      .optional("allowEmpty", spec.allow_empty)
      .optional("maxPrune", [&](const Json& limit, const std::string&) {
        return read_prune_limit(limit, spec.policy.prune_limit);
      });
  HF_CHECK(in.finish());
  spec.automated = true;
  return {};
}

sync::FieldRead duration_field(milliseconds& out) {
  return [&out](const Json& value, const std::string&) -> Status {
    HF_TRY(const std::string text, sync::string_of(value));
    HF_TRY(const milliseconds duration, base::parse_duration(text));
    if (duration > limits::kRetryDelayMax) {
      return fail(Code::kLimit, in_quotes(text) + " is more than " +
                                    base::format_duration(milliseconds(limits::kRetryDelayMax)));
    }
    out = duration;
    return {};
  };
}

Status read_backoff(const Json& value, const std::string& where, sync::RetryPolicy& retry) {
  ObjectReader in(value, where);
  in.optional("duration", duration_field(retry.delay))
      .optional("factor", sync::number_field(retry.factor, 1, limits::kRetryFactorMax))
      .optional("maxDuration", duration_field(retry.delay_max));
  return in.finish();
}

/// As in Argo CD a limit below zero means: as often as needed.
Status read_retry(const Json& value, const std::string& where, sync::RetryPolicy& retry) {
  std::int64_t limit = retry.limit;
  ObjectReader in(value, where);
  in.optional("limit", sync::number_field(limit, -1, limits::kRetryLimitMax))
      .optional("backoff",
                [&](const Json& backoff, const std::string& at) { return read_backoff(backoff, at, retry); });
  HF_CHECK(in.finish());
  retry.limit = limit < 0 ? limits::kRetryLimitMax : static_cast<std::uint32_t>(limit);
  return {};
}

/// What cannot be kept must not be promised; ApplyOutOfSyncOnly is what always happens.
Status read_sync_option(const Json& value) {
  HF_TRY(const std::string option, sync::string_of(value));
  if (option == "ApplyOutOfSyncOnly=true" || option == "PruneLast=false" || option == "Validate=true")
    return {};
  return fail(Code::kUnsupported, in_quotes(option) + " is not supported; there is ApplyOutOfSyncOnly=true");
}

Status read_sync_policy(const Json& value, const std::string& where, ApplicationSpec& spec) {
  std::chrono::seconds deadline =
      std::chrono::duration_cast<std::chrono::seconds>(spec.policy.progress_deadline);
  ObjectReader in(value, where);
  in.optional("automated", [&](const Json& automated,
                               const std::string& at) { return read_automated(automated, at, spec); })
      .optional("retry", [&](const Json& retry,
                             const std::string& at) { return read_retry(retry, at, spec.policy.retry); })
      .optional(
          "progressDeadlineSeconds",
          sync::seconds_field(deadline, std::chrono::seconds(1),
                              std::chrono::duration_cast<std::chrono::seconds>(limits::kProgressDeadlineMax)))
      .each("syncOptions", [](const Json& option, const std::string&) { return read_sync_option(option); });
  HF_CHECK(in.finish());
  spec.policy.progress_deadline = deadline;
  return {};
}

Status read_spec(const Json& value, const std::string& where, ApplicationSpec& spec) {
  ObjectReader in(value, where);
  if (in.has("source") == in.has("sources")) {
    return fail(Code::kInvalid, where + ".source: " +
                                    (in.has("source") ? "only one of source and sources may be given"
                                                      : "this field is required and missing"));
  }
  in.optional("project", spec.project)
      .optional("source", [&](const Json& source,
                              const std::string& at) { return read_source(source, at, spec.source); })
      .optional("sources", [&](const Json& sources,
                               const std::string& at) { return read_sources(sources, at, spec.source); })
      .optional("placement", [&](const Json& placement,
                                 const std::string& at) { return read_placement(placement, at, spec); })
      .optional("syncPolicy",
                [&](const Json& policy, const std::string& at) { return read_sync_policy(policy, at, spec); })
      .optional("rollout", [](const Json& rollout, const std::string&) -> Status {
        if (rollout.is_object() && rollout.empty()) return {};
        return fail(Code::kUnsupported,
                    "is not supported by this release; remove it: all nodes get a revision at once");
      });
  HF_CHECK(in.finish());
  return sync::check_name(spec.project, where + ".project");
}

}  // namespace

Result<ApplicationSpec> parse_application_spec(const Json& object) {
  ApplicationSpec spec;
  ObjectReader in(object, "");
  in.ignore("apiVersion").ignore("kind").ignore("metadata").ignore("status");
  in.required("spec",
              [&](const Json& value, const std::string& where) { return read_spec(value, where, spec); });
  HF_CHECK(in.finish());
  return spec;
}

}  // namespace holdfast::gitops
