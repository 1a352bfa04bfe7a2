// SPDX-License-Identifier: Apache-2.0
#include "hub/clone_watch.hpp"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "hub/fake_fleet.hpp"

namespace holdfast::hub {
namespace {

class CloneWatchTest : public testing::Test {
 protected:
  CloneWatchTest() {
    fleet.commit({{"apps/motd/motd.yaml", file_yaml("motd", "/etc/motd", "one")}});
    fleet.add_node("cam-1");
    fleet.apply({.name = "motd", .path = "apps/motd"});
    fleet.settle();
  }
  FakeNode& node() { return fleet.node("cam-1"); }
  void push(const std::string& content) {
    fleet.change({{"apps/motd/motd.yaml", file_yaml("motd", "/etc/motd", content)}});
  }
  void patch(const base::Json& spec) {
    ASSERT_TRUE(fleet.objects->patch(kNodes, "cam-1", {{"spec", spec}}, Actor::kPerson));
    fleet.settle();
  }
  void say_hello_from(std::uint64_t hardware) {
    node().hardware = hardware;
    node().say_hello();
    fleet.settle();
  }
  std::string spec(const char* name) {
    return fleet.object("nodes", "cam-1")->at("spec").value(name, std::string());
  }
  static constexpr std::uint64_t kEnrolled = 0x0807060504030201U;

  FakeFleet fleet;
};

TEST_F(CloneWatchTest, TwoMachinesUnderOneUidAreBothCutOffAndSomebodyIsTold) {
  patch({{"fingerprint", "0102030405060708" + std::string(48, '0')}});
  say_hello_from(kEnrolled);
  EXPECT_EQ(spec("clone"), "");
  say_hello_from(5);
  EXPECT_NE(spec("clone").find("holdfast approve cam-1"), std::string::npos) << "it names the way out";
  EXPECT_TRUE(fleet.has_event("Cloned"));
  EXPECT_NE(fleet.object("nodes", "cam-1")->dump().find("\"type\":\"Cloned\""), std::string::npos);
  const auto before = node().states_received();
  push("two");
  fleet.poll();
  say_hello_from(kEnrolled);
  EXPECT_EQ(node().states_received(), before) << "the right one, too, until a person has looked";
}

TEST_F(CloneWatchTest, AfterAPersonsApprovalTheMachineThatSpeaksFirstIsTheNode) {
  patch({{"fingerprint", "0102030405060708" + std::string(48, '0')}});
  say_hello_from(5);
  patch({{"clone", nullptr}, {"fingerprint", ""}});
  say_hello_from(5);
  EXPECT_EQ(spec("fingerprint"), "0500000000000000");
  say_hello_from(5);
  EXPECT_EQ(spec("clone"), "");
  say_hello_from(kEnrolled);
  EXPECT_NE(spec("clone"), "");
}

TEST_F(CloneWatchTest, AMachineThatIsNotKnownIsNotJudged) {
  patch({{"fingerprint", "0102030405060708" + std::string(48, '0')}});
  say_hello_from(0);
  EXPECT_EQ(spec("clone"), "");
  push("two");
  fleet.poll();
  EXPECT_NE(node().body_of("motd").find("two"), std::string::npos);
}

}  // namespace
}  // namespace holdfast::hub
