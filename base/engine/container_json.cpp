// SPDX-License-Identifier: Apache-2.0
#include "base/engine/container_json.hpp"

#include <nlohmann/json.hpp>

#include "base/json.hpp"

namespace holdfast::base {
namespace {

constexpr std::int64_t kNanoCpusPerMilli = 1'000'000;

std::string_view name_of(PortProtocol protocol) {
  switch (protocol) {
    case PortProtocol::kTcp: return "tcp";
    case PortProtocol::kUdp: return "udp";
    case PortProtocol::kSctp: return "sctp";
  }
  return "tcp";
}

std::string network_mode(const ContainerSpec& spec) {
  switch (spec.network) {
    case ContainerNetwork::kBridge: return "bridge";
    case ContainerNetwork::kHost: return "host";
    case ContainerNetwork::kNone: return "none";
    case ContainerNetwork::kShared: return "container:" + spec.shared_with->str();
  }
  return "none";
}

std::string octal(std::uint32_t mode) {
  std::string digits;
  for (; mode != 0; mode >>= 3U) digits.insert(digits.begin(), static_cast<char>('0' + (mode & 7U)));
  return "0" + digits;
}

Json pairs(const std::vector<std::pair<std::string, std::string>>& values, char between) {
  Json out = Json::array();
  for (const auto& [name, value] : values) out.push_back(name + between + value);
  return out;
}

void add_mounts(const ContainerSpec& spec, EngineMake engine, Json& host) {
  Json mounts = Json::array();
  for (const BindMount& mount : spec.binds) {
    mounts.push_back({{"Type", "bind"},
                      {"Source", mount.source},
                      {"Target", mount.target},
                      {"ReadOnly", mount.read_only}});
  }
  if (!mounts.empty()) host["Mounts"] = std::move(mounts);
  for (const MemoryMount& mount : spec.memory_mounts) {
    std::string options = "rw,mode=" + octal(mount.mode);
    // podman else fills it with what the image has there, and gives it that folder's mode; Docker does not, and takes no word on it.
    if (engine == EngineMake::kPodman) options += ",notmpcopyup";
    if (mount.bytes_max) options += ",size=" + std::to_string(*mount.bytes_max);
    host["Tmpfs"][mount.target] = std::move(options);
  }
}

void add_network(const ContainerSpec& spec, EngineMake engine, Json& body, Json& host) {
  host["NetworkMode"] = network_mode(spec);
  // Docker does it without being told, and takes no word on it.
  if (spec.network == ContainerNetwork::kShared && engine == EngineMake::kPodman)
    host["UTSMode"] = "container:" + spec.shared_with->str();
  if (spec.shared_with) host["IpcMode"] = "container:" + spec.shared_with->str();
  if (spec.ipc_is_shareable) host["IpcMode"] = "shareable";
  for (const PortMapping& port : spec.ports) {
    const std::string key = std::to_string(port.container_port) + "/" + std::string(name_of(port.protocol));
    body["ExposedPorts"][key] = Json::object();
    host["PortBindings"][key].push_back(
        {{"HostIp", port.host_ip}, {"HostPort", std::to_string(port.host_port)}});
  }
  if (!spec.extra_hosts.empty()) host["ExtraHosts"] = pairs(spec.extra_hosts, ':');
}

void add_security(const ContainerSpec& spec, Json& host) {
  if (spec.read_only_root) host["ReadonlyRootfs"] = true;
  if (spec.privileged) host["Privileged"] = true;
  if (spec.no_new_privileges) host["SecurityOpt"].push_back("no-new-privileges");
  if (spec.seccomp_unconfined) host["SecurityOpt"].push_back("seccomp=unconfined");
  if (!spec.groups.empty()) host["GroupAdd"] = spec.groups;
  if (!spec.capabilities_add.empty()) host["CapAdd"] = spec.capabilities_add;
  if (!spec.capabilities_drop.empty()) host["CapDrop"] = spec.capabilities_drop;
}

void add_resources(const ContainerSpec& spec, Json& host) {
  if (spec.memory_bytes_max) host["Memory"] = *spec.memory_bytes_max;
  if (spec.memory_bytes_low) host["MemoryReservation"] = *spec.memory_bytes_low;
  if (spec.cpu_milli_max) host["NanoCpus"] = *spec.cpu_milli_max * kNanoCpusPerMilli;
  if (spec.cpu_shares) host["CpuShares"] = *spec.cpu_shares;
  if (spec.processes_max) host["PidsLimit"] = *spec.processes_max;
  for (const DeviceMapping& device : spec.devices) {
    host["Devices"].push_back({{"PathOnHost", device.host_path},
                               {"PathInContainer", device.container_path},
                               {"CgroupPermissions", device.permissions}});
  }
  for (const DeviceRequest& request : spec.device_requests) {
    Json one = {{"Driver", request.driver}, {"Count", request.count}, {"DeviceIDs", request.ids}};
    one["Capabilities"] = Json::array({request.capabilities});
    host["DeviceRequests"].push_back(std::move(one));
  }
  if (!spec.runtime.empty()) host["Runtime"] = spec.runtime;
}

Json host_config(const ContainerSpec& spec, EngineMake engine, Json& body) {
  // Two that start one container again fight over it, and the agent's restarts are counted and backed off.
  Json host = {{"RestartPolicy", {{"Name", "no"}}}, {"AutoRemove", false}};
  if (spec.init) host["Init"] = true;
  add_mounts(spec, engine, host);
  add_network(spec, engine, body, host);
  add_security(spec, host);
  add_resources(spec, host);
  if (!spec.log_driver.empty()) host["LogConfig"] = {{"Type", spec.log_driver}, {"Config", spec.log_options}};
  return host;
}

/// No container and no image has such a name.
constexpr std::string_view kNobody = "-";

std::string escaped(std::string_view text, std::string_view also) {
  constexpr std::string_view kHex = "0123456789ABCDEF";
  std::string out;
  for (const char c : text) {
    const bool is_plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                          std::string_view("-._~").find(c) != std::string_view::npos ||
                          also.find(c) != std::string_view::npos;
    if (is_plain) {
      out += c;
      continue;
    }
    const auto byte = static_cast<unsigned char>(c);
    out.append({'%', kHex[byte >> 4U], kHex[byte & 15U]});
  }
  return out;
}

}  // namespace

std::string to_create_json(const ContainerSpec& spec, EngineMake engine) {
  Json body = {{"Image", spec.image}, {"Tty", false}, {"OpenStdin", false}};
  if (spec.entrypoint) body["Entrypoint"] = *spec.entrypoint;
  if (spec.arguments) body["Cmd"] = *spec.arguments;
  if (!spec.env.empty()) body["Env"] = pairs(spec.env, '=');
  if (!spec.labels.empty()) body["Labels"] = spec.labels;
  if (!spec.working_dir.empty()) body["WorkingDir"] = spec.working_dir;
  if (!spec.user.empty()) body["User"] = spec.user;
  if (!spec.hostname.empty()) body["Hostname"] = spec.hostname;
  if (!spec.stop_signal.empty()) body["StopSignal"] = spec.stop_signal;
  if (spec.stop_timeout) body["StopTimeout"] = spec.stop_timeout->count();
  body["HostConfig"] = host_config(spec, engine, body);
  return body.dump();
}

Result<std::string> to_exec_json(const ExecCommand& command) {
  Json body = {{"AttachStdout", true}, {"AttachStderr", true}, {"Tty", false}};
  body["Cmd"] = command.argv;
  if (!command.env.empty()) body["Env"] = pairs(command.env, '=');
  if (!command.user.empty()) body["User"] = command.user;
  if (!command.working_dir.empty()) body["WorkingDir"] = command.working_dir;
  std::string text = body.dump(-1, ' ', false, Json::error_handler_t::replace);
  if (command.argv.empty()) return fail(Code::kInvalid, "a command without a program");
  return text;
}

std::string to_filter_json(const LabelFilter& labels) {
  Json words = Json::array();
  for (const auto& [name, value] : labels) words.push_back(value.empty() ? name : name + "=" + value);
  return Json({{"label", std::move(words)}}).dump(-1, ' ', false, Json::error_handler_t::replace);
}

std::string container_target(const ContainerId& id, std::string_view rest) {
  return "/containers/" + path_escaped(id.empty() ? kNobody : id.str()) + std::string(rest);
}

std::string image_target(const std::string& reference, std::string_view rest) {
  return "/images/" + path_escaped(reference.empty() ? kNobody : reference) + std::string(rest);
}

std::string query_escaped(std::string_view text) { return escaped(text, ""); }
std::string path_escaped(std::string_view text) { return escaped(text, "/:@"); }

}  // namespace holdfast::base
