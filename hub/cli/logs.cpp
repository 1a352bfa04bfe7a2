// SPDX-License-Identifier: Apache-2.0
// holdfast logs: what the processes and containers of a node have written, asked of the node by way of the hub.
#include <nlohmann/json.hpp>

#include "base/time_text.hpp"
#include "hub/cli/commands.hpp"
#include "hub/cli/object_fields.hpp"
#include "hub/cli/shown_text.hpp"
#include "hub/cli/targets.hpp"

namespace holdfast::cli {

using base::Code;
using base::fail;
using base::Json;
using base::Result;
using namespace std::chrono_literals;

namespace {

/// A node is asked so often for what is new.
constexpr auto kFollowInterval = 1s;

struct LogsOptions {
  std::string node;
  std::string resource;
  std::string container;
  std::string since;
  std::string tail;
  bool is_followed = false;
  bool has_timestamps = false;
  bool is_json = false;
};

Result<LogsOptions> read_logs(const Arguments& arguments) {
  LogsOptions out{arguments.one("NODE"),         arguments.one("KIND/NAME"),
                  arguments.one("--container"),  arguments.one("--since"),
                  arguments.one("--tail"),       arguments.has("--follow"),
                  arguments.has("--timestamps"), arguments.one("--output") == "json"};
  if (!out.since.empty() && !base::parse_duration(out.since) && !base::parse_rfc3339(out.since)) {
    return fail(Code::kInvalid,
                "--since: \"" + out.since + "\" is neither a duration (1h30m) nor a time (RFC 3339)");
  }
  if (!out.tail.empty() && !base::from_decimal(out.tail)) {
    return fail(Code::kInvalid, "--tail: \"" + out.tail + "\" must be a number");
  }
  return out;
}

/// A line without its process or container where only one is shown, as kubectl has it.
std::string line_text(const Json& line, const LogsOptions& options, bool are_several) {
  if (options.is_json) return value_text(line);
  std::string out;
  if (options.has_timestamps) out += text_at(line, "time") + " ";
  if (are_several) out += text_at(line, "process") + " | ";
  if (text_at(line, "stream") == "remark") out += "-- ";
  auto text = text_at(line, "text");
  while (text.ends_with('\n')) text.pop_back();
  return out + text;
}

void print(Invocation& invocation, const Json& answer, const LogsOptions& options) {
  // A node of before does not say how many there are.
  const bool are_several = options.resource.empty() || answer.value("sources", 1) > 1;
  for (const auto& line : list_at(answer, "lines")) {
    const auto text = line_text(line, options, are_several);
    // A file gets every byte; a terminal must not take commands from a log.
    invocation.out() << (invocation.console().out_is_terminal ? safe_lines(text) : text) << "\n";
  }
  invocation.out().flush();
}

Result<ExitCode> logs(Invocation& invocation, const LogsOptions& options) {
  HF_TRY(auto* hub, invocation.hub());
  std::string cursor;
  for (;;) {
    ApiPath path(kNodes);
    path.part(options.node).part("logs").query("resource", options.resource);
    path.query("container", options.container);
    // Once there is a cursor, it says where to go on.
    if (cursor.empty()) path.query("since", options.since).query("tailLines", options.tail);
    const auto answer = hub->get(path.query("cursor", cursor));
    if (!answer && !cursor.empty() && answer.error().code() == Code::kTimeout) continue;
    if (!answer) return fail(with_way_out(answer.error(), object_type(kNodes)));
    print(invocation, *answer, options);
    if (!options.is_followed) return ExitCode::kDone;
    if (!invocation.out()) return ExitCode::kFailed;  // nobody reads any more
    cursor = text_at(*answer, "cursor");
    invocation.console().pause(kFollowInterval);
  }
}

}  // namespace

ExitCode run_logs(Invocation& invocation, const Arguments& arguments) {
  return carry_out<read_logs, logs>(invocation, arguments);
}

}  // namespace holdfast::cli
