// SPDX-License-Identifier: Apache-2.0
#include "sync/model/probe.hpp"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "base/limits/agent.hpp"
#include "base/limits/model.hpp"
#include "sync/model/command.hpp"
#include "sync/model/container_fields.hpp"
#include "sync/model/fields.hpp"
#include "sync/model/text.hpp"

namespace holdfast::sync {
namespace {

using base::Code;
using base::fail;
using base::Json;
using base::ObjectReader;
using base::Result;
using base::Status;
namespace limits = base::limits;
using std::chrono::seconds;

/// Nothing that could end a request line or a header.
bool is_printable(std::string_view text) {
  return std::all_of(text.begin(), text.end(), [](char c) { return c > 0x20 && c < 0x7f; });
}

bool is_token_character(char c) {  // RFC 9110, 5.6.2
  constexpr std::string_view kMarks = "!#$%&'*+-.^_`|~";
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
         kMarks.find(c) != std::string_view::npos;
}

/// nullptr: of a Process.
using Ports = const NamedPorts*;

Status read_named_port(const std::string& name, Ports ports, std::uint16_t& out) {
  if (ports == nullptr) return fail(Code::kInvalid, "must be a number: a Process has no named ports");
  const auto found = ports->find(name);
  if (found == ports->end()) {
    return fail(Code::kInvalid, in_quotes(name) + " is the name of no port of this container");
  }
  out = found->second;
  return {};
}

FieldRead port_field(std::uint16_t& out, Ports ports) {
  return [&out, ports](const Json& value, const std::string&) -> Status {
    if (value.is_string()) return read_named_port(value.get_ref<const std::string&>(), ports, out);
    std::int64_t port = 0;
    HF_CHECK(number_field(port, 1, 65'535)(value, ""));
    out = static_cast<std::uint16_t>(port);
    return {};
  };
}

FieldRead host_field(std::string& out) {
  return text_field(out, [](std::string_view host) -> Result<std::string> {
    if (!host.empty() && host.size() <= limits::kNameLengthMax && is_printable(host))
      return std::string(host);
    return fail(Code::kInvalid, in_quotes(host) + " is not a host name or address");
  });
}

Result<std::string> parse_url_path(std::string_view path) {
  if (path.size() <= limits::kPathLengthMax && path.starts_with('/') && is_printable(path)) {
    return std::string(path);
  }
  return fail(Code::kInvalid, in_quotes(path) + " must begin with '/' and hold no spaces");
}

Result<std::string> parse_scheme(std::string_view scheme) {
  if (scheme == "HTTP") return std::string(scheme);
  return fail(Code::kUnsupported, in_quotes(scheme) + " is not supported; only HTTP is");
}

Result<std::string> parse_header_name(std::string_view name) {
  const bool token = !name.empty() && name.size() <= limits::kNameLengthMax &&
                     std::all_of(name.begin(), name.end(), is_token_character);
  if (token) return std::string(name);
  return fail(Code::kInvalid, in_quotes(name) + " is not the name of an HTTP header");
}

Result<std::string> parse_header_value(std::string_view value) {
  const bool plain = value.size() <= limits::kPathLengthMax &&
                     std::none_of(value.begin(), value.end(),
                                  [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7f; });
  if (plain) return std::string(value);
  return fail(Code::kInvalid, "holds a control character or is too long");
}

Status read_header(const Json& value, const std::string& where, HttpGetAction& action) {
  std::pair<std::string, std::string> header;
  ObjectReader in(value, where);
  in.required("name", text_field(header.first, parse_header_name))
      .required("value", text_field(header.second, parse_header_value));
  HF_CHECK(in.finish());
  if (action.headers.size() >= limits::kLabelsMax) {
    return fail(Code::kLimit, "more than " + std::to_string(limits::kLabelsMax) + " headers");
  }
  action.headers.push_back(std::move(header));
  return {};
}

Status read_exec(const Json& value, const std::string& where, Ports ports, Probe& probe) {
  if (ports != nullptr) {
    HF_TRY(probe.action, parse_container_exec(value, where));
    return {};
  }
  ExecAction action;
  ObjectReader in(value, where);
  in.optional("command", action.command);
  HF_CHECK(in.finish());
  if (auto status = check_command(action.command); !status) {
    return fail(std::move(status).error().with_context(where + ".command"));
  }
  probe.action = std::move(action);
  return {};
}

Status read_http_get(const Json& value, const std::string& where, Ports ports, Probe& probe) {
  HttpGetAction action;
  if (ports != nullptr) action.host.clear();
  std::string scheme;
  ObjectReader in(value, where);
  in.required("port", port_field(action.port, ports))
      .optional("host", host_field(action.host))
      .optional("path", text_field(action.path, parse_url_path))
      .optional("scheme", text_field(scheme, parse_scheme))
      .each("httpHeaders",
            [&](const Json& header, const std::string& at) { return read_header(header, at, action); });
  HF_CHECK(in.finish());
  probe.action = std::move(action);
  return {};
}

Status read_tcp_socket(const Json& value, const std::string& where, Ports ports, Probe& probe) {
  TcpSocketAction action;
  if (ports != nullptr) action.host.clear();
  ObjectReader in(value, where);
  in.required("port", port_field(action.port, ports)).optional("host", host_field(action.host));
  HF_CHECK(in.finish());
  probe.action = std::move(action);
  return {};
}

Status check_one_action(const ObjectReader& in, const std::string& where) {
  const int actions = int{in.has("exec")} + int{in.has("httpGet")} + int{in.has("tcpSocket")};
  if (actions == 1) return {};
  return fail(Code::kInvalid, where + ": exactly one of exec, httpGet and tcpSocket must be given");
}

Status check_thresholds(const Probe& probe, const std::string& where, ProbeUse use) {
  if (use == ProbeUse::kReadiness || probe.success_threshold == 1) return {};
  return fail(Code::kInvalid, where + ".successThreshold: must be 1 for a " +
                                  (use == ProbeUse::kLiveness ? "liveness" : "startup") + " probe");
}

void read_timing(ObjectReader& in, Probe& probe, std::int64_t& success, std::int64_t& failure) {
  in.optional("initialDelaySeconds", seconds_field(probe.initial_delay, seconds{0}, limits::kProbeTimeMax))
      .optional("periodSeconds", seconds_field(probe.period, seconds{1}, limits::kProbeTimeMax))
      .optional("timeoutSeconds", seconds_field(probe.timeout, seconds{1}, limits::kProbeTimeoutMax))
      .optional("successThreshold", number_field(success, 1, limits::kProbeThresholdMax))
      .optional("failureThreshold", number_field(failure, 1, limits::kProbeThresholdMax));
}

Result<Probe> read_probe(const Json& value, const std::string& where, ProbeUse use, Ports ports) {
  Probe probe;
  std::int64_t success = probe.success_threshold;
  std::int64_t failure = probe.failure_threshold;
  ObjectReader in(value, where);
  if (ports != nullptr) HF_CHECK(apply_rules(kProbeFields, value, where, in));
  const auto action = [&](Status (*read)(const Json&, const std::string&, Ports, Probe&)) -> FieldRead {
    return [&, read](const Json& member, const std::string& at) { return read(member, at, ports, probe); };
  };
  in.optional("exec", action(read_exec))
      .optional("httpGet", action(read_http_get))
      .optional("tcpSocket", action(read_tcp_socket));
  read_timing(in, probe, success, failure);
  HF_CHECK(in.finish());
  probe.success_threshold = static_cast<std::int32_t>(success);
  probe.failure_threshold = static_cast<std::int32_t>(failure);
  HF_CHECK(check_one_action(in, where));
  HF_CHECK(check_thresholds(probe, where, use));
  return probe;
}

}  // namespace

Result<Probe> parse_probe(const Json& value, const std::string& where, ProbeUse use) {
  return read_probe(value, where, use, nullptr);
}

Result<Probe> parse_container_probe(const Json& value, const std::string& where, ProbeUse use,
                                    const NamedPorts& ports) {
  return read_probe(value, where, use, &ports);
}

Result<ExecAction> parse_container_exec(const Json& value, const std::string& where) {
  ExecAction action;
  ObjectReader in(value, where);
  in.optional("command", action.command);
  HF_CHECK(in.finish());
  if (action.command.empty() || action.command.front().empty()) {
    return fail(Code::kInvalid, where + ".command: must name a program");
  }
  HF_CHECK(in_field(check_arguments(action.command), where + ".command"));
  return action;
}

}  // namespace holdfast::sync
