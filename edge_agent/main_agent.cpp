// SPDX-License-Identifier: Apache-2.0
// holdfast-agent: keeps one machine at the state that Git says. See agent_help() for what it takes.
#include <csignal>
#include <cstdio>
#include <string>
#include <vector>

#include "base/file_io.hpp"
#include "base/limits/documents.hpp"
#include "base/log.hpp"
#include "base/system_random.hpp"
#include "base/version.hpp"
#include "edge_agent/agent_cli.hpp"
#include "edge_agent/agent_options.hpp"
#include "edge_agent/agent_program.hpp"
#include "edge_agent/enrolment.hpp"
#include "edge_agent/registry/pull_child.hpp"
#include "edge_agent/unenrolment.hpp"

namespace {

using namespace holdfast;
using edge_agent::AgentCommand;
using edge_agent::AgentOptions;

constexpr int kFailed = 1;
constexpr int kUsedWrongly = 2;

int complain(const base::Error& error, int code) {
  std::fprintf(stderr, "holdfast-agent: %s\n", error.message().c_str());
  return code;
}

/// What is typed, and from the file what is not.
base::Result<AgentOptions> with_config(AgentOptions options) {
  if (options.config.empty()) return options;
  HF_TRY(const auto text, base::read_file(options.config, base::limits::kJsonBytesMax));
  if (auto read = edge_agent::read_agent_config(text, options); !read) {
    return base::fail(std::move(read).error().with_context(options.config));
  }
  return options;
}

base::Status run_agent(const AgentOptions& options) {
  if (!options.log_level.empty()) {
    HF_TRY(const auto level, base::log::parse_level(options.log_level));
    base::log::set_level(level);
  }
  for (bool is_again = false;; is_again = true) {
    HF_TRY(const auto program, edge_agent::AgentProgram::create(options));
    auto ended = program->run();
    // A write found the store damaged, and the next one that is created rescues it. Where that happens again and again, it
    // is for whoever starts this program, and for the disk.
    if (ended || is_again || ended.error().code() != base::Code::kCorrupt) return ended;
    base::log::error("the agent begins anew", {{"error", ended.error().message()}});
  }
}

base::Status enroll(const AgentOptions& options) {
  base::SystemRandom random;
  HF_TRY(const auto enrolled, edge_agent::enroll(options, random));
  const auto& node = enrolled.node;
  for (const auto& label : enrolled.not_granted) {
    std::fprintf(stderr,
                 "label %s was not granted: the token decides; at the hub: holdfast label node %s %s\n",
                 label.c_str(), node.name.c_str(), label.c_str());
  }
  std::printf("enrolled as %s (%s)\nnow: holdfast-agent run --data %s\n", node.name.c_str(),
              node.uid.str().c_str(), options.data.c_str());
  return {};
}

base::Status leave(const AgentOptions& options) {
  HF_TRY(const auto done, edge_agent::unenroll(options));
  const bool prunes = options.unenroll == edge_agent::UnenrollMode::kPrune;
  std::printf("%s has left its fleet; %s\n", done.name.c_str(),
              prunes
                  ? ("deleted " + std::to_string(done.deleted) + " objects that the agent had made").c_str()
                  : "what it holds and runs stays, and the next enrolment knows it again");
  for (const auto& left : done.left) std::printf("stays: %s\n", left.c_str());
  if (done.is_refused) {
    std::fprintf(stderr, "the hub did not take it off its list: %s\n", done.hub_trouble.c_str());
  } else if (!done.hub_trouble.empty()) {
    std::fprintf(stderr, "the hub could not be told (%s): there, holdfast delete node %s\n",
                 done.hub_trouble.c_str(), done.name.c_str());
  }
  return {};
}

base::Status carry_out(const AgentOptions& typed) {
  HF_TRY(AgentOptions options, with_config(typed));
  HF_CHECK(edge_agent::make_paths_absolute(options));
  switch (options.command) {
    case AgentCommand::kHelp: std::fputs(std::string(edge_agent::agent_help()).c_str(), stdout); return {};
    case AgentCommand::kVersion: std::printf("holdfast-agent %s\n", base::kVersion); return {};
    case AgentCommand::kEnroll: return enroll(options);
    case AgentCommand::kUnenroll: return leave(options);
    case AgentCommand::kRun: return run_agent(options);
    case AgentCommand::kStatus: return edge_agent::show_status(options);
    case AgentCommand::kWhy: return edge_agent::show_why(options);
    case AgentCommand::kPlan: return edge_agent::show_plan(options);
    case AgentCommand::kLogs: return edge_agent::show_logs(options);
    case AgentCommand::kTrust: return edge_agent::take_trust(options);
    case AgentCommand::kRotateSealingKey: return edge_agent::rotate_sealing_key(options);
  }
  return {};
}

}  // namespace

int main(int argc, char** argv) {
  // Not for people: by the agent itself, see registry/pull_child.hpp.
  if (argc == 2 && argv[1] == edge_agent::kPullWord) return edge_agent::run_pull_child();
  const auto options = edge_agent::parse_agent_options({argv, argv + argc});
  if (!options) return complain(options.error(), kUsedWrongly);
  if (options->command != AgentCommand::kRun) {
    // Looking on must not mix log lines into what a person reads.
    base::log::set_level(base::log::Level::kError);
  }
  std::signal(SIGPIPE, SIG_IGN);
  const auto done = carry_out(*options);
  return done ? 0 : complain(done.error(), kFailed);
}
