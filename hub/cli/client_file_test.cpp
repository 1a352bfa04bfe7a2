// SPDX-License-Identifier: Apache-2.0
// Client files in kubeconfig's format: which hub, which CA, who asks, and where they are looked for.
#include "hub/cli/client_file.hpp"

#include <gtest/gtest.h>

#include "base/digest.hpp"
#include "hub/cli/fake_console.hpp"
#include "hub/cli/fake_person.hpp"

namespace holdfast::cli {
namespace {

std::string file_with(const std::string& cluster, const std::string& user = "token: abc") {
  return "apiVersion: v1\nkind: Config\npreferences: {}\ncurrent-context: b\n"
         "contexts:\n- name: a\n  context: {cluster: other, user: other}\n"
         "- name: b\n  context: {cluster: mine, user: me, namespace: default}\n"
         "clusters:\n- name: mine\n  cluster: {" +
         cluster + "}\nusers:\n- name: me\n  user: {" + user + "}\n";
}

const std::string kCa = "certificate-authority-data: " + base::to_base64("PEM");

TEST(ClientFile, GivesTheClusterAndUserOfTheCurrentContext) {
  const auto file =
      parse_client_file(file_with("server: \"https://hub.example.com:8443\", " + kCa), "admin.yaml");
  ASSERT_TRUE(file) << file.error().message();
  EXPECT_EQ(file->host, "hub.example.com");
  EXPECT_EQ(file->port, 8443);
  EXPECT_EQ(file->ca_pem, "PEM");
  EXPECT_EQ(file->token, "abc");
  EXPECT_EQ(file->server(), "https://hub.example.com:8443");
}

struct ServerRow {
  const char* name;
  const char* url;
  const char* server;
};

class Servers : public testing::TestWithParam<ServerRow> {};

TEST_P(Servers, AreTakenApart) {
  const auto file =
      parse_client_file(file_with("server: \"" + std::string(GetParam().url) + "\", " + kCa), "f");
  ASSERT_TRUE(file) << file.error().message();
  EXPECT_EQ(file->server(), GetParam().server);
}

INSTANTIATE_TEST_SUITE_P(Table, Servers,
                         testing::Values(ServerRow{"Plain", "https://hub", "https://hub:443"},
                                         ServerRow{"SlashAtTheEnd", "https://hub:8443/", "https://hub:8443"},
                                         ServerRow{"Address", "https://127.0.0.1:1", "https://127.0.0.1:1"},
                                         ServerRow{"Ipv6", "https://[::1]:8443", "https://[::1]:8443"}),
                         [](const auto& row) { return row.param.name; });

struct BadRow {
  const char* name;
  std::string text;
  const char* message;
};

class BadClientFile : public testing::TestWithParam<BadRow> {};

TEST_P(BadClientFile, IsRefusedWithFileAndField) {
  const auto file = parse_client_file(GetParam().text, "f.yaml");
  ASSERT_FALSE(file);
  EXPECT_NE(file.error().message().find("client file f.yaml: "), std::string::npos) << file.error().message();
  EXPECT_NE(file.error().message().find(GetParam().message), std::string::npos) << file.error().message();
}

INSTANTIATE_TEST_SUITE_P(
    Table, BadClientFile,
    testing::Values(
        BadRow{"Empty", "", "must hold one YAML document"}, BadRow{"NoYaml", "a: [", "line"},
        BadRow{"NoContext", "clusters: []", "current-context: is missing"},
        BadRow{"UnknownContext", "current-context: x\n", "contexts: there is none named \"x\""},
        BadRow{"PlainHttp", file_with("server: \"http://hub:8080\", " + kCa), "is not reached by TLS"},
        BadRow{"PathInTheServer", file_with("server: \"https://hub/path\", " + kCa),
               "holds more than host and port"},
        BadRow{"CredentialsInTheServer", file_with("server: \"https://a:b@hub\", " + kCa),
               "holds more than host and port"},
        BadRow{"BadPort", file_with("server: \"https://hub:70000\", " + kCa), "has a bad port"},
        BadRow{"NoHost", file_with("server: \"https://:443\", " + kCa), "names no host"},
        BadRow{"NoCa", file_with("server: \"https://hub\""), "certificate-authority-data: is missing"},
        BadRow{"CaIsNoBase64", file_with("server: \"https://hub\", certificate-authority-data: \"%%\""),
               "certificate-authority-data: "},
        BadRow{"NoVerification", file_with("server: \"https://hub\", insecure-skip-tls-verify: true"),
               "insecure-skip-tls-verify: is refused"},
        BadRow{"NoToken", file_with("server: \"https://hub\", " + kCa, "username: x"), "token: is missing"},
        BadRow{"TokenOfTwoLines", file_with("server: \"https://hub\", " + kCa, "token: \"a\\r\\nHost: b\""),
               "token: must be one line"}),
    [](const auto& row) { return row.param.name; });

TEST(ClientFile, OfTheOnlyContextWhereNoneIsCurrent) {
  auto text = file_with("server: \"https://hub\", " + kCa);
  text.replace(text.find("current-context: b\n"), 19, "");
  text.replace(text.find("- name: a\n  context: {cluster: other, user: other}\n"), 51, "");
  EXPECT_TRUE(parse_client_file(text, "f"));
}

TEST(ClientFile, MessagesNeverQuoteTheToken) {
  const auto file = parse_client_file(file_with("server: \"http://hub\", " + kCa, "token: top-secret"), "f");
  ASSERT_FALSE(file);
  EXPECT_EQ(file.error().message().find("top-secret"), std::string::npos);
}

TEST(ClientFile, MessagesNeverQuoteAPassword) {
  const auto file = parse_client_file(file_with("server: \"https://me:top-secret@hub\", " + kCa), "f");
  ASSERT_FALSE(file);
  EXPECT_EQ(file.error().message().find("top-secret"), std::string::npos) << file.error().message();
}

TEST(ClientFile, IsLookedForInOrder) {
  FakePerson person;
  const auto content = [](const char* host) {
    return file_with("server: \"https://" + std::string(host) + "\", " + kCa);
  };
  auto& variables = person.console.variables;
  const auto given = person.writes("given.yaml", content("given"));
  variables = {};
  const auto home = person.writes("home/.config/holdfast/client.yaml", content("home"));
  variables["HOME"] = home.substr(0, home.find("/.config"));
  EXPECT_EQ(read_client_file("", person.console.console)->host, "home");
  const auto config = person.writes("config/holdfast/client.yaml", content("config"));
  variables["XDG_CONFIG_HOME"] = config.substr(0, config.find("/holdfast/client"));
  EXPECT_EQ(read_client_file("", person.console.console)->host, "config");
  variables["HOLDFAST_CONFIG"] = person.writes("variable.yaml", content("variable"));
  EXPECT_EQ(read_client_file("", person.console.console)->host, "variable");
  EXPECT_EQ(read_client_file(given, person.console.console)->host, "given");
}

TEST(ClientFile, WhereThereIsNoneTheWayOutIsTold) {
  FakeConsole console;
  console.variables["HOME"] = "/nonexistent";
  const auto file = read_client_file("", console.console);
  ASSERT_FALSE(file);
  EXPECT_NE(file.error().message().find("/nonexistent/.config/holdfast/client.yaml"), std::string::npos);
  EXPECT_NE(file.error().message().find("admin.yaml"), std::string::npos);
  EXPECT_NE(file.error().message().find("HOLDFAST_CONFIG"), std::string::npos);
}

TEST(ClientFile, OneThatWasNamedAndIsNotThereIsAnError) {
  FakeConsole console;
  const auto file = read_client_file("/nonexistent/admin.yaml", console.console);
  ASSERT_FALSE(file);
  EXPECT_NE(file.error().message().find("/nonexistent/admin.yaml"), std::string::npos)
      << file.error().message();
}

}  // namespace
}  // namespace holdfast::cli
