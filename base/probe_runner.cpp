// SPDX-License-Identifier: Apache-2.0
#include "base/probe_runner.hpp"

#include <algorithm>

#include "base/exec_probe_run.hpp"
#include "base/host_account.hpp"
#include "base/json.hpp"
#include "base/limits/agent.hpp"
#include "base/process_check.hpp"
#include "base/socket_probe_run.hpp"

namespace holdfast::base {
namespace {

/// A program may print anything; what goes on from here is text.
std::string as_text(std::string detail) {
  if (is_utf8(detail)) return detail;
  std::ranges::replace_if(detail, [](char c) { return static_cast<unsigned char>(c) >= 0x80; }, '?');
  return detail;
}

}  // namespace

ProbeRunner::ProbeRunner(EventLoop& loop, bool use_pidfd, OnEnd on_end)
    : loop_(loop),
      use_pidfd_(use_pidfd),
      on_end_(std::move(on_end)),
      reaper_(loop),
      deliver_(loop.timer([this] { deliver(); })) {}

Status ProbeRunner::start(const ProbeStart& probe) {
  HF_CHECK(check_probe_start(probe));
  if (probes_.contains(probe.id)) return fail(Code::kConflict, "probe '" + probe.id + "' runs already");
  if (probes_.size() + reaper_.waiting() >= limits::kProbesRunningMax) {
    return fail(Error(Code::kLimit, Disposition::kRetry,
                      "more than " + std::to_string(limits::kProbesRunningMax) + " probes at once"));
  }
  Entry& entry = probes_[probe.id];
  auto run = begin(probe);
  if (!run) {
    probes_.erase(probe.id);
    return fail(std::move(run).error().with_context("probe '" + probe.id + "'"));
  }
  entry.run = *std::move(run);
  entry.deadline = loop_.timer([this, id = probe.id, after = probe.timeout] {
    end(id, false, "no answer within " + std::to_string(after.count()) + " ms");
  });
  entry.deadline->set(probe.timeout);
  return {};
}

Result<std::unique_ptr<RunningProbe>> ProbeRunner::begin(const ProbeStart& probe) {
  auto on_end = [this, id = probe.id](bool ok, std::string detail) { end(id, ok, std::move(detail)); };
  if (probe.tcp) return SocketProbeRun::start(loop_, *probe.tcp, std::move(on_end));
  if (probe.http) return SocketProbeRun::start(loop_, *probe.http, std::move(on_end));
  HF_TRY(auto user, host_account(probe.exec->user));
  return ExecProbeRun::start(loop_, reaper_, *probe.exec, {use_pidfd_, std::move(user)}, std::move(on_end));
}

void ProbeRunner::end(const std::string& id, bool ok, std::string detail) {
  const auto found = probes_.find(id);
  if (found == probes_.end() || found->second.ended) return;
  found->second.ended = true;
  found->second.ok = ok;
  found->second.detail = as_text(std::move(detail));
  ended_.push_back(id);
  // Later, from the loop: this may be inside the probe itself, or inside start.
  deliver_->set(std::chrono::milliseconds(0));
}

void ProbeRunner::cancel(const std::string& id) {
  std::erase(ended_, id);
  probes_.erase(id);
}

void ProbeRunner::deliver() {
  while (!ended_.empty()) {
    const std::string id = ended_.front();
    ended_.erase(ended_.begin());
    auto node = probes_.extract(id);
    if (node.empty()) continue;
    // Gone before the listener hears: it may start the same probe again.
    node.mapped().run.reset();
    on_end_(id, node.mapped().ok, node.mapped().detail);
  }
}

}  // namespace holdfast::base
