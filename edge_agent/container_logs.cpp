// SPDX-License-Identifier: Apache-2.0
#include "edge_agent/container_logs.hpp"

#include <algorithm>
#include <set>
#include <utility>

#include "base/limits/agent.hpp"
#include "edge_agent/pod_labels.hpp"

namespace holdfast::edge_agent {

using base::Code;
using base::ContainerSummary;
using base::fail;
using base::Result;
using base::Status;
namespace limits = base::limits;

namespace {

std::string label_of(const ContainerSummary& one, const char* name) {
  const auto found = one.labels.find(name);
  return found == one.labels.end() ? "" : found->second;
}

/// "web-0/app", and in another namespace "shop/web-0/app".
std::string source_name(const ContainerSummary& one) {
  auto pod = label_of(one, pod_labels::kPod);
  constexpr std::string_view kDefault = "default/";
  if (pod.starts_with(kDefault)) pod.erase(0, kDefault.size());
  return pod + "/" + label_of(one, pod_labels::kContainer);
}

std::string text_of(const LogSubject& subject) {
  return subject.kind + "/" + (subject.ns == "default" ? "" : subject.ns + "/") + subject.name;
}

std::vector<LogLine> lines_of(base::ContainerLog log) {
  std::vector<LogLine> out;
  out.reserve(log.lines.size());
  for (auto& line : log.lines) out.push_back({line.time, line.is_error ? 'e' : 'o', std::move(line.text)});
  return out;
}

}  // namespace

ContainerLogs::~ContainerLogs() {
  for (const auto& run : runs_) engine_.cancel(run.call);
}

/// A pod of a Deployment may be asked for by its own name, too.
bool ContainerLogs::is_meant(const Run& run, const ContainerSummary& one) const {
  // The owner of a pod's network says nothing.
  if (label_of(one, pod_labels::kRole) == "network") return false;
  const auto owner =
      marks_.owner(label_of(one, pod_labels::kMark), {sync::ClaimKind::kContainer, one.name.str()});
  if (!owner || run.subject.is_all()) return owner.has_value();
  const auto& subject = run.subject;
  const bool is_its_pod =
      subject.kind == "Pod" && label_of(one, pod_labels::kPod) == subject.ns + "/" + subject.name;
  return is_its_pod ||
         (owner->kind == subject.kind && owner->ns == subject.ns && owner->name == subject.name);
}

Status ContainerLogs::choose(Run& run, std::vector<ContainerSummary> all) const {
  std::erase_if(all, [&](const auto& one) { return !is_meant(run, one); });
  if (all.empty() && !run.subject.is_all())
    return fail(Code::kNotFound, text_of(run.subject) + ": there are no containers of it on this node");
  std::ranges::sort(all, {}, &ContainerSummary::name);
  std::set<std::string> names;
  for (const auto& one : all) {
    const auto name = label_of(one, pod_labels::kContainer);
    names.insert(name);
    if (run.container.empty() || run.container == name) run.left.push_back({one.id, source_name(one)});
  }
  if (!run.left.empty() || run.subject.is_all()) return {};
  std::string there;
  for (const auto& name : names) there += (there.empty() ? "" : ", ") + name;
  return fail(Code::kNotFound,
              text_of(run.subject) + ": has no container " + run.container + "; it has: " + there);
}

Status ContainerLogs::add(LogCollection collection, LogSubject subject, std::string container, OnEnd on_end) {
  if (runs_.size() >= limits::kLogReadsMax)
    return fail(Code::kLimit, "logs of containers are being read " + std::to_string(runs_.size()) +
                                  " times; ask again when that is done");
  const At run = runs_.insert(
      runs_.end(),
      {std::move(collection), std::move(subject), std::move(container), std::move(on_end), {}, 0});
  run->call =
      engine_.list({{pod_labels::kPod, ""}}, [this, run](Result<std::vector<ContainerSummary>> answer) {
        run->call = 0;
        if (!answer && run->subject.is_all() && answer.error().code() == Code::kUnavailable)
          return end(run, {});
        if (!answer) return end(run, fail(std::move(answer).error()));
        if (auto chosen = choose(*run, *std::move(answer)); !chosen) return end(run, std::move(chosen));
        next(run);
      });
  return {};
}

void ContainerLogs::next(At run) {
  if (run->left.empty()) return end(run, {});
  base::LogOptions options;
  options.since = run->collection.since();
  options.lines_max = run->collection.lines_max();
  run->call = engine_.logs(run->left.front().id, options, [this, run](Result<base::ContainerLog> answer) {
    run->call = 0;
    const auto source = std::move(run->left.front().name);
    run->left.pop_front();
    if (!answer && answer.error().code() == Code::kUnavailable)
      return end(run, fail(std::move(answer).error()));
    if (answer) {
      const bool is_cut = answer->is_cut;
      run->collection.add(source, lines_of(*std::move(answer)), is_cut);
    } else if (answer.error().code() != Code::kNotFound) {  // it may have gone meanwhile
      run->collection.add(source, {{{}, '-', "cannot be read: " + answer.error().message()}});
    }
    next(run);
  });
}

void ContainerLogs::end(At run, Status status) {
  auto on_end = std::move(run->on_end);
  Result<LogCollection> result = std::move(run->collection);
  if (!status) result = fail(std::move(status).error());
  runs_.erase(run);
  on_end(std::move(result));
}

}  // namespace holdfast::edge_agent
