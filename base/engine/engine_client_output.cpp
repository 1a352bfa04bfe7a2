// SPDX-License-Identifier: Apache-2.0
// The calls of EngineClient that carry a container's output: logs, and commands in it.
#include <algorithm>

#include "base/engine/container_json.hpp"
#include "base/engine/engine_answers.hpp"
#include "base/engine/engine_client.hpp"
#include "base/engine/log_lines.hpp"
#include "base/engine/output_frames.hpp"
#include "base/limits/engine.hpp"

namespace holdfast::base {
namespace {

using std::chrono::milliseconds;

/// Docker may end a command's output before it knows its exit code.
constexpr milliseconds kExecLookAgain{20};

/// Keeps the first bytes.
void append_head(ContainerOutput& output, std::size_t bytes_max, std::string_view bytes) {
  const std::size_t room = bytes_max - std::min(bytes_max, output.text.size());
  output.text.append(bytes.substr(0, room));
  output.is_cut = output.is_cut || bytes.size() > room;
}

/// An engine knows whole seconds; what is older within one is left out here.
std::string log_query(const LogOptions& options) {
  std::string out = "&tail=" + (options.lines_max ? std::to_string(*options.lines_max) : "all");
  if (options.since && *options.since > WallTime{}) {
    const auto seconds = std::chrono::floor<std::chrono::seconds>(options.since->time_since_epoch());
    out += "&since=" + std::to_string(seconds.count());
  }
  return out;
}

}  // namespace

EngineClient::CallId EngineClient::logs(const ContainerId& id, const LogOptions& options,
                                        OnEnd<ContainerLog> on_end) {
  struct Reading {
    explicit Reading(const LogOptions& options) : lines(options) {}
    LogLines lines;
    OutputFrames frames{[this](OutputStream stream, std::string_view bytes) {
      lines.feed(stream, bytes, frames.is_whole());
    }};
  };
  const CallId call = begin("logs of container " + brief(id));
  const auto reading = std::make_shared<Reading>(options);
  Question question;
  question.request = {
      "GET", container_target(id, "/logs?stdout=1&stderr=1&timestamps=1" + log_query(options)), {}};
  question.deadlines.total = limits::kEngineAskTimeout;
  question.on_body = [reading](std::string_view bytes) { return reading->frames.feed(bytes); };
  question.on_answer = [this, call, reading, on_end = std::move(on_end)](const Result<std::string>& answer) {
    const Call kept = forget(call);
    if (answer) {
      on_end(reading->lines.take());
    } else {
      on_end(fail(answer.error()));
    }
  };
  ask(call, std::move(question));
  return call;
}

/// One command on its way through its three questions: made, started and read to the end of its output, looked at.
struct EngineClient::ExecRun {
  CallId call = 0;
  ExecCommand command;
  OnEnd<ExecEnd> on_end;
  std::string id;
  ContainerOutput output;
  std::unique_ptr<EventLoop::Timer> again;
  bool has_said_all = false;  ///< its output has ended
};

EngineClient::CallId EngineClient::exec(const ContainerId& id, const ExecCommand& command,
                                        OnEnd<ExecEnd> on_end) {
  const CallId call = begin("exec in container " + brief(id));
  const auto body = to_exec_json(command);
  if (!body) {
    fail_later(call, body.error(), [on_end](Error error) { on_end(fail(std::move(error))); });
    return call;
  }
  const auto run = std::make_shared<ExecRun>(ExecRun{call, command, std::move(on_end), {}, {}, nullptr});
  calls_.at(call).timer = loop_.timer([this, run] { exec_late(run); });
  calls_.at(call).timer->set(command.timeout);
  Question question;
  question.request = {"POST", container_target(id, "/exec"), *body};
  question.on_answer = [this, run](const Result<std::string>& answer) {
    const auto made = answer ? parse_created_id(*answer) : answer;
    if (!made) {
      exec_end(run, fail(made.error()));
      return;
    }
    run->id = *made;
    exec_start(run);
  };
  ask(call, std::move(question));
  return call;
}

void EngineClient::exec_start(const std::shared_ptr<ExecRun>& run) {
  const auto frames = std::make_shared<OutputFrames>([run](OutputStream, std::string_view bytes) {
    append_head(run->output, run->command.output_bytes_max, bytes);
  });
  Question question;
  question.request = {"POST", "/exec/" + path_escaped(run->id) + "/start", R"({"Detach":false,"Tty":false})"};
  question.on_body = [frames](std::string_view bytes) { return frames->feed(bytes); };
  question.on_answer = [this, run](const Result<std::string>& answer) {
    if (!answer) {
      exec_end(run, fail(answer.error()));
      return;
    }
    run->has_said_all = true;
    exec_look(run);
  };
  ask(run->call, std::move(question));
}

/// Its connection stays: the engine closes it when the command has ended.
void EngineClient::exec_late(const std::shared_ptr<ExecRun>& run) {
  Call& call = calls_.at(run->call);
  const bool is_running = run->has_said_all || (!run->id.empty() && call.status != 0);
  const bool is_awaited = is_running && run->command.on_late_end && late_ < limits::kEngineLateMax;
  const bool is_one_too_many = is_running && run->command.on_late_end && !is_awaited;
  const Error error(is_one_too_many ? Code::kLimit
                    : is_running    ? Code::kTimeout
                                    : Code::kUnavailable,
                    Disposition::kRetry,
                    call.name + ": not " + (is_running ? "done" : "started") + " within " +
                        std::to_string(run->command.timeout.count()) + " ms");
  if (!is_awaited) {
    exec_end(run, fail(error));
    return;
  }
  call.is_late = true;
  ++late_;
  const auto on_end =
      std::exchange(run->on_end, [run_call = run->call, on_late_end = run->command.on_late_end](
                                     const Result<ExecEnd>&) { on_late_end(run_call); });
  on_end(fail(error));
}

void EngineClient::exec_look(const std::shared_ptr<ExecRun>& run) {
  Question question;
  question.request = {"GET", "/exec/" + path_escaped(run->id) + "/json", {}};
  question.on_answer = [this, run](const Result<std::string>& answer) {
    const auto state = answer ? parse_exec_state(*answer) : Result<ExecState>(fail(answer.error()));
    if (!state) {
      exec_end(run, fail(state.error()));
      return;
    }
    if (!state->is_running) {
      exec_end(run, ExecEnd{state->exit_code, std::move(run->output)});
      return;
    }
    // Weak by its place: what is cancelled meanwhile is not asked about any more.
    run->again = loop_.timer([this, weak = std::weak_ptr<ExecRun>(run)] {
      const auto still = weak.lock();
      if (still && calls_.contains(still->call)) exec_look(still);
    });
    run->again->set(kExecLookAgain);
  };
  ask(run->call, std::move(question));
}

void EngineClient::exec_end(const std::shared_ptr<ExecRun>& run, Result<ExecEnd> end) {
  const Call kept = forget(run->call);
  run->again.reset();
  run->on_end(std::move(end));
}

}  // namespace holdfast::base
