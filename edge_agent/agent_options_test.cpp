// SPDX-License-Identifier: Apache-2.0
#include "edge_agent/agent_options.hpp"

#include <gtest/gtest.h>

namespace holdfast::edge_agent {
namespace {

const std::string kDigest(64, 'a');

TEST(AgentOptions, ReadsTheEnrolLineThatTheHubPrints) {
  const auto options = parse_agent_options({"holdfast-agent", "enroll", "--hub", "https://hub:8443",
                                            "--ca-sha256", kDigest, "--token", "t", "--data", "/d", "--label",
                                            "role=camera", "--label", "site=a.b", "--name", "n1"});
  ASSERT_TRUE(options) << options.error().message();
  EXPECT_EQ(options->command, AgentCommand::kEnroll);
  EXPECT_EQ(options->labels, (std::map<std::string, std::string>{{"role", "camera"}, {"site", "a.b"}}));
  EXPECT_EQ(options->name, "n1");
}

TEST(AgentOptions, AKeyInATpmIsForWhoAsksForIt) {
  std::vector<std::string> words{"holdfast-agent", "enroll",  "--hub", "https://hub:8443", "--ca-sha256",
                                 kDigest,          "--token", "t",     "--data",           "/d"};
  EXPECT_FALSE(parse_agent_options(words)->tpm);
  words.emplace_back("--tpm");
  EXPECT_TRUE(parse_agent_options(words)->tpm);
}

TEST(AgentOptions, TakesTheResourceBeforeOrAfterTheOptions) {
  EXPECT_EQ(parse_agent_options({"a", "why", "File/motd", "--data", "/d"})->key, "File/motd");
  EXPECT_EQ(parse_agent_options({"a", "why", "--data", "/d", "-o", "json", "File/motd"})->key, "File/motd");
}

TEST(AgentOptions, PathsHoldWhereverTheProgramGoes) {
  AgentOptions options;
  options.data = "data";
  options.shim = "/usr/bin/holdfast-shim";
  ASSERT_TRUE(make_paths_absolute(options));
  EXPECT_TRUE(options.data.starts_with('/') && options.data.ends_with("/data")) << options.data;
  EXPECT_EQ(options.shim, "/usr/bin/holdfast-shim");
  EXPECT_EQ(options.root, "") << "not said";
}

TEST(AgentOptions, LetWhatWasTypedWinOverTheConfiguration) {
  AgentOptions options;
  options.root = "/typed";
  ASSERT_TRUE(read_agent_config(R"({"root":"/configured","logLevel":"debug"})", options));
  EXPECT_EQ(options.root, "/typed");
  EXPECT_EQ(options.log_level, "debug");
  EXPECT_EQ(read_agent_config(R"({"rot":"/"})", options).error().message(),
            "config: unknown field \"rot\"; did you mean \"root\"?");
}

TEST(AgentOptions, TakeProfileAndProxyFromTheConfigurationAndRefuseOthers) {
  AgentOptions options;
  ASSERT_TRUE(
      read_agent_config(R"({"profile":"frugal","proxy":"http://p:3128","noProxy":"hub.lan"})", options));
  EXPECT_EQ(*profile_of(options), Profile::kFrugal);
  const auto rules = proxy_of(options, [](const char*) { return "http://environment:1"; });
  ASSERT_TRUE(rules);
  EXPECT_EQ(rules->of("hub")->authority(), "p:3128");
  EXPECT_EQ(rules->of("hub.lan"), nullptr);
  AgentOptions other;
  EXPECT_EQ(read_agent_config(R"({"profile":"fast"})", other).error().message(),
            "profile: 'fast': there is prompt and frugal");
}

TEST(AgentOptions, TakeTheProxyFromTheEnvironmentWhereNothingElseIsSaid) {
  const auto variable = [](const char* name) -> std::string {
    if (std::string_view(name) == "https_proxy") return "http://environment:1";
    return std::string_view(name) == "NO_PROXY" ? "hub.lan" : "";
  };
  AgentOptions options;
  EXPECT_EQ(proxy_of(options, variable)->of("hub")->authority(), "environment:1");
  EXPECT_EQ(proxy_of(options, variable)->of("hub.lan"), nullptr);
  options.proxy = "none";
  EXPECT_EQ(proxy_of(options, variable)->of("hub"), nullptr);
}

struct WrongUse {
  const char* name;
  std::vector<std::string> arguments;
  const char* message;
};

TEST(AgentOptions, SaysWhatIsWrongAndTheWayOut) {
  const std::vector<WrongUse> table{
      {"unknown command", {"a", "dance"}, "dance: no such command; see holdfast-agent --help"},
      {"unknown option", {"a", "run", "--dta", "/d"}, "--dta: no such option; see holdfast-agent --help"},
      {"value missing", {"a", "run", "--data"}, "--data: a value is missing"},
      {"label without value",
       {"a", "enroll", "--data", "/d", "--label", "x"},
       "--label x: write it as --label key=value"},
      {"a bus that is none",
       {"a", "run", "--data", "/d", "--system-bus", "/run/bus"},
       "--system-bus: \"/run/bus\" is no address of a bus such as \"unix:path=/run/dbus/system_bus_socket\""},
      {"plain http", {"a", "enroll", "--data", "/d", "--hub", "http://h"}, "--hub must be https://HOST:PORT"},
      {"no token",
       {"a", "enroll", "--data", "/d", "--hub", "https://h", "--ca-sha256", kDigest},
       "give one of --token TOKEN and --token-file FILE"},
      {"a digest of zeros",
       {"a", "enroll", "--data", "/d", "--hub", "https://h", "--ca-sha256", std::string(64, '0')},
       "--ca-sha256 must be the 64 hex digits that `holdfast token create` prints: the digest of the hub's "
       "CA"},
      {"name",
       {"a", "enroll", "--data", "/d", "--hub", "https://h", "--ca-sha256", kDigest, "--token", "t.s",
        "--name", "A B"},
       "--name: \"A B\" is not a name: lower-case letters, digits, '-' and '.', starting and ending with a "
       "letter "
       "or digit"},
      {"label",
       {"a", "enroll", "--data", "/d", "--hub", "https://h", "--ca-sha256", kDigest, "--token", "t.s",
        "--label", "a b=c"},
       "--label[\"a b\"]: the name \"a b\" must be letters, digits, '-', '_' and '.', beginning and ending "
       "with a "
       "letter or digit"},
      {"bytes that are no text",
       {"a", "why", "File/\xff", "--data", "/d"},
       "word 2 is not UTF-8: type it so; a file or folder with such a name has to be renamed"},
      {"two keys", {"a", "logs", "x", "y", "--data", "/d"}, "y: one word too many"},
      {"a key where none goes", {"a", "run", "x", "--data", "/d"}, "x: one word too many"},
      {"profile",
       {"a", "run", "--data", "/d", "--profile", "fast"},
       "profile: 'fast': there is prompt and frugal"},
      {"proxy",
       {"a", "run", "--data", "/d", "--proxy", "http://u:secret@p"},
       "proxy: no host and port; write http://HOST:PORT or http://USER:PASSWORD@HOST:PORT"},
      {"format", {"a", "status", "--data", "/d", "-o", "xml"}, "-o xml: there is table and json"},
  };
  for (const auto& row : table) {
    const auto options = parse_agent_options(row.arguments);
    ASSERT_FALSE(options) << row.name;
    EXPECT_EQ(options.error().message(), row.message) << row.name;
    EXPECT_EQ(options.error().code(), base::Code::kInvalid) << row.name;
  }
}

}  // namespace
}  // namespace holdfast::edge_agent
