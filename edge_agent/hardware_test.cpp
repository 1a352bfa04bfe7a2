// SPDX-License-Identifier: Apache-2.0
#include "edge_agent/hardware.hpp"

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>

namespace holdfast::edge_agent {
namespace {

namespace fs = std::filesystem;
using Facts = std::map<std::string, std::string>;

class HardwareTest : public testing::Test {
 protected:
  void SetUp() override {
    char name[] = "/tmp/hf-hardware-XXXXXX";
    root = mkdtemp(name);
  }
  void TearDown() override { fs::remove_all(root); }
  void put(const std::string& path, const std::string& text) const {
    fs::create_directories(fs::path(root + path).parent_path());
    std::ofstream(root + path) << text;
  }
  void interface(const std::string& name, const std::string& address, const std::string& type,
                 const std::string& device) const {
    put("/sys/class/net/" + name + "/address", address + "\n");
    put("/sys/class/net/" + name + "/addr_assign_type", type + "\n");
    if (device.empty()) return;
    fs::create_directories(root + device);
    fs::create_directory_symlink(root + device, root + "/sys/class/net/" + name + "/device");
  }
  std::string root;
};

TEST_F(HardwareTest, IsMadeOfWhatIsSolderedOn) {
  put("/sys/class/dmi/id/product_uuid", "4C4C4544-0042\n");
  put("/sys/class/dmi/id/board_serial", "To Be Filled By O.E.M.\n");
  put("/sys/class/dmi/id/product_serial", "00000000\n");
  put("/proc/device-tree/serial-number", std::string("1422919082257\0", 14));
  put("/etc/machine-id", "copied with the disk\n");
  interface("eth0", "48:b0:2d:00:00:01", "0", "/sys/devices/pci0/0");
  interface("usb0", "48:b0:2d:00:00:02", "0", "/sys/devices/pci0/usb1/1-1");
  interface("docker0", "48:b0:2d:00:00:03", "0", "");
  interface("wlan0", "48:b0:2d:00:00:04", "3", "/sys/devices/pci0/1");
  interface("vm0", "02:fc:00:00:00:01", "0", "/sys/devices/pci0/2");
  EXPECT_EQ(hardware_facts(root), (Facts{{"device_tree_serial", "1422919082257"},
                                         {"mac.48:b0:2d:00:00:01", "48:b0:2d:00:00:01"},
                                         {"product_uuid", "4c4c4544-0042"}}));
}

TEST_F(HardwareTest, OfAMachineThatTellsNothingIsNotKnown) {
  EXPECT_TRUE(hardware_facts(root).empty());
  EXPECT_EQ(fingerprint_of({}, {}), "");
  EXPECT_EQ(hardware_number(""), 0U);
}

TEST(Fingerprint, IsOfTheFactsThatWereThereAtEnrolment) {
  const Facts facts{{"a", "1"}, {"b", "2"}};
  const auto before = fingerprint_of(facts, {"a", "b"});
  EXPECT_EQ(before.size(), 64U);
  EXPECT_EQ(fingerprint_of({{"a", "1"}, {"b", "2"}, {"c", "3"}}, {"a", "b"}), before)
      << "what comes later does not count";
  EXPECT_EQ(fingerprint_of({{"a", "1"}}, {"a", "b"}), "") << "what cannot be read makes it not known";
  EXPECT_NE(fingerprint_of({{"a", "1"}, {"b", "3"}}, {"a", "b"}), before);
}

TEST(HardwareNumber, IsTheFirstEightBytesLittleEndian) {
  EXPECT_EQ(hardware_number("0102030405060708" + std::string(48, '0')), 0x0807060504030201U);
}

}  // namespace
}  // namespace holdfast::edge_agent
