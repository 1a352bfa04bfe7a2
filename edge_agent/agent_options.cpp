// SPDX-License-Identifier: Apache-2.0
#include "edge_agent/agent_options.hpp"

#include <getopt.h>

#include <array>
#include <cstdlib>
#include <nlohmann/json.hpp>
#include <optional>
#include <tuple>
#include <utility>

#include "base/absolute_path.hpp"
#include "base/digest.hpp"
#include "base/json.hpp"
#include "base/limits/images.hpp"
#include "base/systemd/bus_socket.hpp"
#include "base/typed_words.hpp"
#include "sync/model/ids.hpp"
#include "sync/model/image_ref.hpp"
#include "sync/model/labels.hpp"

namespace holdfast::edge_agent {

using base::Code;
using base::fail;
using base::Result;
using base::Status;
namespace limits = base::limits;

namespace {

constexpr std::array<std::pair<std::string_view, AgentCommand>, 11> kCommands{{
    {"enroll", AgentCommand::kEnroll},
    {"unenroll", AgentCommand::kUnenroll},
    {"run", AgentCommand::kRun},
    {"status", AgentCommand::kStatus},
    {"why", AgentCommand::kWhy},
    {"plan", AgentCommand::kPlan},
    {"logs", AgentCommand::kLogs},
    {"trust", AgentCommand::kTrust},
    {"rotate-sealing-key", AgentCommand::kRotateSealingKey},
    {"help", AgentCommand::kHelp},
    {"version", AgentCommand::kVersion},
}};

constexpr std::string_view kNoEngine = "none";

enum Option : int {
  kData = 256,
  kRoot,
  kConfig,
  kShim,
  kLogLevel,
  kOutput,
  kHub,
  kCaSha256,
  kToken,
  kTokenFile,
  kName,
  kLabel,
  kReHome,
  kTpm,
  kKeep,
  kPrune,
  kSince,
  kContainer,
  kProfile,
  kProxy,
  kNoProxy,
  kEngine,
  kSystemBus,
  kPullRate,
};

constexpr std::array<option, 26> kOptions{{
    {"data", required_argument, nullptr, kData},
    {"root", required_argument, nullptr, kRoot},
    {"system-bus", required_argument, nullptr, kSystemBus},
    {"config", required_argument, nullptr, kConfig},
    {"shim", required_argument, nullptr, kShim},
    {"log-level", required_argument, nullptr, kLogLevel},
    {"output", required_argument, nullptr, kOutput},
    {"hub", required_argument, nullptr, kHub},
    {"ca-sha256", required_argument, nullptr, kCaSha256},
    {"token", required_argument, nullptr, kToken},
    {"token-file", required_argument, nullptr, kTokenFile},
    {"name", required_argument, nullptr, kName},
    {"label", required_argument, nullptr, kLabel},
    {"re-home", no_argument, nullptr, kReHome},
    {"tpm", no_argument, nullptr, kTpm},
    {"keep", no_argument, nullptr, kKeep},
    {"prune", no_argument, nullptr, kPrune},
    {"since", required_argument, nullptr, kSince},
    {"container", required_argument, nullptr, kContainer},
    {"profile", required_argument, nullptr, kProfile},
    {"proxy", required_argument, nullptr, kProxy},
    {"no-proxy", required_argument, nullptr, kNoProxy},
    {"engine", required_argument, nullptr, kEngine},
    {"pull-rate", required_argument, nullptr, kPullRate},
    {"help", no_argument, nullptr, 'h'},
    {nullptr, 0, nullptr, 0},
}};

std::optional<AgentCommand> command_of(std::string_view word) {
  for (const auto& [name, command] : kCommands) {
    if (name == word) return command;
  }
  return std::nullopt;
}

Status set_label(AgentOptions& out, const std::string& text) {
  const auto equals = text.find('=');
  if (equals == std::string::npos || equals == 0) {
    return fail(Code::kInvalid, "--label " + text + ": write it as --label key=value");
  }
  out.labels[text.substr(0, equals)] = text.substr(equals + 1);
  return {};
}

Status set_output(AgentOptions& out, std::string_view text) {
  if (text == "json") {
    out.output = OutputFormat::kJson;
  } else if (text != "text" && text != "table") {
    return fail(Code::kInvalid, "-o " + std::string(text) + ": there is table and json");
  }
  return {};
}

Status set_option(AgentOptions& out, int option, const char* argument) {
  const std::string value = argument == nullptr ? "" : argument;
  switch (option) {
    case 'h': out.command = AgentCommand::kHelp; return {};
    case kData: out.data = value; return {};
    case kRoot: out.root = value; return {};
    case kSystemBus: out.system_bus = value; return {};
    case kConfig: out.config = value; return {};
    case kShim: out.shim = value; return {};
    case kLogLevel: out.log_level = value; return {};
    case 'o':
    case kOutput: return set_output(out, value);
    case kHub: out.hub = value; return {};
    case kCaSha256: out.ca_sha256 = value; return {};
    case kToken: out.token = value; return {};
    case kTokenFile: out.token_file = value; return {};
    case kName: out.name = value; return {};
    case kLabel: return set_label(out, value);
    case kReHome: out.re_home = true; return {};
    case kTpm: out.tpm = true; return {};
    case kKeep: out.unenroll = UnenrollMode::kKeep; return {};
    case kPrune: out.unenroll = UnenrollMode::kPrune; return {};
    case kSince: out.since = value; return {};
    case kContainer: out.container = value; return {};
    case kProfile: out.profile = value; return {};
    case kProxy: out.proxy = value; return {};
    case kNoProxy: out.no_proxy = value; return {};
    case kEngine: out.engine = value; return {};
    case kPullRate: out.pull_rate = value; return {};
    default: return fail(Code::kInternal, "an option without a meaning");
  }
}

Status check_system_bus(const AgentOptions& options) {
  if (options.system_bus.empty()) return {};
  const auto path = base::bus_socket_path(options.system_bus);
  return path ? Status() : Status(fail(path.error().with_context("--system-bus")));
}

Result<std::uint64_t> rate_of(const AgentOptions& options) {
  if (options.pull_rate.empty()) return 0;
  const auto rate = base::from_decimal(options.pull_rate);
  if (rate && *rate >= limits::kPullRateMin) return rate;
  return fail(Code::kInvalid, "--pull-rate " + options.pull_rate + ": bytes a second, at least " +
                                  std::to_string(limits::kPullRateMin));
}

Status check(const AgentOptions& options) {
  if (options.command == AgentCommand::kHelp || options.command == AgentCommand::kVersion) return {};
  if (options.data.empty()) {
    return fail(Code::kInvalid,
                "--data DIR is missing: the folder that holds this node's state "
                "(packages use /var/lib/holdfast/agent)");
  }
  if (options.command == AgentCommand::kWhy && options.key.empty()) {
    return fail(Code::kInvalid, "say which resource: holdfast-agent why File/motd --data " + options.data);
  }
  if (options.command == AgentCommand::kTrust && options.key.empty()) {
    return fail(Code::kInvalid, "say which file: holdfast-agent trust trust.json --data " + options.data);
  }
  HF_CHECK(check_system_bus(options));
  HF_TRY([[maybe_unused]] const auto profile, profile_of(options));
  HF_TRY([[maybe_unused]] const auto proxy, proxy_of(options, [](const char*) { return std::string(); }));
  HF_TRY([[maybe_unused]] const auto rate, rate_of(options));
  if (options.command != AgentCommand::kEnroll) return {};
  if (!options.hub.starts_with("https://")) return fail(Code::kInvalid, "--hub must be https://HOST:PORT");
  if (const auto pin = base::Digest::from_hex(options.ca_sha256); !pin || pin->is_none()) {
    return fail(
        Code::kInvalid,
        "--ca-sha256 must be the 64 hex digits that `holdfast token create` prints: the digest of the "
        "hub's CA");
  }
  if (options.token.empty() == options.token_file.empty()) {
    return fail(Code::kInvalid, "give one of --token TOKEN and --token-file FILE");
  }
  if (!options.name.empty()) HF_CHECK(sync::check_name(options.name, "--name"));
  return sync::check_labels(options.labels, "--label");
}

}  // namespace

Result<AgentOptions> parse_agent_options(const std::vector<std::string>& arguments) {
  AgentOptions out;
  if (arguments.size() < 2) return out;
  HF_CHECK(base::check_typed_words({arguments.begin() + 1, arguments.end()}));
  const auto& first = arguments[1];
  if (first == "--help" || first == "-h") return out;
  if (first == "--version") {
    out.command = AgentCommand::kVersion;
    return out;
  }
  const auto command = command_of(first);
  if (!command) return fail(Code::kInvalid, first + ": no such command; see holdfast-agent --help");
  out.command = *command;

  std::vector<std::string> copies(arguments.begin() + 1, arguments.end());
  std::vector<char*> argv;
  argv.reserve(copies.size() + 1);
  for (auto& copy : copies) argv.push_back(copy.data());
  argv.push_back(nullptr);
  const int argc = static_cast<int>(copies.size());
  opterr = 0;
  optind = 0;  // glibc: start over
  for (int option = 0; (option = getopt_long(argc, argv.data(), ":o:h", kOptions.data(), nullptr)) != -1;) {
    const std::string word = argv[static_cast<std::size_t>(optind - 1)];
    if (option == '?') return fail(Code::kInvalid, word + ": no such option; see holdfast-agent --help");
    if (option == ':') return fail(Code::kInvalid, word + ": a value is missing");
    HF_CHECK(set_option(out, option, optarg));
  }
  if (optind < argc) out.key = argv[static_cast<std::size_t>(optind++)];
  if (optind < argc) {
    return fail(Code::kInvalid, std::string(argv[static_cast<std::size_t>(optind)]) + ": one word too many");
  }
  const bool takes_key = out.command == AgentCommand::kWhy || out.command == AgentCommand::kLogs ||
                         out.command == AgentCommand::kTrust;
  if (!out.key.empty() && !takes_key) return fail(Code::kInvalid, out.key + ": one word too many");
  HF_CHECK(check(out));
  return out;
}

namespace {

base::ObjectReader::Read registries_field(std::map<std::string, RegistryRule>& out) {
  return [&out](const base::Json& value, const std::string& where) -> Status {
    if (!value.is_object())
      return fail(Code::kInvalid, where + ": must be an object, by the names of registries");
    if (value.size() > limits::kRegistriesMax)
      return fail(Code::kLimit,
                  where + ": more than " + std::to_string(limits::kRegistriesMax) + " registries");
    for (const auto& [name, rule] : value.items()) {
      const std::string at = where + "." + name;
      // The way in which a reference names it.
      const auto image = sync::ImageRef::parse(name + "/x");
      if (!image || image->registry != name)
        return fail(Code::kInvalid,
                    at + ": is not the name of a registry, HOST or HOST:PORT as images have it");
      HF_CHECK(base::ObjectReader(rule, at)
                   .optional("plainHttp", out[name].is_plain)
                   .optional("caFile", out[name].ca_file)
                   .finish());
      if (out[name].is_plain && !out[name].ca_file.empty())
        return fail(Code::kInvalid, at + ": plainHttp has no use for a caFile");
    }
    return {};
  };
}

}  // namespace

Status read_agent_config(std::string_view text, AgentOptions& options) {
  HF_TRY(const base::Json json, base::parse_json(text));
  AgentOptions read;
  std::optional<std::int64_t> pull_rate;
  HF_CHECK(base::ObjectReader(json, "config")
               .optional("engine", read.engine)
               .optional("pullRate", pull_rate)
               .optional("registries", registries_field(read.registries))
               .optional("logLevel", read.log_level)
               .optional("root", read.root)
               .optional("shim", read.shim)
               .optional("systemBus", read.system_bus)
               .optional("facts", read.facts)
               .optional("profile", read.profile)
               .optional("proxy", read.proxy)
               .optional("noProxy", read.no_proxy)
               .finish());
  if (options.log_level.empty()) options.log_level = read.log_level;
  if (options.engine.empty()) options.engine = read.engine;
  if (options.pull_rate.empty() && pull_rate) options.pull_rate = std::to_string(*pull_rate);
  options.registries = std::move(read.registries);
  if (options.root.empty()) options.root = read.root;
  if (options.shim.empty()) options.shim = read.shim;
  if (options.system_bus.empty()) options.system_bus = read.system_bus;
  HF_CHECK(check_system_bus(options));
  if (options.profile.empty()) options.profile = read.profile;
  if (options.proxy.empty()) options.proxy = read.proxy;
  if (options.no_proxy.empty()) options.no_proxy = read.no_proxy;
  options.facts = std::move(read.facts);
  HF_TRY([[maybe_unused]] const auto rate, rate_of(options));
  HF_TRY([[maybe_unused]] const auto profile, profile_of(options));
  HF_TRY([[maybe_unused]] const auto proxy, proxy_of(options, [](const char*) { return std::string(); }));
  return {};
}

Status make_paths_absolute(AgentOptions& options) {
  for (auto* path : {&options.data, &options.root, &options.shim}) {
    HF_TRY(*path, base::absolute_path(*path));
  }
  for (auto& [name, rule] : options.registries) {
    HF_TRY(rule.ca_file, base::absolute_path(rule.ca_file));
  }
  if (options.engine == kNoEngine) return {};
  HF_TRY(options.engine, base::absolute_path(options.engine));
  return {};
}

std::vector<std::string> engine_sockets(const AgentOptions& options) {
  if (options.engine == kNoEngine) return {};
  if (!options.engine.empty()) return {options.engine};
  const bool is_sandbox = !options.root.empty() && options.root != "/";
  if (is_sandbox) return {};
  return {"/run/docker.sock", "/run/podman/podman.sock"};
}

Result<Profile> profile_of(const AgentOptions& options) {
  if (options.profile.empty()) return Profile::kPrompt;
  auto profile = parse_profile(options.profile);
  if (!profile) return fail(std::move(profile).error().with_context("profile"));
  return profile;
}

namespace {

/// Proxy and what is reached without it, as they are written.
std::pair<std::string, std::string> proxy_words(const AgentOptions& options,
                                                const std::function<std::string(const char*)>& variable) {
  const auto first = [&](const std::string& given, const char* upper, const char* lower) {
    if (!given.empty()) return given;
    auto value = variable(upper);
    return value.empty() ? variable(lower) : value;
  };
  return {first(options.proxy, "HTTPS_PROXY", "https_proxy"),
          first(options.no_proxy, "NO_PROXY", "no_proxy")};
}

}  // namespace

Result<sync::ProxyRules> proxy_of(const AgentOptions& options,
                                  const std::function<std::string(const char*)>& variable) {
  const auto [proxy, no_proxy] = proxy_words(options, variable);
  auto rules = sync::ProxyRules::read(proxy, no_proxy);
  if (!rules) return fail(std::move(rules).error().with_context("proxy"));
  return rules;
}

Result<PullOptions> pull_options_of(const AgentOptions& options,
                                    const std::function<std::string(const char*)>& variable) {
  PullOptions out;
  std::tie(out.proxy, out.no_proxy) = proxy_words(options, variable);
  HF_TRY(out.bytes_per_s_max, rate_of(options));
  out.registries = options.registries;
  return out;
}

std::string environment_variable(const char* name) {
  const char* const value = std::getenv(name);
  return value == nullptr ? "" : value;
}

std::string_view agent_help() {
  return R"(holdfast-agent: keeps this machine at the state that Git says.

  holdfast-agent enroll --hub https://HOST:8443 --ca-sha256 HEX --token TOKEN --data DIR
                        [--name NAME] [--label k=v]… [--token-file FILE] [--re-home] [--tpm]
                        makes a key here, has it certified, and stores who this node is. --re-home: leaves
                        a fleet whose hub is lost for good; what runs here is kept, and adopted. --tpm: the
                        key is made in this machine's TPM and stays there (`holdfast-tpm check` says whether
                        it can)
  holdfast-agent run    --data DIR [--root DIR] [--config FILE] [--shim FILE] [--system-bus ADDRESS]
                        [--log-level debug|info|warn|error] [--profile prompt|frugal]
                        [--proxy http://[USER:PASSWORD@]HOST:PORT|none] [--no-proxy HOST,…] [--engine SOCKET|none]
                        [--pull-rate BYTES]
                        keeps going; needs no network to begin. --root: files live under DIR, and units
                        of systemd are kept only where --system-bus (unix:path=…) says whose. --engine: of
                        Docker or podman; else /run/docker.sock, or /run/podman/podman.sock; with --root none.
                        --pull-rate: of images, a second
  holdfast-agent status --data DIR [-o json]      what this node holds and how it fares
  holdfast-agent why KIND/NAME --data DIR         where it comes from, what blocks it, what happens next
  holdfast-agent plan   --data DIR [-o json]      what would be done now, without doing it
  holdfast-agent logs [KIND/NAME] --data DIR [--since 1h] [--container NAME] [--engine SOCKET]
                        of processes, and of containers as long as the engine answers
  holdfast-agent trust FILE --data DIR            takes a newer trust document (the hub's trust.json), when
                        this node finds its hub no more, or in place of one that is missing or bad; the agent may
                        run or not
  holdfast-agent rotate-sealing-key --data DIR    makes a new key to which the hub seals this node's secrets;
                        what is sealed to the old one stays readable; the agent may run or not
  holdfast-agent unenroll [--keep|--prune] --data DIR [--root DIR] [--engine SOCKET]
                        leaves the fleet, with or without a network. --keep (unless said): what is
                        here stays; --prune: what this agent made is deleted

--profile frugal is for lines that are paid by the byte. --proxy, for enroll as well: else HTTPS_PROXY and
NO_PROXY hold; with a password give it there or in the file of --config, which every command reads, not where
others can read the command.
status, why, plan and logs work with no network and no hub.
Exit codes: 0 done, 1 failed, 2 used wrongly.
)";
}

}  // namespace holdfast::edge_agent
