// SPDX-License-Identifier: Apache-2.0
// The commands, one function each; command_table.cpp says what they take.
// Threads: one.
#pragma once

#include "hub/cli/arguments.hpp"
#include "hub/cli/exit_code.hpp"
#include "hub/cli/invocation.hpp"

namespace holdfast::cli {

ExitCode run_get(Invocation& invocation, const Arguments& arguments);
ExitCode run_describe(Invocation& invocation, const Arguments& arguments);
ExitCode run_apply(Invocation& invocation, const Arguments& arguments);
ExitCode run_delete(Invocation& invocation, const Arguments& arguments);
ExitCode run_edit(Invocation& invocation, const Arguments& arguments);
ExitCode run_label(Invocation& invocation, const Arguments& arguments);
ExitCode run_token_create(Invocation& invocation, const Arguments& arguments);
ExitCode run_approve(Invocation& invocation, const Arguments& arguments);
ExitCode run_sync(Invocation& invocation, const Arguments& arguments);
ExitCode run_diff(Invocation& invocation, const Arguments& arguments);
ExitCode run_history(Invocation& invocation, const Arguments& arguments);
ExitCode run_rollback(Invocation& invocation, const Arguments& arguments);
ExitCode run_rollout_status(Invocation& invocation, const Arguments& arguments);
ExitCode run_wait(Invocation& invocation, const Arguments& arguments);
ExitCode run_render(Invocation& invocation, const Arguments& arguments);
ExitCode run_validate(Invocation& invocation, const Arguments& arguments);
ExitCode run_seal(Invocation& invocation, const Arguments& arguments);
ExitCode run_why(Invocation& invocation, const Arguments& arguments);
ExitCode run_logs(Invocation& invocation, const Arguments& arguments);
ExitCode run_diagnose(Invocation& invocation, const Arguments& arguments);
ExitCode run_version(Invocation& invocation, const Arguments& arguments);
ExitCode run_completion(Invocation& invocation, const Arguments& arguments);
/// Says that the command comes with a later release.
ExitCode run_later(Invocation& invocation, const Arguments& arguments);

}  // namespace holdfast::cli
