// SPDX-License-Identifier: Apache-2.0
// `status.hostIP`: the node's address, as it is when a container is made.
#include <arpa/inet.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <net/if.h>
#include <netinet/in.h>

#include "edge_agent/fake_node.hpp"
#include "edge_agent/machine_calls.hpp"

namespace holdfast::edge_agent {
namespace {

using namespace std::chrono_literals;
using base::ContainerName;
using sync::SectionPhase;
using ::testing::Contains;
using ::testing::IsEmpty;
using ::testing::Pair;

constexpr const char* kImage = "registry.example.com/web:1";

class EngineAddress : public ::testing::Test {
 protected:
  EngineAddress() { node.have_image(kImage); }
  static FakeApp web(const std::string& more = "") {
    FakeApp app("app");
    app.policy.progress_deadline = 60s;
    return app.pod("web",
                   std::string(R"({"containers":[{"name":"app","image":")") + kImage +
                       R"-(","env":[{"name":"HOST","valueFrom":{"fieldRef":{"fieldPath":"status.hostIP"}}},
                              {"name":"URL","value":"http://$(HOST):80/$(HOST)"}],"args":["--at=$(HOST)"])-" +
                       more + "}]}");
  }
  void start(const FakeApp& app) {
    node.desire({app});
    node.settle();
  }
  const base::ContainerSpec* spec() const {
    return node.containers.spec_of(ContainerName("hf.default.web.app"));
  }

  FakeNode node;
};

TEST_F(EngineAddress, IsFilledInWhereverItIsUsed) {
  start(web());
  ASSERT_NE(spec(), nullptr);
  EXPECT_THAT(spec()->env, Contains(Pair("HOST", "192.0.2.7")));
  EXPECT_THAT(spec()->env, Contains(Pair("URL", "http://192.0.2.7:80/192.0.2.7")));
  EXPECT_EQ(spec()->arguments, std::vector<std::string>{"--at=192.0.2.7"});
}

TEST_F(EngineAddress, AnotherOneRestartsNothingAndIsOfTheNextContainer) {
  start(web());
  node.forget_touched();
  node.address = "198.51.100.9";
  ASSERT_TRUE(node.restart());
  node.pass(30min);
  EXPECT_THAT(node.containers.changes(), IsEmpty());
  EXPECT_EQ(node.section("app").phase, SectionPhase::kSynced);
  start(web(R"(,"workingDir":"/tmp")"));
  EXPECT_THAT(spec()->env, Contains(Pair("HOST", "198.51.100.9")));
}

TEST_F(EngineAddress, WithoutOneTheOldPodRunsOnAndTheNewOneWaits) {
  start(web());
  node.forget_touched();
  node.address = "";
  start(web(R"(,"workingDir":"/tmp")"));
  EXPECT_EQ(node.resource("Pod/web").reason, "WaitsForAddress");
  EXPECT_THAT(node.containers.changes(), IsEmpty());
  node.address = "192.0.2.8";
  node.pass(15s);
  EXPECT_THAT(spec()->env, Contains(Pair("HOST", "192.0.2.8")));
}

struct Link {
  Link(unsigned flags, int family, const char* text) {
    of.ifa_flags = flags;
    of.ifa_addr = reinterpret_cast<sockaddr*>(&address);
    address.ss_family = static_cast<sa_family_t>(family);
    if (family == AF_INET) ::inet_pton(family, text, &reinterpret_cast<sockaddr_in&>(address).sin_addr);
    if (family == AF_INET6) ::inet_pton(family, text, &reinterpret_cast<sockaddr_in6&>(address).sin6_addr);
  }
  Link(const Link&) = delete;
  Link& operator=(const Link&) = delete;
  ifaddrs of{};
  sockaddr_storage address{};
};

TEST(NodeAddress, IsTheFirstThatLeadsOut) {
  Link loopback(IFF_UP | IFF_LOOPBACK, AF_INET, "127.0.0.1");
  Link down(0, AF_INET, "192.0.2.1");
  Link packet(IFF_UP, AF_PACKET, "");
  Link local(IFF_UP, AF_INET6, "fe80::1");
  Link six(IFF_UP, AF_INET6, "2001:db8::5");
  Link four(IFF_UP, AF_INET, "192.0.2.5");
  loopback.of.ifa_next = &down.of;
  down.of.ifa_next = &packet.of;
  packet.of.ifa_next = &local.of;
  EXPECT_EQ(first_address(&loopback.of), "");
  local.of.ifa_next = &six.of;
  EXPECT_EQ(first_address(&loopback.of), "2001:db8::5");
  six.of.ifa_next = &four.of;
  EXPECT_EQ(first_address(&loopback.of), "192.0.2.5");
  EXPECT_EQ(first_address(nullptr), "");
}

TEST(NodeAddress, OfThisMachineIsAnAddressOrNothing) {
  const auto address = node_address();
  in6_addr bytes{};
  EXPECT_TRUE(address.empty() || ::inet_pton(AF_INET, address.c_str(), &bytes) == 1 ||
              ::inet_pton(AF_INET6, address.c_str(), &bytes) == 1)
      << address;
}

}  // namespace
}  // namespace holdfast::edge_agent
