// SPDX-License-Identifier: Apache-2.0
#include "edge_agent/container_probes.hpp"

#include <algorithm>
#include <utility>
#include <variant>

#include "base/limits/pods.hpp"

namespace holdfast::edge_agent {

using base::Code;
using base::MonotonicTime;

namespace {

constexpr std::string_view kPrefix = "container:";

std::optional<MonotonicTime> earlier(std::optional<MonotonicTime> a, std::optional<MonotonicTime> b) {
  if (!a || !b) return a ? a : b;
  return std::min(*a, *b);
}

/// Where the probe says nothing it is the pod.
std::string host_of(const std::string& said, const std::string& address) {
  return said.empty() ? address : said;
}

}  // namespace

std::string ContainerProbes::id_of(const One& one) const {
  return std::string(kPrefix) + name_ + "#" + one.use;
}

std::string ContainerProbes::container_of(const std::string& probe_id) {
  const auto hash = probe_id.rfind('#');
  if (hash == std::string::npos || !probe_id.starts_with(kPrefix)) return {};
  return probe_id.substr(kPrefix.size(), hash - kPrefix.size());
}

void ContainerProbes::cancel(One& one) {
  if (one.call != 0) seams_.engine.cancel(std::exchange(one.call, 0));
  seams_.host.cancel_probe(id_of(one));
  one.state.cancelled();
}

void ContainerProbes::cancel() {
  for (auto* one : {&startup_, &liveness_, &readiness_}) cancel(*one);
}

void ContainerProbes::forget() {
  cancel();
  for (auto* one : {&startup_, &liveness_, &readiness_}) {
    for (const auto call : std::exchange(one->left, {})) seams_.engine.cancel(call);
  }
}

void ContainerProbes::begin(One& one, const std::optional<sync::Probe>& probe, MonotonicTime started) {
  one.of = probe;
  one.state = ProbeState{};
  if (probe) one.state.begin(*probe, started);
}

void ContainerProbes::begin(const PodContainer& wanted, MonotonicTime started) {
  forget();
  begin(startup_, wanted.startup, started);
  begin(liveness_, wanted.liveness, started);
  begin(readiness_, wanted.readiness, started);
}

void ContainerProbes::follow(const PodContainer& wanted, MonotonicTime started) {
  const auto follow_one = [&](One& one, const std::optional<sync::Probe>& probe) {
    if (one.of == probe) return;
    cancel(one);
    begin(one, probe, started);
  };
  // What has started has started, by whichever probe.
  if (!startup_.of || !startup_.state.has_passed()) follow_one(startup_, wanted.startup);
  follow_one(liveness_, wanted.liveness);
  follow_one(readiness_, wanted.readiness);
}

void ContainerProbes::send_exec(One& one, const sync::Probe& probe, const sync::ExecAction& exec,
                                const base::ContainerState& state) {
  if (one.left.size() >= base::limits::kProbeCommandsLeftMax) {
    one.state.result(probe, false,
                     "its command did not end in time " + std::to_string(one.left.size()) +
                         " times, and is run again when one of these has ended",
                     seams_.clock.monotonic());
    return;
  }
  base::ExecCommand command;
  command.argv = exec.command;
  command.timeout = probe.timeout;
  command.on_late_end = [&one](base::Engine::CallId call) { std::erase(one.left, call); };
  one.state.sent();
  one.call = seams_.engine.exec(state.id, command, [this, &one, probe](base::Result<base::ExecEnd> end) {
    const auto call = std::exchange(one.call, 0);
    const auto now = seams_.clock.monotonic();
    if (end) {
      const auto& said = end->output.text;
      one.state.result(probe, end->exit_code == 0,
                       "its command ended with " + std::to_string(end->exit_code) +
                           (said.empty() ? "" : ": " + said.substr(0, said.find_last_not_of('\n') + 1)),
                       now);
    } else if (end.error().code() == Code::kTimeout) {
      one.left.push_back(call);
      one.state.result(probe, false,
                       "its command did not end within " + std::to_string(probe.timeout.count()) + " s", now);
    } else {
      // The engine's trouble, or the container just ended: no verdict on it.
      one.state.missed(probe, end.error().message(), now);
      if (end.error().code() == Code::kUnavailable) seams_.on_unanswered();
    }
    seams_.on_result();
  });
}

void ContainerProbes::send(One& one, const sync::Probe& probe, const base::ContainerState& state,
                           const std::string& address) {
  if (const auto* exec = std::get_if<sync::ExecAction>(&probe.action))
    return send_exec(one, probe, *exec, state);
  base::ProbeStart start;
  start.id = id_of(one);
  start.timeout = probe.timeout;
  if (const auto* http = std::get_if<sync::HttpGetAction>(&probe.action)) {
    start.http = base::HttpProbe{.host = host_of(http->host, address),
                                 .port = http->port,
                                 .path = http->path,
                                 .headers = http->headers};
  } else if (const auto* tcp = std::get_if<sync::TcpSocketAction>(&probe.action)) {
    start.tcp = base::TcpProbe{.host = host_of(tcp->host, address), .port = tcp->port};
  }
  const auto now = seams_.clock.monotonic();
  const std::string& host = start.http ? start.http->host : start.tcp->host;
  if (host.empty()) return one.state.missed(probe, "the pod has no address yet", now);
  const auto started = seams_.host.start_probe(start);
  if (started || started.error().code() == Code::kConflict)
    return one.state.sent();  // kConflict: the one that is on its way answers for this one
  if (started.error().disposition() == base::Disposition::kRetry)
    return one.state.missed(probe, started.error().message(), now);
  one.state.result(probe, false, started.error().message(), now);
}

std::optional<MonotonicTime> ContainerProbes::run_one(One& one, const sync::Probe& probe,
                                                      const base::ContainerState& state,
                                                      const std::string& address) {
  const auto due = one.state.due();
  if (!due || *due > seams_.clock.monotonic()) return due;
  send(one, probe, state, address);
  return one.state.due();
}

/// Until the startup probe has passed the others wait, as in Kubernetes.
std::optional<MonotonicTime> ContainerProbes::run(const PodContainer& wanted,
                                                  const base::ContainerState& state,
                                                  const std::string& address) {
  if (!has_started(wanted)) return run_one(startup_, *wanted.startup, state, address);
  std::optional<MonotonicTime> again;
  if (wanted.liveness) again = run_one(liveness_, *wanted.liveness, state, address);
  if (wanted.readiness) again = earlier(again, run_one(readiness_, *wanted.readiness, state, address));
  return again;
}

void ContainerProbes::ended(const PodContainer& wanted, const base::HostEvent& event) {
  const auto now = seams_.clock.monotonic();
  const auto take = [&](One& one, const std::optional<sync::Probe>& probe) {
    // One that is not on its way was called off.
    const bool is_asked = probe && !one.state.due();
    if (is_asked && event.name == id_of(one)) one.state.result(*probe, event.ok, event.detail, now);
  };
  take(startup_, wanted.startup);
  take(liveness_, wanted.liveness);
  take(readiness_, wanted.readiness);
}

bool ContainerProbes::has_started(const PodContainer& wanted) const {
  return !wanted.startup || startup_.state.has_passed();
}

bool ContainerProbes::is_ready(const PodContainer& wanted) const {
  return has_started(wanted) && (!wanted.readiness || readiness_.state.verdict() == ProbeVerdict::kPassing);
}

std::string ContainerProbes::failure(const PodContainer& wanted) const {
  if (wanted.startup && !startup_.state.has_passed() && startup_.state.verdict() == ProbeVerdict::kFailing)
    return "startup probe failed: " + startup_.state.detail();
  if (wanted.liveness && liveness_.state.verdict() == ProbeVerdict::kFailing)
    return "liveness probe failed: " + liveness_.state.detail();
  return {};
}

}  // namespace holdfast::edge_agent
