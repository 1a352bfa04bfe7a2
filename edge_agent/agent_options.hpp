// SPDX-License-Identifier: Apache-2.0
// AgentOptions: what was typed after `holdfast-agent`. By getopt_long: the agent stays free of iostreams.
// Threads: plain values.
#pragma once

#include <functional>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.hpp"
#include "edge_agent/image_puller.hpp"
#include "edge_agent/profile.hpp"
#include "sync/link/proxy.hpp"

namespace holdfast::edge_agent {

enum class AgentCommand {
  kHelp,
  kVersion,
  kEnroll,
  kUnenroll,
  kRun,
  kStatus,
  kWhy,
  kPlan,
  kLogs,
  kTrust,
  kRotateSealingKey
};
enum class OutputFormat { kText, kJson };
enum class UnenrollMode { kUnsaid, kKeep, kPrune };

struct AgentOptions {
  AgentCommand command = AgentCommand::kHelp;
  std::string data;
  std::string root;  ///< empty: "/"
  std::string
      system_bus;  ///< address of the bus on which systemd is; empty: the machine's, and with `root` none
  std::string config;
  std::string shim;  ///< path of holdfast-shim; empty: beside this program
  std::string log_level;
  std::string profile;   ///< "prompt" or "frugal"; empty: prompt
  std::string proxy;     ///< URL, "none", or empty: as the environment says
  std::string no_proxy;  ///< hosts that are reached without it, with commas between
  std::string engine;    ///< socket of the container engine, "none", or empty: see engine_sockets()
  std::map<std::string, std::string> facts;        ///< from --config; beside and before those of the machine
  std::string pull_rate;                           ///< bytes a second for images; empty: as fast as it goes
  std::map<std::string, RegistryRule> registries;  ///< from --config
  OutputFormat output = OutputFormat::kText;
  // enroll
  std::string hub;
  std::string ca_sha256;
  std::string token;
  std::string token_file;
  std::string name;
  std::map<std::string, std::string> labels;
  bool re_home = false;  ///< leaves a fleet whose hub is lost, and keeps what runs
  bool tpm = false;      ///< the node's key is made in the TPM
  // unenroll
  UnenrollMode unenroll = UnenrollMode::kUnsaid;
  // why, logs; of trust: the file
  std::string key;
  std::string container;
  std::string since;
};

/// kInvalid: used wrongly (exit 2); the message names the option and the way out.
base::Result<AgentOptions> parse_agent_options(const std::vector<std::string>& arguments);
/// `--config FILE`: {"engine":"","facts":{},"logLevel":"","noProxy":"","profile":"","proxy":"","pullRate":0,"registries":{},"root":"","shim":""}; what was typed wins. Errors name the member.
base::Status read_agent_config(std::string_view text, AgentOptions& options);
/// Paths that hold wherever this program and its children go: --data, --root and --shim, with those of --config.
base::Status make_paths_absolute(AgentOptions& options);
/// kInvalid names the option; no password is in the message.
base::Result<Profile> profile_of(const AgentOptions& options);
/// From the options, else from HTTPS_PROXY and NO_PROXY as `variable` tells them (empty: not set).
base::Result<sync::ProxyRules> proxy_of(const AgentOptions& options,
                                        const std::function<std::string(const char*)>& variable);
/// How images are pulled, with a proxy as proxy_of() has it. kInvalid names the option.
base::Result<PullOptions> pull_options_of(const AgentOptions& options,
                                          const std::function<std::string(const char*)>& variable);
/// Where the container engine may be, the first that is there counts; none: containers are not done. Under a --root of its own
/// only where one is named: it is a sandbox, and the machine's engine is not in it.
std::vector<std::string> engine_sockets(const AgentOptions& options);
/// Empty: not set.
std::string environment_variable(const char* name);
std::string_view agent_help();

}  // namespace holdfast::edge_agent
