// SPDX-License-Identifier: Apache-2.0
#include "hub/hub_options.hpp"

#include <gtest/gtest.h>

#include <filesystem>

#include "gitops/repository_url.hpp"

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

TEST(HubOptions, TakesTheOneStoreThereIs) {
  EXPECT_TRUE(read_store("lmdb"));
  const auto etcd = read_store("etcd=https://127.0.0.1:2379");
  EXPECT_EQ(etcd.error().code(), base::Code::kUnsupported);
  EXPECT_EQ(etcd.error().message(), "store: etcd is not in this release; write lmdb, or leave it out");
  EXPECT_EQ(read_store("sqlite").error().message(), "store: sqlite: write lmdb");
  HubOptions out;
  EXPECT_TRUE(read_config(R"({"store":"lmdb"})", out));
  EXPECT_FALSE(read_config(R"({"store":"etcd=https://127.0.0.1:2379"})", out));
}

TEST(HubOptions, TakesASourceByPath) {
  const auto folder = testing::TempDir() + "a fleet%41";
  std::filesystem::create_directories(folder);
  const auto url = read_source_url(folder);
  ASSERT_TRUE(url) << url.error().message();
  EXPECT_EQ(gitops::parse_repository_url(*url)->path, folder);
  EXPECT_EQ(read_source_url("https://g/x.git"), "https://g/x.git");
  EXPECT_EQ(read_source_url("https://g/a b.git").error().message().find("source: "), 0U);
  EXPECT_EQ(read_source_url("/no/such/folder").error().message(),
            "source: /no/such/folder: there is no such folder");
  HubOptions out;
  ASSERT_TRUE(read_config(R"({"source":{"url":"/tmp"}})", out));
  EXPECT_EQ(out.root->url, "file:///tmp");
}

TEST(HubOptions, RefusesNamesThatNoCertificateSays) {
  EXPECT_TRUE(check_advertised({"hub.example.com", "10.0.0.1", "fd00::1"}));
  for (const auto* const name : {"", "a b", "https://hub", "hub:8443", "*.example.com"}) {
    const auto checked = check_advertised({"hub", name});
    ASSERT_FALSE(checked) << name;
    EXPECT_TRUE(checked.error().message().starts_with("advertise: \"" + std::string(name) + "\""))
        << checked.error().message();
  }
}

TEST(HubOptions, RefusesOnePortForHubAndBroker) {
  HubOptions out;
  ASSERT_TRUE(read_listen("127.0.0.1:8443", out));
  ASSERT_TRUE(read_broker("embedded:8443", out));
  EXPECT_FALSE(check_ports_differ(out));
  ASSERT_TRUE(read_broker("mqtts://other:8443", out));
  EXPECT_TRUE(check_ports_differ(out));
}

TEST(HubOptions, SaysWhatIsWrong) {
  HubOptions out;
  EXPECT_EQ(read_listen("8443", out).error().message(), "listen: 8443: write ADDR:PORT");
  EXPECT_EQ(read_listen("a:70000", out).error().message(), "listen: \"70000\" is not a port (0 to 65535)");
  EXPECT_EQ(read_broker("nats://x", out).error().message(),
            "broker: nats://x: write embedded, embedded:PORT or mqtts://HOST:PORT");
  EXPECT_FALSE(read_broker("embeddedness", out));
  EXPECT_TRUE(read_poll("soon", out).error().message().starts_with("poll: "));
  EXPECT_NE(read_config(R"({"lisen":":1"})", out).error().message().find("lisen"), std::string::npos);
}

}  // namespace
}  // namespace holdfast::hub
