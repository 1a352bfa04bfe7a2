// SPDX-License-Identifier: Apache-2.0
// How a command speaks to the hub, and what it says when that does not work.
#include <gtest/gtest.h>

#include <cstdlib>

#include "hub/cli/fake_person.hpp"

namespace holdfast::cli {
namespace {

constexpr const char* kNodes = "GET /apis/holdfast.dev/v1/nodes";
constexpr const char* kEmptyList = R"({"apiVersion":"holdfast.dev/v1","kind":"NodeList","items":[]})";

bool says(const FakePerson& person, const std::string& text) {
  return person.err().find(text) != std::string::npos;
}

TEST(Connection, CarriesTheTokenToAHubThatIsTrusted) {
  FakePerson person;
  person.hub.answer(kNodes, kEmptyList);
  EXPECT_EQ(person.types({"get", "nodes", "-o", "json"}), ExitCode::kDone) << person.err();
  EXPECT_EQ(person.hub.last_request().authorization, std::string("Bearer ") + kFakeToken);
}

TEST(Connection, OfAFileGivenByConfigGoesBeforeTheVariable) {
  FakePerson person;
  FakeHub other;
  other.answer(kNodes, kEmptyList);
  const auto file = person.writes("other.yaml", other.client_file());
  EXPECT_EQ(person.types({"--config", file, "get", "nodes", "-o", "json"}), ExitCode::kDone) << person.err();
  EXPECT_EQ(person.types({"get", "nodes", "-o", "json", "--config", file}), ExitCode::kDone) << person.err();
  EXPECT_EQ(other.requests().size(), 2U);
  EXPECT_TRUE(person.hub.requests().empty());
}

TEST(Connection, ToAHubOfAnotherCaIsRefusedBeforeTheTokenIsSent) {
  FakePerson person;
  const FakeHub other;
  person.console.variables["HOLDFAST_CONFIG"] =
      person.writes("c.yaml", person.hub.client_file_with("", "", other.ca_pem()));
  EXPECT_EQ(person.types({"get", "nodes"}), ExitCode::kFailed);
  EXPECT_TRUE(says(person, "is not trusted")) << person.err();
  EXPECT_TRUE(says(person, "take its new admin.yaml")) << person.err();
  EXPECT_TRUE(person.hub.requests().empty());
}

TEST(Connection, TrustsNoCaOfTheSystem) {
  FakePerson person;
  const FakeHub other;
  const auto bundle = person.writes("system.pem", person.hub.ca_pem());
  setenv("SSL_CERT_FILE", bundle.c_str(), 1);
  person.console.variables["HOLDFAST_CONFIG"] =
      person.writes("c.yaml", person.hub.client_file_with("", "", other.ca_pem()));
  const auto code = person.types({"get", "nodes"});
  unsetenv("SSL_CERT_FILE");
  EXPECT_EQ(code, ExitCode::kFailed);
  EXPECT_TRUE(says(person, "is not trusted")) << person.err();
  EXPECT_TRUE(person.hub.requests().empty());
}

TEST(Connection, ToAnAddressThatTheCertificateDoesNotNameIsRefused) {
  FakePerson person;
  const FakeHub other("hub.example.com");
  person.console.variables["HOLDFAST_CONFIG"] = person.writes("c.yaml", other.client_file());
  EXPECT_EQ(person.types({"get", "nodes"}), ExitCode::kFailed);
  EXPECT_TRUE(says(person, "it is not made for 127.0.0.1")) << person.err();
  EXPECT_TRUE(other.requests().empty());
}

TEST(Connection, ToNobodySaysWhichHubAndWhereItStands) {
  FakePerson person;
  person.hub.stop();
  EXPECT_EQ(person.types({"get", "nodes"}), ExitCode::kFailed);
  EXPECT_TRUE(
      says(person, "holdfast: the hub at https://127.0.0.1:" + std::to_string(person.hub.port()) + " "))
      << person.err();
  EXPECT_TRUE(says(person, "is holdfast-hub running there? The address stands in " +
                               person.console.variables["HOLDFAST_CONFIG"]))
      << person.err();
}

TEST(Connection, WithACaThatIsNoneIsRefused) {
  FakePerson person;
  person.console.variables["HOLDFAST_CONFIG"] =
      person.writes("c.yaml", person.hub.client_file_with("", "", "no PEM"));
  EXPECT_EQ(person.types({"get", "nodes"}), ExitCode::kFailed);
  EXPECT_TRUE(says(person, "certificate-authority-data: holds no certificate")) << person.err();
}

struct Refusal {
  const char* name;
  int status;
  const char* body;
  const char* message;
};

class Refusals : public testing::TestWithParam<Refusal> {};

TEST_P(Refusals, AreToldWithTheHubsMessage) {
  FakePerson person;
  person.hub.answer(kNodes, GetParam().status, GetParam().body);
  EXPECT_EQ(person.types({"get", "nodes"}), ExitCode::kFailed);
  EXPECT_TRUE(person.err().starts_with("holdfast: ")) << person.err();
  EXPECT_TRUE(says(person, GetParam().message)) << person.err();
  EXPECT_EQ(person.out(), "");
}

INSTANTIATE_TEST_SUITE_P(
    Table, Refusals,
    testing::Values(
        Refusal{"WrongToken", 401, R"({"kind":"Status","message":"the bearer token is not valid"})",
                "the bearer token is not valid; the token stands in "},
        Refusal{"BadSelector", 400, R"({"message":"labelSelector: bad"})", "labelSelector: bad"},
        Refusal{"Conflict", 409, R"({"message":"somebody else changed it"})", "somebody else changed it"},
        Refusal{"NoStatusObject", 502, "<html>bad gateway</html>",
                "the hub answered with HTTP status 502: <html>bad gateway</html>"},
        Refusal{"NoBody", 500, "", "the hub answered with HTTP status 500"},
        Refusal{"CommandsToTheTerminal", 500, R"({"message":"\u001b[2J"})", "\\x1b[2J"},
        Refusal{"NoJson", 200, "hello", "is that a holdfast-hub?"}),
    [](const auto& row) { return row.param.name; });

TEST(Connection, NeverShowsTheToken) {
  FakePerson person;
  person.hub.answer(kNodes, 401, R"({"message":"no"})");
  person.types({"get", "nodes"});
  EXPECT_EQ((person.out() + person.err()).find(kFakeToken), std::string::npos);
}

}  // namespace
}  // namespace holdfast::cli
