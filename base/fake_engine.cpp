// SPDX-License-Identifier: Apache-2.0
#include "base/fake_engine.hpp"

#include <algorithm>

#include "base/limits/engine.hpp"

namespace holdfast::base {
namespace {

using std::chrono::milliseconds;

constexpr std::int64_t kKilled = 137;

std::string of(const ContainerId& id) { return " container " + brief(id); }

Error refused(Code code, const std::string& name, const std::string& why) {
  return {code, name + ": the container engine refuses: " + why};
}

std::string joined(const std::vector<std::string>& words) {
  std::string out;
  for (const std::string& word : words) out.append(out.empty() ? "" : " ").append(word);
  return out;
}

/// The last lines of a text.
std::string last_lines(const std::string& text, std::size_t lines_max) {
  std::size_t at = text.size();
  for (std::size_t lines = 0; at > 0; --at) {
    if (text[at - 1] == '\n' && at != text.size() && ++lines == lines_max) break;
  }
  return lines_max == 0 ? std::string() : text.substr(at);
}

}  // namespace

// ---- calls ----

FakeEngine::CallId FakeEngine::add(Call call) {
  const CallId id = ++last_call_;
  call.due = clock_.monotonic();
  calls_[id] = std::move(call);
  return id;
}

template <class T>
void FakeEngine::answer(EngineCall kind, const OnEnd<T>& on_end, Result<T> result) {
  const auto lost = lost_.find(kind);
  if (lost != lost_.end()) result = base::fail(lost->second);
  on_end(std::move(result));
}

template <class T>
FakeEngine::CallId FakeEngine::ask(EngineCall kind, std::string name, milliseconds timeout, OnEnd<T> on_end,
                                   std::function<Result<T>()> act) {
  Call call;
  call.kind = kind;
  call.name = std::move(name);
  call.deadline = clock_.monotonic() + timeout;
  call.fail = [on_end](const Error& error) { on_end(base::fail(error)); };
  call.act = [this, kind, on_end, act = std::move(act)] {
    answer<T>(kind, on_end, act());
    return true;
  };
  return add(std::move(call));
}

FakeEngine::CallId FakeEngine::version(OnEnd<EngineVersion> on_end) {
  ++touched_.others;
  return ask<EngineVersion>(EngineCall::kVersion, "version", limits::kEngineAskTimeout, std::move(on_end),
                            [] { return EngineVersion{"Fake Engine", "1.0", "1.44", "linux", "arm64"}; });
}

FakeEngine::CallId FakeEngine::ping(OnEnd<void> on_end) {
  ++pings_;
  return ask<void>(EngineCall::kPing, "ping", limits::kEngineAskTimeout, std::move(on_end),
                   [] { return Status(); });
}

FakeEngine::CallId FakeEngine::list(const LabelFilter& labels, OnEnd<std::vector<ContainerSummary>> on_end) {
  ++touched_.lists;
  const auto act = [this, labels]() -> Result<std::vector<ContainerSummary>> {
    std::vector<ContainerSummary> out;
    for (const auto& [id, container] : containers_) {
      const auto& has = container.state.labels;
      const bool fits = std::ranges::all_of(labels, [&](const auto& label) {
        const auto found = has.find(label.first);
        return found != has.end() && (label.second.empty() || found->second == label.second);
      });
      if (!fits) continue;
      out.push_back({id, container.state.name, container.spec.image, container.state.image_id, has,
                     container.state.phase});
    }
    return out;
  };
  return ask<std::vector<ContainerSummary>>(EngineCall::kList, "list containers", limits::kEngineAskTimeout,
                                            std::move(on_end), act);
}

FakeEngine::CallId FakeEngine::inspect(const ContainerId& id, OnEnd<ContainerState> on_end) {
  ++touched_.inspects;
  return ask<ContainerState>(EngineCall::kInspect, "inspect" + of(id), limits::kEngineAskTimeout,
                             std::move(on_end), [this, id]() -> Result<ContainerState> {
                               HF_TRY(Container* const container, find(id));
                               return container->state;
                             });
}

FakeEngine::CallId FakeEngine::create(const ContainerSpec& spec, OnEnd<ContainerId> on_end) {
  ++touched_.creates;
  return ask<ContainerId>(EngineCall::kCreate, "create container " + spec.name.str(),
                          limits::kEngineChangeTimeout, std::move(on_end),
                          [this, spec] { return make(spec); });
}

FakeEngine::CallId FakeEngine::start(const ContainerId& id, OnEnd<void> on_end) {
  ++touched_.starts;
  return ask<void>(EngineCall::kStart, "start" + of(id), limits::kEngineChangeTimeout, std::move(on_end),
                   [this, id]() -> Status {
                     HF_TRY(Container* const container, find(id));
                     return begin_run(*container);
                   });
}

FakeEngine::CallId FakeEngine::stop(const ContainerId& id, milliseconds grace, OnEnd<void> on_end) {
  ++touched_.stops;
  const milliseconds timeout = std::max(grace, milliseconds(0)) + limits::kEngineStopMargin;
  const CallId call = ask<void>(EngineCall::kStop, "stop" + of(id), timeout, on_end, [] { return Status(); });
  calls_.at(call).act = [this, id, grace, on_end, is_signalled = false]() mutable {
    const auto container = find(id);
    if (container && (*container)->state.phase == ContainerPhase::kRunning) {
      if (!is_signalled) begin_stop(**container, grace);
      is_signalled = true;
      return false;
    }
    answer<void>(EngineCall::kStop, on_end, container ? Status() : Status(base::fail(container.error())));
    return true;
  };
  return call;
}

void FakeEngine::begin_stop(Container& container, milliseconds grace) {
  changing("stop " + container.state.name.str());
  const MonotonicTime now = clock_.monotonic();
  const MonotonicTime kill_at =
      now + std::chrono::ceil<std::chrono::seconds>(std::max(grace, milliseconds(0)));
  container.kill_at = container.kill_at ? std::min(*container.kill_at, kill_at) : kill_at;
  if (container.program.ignores_term) return;
  const MonotonicTime ends_at = now + container.program.stop_takes;
  if (container.ends_at && *container.ends_at <= ends_at) return;
  container.ends_at = ends_at;
  container.ends_with = container.program.stop_exit_code;
}

FakeEngine::CallId FakeEngine::kill(const ContainerId& id, OnEnd<void> on_end) {
  ++touched_.kills;
  return ask<void>(EngineCall::kKill, "kill" + of(id), limits::kEngineChangeTimeout, std::move(on_end),
                   [this, id]() -> Status {
                     HF_TRY(Container* const container, find(id));
                     if (container->state.phase != ContainerPhase::kRunning)
                       return base::fail(refused(Code::kConflict, "kill" + of(id), "it does not run"));
                     changing("kill " + container->state.name.str());
                     end_run(*container, kKilled);
                     return {};
                   });
}

FakeEngine::CallId FakeEngine::remove(const ContainerId& id, OnEnd<void> on_end) {
  ++touched_.removes;
  return ask<void>(EngineCall::kRemove, "remove" + of(id), limits::kEngineChangeTimeout, std::move(on_end),
                   [this, id]() -> Status {
                     HF_TRY(Container* const container, find(id));
                     if (container->state.phase == ContainerPhase::kRunning)
                       return base::fail(refused(Code::kConflict, "remove" + of(id), "it runs"));
                     changing("remove " + container->state.name.str());
                     tell(*container);
                     containers_.erase(id);
                     return {};
                   });
}

FakeEngine::CallId FakeEngine::logs(const ContainerId& id, const LogOptions& options,
                                    OnEnd<ContainerOutput> on_end) {
  ++touched_.logs;
  return ask<ContainerOutput>(EngineCall::kLogs, "logs of" + of(id), limits::kEngineAskTimeout,
                              std::move(on_end), [this, id, options]() -> Result<ContainerOutput> {
                                HF_TRY(const Container* const container, find(id));
                                ContainerOutput out{last_lines(container->output, options.lines_max), false};
                                out.is_cut = out.text.size() > options.bytes_max;
                                if (out.is_cut) out.text.erase(0, out.text.size() - options.bytes_max);
                                return out;
                              });
}

FakeEngine::CallId FakeEngine::exec(const ContainerId& id, const ExecCommand& command,
                                    OnEnd<ExecEnd> on_end) {
  ++touched_.execs;
  const auto known = execs_.find(joined(command.argv));
  const FakeExecAnswer answer = known == execs_.end() ? FakeExecAnswer{} : known->second;
  const auto act = [this, id, command, answer]() -> Result<ExecEnd> {
    const std::string name = "exec in" + of(id);
    HF_TRY(const Container* const container, find(id));
    if (command.argv.empty()) return base::fail(Code::kInvalid, name + ": a command without a program");
    if (container->state.phase != ContainerPhase::kRunning)
      return base::fail(refused(Code::kConflict, name, "it does not run"));
    if (answer.error) return base::fail(*answer.error);
    ExecEnd end{answer.exit_code, {answer.output.substr(0, command.output_bytes_max), false}};
    end.output.is_cut = answer.output.size() > command.output_bytes_max;
    return end;
  };
  const CallId call =
      ask<ExecEnd>(EngineCall::kExec, "exec in" + of(id), command.timeout, std::move(on_end), act);
  calls_.at(call).due += answer.after;
  return call;
}

FakeEngine::CallId FakeEngine::images(OnEnd<std::vector<ImageInfo>> on_end) {
  ++touched_.image_looks;
  return ask<std::vector<ImageInfo>>(EngineCall::kImages, "list images", limits::kEngineAskTimeout,
                                     std::move(on_end), [this]() -> Result<std::vector<ImageInfo>> {
                                       std::vector<ImageInfo> out;
                                       for (const auto& [id, image] : images_) out.push_back(image);
                                       return out;
                                     });
}

FakeEngine::CallId FakeEngine::image(const std::string& reference, OnEnd<ImageInfo> on_end) {
  ++touched_.image_looks;
  return ask<ImageInfo>(
      EngineCall::kImage, "inspect image " + reference, limits::kEngineAskTimeout, std::move(on_end),
      [this, reference]() -> Result<ImageInfo> {
        const ImageInfo* const found = find_image(reference);
        if (found != nullptr) return *found;
        return base::fail(refused(Code::kNotFound, "inspect image " + reference, "there is none"));
      });
}

FakeEngine::CallId FakeEngine::load_image(ReadArchive archive, OnEnd<void> on_end) {
  ++touched_.image_loads;
  return ask<void>(EngineCall::kLoad, "load image", limits::kEngineLoadSilenceMax, std::move(on_end),
                   [this, archive = std::move(archive)] { return load(archive); });
}

FakeEngine::CallId FakeEngine::remove_image(const std::string& reference, OnEnd<void> on_end) {
  ++touched_.image_removes;
  return ask<void>(EngineCall::kRemoveImage, "remove image " + reference, limits::kEngineChangeTimeout,
                   std::move(on_end), [this, reference] { return drop_image(reference); });
}

FakeEngine::CallId FakeEngine::watch(EventListener listener) {
  ++touched_.watches;
  Call call;
  call.kind = EngineCall::kWatch;
  call.name = "watch events";
  call.fail = listener.on_end;
  const CallId id = add(std::move(call));
  calls_.at(id).act = [this, id, listener] {
    watchers_[id] = listener;
    listener.on_open();
    return true;
  };
  return id;
}

void FakeEngine::cancel(CallId call) {
  calls_.erase(call);
  watchers_.erase(call);
}

// ---- time ----

std::size_t FakeEngine::deliver() {
  if (!hung_) advance();
  const MonotonicTime now = clock_.monotonic();
  std::vector<CallId> ready;
  for (const auto& [id, call] : calls_) {
    if (due(call) <= now || (call.waits && !hung_)) ready.push_back(id);
  }
  std::size_t count = 0;
  for (const CallId id : ready) count += carry_out(id) ? 1 : 0;
  if (hung_) return count;
  advance();
  return count + tell_events();
}

MonotonicTime FakeEngine::due(const Call& call) const {
  if (gone_ || failures_.contains(call.kind)) return clock_.monotonic();
  return hung_ || call.waits ? call.deadline : std::min(call.due, call.deadline);
}

std::optional<Error> FakeEngine::misfortune(const Call& call) const {
  if (gone_) return Error(Code::kUnavailable, call.name + ": no container engine there");
  if (const auto failure = failures_.find(call.kind); failure != failures_.end()) return failure->second;
  if (hung_ || call.due > call.deadline)
    return Error(Code::kTimeout, call.name + ": the container engine does not answer in time");
  return std::nullopt;
}

/// Whether it ended.
bool FakeEngine::carry_out(CallId id) {
  auto node = calls_.extract(id);
  if (node.empty()) return false;  // cancelled by one before it
  Call& call = node.mapped();
  if (const auto error = misfortune(call)) {
    call.fail(*error);
    return true;
  }
  const std::uint64_t agent = agents_;
  if (call.act()) return true;
  call.waits = true;
  if (agent == agents_) calls_.insert(std::move(node));
  return false;
}

std::size_t FakeEngine::tell_events() {
  std::size_t count = 0;
  for (auto events = std::exchange(events_, {}); !events.empty(); events.pop_front()) {
    const auto watchers = watchers_;
    for (const auto& [id, listener] : watchers) {
      if (!watchers_.contains(id)) continue;
      listener.on_event(events.front());
      ++count;
    }
  }
  return count;
}

std::optional<MonotonicTime> FakeEngine::next_due() const {
  const MonotonicTime now = clock_.monotonic();
  if (!hung_ && !events_.empty()) return now;
  MonotonicTime next = MonotonicTime::max();
  for (const auto& [id, call] : calls_) next = std::min(next, due(call));
  for (const auto& [id, container] : containers_) {
    const auto at = hung_ ? std::nullopt : ends(container);
    if (at) next = std::min(next, *at);
  }
  return next == MonotonicTime::max() ? std::nullopt : std::optional(std::max(next, now));
}

std::optional<MonotonicTime> FakeEngine::ends(const Container& container) {
  if (container.state.phase != ContainerPhase::kRunning) return std::nullopt;
  if (!container.ends_at) return container.kill_at;
  return container.kill_at ? std::min(*container.ends_at, *container.kill_at) : container.ends_at;
}

void FakeEngine::advance() {
  const MonotonicTime now = clock_.monotonic();
  for (auto& [id, container] : containers_) {
    const auto at = ends(container);
    if (!at || *at > now) continue;
    end_run(container, container.ends_at == at ? container.ends_with : kKilled);
  }
}

}  // namespace holdfast::base
