// SPDX-License-Identifier: Apache-2.0
#include "edge_agent/machine_sensors.hpp"

#include <algorithm>
#include <array>
#include <charconv>

#include "base/limits/node.hpp"

namespace holdfast::edge_agent {

namespace limits = base::limits;

namespace {

const std::string kThermal = "/sys/class/thermal/";
const std::string kHwmon = "/sys/class/hwmon/";
const std::string kIna3221x = "/sys/bus/i2c/drivers/ina3221x/";

/// The lowest trip point at which the kernel warns ("hot") or ends the machine ("critical"); one that is not set is 0 or less.
std::optional<std::int64_t> limit_of(const MachineTree& tree, const std::string& zone) {
  std::optional<std::int64_t> out;
  constexpr std::string_view kEnd = "_type";
  for (const auto& name : tree.names(zone, "trip_point_")) {
    if (!name.ends_with(kEnd)) continue;
    const auto type = tree.text(zone + "/" + name);
    if (type != "hot" && type != "critical") continue;
    const auto trip = tree.number(zone + "/" + name.substr(0, name.size() - kEnd.size()) + "_temp");
    if (trip && *trip > 0) out = std::min(out.value_or(*trip), *trip);
  }
  return out;
}

/// Radios and disks that are thermal zones: they answer by a command to the device, which wakes it.
bool is_woken_by(const std::string& zone_type) {
  static constexpr std::array<std::string_view, 3> kTypes{"iwlwifi", "nvme", "drivetemp"};
  return std::ranges::any_of(kTypes, [&](std::string_view type) { return zone_type.starts_with(type); });
}

/// Names are labels of metrics, of which no two may be the same: the second "acpitz" is "acpitz 2".
template <typename Sensors>
std::string own_name(const Sensors& known, const std::string& name) {
  std::string out = name;
  const auto is_known = [&](const auto& sensor) { return sensor.name == out; };
  for (int number = 2; std::ranges::any_of(known, is_known); ++number)
    out = name + " " + std::to_string(number);
  return out;
}

bool is_printable(const std::string& text) {
  return !text.empty() && text.size() <= limits::kMachineTextLengthMax &&
         std::ranges::all_of(text, [](unsigned char c) { return c >= ' ' && c < 0x7f; });
}

/// Bits of get_throttled, now: https://www.raspberrypi.com/documentation/computers/os.html#get_throttled
enum : std::uint32_t { kUnderVoltage = 1U << 0U, kThrottled = 1U << 2U, kSoftTemperatureLimit = 1U << 3U };

}  // namespace

// ---- to find ----

void MachineSensors::find() {
  temperatures_.clear();
  rails_.clear();
  throttles_.clear();
  find_zones();
  find_alerts();
  find_firmware();
  find_chips();
  find_rails_of_jetpack_4();
  add_throttle(ThrottleForm::kCounter, ThrottleCause::kTemperature,
               "/sys/devices/system/cpu/cpu0/thermal_throttle/package_throttle_count");
  gpu_ = find_gpu(tree_);
}

void MachineSensors::add_temperature(const std::string& name, const std::string& file,
                                     std::optional<std::int64_t> limit) {
  if (temperatures_.size() < limits::kTemperaturesMax && is_printable(name))
    temperatures_.push_back({own_name(temperatures_, name), file, limit});
}

void MachineSensors::add_throttle(ThrottleForm form, ThrottleCause cause, const std::string& file) {
  if (throttles_.size() < limits::kThrottleSourcesMax && tree_.exists(file))
    throttles_.push_back({form, cause, file});
}

void MachineSensors::find_zones() {
  for (const auto& name : tree_.names(kThermal, "thermal_zone")) {
    const auto zone = kThermal + name;
    const auto type = tree_.text(zone + "/type");
    if (!is_woken_by(type)) add_temperature(type, zone + "/temp", limit_of(tree_, zone));
  }
}

/// Jetson: a "cooling device" for each thing that is slowed down by heat.
void MachineSensors::find_alerts() {
  for (const auto& name : tree_.names(kThermal, "cooling_device")) {
    if (tree_.text(kThermal + name + "/type").ends_with("-throttle-alert"))
      add_throttle(ThrottleForm::kState, ThrottleCause::kTemperature, kThermal + name + "/cur_state");
  }
}

void MachineSensors::find_firmware() {
  std::vector<std::string> files{"/sys/devices/platform/soc/soc:firmware/get_throttled"};
  const std::string driver = "/sys/bus/platform/drivers/raspberrypi-firmware/";
  for (const auto& device : tree_.names(driver)) files.push_back(driver + device + "/get_throttled");
  const auto there =
      std::ranges::find_if(files, [this](const std::string& file) { return tree_.exists(file); });
  if (there != files.end())
    throttles_.push_back({ThrottleForm::kRaspberryPi, ThrottleCause::kTemperature, *there});
}

void MachineSensors::find_chips() {
  for (const auto& name : tree_.names(kHwmon, "hwmon")) {
    const auto folder = kHwmon + name;
    const auto chip = tree_.text(folder + "/name");
    if (chip == "coretemp" || chip == "k10temp") add_cpu_chip(folder, chip);
    if (chip == "ina3221") add_rails(folder);
    if (chip == "rpi_volt")
      add_throttle(ThrottleForm::kState, ThrottleCause::kVoltage, folder + "/in0_lcrit_alarm");
    if (chip != "soctherm_oc") continue;
    add_throttle(ThrottleForm::kCounter, ThrottleCause::kVoltage, folder + "/oc1_event_cnt");
    add_throttle(ThrottleForm::kCounter, ThrottleCause::kCurrent, folder + "/oc2_event_cnt");
    add_throttle(ThrottleForm::kCounter, ThrottleCause::kCurrent, folder + "/oc3_event_cnt");
  }
}

/// Of the whole package only: a core that sleeps would have to wake to tell its own.
void MachineSensors::add_cpu_chip(const std::string& folder, const std::string& chip) {
  constexpr std::string_view kEnd = "_label";
  for (const auto& name : tree_.names(folder, "temp")) {
    if (!name.ends_with(kEnd)) continue;
    const auto label = tree_.text(folder + "/" + name);
    if (!label.starts_with("Package") && label != "Tctl") continue;
    const auto sensor = folder + "/" + name.substr(0, name.size() - kEnd.size());
    add_temperature(chip + " " + label, sensor + "_input", tree_.number(sensor + "_crit"));
  }
}

void MachineSensors::add_rails(const std::string& folder) {
  static constexpr std::array<const char*, 3> kChannels{"1", "2", "3"};  // 4 to 7 are shunts and sums
  for (const std::string channel : kChannels) {
    add_rail(tree_.text(folder + "/in" + channel + "_label"), folder + "/in" + channel + "_input",
             folder + "/curr" + channel + "_input");
  }
}

/// Its kernel has a driver of NVIDIA's own, with a device of the IIO subsystem for each chip.
void MachineSensors::find_rails_of_jetpack_4() {
  static constexpr std::array<const char*, 3> kChannels{"0", "1", "2"};
  for (const auto& chip : tree_.names(kIna3221x)) {
    for (const auto& device : tree_.names(kIna3221x + chip, "iio:device")) {
      const auto folder = kIna3221x + chip + "/" + device;
      for (const std::string channel : kChannels)
        add_rail(tree_.text(folder + "/rail_name_" + channel), folder + "/in_voltage" + channel + "_input",
                 folder + "/in_current" + channel + "_input");
    }
  }
}

void MachineSensors::add_rail(const std::string& label, const std::string& millivolts_file,
                              const std::string& milliamperes_file) {
  if (!is_printable(label) || label == "NC" || rails_.size() == limits::kPowerRailsMax) return;
  rails_.push_back({own_name(rails_, label), millivolts_file, milliamperes_file});
}

// ---- to read ----

Readings MachineSensors::look(base::MonotonicTime now) {
  if (!found_at_ || now - *found_at_ >= limits::kSensorsFindInterval) {
    find();
    found_at_ = now;
  }
  Readings out;
  for (const auto& sensor : temperatures_) {
    // Jetson's firmware says -256 °C of a part that is switched off.
    constexpr std::int64_t kColdest = -100'000;
    const auto value = tree_.number(sensor.file);
    if (value && *value > kColdest) out.temperatures.push_back({sensor.name, *value, sensor.limit});
  }
  for (const auto& source : throttles_) ask(source, out);
  out.memory = memory_info(tree_.bytes("/proc/meminfo"));
  return out;
}

void MachineSensors::ask(const ThrottleSource& source, Readings& out) {
  const auto say = [&](ThrottleCause cause, bool is_throttled) {
    out.throttled[cause] = out.throttled[cause] || is_throttled;
  };
  if (source.form == ThrottleForm::kRaspberryPi) {
    auto text = tree_.text(source.file);
    if (text.starts_with("0x")) text.erase(0, 2);
    std::uint32_t bits = 0;
    if (std::from_chars(text.data(), text.data() + text.size(), bits, 16).ec != std::errc{}) return;
    // Throttled for want of voltage is told as that, not as heat.
    const bool is_low = (bits & kUnderVoltage) != 0;
    say(ThrottleCause::kVoltage, is_low);
    say(ThrottleCause::kTemperature,
        (bits & kSoftTemperatureLimit) != 0 || (!is_low && (bits & kThrottled) != 0));
    return;
  }
  const auto value = tree_.number(source.file);
  if (!value) return;
  if (source.form == ThrottleForm::kState) return say(source.cause, *value > 0);
  const auto before = counted_.find(source.file);
  say(source.cause, before != counted_.end() && *value > before->second);
  counted_[source.file] = *value;
}

Details MachineSensors::details() const {
  Details out;
  for (const auto& rail : rails_) {
    const auto millivolts = tree_.number(rail.millivolts_file);
    const auto milliamperes = tree_.number(rail.milliamperes_file);
    constexpr std::int64_t kSane = 1'000'000;  // a megavolt; what is beyond is no reading
    if (!millivolts || !milliamperes || *millivolts > kSane || *milliamperes > kSane || *millivolts < 0 ||
        *milliamperes < 0)
      continue;
    out.rails.push_back({rail.name, *millivolts * *milliamperes / 1'000});
  }
  if (gpu_) out.gpu_load = gpu_load(tree_, *gpu_);
  const auto load = tree_.text("/proc/loadavg");
  double average = 0;
  if (std::from_chars(load.data(), load.data() + load.size(), average).ec == std::errc{}) out.load = average;
  return out;
}

}  // namespace holdfast::edge_agent
