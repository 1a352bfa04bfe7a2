// SPDX-License-Identifier: Apache-2.0
#include "base/container.hpp"

#include <algorithm>
#include <string_view>

#include "base/json.hpp"
#include "base/limits/engine.hpp"
#include "base/limits/model.hpp"
#include "base/sealing.hpp"

namespace holdfast::base {
namespace {

constexpr std::size_t kBriefLength = 12;

bool is_letter_or_digit(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
}

/// Checks one spec; every error begins with its name.
class SpecCheck {
 public:
  explicit SpecCheck(const ContainerSpec& spec) : spec_(spec) {}

  Status run() {
    HF_CHECK(check_container_name(spec_.name));
    if (spec_.image.empty()) return bad("image", "is empty");
    HF_CHECK(texts());
    HF_CHECK(environment());
    HF_CHECK(labels());
    HF_CHECK(mounts());
    return network();
  }

 private:
  Status bad(std::string_view field, std::string_view why, Code code = Code::kInvalid) const {
    return fail(code, "container " + spec_.name.str() + ": " + std::string(field) + " " + std::string(why));
  }

  Status text(std::string_view field, std::string_view value) const {
    if (value.find('\0') != std::string_view::npos) return bad(field, "contains a NUL byte");
    if (!is_utf8(value)) return bad(field, "is not UTF-8");
    return {};
  }

  Status texts() const {
    for (const auto& [field, value] : {std::pair<std::string_view, std::string_view>{"image", spec_.image},
                                       {"workingDir", spec_.working_dir},
                                       {"user", spec_.user},
                                       {"hostname", spec_.hostname},
                                       {"runtime", spec_.runtime},
                                       {"stopSignal", spec_.stop_signal}}) {
      HF_CHECK(text(field, value));
    }
    std::size_t count = 0;
    std::size_t bytes = 0;
    for (const auto* words : {&spec_.entrypoint, &spec_.arguments}) {
      if (!*words) continue;
      for (const std::string& word : **words) {
        HF_CHECK(text("command", word));
        ++count;
        bytes += word.size();
      }
    }
    if (count > limits::kCommandArgumentsMax || bytes > limits::kCommandBytesMax)
      return bad("command", "is too long", Code::kLimit);
    return {};
  }

  Status environment() const {
    std::size_t bytes = 0;
    for (const auto& [name, value] : spec_.env) {
      HF_CHECK(text("env", name));
      HF_CHECK(text("env " + name, value));
      if (name.empty() || name.find('=') != std::string::npos) return bad("env", "has a name that is none");
      bytes += name.size() + value.size();
    }
    if (spec_.env.size() > limits::kCommandArgumentsMax || bytes > limits::kCommandBytesMax)
      return bad("env", "is too long", Code::kLimit);
    return {};
  }

  Status labels() const {
    std::size_t bytes = 0;
    for (const auto& [name, value] : spec_.labels) {
      HF_CHECK(text("label", name));
      HF_CHECK(text("label " + name, value));
      bytes += name.size() + value.size();
    }
    if (bytes > limits::kContainerLabelBytesMax) return bad("labels", "are too long", Code::kLimit);
    return {};
  }

  Status path(std::string_view field, std::string_view value) const {
    HF_CHECK(text(field, value));
    if (!value.starts_with('/')) return bad(field, "'" + std::string(value) + "' is not an absolute path");
    return {};
  }

  Status mounts() const {
    for (const BindMount& mount : spec_.binds) {
      HF_CHECK(path("mount", mount.source));
      HF_CHECK(path("mount", mount.target));
    }
    for (const MemoryMount& mount : spec_.memory_mounts) HF_CHECK(path("mount", mount.target));
    for (const DeviceMapping& device : spec_.devices) {
      HF_CHECK(path("device", device.host_path));
      HF_CHECK(path("device", device.container_path));
    }
    if (spec_.binds.size() + spec_.memory_mounts.size() + spec_.devices.size() > limits::kContainerMountsMax)
      return bad("mounts", "are too many", Code::kLimit);
    return {};
  }

  Status network() const {
    if (spec_.network == ContainerNetwork::kShared && !spec_.shared_with)
      return bad("network", "is to be shared, and with whom is not said");
    if (spec_.network != ContainerNetwork::kBridge && !spec_.ports.empty())
      return bad("ports", "need a network of its own");
    const auto is_bad = [](const PortMapping& port) {
      return port.container_port == 0 || port.host_port == 0 || !is_utf8(port.host_ip);
    };
    if (std::ranges::any_of(spec_.ports, is_bad)) return bad("ports", "name port 0");
    return {};
  }

  const ContainerSpec& spec_;
};

}  // namespace

std::string brief(const ContainerId& id) { return id.str().substr(0, kBriefLength); }

bool wants_devices(const ContainerSpec& spec) {
  return !spec.device_requests.empty() || !spec.runtime.empty();
}

Status check_container_name(const ContainerName& name) {
  const std::string& text = name.str();
  const bool is_good = !text.empty() && text.size() <= limits::kContainerNameLengthMax &&
                       is_letter_or_digit(text.front()) && std::ranges::all_of(text, [](char c) {
                         return is_letter_or_digit(c) || c == '_' || c == '.' || c == '-';
                       });
  if (!is_good) {
    return fail(Code::kInvalid,
                "a container's name is up to " + std::to_string(limits::kContainerNameLengthMax) +
                    " letters, digits, '.', '_' and '-', and begins with one of the first two");
  }
  return {};
}

Status check_container_spec(const ContainerSpec& spec) { return SpecCheck(spec).run(); }

void wipe_secrets(ContainerSpec& spec) {
  for (auto& [name, value] : spec.env) wipe(value);
  for (auto* words : {&spec.entrypoint, &spec.arguments}) {
    if (!*words) continue;
    for (auto& word : **words) wipe(word);
  }
}

std::string_view to_string(ContainerPhase phase) {
  switch (phase) {
    case ContainerPhase::kCreated: return "created";
    case ContainerPhase::kRunning: return "running";
    case ContainerPhase::kPaused: return "paused";
    case ContainerPhase::kRestarting: return "restarting";
    case ContainerPhase::kRemoving: return "removing";
    case ContainerPhase::kExited: return "exited";
    case ContainerPhase::kDead: return "dead";
  }
  return "?";
}

}  // namespace holdfast::base
