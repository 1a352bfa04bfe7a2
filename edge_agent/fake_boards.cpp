// SPDX-License-Identifier: Apache-2.0
#include "edge_agent/fake_boards.hpp"

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <utility>

namespace holdfast::edge_agent {

namespace {

using std::string_literals::operator""s;

void add(BoardFiles& out, const std::string& folder, const BoardFiles& files) {
  for (const auto& [name, content] : files) out.emplace_back(folder + "/" + name, content);
}

struct Trip {
  std::string type;
  std::string millicelsius;
};

void add_zone(BoardFiles& out, int number, const std::string& type, const std::string& temperature,
              const std::vector<Trip>& trips = {}) {
  const auto zone = "/sys/class/thermal/thermal_zone" + std::to_string(number);
  add(out, zone, {{"type", type + "\n"}, {"temp", temperature + "\n"}, {"mode", "enabled\n"}});
  for (std::size_t i = 0; i < trips.size(); ++i) {
    const auto trip = "trip_point_" + std::to_string(i);
    add(out, zone,
        {{trip + "_type", trips[i].type + "\n"},
         {trip + "_temp", trips[i].millicelsius + "\n"},
         {trip + "_hyst", "0\n"}});
  }
}

void add_cooling(BoardFiles& out, int number, const std::string& type, const std::string& state) {
  add(out, "/sys/class/thermal/cooling_device" + std::to_string(number),
      {{"type", type + "\n"}, {"cur_state", state + "\n"}, {"max_state", "2\n"}});
}

struct Channel {
  std::string label;
  std::string millivolts;
  std::string milliamperes;
};

void add_ina3221(BoardFiles& out, int number, const std::vector<Channel>& channels) {
  const auto folder = "/sys/class/hwmon/hwmon" + std::to_string(number);
  add(out, folder, {{"name", "ina3221\n"}, {"in7_label", "sum of shunt voltages\n"}, {"in7_input", "16\n"}});
  for (std::size_t i = 0; i < channels.size(); ++i) {
    const auto channel = std::to_string(i + 1);
    add(out, folder,
        {{"in" + channel + "_label", channels[i].label + "\n"},
         {"in" + channel + "_input", channels[i].millivolts + "\n"},
         {"curr" + channel + "_input", channels[i].milliamperes + "\n"}});
  }
}

/// As the kernel of JetPack 4 has it.
void add_iio_ina3221(BoardFiles& out, const std::string& device, const std::vector<Channel>& channels) {
  for (std::size_t i = 0; i < channels.size(); ++i) {
    const auto channel = std::to_string(i);
    add(out, "/sys/bus/i2c/drivers/ina3221x/" + device,
        {{"rail_name_" + channel, channels[i].label + "\n"},
         {"in_voltage" + channel + "_input", channels[i].millivolts + "\n"},
         {"in_current" + channel + "_input", channels[i].milliamperes + "\n"}});
  }
}

/// A physical one has a device; `uevent` says what kind it is where it is no plain Ethernet.
void add_interface(BoardFiles& out, const std::string& name, const std::string& type,
                   const std::string& uevent = "") {
  add(out, "/sys/class/net/" + name,
      {{"type", type + "\n"},
       {"uevent", uevent + "INTERFACE=" + name + "\n"},
       {"device/uevent", "DRIVER=x\n"}});
}

void add_virtual_interfaces(BoardFiles& out) {
  add(out, "/sys/class/net/lo", {{"type", "772\n"}, {"uevent", "INTERFACE=lo\n"}});
  add(out, "/sys/class/net/docker0", {{"type", "1\n"}, {"uevent", "DEVTYPE=bridge\nINTERFACE=docker0\n"}});
}

std::string meminfo(const std::string& total, const std::string& available) {
  return "MemTotal:       " + total + " kB\nMemFree:          812344 kB\nMemAvailable:   " + available +
         " kB\nBuffers:          101020 kB\nSwapTotal:             0 kB\n";
}

const std::vector<Trip> kOrinTrips{{"active", "51000"}, {"passive", "99000"}, {"critical", "104500"}};
const std::vector<Trip> kPiTrips{{"critical", "110000"}};

}  // namespace

BoardFiles jetson_agx_orin() {
  BoardFiles out{
      {"/proc/device-tree/model", "NVIDIA Jetson AGX Orin Developer Kit\0"s},
      {"/proc/device-tree/serial-number", "1423823038481\0"s},
      {"/proc/device-tree/compatible", "nvidia,p3737-0000+p3701-0005\0nvidia,p3701-0005\0nvidia,tegra234\0"s},
      {"/etc/nv_tegra_release",
       "# R36 (release), REVISION: 4.3, GCID: 38968081, BOARD: generic, EABI: aarch64, DATE: Wed Jan  8 "
       "01:49:37 "
       "UTC 2025\n# KERNEL_VARIANT: oot\nTARGET_USERSPACE_LIB_DIR=nvidia\n"},
      {"/sys/devices/system/cpu/present", "0-11\n"},
      {"/proc/meminfo", meminfo("64349168", "60129540")},
      {"/proc/loadavg", "1.25 0.80 0.51 2/812 4711\n"},
      {"/sys/class/devfreq/15340000.vic/device/of_node/name", "vic\0"s},
      {"/sys/class/devfreq/15340000.vic/device/load", "900\n"},
      {"/sys/class/devfreq/17000000.gpu/device/of_node/name", "gpu\0"s},
      {"/sys/class/devfreq/17000000.gpu/device/of_node/compatible", "nvidia,ga10b\0"s},
      {"/sys/class/devfreq/17000000.gpu/device/load", "125\n"},
      {"/sys/class/devfreq/17000000.gpu/device/power/runtime_status", "active\n"},
      {"/sys/class/hwmon/hwmon0/name", "nvme\n"},
      {"/sys/class/hwmon/hwmon0/temp1_label", "Composite\n"},
      {"/sys/class/hwmon/hwmon0/temp1_input", "39850\n"},
      {"/sys/class/hwmon/hwmon3/name", "soctherm_oc\n"},
      {"/sys/class/hwmon/hwmon3/oc1_event_cnt", "0\n"},
      {"/sys/class/hwmon/hwmon3/oc2_event_cnt", "0\n"},
      {"/sys/class/hwmon/hwmon3/oc3_event_cnt", "7\n"},
      {"/sys/class/hwmon/hwmon3/oc3_throt_en", "1\n"},
  };
  add_zone(out, 0, "cpu-thermal", "48562", kOrinTrips);
  add_zone(out, 1, "gpu-thermal", "45125", kOrinTrips);
  add_zone(out, 2, "cv0-thermal", "-256000", kOrinTrips);
  add_zone(out, 3, "soc0-thermal", "46000", kOrinTrips);
  add_zone(out, 4, "tj-thermal", "48562", kOrinTrips);
  add_zone(out, 5, "tboard-thermal", "38500");
  add_cooling(out, 0, "pwm-fan", "2");
  add_cooling(out, 1, "cpu-throttle-alert", "0");
  add_cooling(out, 2, "gpu-throttle-alert", "0");
  add_cooling(out, 3, "hot-surface-alert", "1");
  add_ina3221(
      out, 1,
      {{"VDD_GPU_SOC", "19952", "160"}, {"VDD_CPU_CV", "19952", "40"}, {"VIN_SYS_5V0", "4992", "712"}});
  add_ina3221(out, 2, {{"NC", "0", "0"}, {"VDDQ_VDD2_1V8AO", "4992", "96"}, {"NC", "0", "0"}});
  add_interface(out, "eth0", "1");
  add_interface(out, "can0", "280");
  add_interface(out, "wlan0", "1", "DEVTYPE=wlan\n");
  add_virtual_interfaces(out);
  return out;
}

BoardFiles jetson_agx_xavier() {
  std::string release =
      "# R35 (release), REVISION: 4.1, GCID: 33958178, BOARD: t186ref, EABI: aarch64, DATE: Tue Aug  1 "
      "19:57:35 UTC "
      "2023\n";
  for (int i = 0; i < 200; ++i) release += "0123456789abcdef0123456789abcdef01234567 *usr/lib/libnv.so\n";
  BoardFiles out{
      {"/proc/device-tree/model", "Jetson-AGX\0"s},
      {"/proc/device-tree/serial-number", "1421620023456\0"s},
      {"/proc/device-tree/compatible", "nvidia,p2972-0000\0nvidia,tegra194\0"s},
      {"/etc/nv_tegra_release", release},
      {"/sys/devices/system/cpu/present", "0-7\n"},
      {"/proc/meminfo", meminfo("32692948", "29311040")},
      {"/proc/loadavg", "0.07 0.10 0.09 1/512 900\n"},
      {"/sys/class/devfreq/17000000.gv11b/device/of_node/name", "gv11b\0"s},
      {"/sys/class/devfreq/17000000.gv11b/device/of_node/compatible", "nvidia,gv11b\0"s},
      {"/sys/class/devfreq/17000000.gv11b/device/load", "640\n"},
      {"/sys/class/devfreq/17000000.gv11b/device/power/runtime_status", "suspended\n"},
  };
  add_zone(out, 0, "CPU-therm", "33000", {{"critical", "96500"}, {"passive", "86000"}});
  add_zone(out, 1, "GPU-therm", "32500", {{"critical", "98500"}, {"passive", "88000"}});
  add_zone(out, 2, "PMIC-Die", "50000", {{"critical", "120000"}});
  add_ina3221(out, 2, {{"GPU", "19152", "0"}, {"CPU", "19152", "32"}, {"SOC", "19144", "104"}});
  add_ina3221(out, 3, {{"CV", "19152", "0"}, {"VDDRQ", "19152", "24"}, {"SYS5V", "19104", "80"}});
  add_interface(out, "eth0", "1");
  add_virtual_interfaces(out);
  return out;
}

BoardFiles jetson_nano() {
  BoardFiles out{
      {"/proc/device-tree/model", "NVIDIA Jetson Nano Developer Kit\0"s},
      {"/proc/device-tree/serial-number", "1422919082257\0"s},
      {"/proc/device-tree/compatible",
       "nvidia,p3449-0000-b00+p3448-0000-b00\0nvidia,jetson-nano\0nvidia,tegra210\0"s},
      {"/etc/nv_tegra_release",
       "# R32 (release), REVISION: 7.1, GCID: 29818004, BOARD: t210ref, EABI: aarch64, DATE: Sat Feb 19 "
       "17:05:08 UTC 2022\n"},
      {"/sys/devices/system/cpu/present", "0-3\n"},
      {"/proc/meminfo", meminfo("4059712", "3217408")},
      {"/proc/loadavg", "0.64 0.51 0.40 1/420 8100\n"},
      {"/sys/class/devfreq/57000000.gpu/device/of_node/name", "gpu\0"s},
      {"/sys/class/devfreq/57000000.gpu/device/of_node/compatible", "nvidia,tegra210-gm20b\0nvidia,gm20b\0"s},
      {"/sys/class/devfreq/57000000.gpu/device/load", "250\n"},
      {"/sys/class/devfreq/57000000.gpu/device/power/runtime_status", "active\n"},
  };
  add_zone(out, 0, "AO-therm", "41500", {{"critical", "102500"}});
  add_zone(out, 1, "CPU-therm", "35500", {{"critical", "102500"}, {"passive", "97000"}});
  add_zone(out, 2, "GPU-therm", "34000", {{"critical", "103000"}, {"passive", "97500"}});
  add_zone(out, 3, "PMIC-Die", "100000", {{"critical", "120000"}});
  add_iio_ina3221(out, "6-0040/iio:device0",
                  {{"POM_5V_IN", "5104", "420"}, {"POM_5V_GPU", "5104", "16"}, {"NC", "0", "0"}});
  add_interface(out, "eth0", "1");
  add_virtual_interfaces(out);
  return out;
}

BoardFiles raspberry_pi_4() {
  BoardFiles out{
      {"/proc/device-tree/model", "Raspberry Pi 4 Model B Rev 1.4\0"s},
      {"/proc/device-tree/serial-number", "10000000d9ab1234\0"s},
      {"/proc/device-tree/compatible", "raspberrypi,4-model-b\0brcm,bcm2711\0"s},
      {"/sys/devices/system/cpu/present", "0-3\n"},
      {"/proc/meminfo", meminfo("3884304", "3401200")},
      {"/proc/loadavg", "0.00 0.01 0.05 1/160 700\n"},
      {"/sys/devices/platform/soc/soc:firmware/get_throttled", "50000\n"},
      {"/sys/class/hwmon/hwmon0/name", "cpu_thermal\n"},
      {"/sys/class/hwmon/hwmon0/temp1_input", "51121\n"},
      {"/sys/class/hwmon/hwmon1/name", "rpi_volt\n"},
      {"/sys/class/hwmon/hwmon1/in0_lcrit_alarm", "0\n"},
      {"/sys/class/drm/card0/device/of_node/compatible", "brcm,bcm2711-vc5\0"s},
      {"/sys/class/drm/card0-HDMI-A-1/status", "disconnected\n"},
      {"/sys/class/drm/card1/device/of_node/compatible", "brcm,2711-v3d\0"s},
  };
  add_zone(out, 0, "cpu-thermal", "51121", kPiTrips);
  add_interface(out, "eth0", "1");
  add_interface(out, "wlan0", "1", "DEVTYPE=wlan\n");
  add_virtual_interfaces(out);
  return out;
}

BoardFiles raspberry_pi_5() {
  BoardFiles out{
      {"/proc/device-tree/model", "Raspberry Pi 5 Model B Rev 1.0\0"s},
      {"/proc/device-tree/serial-number", "c04a7d3f00112233\0"s},
      {"/proc/device-tree/compatible", "raspberrypi,5-model-b\0brcm,bcm2712\0"s},
      {"/sys/devices/system/cpu/present", "0-3\n"},
      {"/proc/meminfo", meminfo("8255200", "7700120")},
      {"/proc/loadavg", "0.50 0.20 0.10 1/200 900\n"},
      {"/sys/bus/platform/drivers/raspberrypi-firmware/soc@107c000000:firmware/get_throttled", "0\n"},
      {"/sys/class/hwmon/hwmon2/name", "rpi_volt\n"},
      {"/sys/class/hwmon/hwmon2/in0_lcrit_alarm", "0\n"},
      {"/sys/class/drm/card0/device/of_node/compatible", "brcm,2712-v3d\0"s},
  };
  add_zone(out, 0, "cpu-thermal", "47950", kPiTrips);
  add_interface(out, "eth0", "1");
  add_virtual_interfaces(out);
  return out;
}

BoardFiles x86_gateway() {
  BoardFiles out{
      {"/sys/class/dmi/id/sys_vendor", "Advantech\n"},
      {"/sys/class/dmi/id/product_name", "UNO-2271G\n"},
      {"/sys/class/dmi/id/product_serial", "Default string\n"},
      {"/sys/class/dmi/id/board_serial", "KSA1234567\n"},
      {"/sys/devices/system/cpu/present", "0-1\n"},
      {"/sys/devices/system/cpu/cpu0/thermal_throttle/package_throttle_count", "3\n"},
      {"/proc/meminfo", meminfo("3895728", "2800000")},
      {"/proc/loadavg", "0.33 0.20 0.10 1/200 900\n"},
      {"/sys/class/hwmon/hwmon0/name", "acpitz\n"},
      {"/sys/class/hwmon/hwmon1/name", "coretemp\n"},
      {"/sys/class/hwmon/hwmon1/temp1_label", "Package id 0\n"},
      {"/sys/class/hwmon/hwmon1/temp1_input", "46000\n"},
      {"/sys/class/hwmon/hwmon1/temp1_crit", "105000\n"},
      {"/sys/class/hwmon/hwmon1/temp2_label", "Core 0\n"},
      {"/sys/class/hwmon/hwmon1/temp2_input", "45000\n"},
      {"/sys/class/drm/card0/device/vendor", "0x8086\n"},
      {"/sys/class/drm/card0/device/device", "0x5a85\n"},
  };
  add_zone(out, 0, "acpitz", "27800", {{"critical", "119000"}});
  add_zone(out, 1, "acpitz", "29800", {{"critical", "119000"}, {"hot", "0"}});
  add_zone(out, 2, "x86_pkg_temp", "46000", {{"passive", "-274000"}});
  add_interface(out, "enp1s0", "1");
  add_interface(out, "enp2s0", "1");
  add_interface(out, "wwan0", "65534", "DEVTYPE=wwan\n");
  add_virtual_interfaces(out);
  return out;
}

BoardFiles x86_with_nvidia_cards(int count) {
  auto out = x86_gateway();
  for (int i = 0; i < count; ++i) {
    const auto device = "/sys/bus/pci/devices/0000:0" + std::to_string(i + 1) + ":00.";
    out.emplace_back(device + "0/vendor", "0x10de\n");
    out.emplace_back(device + "0/class", "0x030000\n");
    out.emplace_back(device + "1/vendor", "0x10de\n");
    out.emplace_back(device + "1/class", "0x040300\n");  // its sound
  }
  return out;
}

// ---- on disk ----

namespace fs = std::filesystem;

FakeBoard::FakeBoard(const std::string& folder, const BoardFiles& files) {
  std::string name = folder + "/board-XXXXXX";
  root_ = ::mkdtemp(name.data());
  for (const auto& [path, content] : files) put(path, content);
}

FakeBoard::~FakeBoard() {
  std::error_code ignored;
  fs::remove_all(root_, ignored);
}

void FakeBoard::put(const std::string& path, std::string_view content) const {
  fs::create_directories(fs::path(root_ + path).parent_path());
  std::ofstream(root_ + path, std::ios::binary) << content;
}

void FakeBoard::remove(const std::string& path) const { fs::remove_all(root_ + path); }

}  // namespace holdfast::edge_agent
