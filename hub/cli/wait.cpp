// SPDX-License-Identifier: Apache-2.0
// holdfast wait: looks on by watch until all that is asked for holds.
#include <algorithm>
#include <nlohmann/json.hpp>

#include "base/limits/client.hpp"
#include "base/time_text.hpp"
#include "hub/cli/application_state.hpp"
#include "hub/cli/commands.hpp"
#include "hub/cli/progress.hpp"
#include "hub/cli/targets.hpp"
#include "hub/cli/watch.hpp"

namespace holdfast::cli {

using base::Code;
using base::fail;
using base::Json;
using base::Result;

namespace {

struct WaitOptions {
  std::string application;
  std::vector<Awaited> awaited;
  std::chrono::milliseconds timeout = base::limits::kOperationWait;
};

Result<WaitOptions> read_wait(const Arguments& arguments) {
  WaitOptions out;
  out.application = arguments.one("APP");
  for (const auto& word : arguments.all("--for")) {
    out.awaited.push_back(word == "synced" ? Awaited::kSynced : Awaited::kHealthy);
  }
  if (out.awaited.empty()) return fail(Code::kInvalid, "wait for what? Give --for synced or --for healthy");
  if (const auto timeout = arguments.one("--timeout"); !timeout.empty()) {
    auto duration = base::parse_duration(timeout);
    if (!duration) return fail(std::move(duration).error().with_context("--timeout"));
    out.timeout = *duration;
  }
  return out;
}

std::string missing(const Json& application, const std::vector<Awaited>& awaited) {
  std::string out;
  for (const auto one : awaited) {
    if (!holds(application, one)) out += (out.empty() ? "" : " and ") + word(one);
  }
  return out;
}

class Waiting {
 public:
  Waiting(Invocation& invocation, const WaitOptions& options)
      : invocation_(invocation), options_(options), progress_(invocation.console()) {}

  Result<ExitCode> run() {
    HF_TRY(auto* hub, invocation_.hub());
    auto& console = invocation_.console();
    const auto deadline = console.clock.monotonic() + options_.timeout;
    HF_TRY(last_, get_object(*hub, object_type(kApplications), options_.application));
    if (look(last_)) return done();
    WatchOptions watched{ApiPath(kApplications), options_.application};
    watched.deadline = deadline;
    HF_TRY(const auto end,
           watch(*hub, console, std::move(watched), [this](const std::string& kind, const Json& object) {
             is_deleted_ = kind == "DELETED";
             return !is_deleted_ && !look(object);
           }));
    progress_.clear();
    if (is_deleted_)
      return fail(Code::kNotFound, "application " + options_.application + " was deleted meanwhile");
    return end == WatchEnd::kStopped ? done() : too_late();
  }

 private:
  /// Whether all of it holds.
  bool look(const Json& application) {
    last_ = application;
    const auto what = missing(application, options_.awaited);
    if (!what.empty()) progress_.show("not " + what + " yet: " + state_text(application));
    return what.empty();
  }

  ExitCode done() {
    progress_.clear();
    std::string what;
    for (const auto one : options_.awaited) what += (what.empty() ? "" : " and ") + word(one);
    invocation_.out() << object_name(object_type(kApplications), options_.application) << " is " << what
                      << "\n";
    return ExitCode::kDone;
  }

  ExitCode too_late() {
    invocation_.say("holdfast: application " + options_.application + " is not " +
                    missing(last_, options_.awaited) + " after " + base::format_duration(options_.timeout) +
                    ": " + state_text(last_) + "\nSee `holdfast describe application " +
                    options_.application + "`.");
    return ExitCode::kNotTrue;
  }

  Invocation& invocation_;
  const WaitOptions& options_;
  Progress progress_;
  Json last_;
  bool is_deleted_ = false;
};

Result<ExitCode> wait(Invocation& invocation, const WaitOptions& options) {
  return Waiting(invocation, options).run();
}

}  // namespace

ExitCode run_wait(Invocation& invocation, const Arguments& arguments) {
  return carry_out<read_wait, wait>(invocation, arguments);
}

}  // namespace holdfast::cli
