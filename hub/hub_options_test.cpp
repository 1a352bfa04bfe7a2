// SPDX-License-Identifier: Apache-2.0
#include "hub/hub_options.hpp"

#include <gtest/gtest.h>

namespace holdfast::hub {
namespace {

TEST(HubOptions, ReadsAConfigurationWithTheOptionsNames) {
  HubOptions out;
  const auto read = read_config(R"({"listen":"127.0.0.1:9443","broker":"embedded:9883","poll":"5s",
      "advertise":["hub.example.com"],"source":{"url":"https://g/x.git","path":"fleet","ref":"main"},
      "repositories":[{"url":"ssh://git@g/","sshKeyFile":"/k","knownHostsFile":"/h"}]})",
                                out);
  ASSERT_TRUE(read) << read.error().message();
  EXPECT_EQ(out.listen_address, "127.0.0.1");
  EXPECT_EQ(out.listen_port, 9443);
  EXPECT_EQ(out.broker_port, 9883);
  EXPECT_EQ(out.poll_interval, std::chrono::seconds(5));
  EXPECT_EQ(out.root->revision, "main");
  EXPECT_EQ(out.repositories.at(0).ssh_key_file, "/k");
}

TEST(HubOptions, ReadsListenAndBrokerInEveryForm) {
  HubOptions out;
  ASSERT_TRUE(read_listen(":1", out));
  EXPECT_EQ(out.listen_address, "0.0.0.0");
  ASSERT_TRUE(read_listen("[::1]:2", out));
  EXPECT_EQ(out.listen_address, "::1");
  ASSERT_TRUE(read_broker("embedded", out));
  EXPECT_TRUE(out.broker_url.empty());
  ASSERT_TRUE(read_broker("mqtts://b:8883", out));
  EXPECT_EQ(out.broker_url, "mqtts://b:8883");
}

TEST(HubOptions, SaysWhatIsWrong) {
  HubOptions out;
  EXPECT_EQ(read_listen("8443", out).error().message(), "listen: 8443: write ADDR:PORT");
  EXPECT_EQ(read_listen("a:70000", out).error().message(), "listen: \"70000\" is not a port (0 to 65535)");
  EXPECT_EQ(read_broker("nats://x", out).error().message(),
            "broker: nats://x: write embedded, embedded:PORT or mqtts://HOST:PORT");
  EXPECT_FALSE(read_broker("embeddedness", out));
  EXPECT_NE(read_config(R"({"lisen":":1"})", out).error().message().find("lisen"), std::string::npos);
}

}  // namespace
}  // namespace holdfast::hub
