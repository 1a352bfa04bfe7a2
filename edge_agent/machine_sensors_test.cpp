// SPDX-License-Identifier: Apache-2.0
// Every reading of each board, and how little a look reads.
#include "edge_agent/machine_sensors.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/limits/node.hpp"
#include "edge_agent/fake_boards.hpp"

namespace holdfast::edge_agent {

namespace {

using namespace std::chrono_literals;
using ::testing::ElementsAre;
using ::testing::IsEmpty;
using Throttled = std::map<ThrottleCause, bool>;

constexpr auto kNone = std::nullopt;

/// A board, and the agent's look at it.
struct Bench {
  explicit Bench(const BoardFiles& files)
      : board(testing::TempDir(), files), sensors(MachineTree(board.root())) {}
  Readings look(std::chrono::milliseconds later = 30s) {
    now += later;
    return sensors.look(now);
  }
  FakeBoard board;
  MachineSensors sensors;
  base::MonotonicTime now{1h};
};

MemoryInfo memory(std::uint64_t total_kib, std::uint64_t available_kib) {
  return {total_kib * 1024, available_kib * 1024};
}

TEST(MachineSensors, OfAJetsonAgxOrin) {
  Bench bench(jetson_agx_orin());
  const auto seen = bench.look();
  EXPECT_THAT(
      seen.temperatures,
      ElementsAre(Temperature{"cpu-thermal", 48562, 104500}, Temperature{"gpu-thermal", 45125, 104500},
                  Temperature{"soc0-thermal", 46000, 104500}, Temperature{"tj-thermal", 48562, 104500},
                  Temperature{"tboard-thermal", 38500, kNone}))
      << "a part that is switched off says -256 °C, and the disk is not asked";
  EXPECT_EQ(seen.throttled, (Throttled{{ThrottleCause::kTemperature, false},
                                       {ThrottleCause::kCurrent, false},
                                       {ThrottleCause::kVoltage, false}}));
  EXPECT_EQ(seen.memory, memory(64349168, 60129540));
  const auto details = bench.sensors.details();
  EXPECT_THAT(details.rails, ElementsAre(PowerRail{"VDD_GPU_SOC", 3192}, PowerRail{"VDD_CPU_CV", 798},
                                         PowerRail{"VIN_SYS_5V0", 3554}, PowerRail{"VDDQ_VDD2_1V8AO", 479}))
      << "channels that are not connected, and the sum of shunts, are no rails";
  EXPECT_EQ(details.gpu_load, 0.125);
  EXPECT_EQ(details.load, 1.25);
}

TEST(MachineSensors, OfAJetsonAgxXavierWhoseGpuSleeps) {
  Bench bench(jetson_agx_xavier());
  const auto seen = bench.look();
  EXPECT_THAT(seen.temperatures,
              ElementsAre(Temperature{"CPU-therm", 33000, 96500}, Temperature{"GPU-therm", 32500, 98500},
                          Temperature{"PMIC-Die", 50000, 120000}));
  EXPECT_THAT(seen.throttled, IsEmpty()) << "it does not tell";
  EXPECT_EQ(seen.memory, memory(32692948, 29311040));
  const auto details = bench.sensors.details();
  EXPECT_THAT(details.rails,
              ElementsAre(PowerRail{"GPU", 0}, PowerRail{"CPU", 612}, PowerRail{"SOC", 1990},
                          PowerRail{"CV", 0}, PowerRail{"VDDRQ", 459}, PowerRail{"SYS5V", 1528}));
  EXPECT_EQ(details.gpu_load, 0.0);
  EXPECT_EQ(details.load, 0.07);
}

TEST(MachineSensors, OfAJetsonNanoWithJetPack4) {
  Bench bench(jetson_nano());
  const auto seen = bench.look();
  EXPECT_THAT(seen.temperatures,
              ElementsAre(Temperature{"AO-therm", 41500, 102500}, Temperature{"CPU-therm", 35500, 102500},
                          Temperature{"GPU-therm", 34000, 103000}, Temperature{"PMIC-Die", 100000, 120000}));
  const auto details = bench.sensors.details();
  EXPECT_THAT(details.rails, ElementsAre(PowerRail{"POM_5V_IN", 2143}, PowerRail{"POM_5V_GPU", 81}));
  EXPECT_EQ(details.gpu_load, 0.25);
}

TEST(MachineSensors, OfARaspberryPi4ThatWasThrottledOnce) {
  Bench bench(raspberry_pi_4());
  const auto seen = bench.look();
  EXPECT_THAT(seen.temperatures, ElementsAre(Temperature{"cpu-thermal", 51121, 110000}));
  EXPECT_EQ(seen.throttled,
            (Throttled{{ThrottleCause::kTemperature, false}, {ThrottleCause::kVoltage, false}}));
  EXPECT_EQ(seen.memory, memory(3884304, 3401200));
  const auto details = bench.sensors.details();
  EXPECT_THAT(details.rails, IsEmpty());
  EXPECT_EQ(details.gpu_load, kNone);
  EXPECT_EQ(details.load, 0.0);
}

TEST(MachineSensors, OfARaspberryPi5) {
  Bench bench(raspberry_pi_5());
  const auto seen = bench.look();
  EXPECT_THAT(seen.temperatures, ElementsAre(Temperature{"cpu-thermal", 47950, 110000}));
  EXPECT_EQ(seen.throttled,
            (Throttled{{ThrottleCause::kTemperature, false}, {ThrottleCause::kVoltage, false}}));
  EXPECT_EQ(seen.memory, memory(8255200, 7700120));
  EXPECT_EQ(bench.sensors.details().load, 0.5);
}

TEST(MachineSensors, OfAnX86GatewayWhoseCoresMaySleepOn) {
  Bench bench(x86_gateway());
  const auto seen = bench.look();
  EXPECT_THAT(seen.temperatures,
              ElementsAre(Temperature{"acpitz", 27800, 119000}, Temperature{"acpitz 2", 29800, 119000},
                          Temperature{"x86_pkg_temp", 46000, kNone},
                          Temperature{"coretemp Package id 0", 46000, 105000}));
  EXPECT_EQ(seen.throttled, (Throttled{{ThrottleCause::kTemperature, false}}));
  EXPECT_EQ(seen.memory, memory(3895728, 2800000));
  const auto details = bench.sensors.details();
  EXPECT_THAT(details.rails, IsEmpty());
  EXPECT_EQ(details.gpu_load, kNone) << "its driver does not say";
  EXPECT_EQ(details.load, 0.33);
}

TEST(MachineSensors, OfAMachineThatTellsNothingReadNothing) {
  Bench bench({});
  const auto seen = bench.look();
  EXPECT_THAT(seen.temperatures, IsEmpty());
  EXPECT_THAT(seen.throttled, IsEmpty());
  EXPECT_EQ(seen.memory, kNone);
  const auto details = bench.sensors.details();
  EXPECT_THAT(details.rails, IsEmpty());
  EXPECT_EQ(details.gpu_load, kNone);
  EXPECT_EQ(details.load, kNone);
}

TEST(MachineSensors, ReadAboutTwentySmallFilesALook) {
  for (const auto& files : {jetson_agx_orin(), jetson_agx_xavier(), jetson_nano(), raspberry_pi_4(),
                            raspberry_pi_5(), x86_gateway()}) {
    Bench bench(files);
    bench.look();
    const auto before = bench.sensors.tree().reads();
    bench.look();
    EXPECT_LE(bench.sensors.tree().reads() - before, 20U);
  }
}

TEST(MachineSensors, WakeNoRadioAndNoDisk) {
  BoardFiles files;
  for (const std::string type : {"iwlwifi_1", "nvme", "drivetemp", "acpitz"}) {
    const auto zone = "/sys/class/thermal/thermal_zone" + std::to_string(files.size());
    files.emplace_back(zone + "/type", type + "\n");
    files.emplace_back(zone + "/temp", "40000\n");
  }
  Bench bench(files);
  EXPECT_THAT(bench.look().temperatures, ElementsAre(Temperature{"acpitz", 40000, kNone}));
}

TEST(MachineSensors, AreFoundAgainForADriverThatCameLate) {
  Bench bench({});
  EXPECT_THAT(bench.look().temperatures, IsEmpty());
  bench.board.put("/sys/class/thermal/thermal_zone0/type", "cpu-thermal\n");
  bench.board.put("/sys/class/thermal/thermal_zone0/temp", "40000\n");
  EXPECT_THAT(bench.look().temperatures, IsEmpty());
  EXPECT_THAT(bench.look(base::limits::kSensorsFindInterval).temperatures,
              ElementsAre(Temperature{"cpu-thermal", 40000, kNone}));
}

TEST(MachineSensors, LeaveOutWhatGoesAway) {
  Bench bench(raspberry_pi_4());
  bench.look();
  bench.board.remove("/sys/class/thermal/thermal_zone0");
  bench.board.put("/sys/devices/platform/soc/soc:firmware/get_throttled", "");
  const auto seen = bench.look();
  EXPECT_THAT(seen.temperatures, IsEmpty());
  EXPECT_EQ(seen.throttled, (Throttled{{ThrottleCause::kVoltage, false}}));
}

// ---- throttling ----

struct PiRow {
  const char* name;
  const char* bits;
  bool is_hot;
  bool is_low;
};

TEST(MachineSensors, TellHeatFromVoltageOnARaspberryPi) {
  static constexpr PiRow kRows[] = {
      {"Nothing", "0\n", false, false},
      {"AllInThePast", "f0000\n", false, false},
      {"UnderVoltage", "50005\n", false, true},
      {"Throttled", "40004\n", true, false},
      {"SoftLimit", "80008\n", true, false},
      {"SoftLimitAndUnderVoltage", "0x9000d\n", true, true},
      {"FrequencyCapped", "20002\n", false, false},
  };
  for (const auto& row : kRows) {
    Bench bench(raspberry_pi_4());
    bench.board.put("/sys/devices/platform/soc/soc:firmware/get_throttled", row.bits);
    EXPECT_EQ(bench.look().throttled,
              (Throttled{{ThrottleCause::kTemperature, row.is_hot}, {ThrottleCause::kVoltage, row.is_low}}))
        << row.name;
  }
}

TEST(MachineSensors, TakeACounterForThrottlingWhileItGrows) {
  Bench bench(x86_gateway());
  const std::string count = "/sys/devices/system/cpu/cpu0/thermal_throttle/package_throttle_count";
  const auto is_hot = [&](std::chrono::milliseconds later = 30s) {
    return bench.look(later).throttled.at(ThrottleCause::kTemperature);
  };
  EXPECT_FALSE(is_hot()) << "what was counted before the agent began is the past";
  bench.board.put(count, "5\n");
  EXPECT_TRUE(is_hot());
  EXPECT_FALSE(is_hot());
  bench.board.put(count, "6\n");
  EXPECT_TRUE(is_hot(base::limits::kSensorsFindInterval)) << "finding sensors again forgets no count";
}

TEST(MachineSensors, TellWhyAJetsonIsSlow) {
  Bench bench(jetson_agx_orin());
  bench.look();
  bench.board.put("/sys/class/thermal/cooling_device2/cur_state", "1\n");
  bench.board.put("/sys/class/hwmon/hwmon3/oc3_event_cnt", "8\n");
  EXPECT_EQ(bench.look().throttled, (Throttled{{ThrottleCause::kTemperature, true},
                                               {ThrottleCause::kCurrent, true},
                                               {ThrottleCause::kVoltage, false}}));
}

TEST(MachineSensors, AreBounded) {
  BoardFiles files;
  for (int i = 0; i < 200; ++i) {
    const auto zone = "/sys/class/thermal/thermal_zone" + std::to_string(i);
    files.emplace_back(zone + "/type", "zone" + std::to_string(i));
    files.emplace_back(zone + "/temp", "1000");
  }
  Bench bench(files);
  EXPECT_EQ(bench.look().temperatures.size(), base::limits::kTemperaturesMax);
}

}  // namespace
}  // namespace holdfast::edge_agent
