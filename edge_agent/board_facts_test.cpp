// SPDX-License-Identifier: Apache-2.0
// Every fact of each board, and what no board tells.
#include "edge_agent/board_facts.hpp"

#include <gtest/gtest.h>

#include "edge_agent/fake_boards.hpp"
#include "sync/model/labels.hpp"

namespace holdfast::edge_agent {
namespace {

using Facts = std::map<std::string, std::string>;

Facts facts_of(const BoardFiles& files) {
  const FakeBoard board(testing::TempDir(), files);
  return board_facts(MachineTree(board.root()));
}

TEST(BoardFacts, OfAJetsonAgxOrin) {
  EXPECT_EQ(facts_of(jetson_agx_orin()), (Facts{{"model", "NVIDIA Jetson AGX Orin Developer Kit"},
                                                {"board", "nvidia-jetson-agx-orin-developer-kit"},
                                                {"serial", "1423823038481"},
                                                {"soc", "tegra234"},
                                                {"l4t", "36.4.3"},
                                                {"jetpack", "6.2"},
                                                {"cpus", "12"},
                                                {"memory", "62840Mi"},
                                                {"gpu", "ga10b"},
                                                {"network.can0", "can"},
                                                {"network.eth0", "ethernet"},
                                                {"network.wlan0", "wifi"}}));
}

TEST(BoardFacts, OfAJetsonAgxXavierWhoseReleaseFileIsLong) {
  EXPECT_EQ(facts_of(jetson_agx_xavier()), (Facts{{"model", "Jetson-AGX"},
                                                  {"board", "jetson-agx"},
                                                  {"serial", "1421620023456"},
                                                  {"soc", "tegra194"},
                                                  {"l4t", "35.4.1"},
                                                  {"jetpack", "5.1.2"},
                                                  {"cpus", "8"},
                                                  {"memory", "31926Mi"},
                                                  {"gpu", "gv11b"},
                                                  {"network.eth0", "ethernet"}}));
}

TEST(BoardFacts, OfAJetsonNanoWithJetPack4) {
  EXPECT_EQ(facts_of(jetson_nano()), (Facts{{"model", "NVIDIA Jetson Nano Developer Kit"},
                                            {"board", "nvidia-jetson-nano-developer-kit"},
                                            {"serial", "1422919082257"},
                                            {"soc", "tegra210"},
                                            {"l4t", "32.7.1"},
                                            {"jetpack", "4.6.1"},
                                            {"cpus", "4"},
                                            {"memory", "3964Mi"},
                                            {"gpu", "tegra210-gm20b"},
                                            {"network.eth0", "ethernet"}}));
}

TEST(BoardFacts, OfARaspberryPi4) {
  EXPECT_EQ(facts_of(raspberry_pi_4()), (Facts{{"model", "Raspberry Pi 4 Model B Rev 1.4"},
                                               {"board", "raspberry-pi-4-model-b-rev-1.4"},
                                               {"serial", "10000000d9ab1234"},
                                               {"soc", "bcm2711"},
                                               {"cpus", "4"},
                                               {"memory", "3793Mi"},
                                               {"gpu", "2711-v3d"},
                                               {"network.eth0", "ethernet"},
                                               {"network.wlan0", "wifi"}}));
}

TEST(BoardFacts, OfARaspberryPi5) {
  EXPECT_EQ(facts_of(raspberry_pi_5()), (Facts{{"model", "Raspberry Pi 5 Model B Rev 1.0"},
                                               {"board", "raspberry-pi-5-model-b-rev-1.0"},
                                               {"serial", "c04a7d3f00112233"},
                                               {"soc", "bcm2712"},
                                               {"cpus", "4"},
                                               {"memory", "8061Mi"},
                                               {"gpu", "2712-v3d"},
                                               {"network.eth0", "ethernet"}}));
}

TEST(BoardFacts, OfAnX86GatewayWhoseProductSerialWasLeftIn) {
  EXPECT_EQ(facts_of(x86_gateway()), (Facts{{"model", "Advantech UNO-2271G"},
                                            {"board", "advantech-uno-2271g"},
                                            {"serial", "KSA1234567"},
                                            {"cpus", "2"},
                                            {"memory", "3804Mi"},
                                            {"gpu", "intel-5a85"},
                                            {"network.enp1s0", "ethernet"},
                                            {"network.enp2s0", "ethernet"},
                                            {"network.wwan0", "wwan"}}));
}

TEST(BoardFacts, OfAMachineThatTellsNothingAreNone) { EXPECT_EQ(facts_of({}), Facts{}); }

TEST(BoardFacts, AreNoneWhereTheBytesAreNoText) {
  EXPECT_EQ(facts_of({{"/proc/device-tree/model", "Board \xff\xfe"},
                      {"/proc/device-tree/serial-number", std::string(200, '7')},
                      {"/sys/class/net/\xff/device/uevent", ""},
                      {"/sys/devices/system/cpu/present", "4-1,x\n"},
                      {"/proc/meminfo", "MemTotal: many kB\n"}}),
            Facts{});
}

TEST(BoardFacts, OfALinuxThatNvidiaReleasedLaterHaveNoJetpack) {
  const auto facts = facts_of({{"/etc/nv_tegra_release", "# R99 (release), REVISION: 1.0, GCID: 1\n"}});
  EXPECT_EQ(facts, (Facts{{"l4t", "99.1.0"}}));
}

TEST(BoardFacts, CountProcessorsThatAreSwitchedOffAndAHoleBetween) {
  EXPECT_EQ(facts_of({{"/sys/devices/system/cpu/present", "0-3,6\n"}}).at("cpus"), "5");
}

TEST(BoardFacts, NameAMakerOnce) {
  EXPECT_EQ(
      facts_of({{"/sys/class/dmi/id/sys_vendor", "Acme\n"}, {"/sys/class/dmi/id/product_name", "Acme X1\n"}})
          .at("model"),
      "Acme X1");
}

TEST(BoardFacts, ThatPlaceAreValuesOfLabels) {
  for (const auto& board : {jetson_agx_orin(), jetson_agx_xavier(), jetson_nano(), raspberry_pi_4(),
                            raspberry_pi_5(), x86_gateway()}) {
    for (const auto& [name, value] : facts_of(board)) {
      EXPECT_TRUE(sync::check_label_key("facts.holdfast.dev/" + name)) << name;
      if (name == "model") continue;
      EXPECT_TRUE(sync::check_label_value(value)) << name << ": " << value;
    }
  }
}

TEST(LabelForm, IsShortAndBeginsAndEndsWithALetterOrDigit) {
  EXPECT_EQ(label_form("  (R) Board -- X.1. "), "r-board-x.1");
  EXPECT_EQ(label_form(std::string(62, 'a') + " b"), std::string(62, 'a'));
  EXPECT_EQ(label_form("-.- ."), "");
}

}  // namespace
}  // namespace holdfast::edge_agent
