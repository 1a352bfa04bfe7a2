// SPDX-License-Identifier: Apache-2.0
#include "hub/broker.hpp"

#include <gtest/gtest.h>

namespace holdfast::hub {
namespace {

const BrokerOptions kOptions{.folder = "/d/broker",
                             .address = "127.0.0.1",
                             .port = 8883,
                             .certificate_file = "/d/server.crt",
                             .key_file = "/d/server.key",
                             .ca_file = "/d/ca.crt"};

TEST(BrokerConfiguration, LetsNobodyInWithoutACertificateOfTheFleet) {
  const auto text = broker_configuration(kOptions, false);
  for (const char* line :
       {"require_certificate true\n", "use_identity_as_username true\n", "use_username_as_clientid true\n",
        "allow_anonymous false\n", "tls_version tlsv1.2\n", "cafile /d/ca.crt\n", "acl_file /d/broker/acl\n",
        "listener 8883 127.0.0.1\n"}) {
    EXPECT_NE(text.find(line), std::string::npos) << line;
  }
  EXPECT_EQ(text.find("user root"), std::string::npos) << "an unprivileged hub keeps its broker unprivileged";
}

TEST(BrokerConfiguration, ReadsWhoIsRevokedAndListensForTheHubInItsOwnFolder) {
  const auto text = broker_configuration(kOptions, false);
  const auto admin = text.find("listener 0 /d/broker/admin.sock\n");
  EXPECT_NE(text.find("crlfile /d/broker/revoked.pem\n"), std::string::npos);
  EXPECT_NE(text.find("password_file /d/broker/passwords\n"), std::string::npos);
  ASSERT_NE(admin, std::string::npos);
  EXPECT_EQ(text.find("use_username_as_clientid", admin), std::string::npos)
      << "there the hub takes any client id";
  auto deep = kOptions;
  deep.folder = "/" + std::string(120, 'd');
  EXPECT_EQ(broker_configuration(deep, false).find("listener 0"), std::string::npos)
      << "no socket has so long a name, and mosquitto would not start";
}

TEST(BrokerConfiguration, KeepsNothingOnDisk) {
  EXPECT_NE(broker_configuration(kOptions, false).find("persistence false\n"), std::string::npos);
}

TEST(BrokerConfiguration, QueuesThePresencesOfAWholeFleetAndNoMoreThanSoManyBytes) {
  const auto text = broker_configuration(kOptions, false);
  EXPECT_NE(text.find("max_queued_messages 0\n"), std::string::npos)
      << "a number would drop what is beyond it";
  EXPECT_NE(text.find("max_queued_bytes 67108864\n"), std::string::npos);
}

TEST(BrokerAcl, GivesANodeItsOwnTopicsAndTheHubAll) {
  EXPECT_EQ(broker_acl(),
            "# Written by holdfast-hub at every start; changes made here are lost.\n"
            "pattern write hf/1/+/%u/up\n"
            "pattern write hf/1/+/%u/up/presence\n"
            "pattern read hf/1/+/%u/dn/#\n"
            "user holdfast-hub\n"
            "topic readwrite hf/1/#\n");
}

}  // namespace
}  // namespace holdfast::hub
