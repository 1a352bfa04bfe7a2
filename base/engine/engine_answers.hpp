// SPDX-License-Identifier: Apache-2.0
// What an engine answers, from Docker's JSON or podman's. Members that nobody here asks for are let pass.
// Threads: pure functions.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/engine.hpp"

namespace holdfast::base {

Result<EngineVersion> parse_engine_version(std::string_view text);
/// Of /info.
Result<EngineAbilities> parse_engine_abilities(std::string_view text);
/// Of /info; empty: it does not say.
Result<std::string> parse_engine_folder(std::string_view text);
Result<std::vector<ContainerSummary>> parse_container_list(std::string_view text);
Result<ContainerState> parse_container_state(std::string_view text);
Result<std::vector<ImageInfo>> parse_image_list(std::string_view text);
Result<ImageInfo> parse_image_info(std::string_view text);
/// {"Id": "…"} of what was made.
Result<std::string> parse_created_id(std::string_view text);

struct ExecState {
  bool is_running = false;
  std::int64_t exit_code = 0;
};
Result<ExecState> parse_exec_state(std::string_view text);
/// The lines that a load says, of which one may be its failure although the status was 200.
Status parse_load_lines(std::string_view text);
/// One line of the stream; nullopt for what says nothing about a container's state: commands in it, health checks.
Result<std::optional<EngineEvent>> parse_engine_event(std::string_view line);

}  // namespace holdfast::base
