// SPDX-License-Identifier: Apache-2.0
// holdfast sync: asks for it, then watches the application until the hub has fetched and says how it went.
#include <nlohmann/json.hpp>

#include "base/limits/client.hpp"
#include "base/time_text.hpp"
#include "hub/cli/application_state.hpp"
#include "hub/cli/commands.hpp"
#include "hub/cli/object_fields.hpp"
#include "hub/cli/progress.hpp"
#include "hub/cli/targets.hpp"
#include "hub/cli/watch.hpp"

namespace holdfast::cli {

using base::Code;
using base::fail;
using base::Json;
using base::Result;

namespace {

struct SyncOptions {
  std::string application;
  Json body = Json::object();
  std::chrono::milliseconds timeout = base::limits::kOperationWait;
};

Result<SyncOptions> read_sync(const Arguments& arguments) {
  SyncOptions out;
  out.application = arguments.one("APP");
  if (arguments.has("--revision")) out.body["revision"] = arguments.one("--revision");
  if (arguments.has("--confirm-prune")) out.body["confirmPrune"] = true;
  if (const auto timeout = arguments.one("--timeout"); !timeout.empty()) {
    auto duration = base::parse_duration(timeout);
    if (!duration) return fail(std::move(duration).error().with_context("--timeout"));
    out.timeout = *duration;
  }
  return out;
}

class Syncing {
 public:
  Syncing(Invocation& invocation, const SyncOptions& options)
      : invocation_(invocation), options_(options), progress_(invocation.console()) {}

  Result<ExitCode> run() {
    HF_TRY(auto* hub, invocation_.hub());
    const auto& type = object_type(kApplications);
    HF_TRY(const auto before, get_object(*hub, type, options_.application));
    const auto asked =
        hub->post(ApiPath(kApplications).part(options_.application).part("sync"), options_.body);
    if (!asked) return fail(with_way_out(asked.error(), type));
    if (!text_at(before, "metadata/deletionTimestamp").empty()) {
      invocation_.out() << name() << " goes on being deleted\n";
      return ExitCode::kDone;
    }
    started_before_ = operation_of(before).started_at;
    return wait(*hub);
  }

 private:
  std::string name() const { return object_name(object_type(kApplications), options_.application); }

  Result<ExitCode> wait(ApiClient& hub) {
    auto& console = invocation_.console();
    progress_.show("fetching …");
    WatchOptions watched{ApiPath(kApplications), options_.application};
    watched.deadline = console.clock.monotonic() + options_.timeout;
    HF_TRY(const auto end,
           watch(hub, console, std::move(watched),
                 [this](const std::string& kind, const Json& object) { return look(kind, object); }));
    progress_.clear();
    if (end == WatchEnd::kDeadline) {
      invocation_.say("holdfast: the sync of " + options_.application + " is asked for and not over after " +
                      base::format_duration(options_.timeout) + "; `holdfast describe application " +
                      options_.application + "` tells how it goes");
      return ExitCode::kNotTrue;
    }
    return outcome();
  }

  /// False: it is over.
  bool look(const std::string& kind, const Json& object) {
    last_ = object;
    if (kind == "DELETED") return false;
    const auto operation = operation_of(object);
    if (operation.started_at == started_before_) return true;
    progress_.show(operation.message);
    return operation.phase == "Running";
  }

  Result<ExitCode> outcome() {
    const auto operation = operation_of(last_);
    if (operation.started_at == started_before_) {
      return fail(Code::kNotFound, "application " + options_.application + " was deleted meanwhile");
    }
    if (operation.phase != "Succeeded")
      return fail(Code::kInvalid, "sync of " + options_.application + ": " + operation.message);
    const auto revision = text_at(last_, "status/revision");
    invocation_.out() << name() << " synced: " << (revision.empty() ? operation.message : revision)
                      << " is in force\n";
    return ExitCode::kDone;
  }

  Invocation& invocation_;
  const SyncOptions& options_;
  Progress progress_;
  std::string started_before_;
  Json last_;
};

Result<ExitCode> sync(Invocation& invocation, const SyncOptions& options) {
  return Syncing(invocation, options).run();
}

}  // namespace

ExitCode run_sync(Invocation& invocation, const Arguments& arguments) {
  return carry_out<read_sync, sync>(invocation, arguments);
}

}  // namespace holdfast::cli
