// SPDX-License-Identifier: Apache-2.0
#include "sync/model/process_spec.hpp"

#include <nlohmann/json.hpp>

#include "base/limits/model.hpp"
#include "sync/model/accounts.hpp"
#include "sync/model/claim.hpp"
#include "sync/model/command.hpp"
#include "sync/model/fields.hpp"
#include "sync/model/key_ref.hpp"
#include "sync/model/probe.hpp"
#include "sync/model/quantity.hpp"
#include "sync/model/text.hpp"
#include "sync/model/words.hpp"

namespace holdfast::sync {
namespace {

using base::Code;
using base::fail;
using base::Json;
using base::ObjectReader;
using base::Result;
using base::Status;
namespace limits = base::limits;

constexpr Words<RestartPolicy, 3> kRestartPolicies{{{{RestartPolicy::kAlways, "Always"},
                                                     {RestartPolicy::kOnFailure, "OnFailure"},
                                                     {RestartPolicy::kNever, "Never"}}}};

// ---- env ----

Status read_value_from(const Json& value, const std::string& where, EnvVar& variable) {
  ObjectReader in(value, where);
  if (in.has("secretKeyRef")) {
    return fail(
        Code::kUnsupported,
        where +
            ".secretKeyRef: what a process is started with is kept on the node's disk, so a Secret may not "
            "be in it; write a File with contentFrom.secretKeyRef, and let the process read that");
  }
  in.required("configMapKeyRef", [&](const Json& ref, const std::string& at) -> Status {
    HF_TRY(variable.config_map_key, parse_key_ref(ref, at));
    return {};
  });
  return in.finish();
}

Result<EnvVar> read_env_var(const Json& value, const std::string& where) {
  EnvVar variable;
  ObjectReader in(value, where);
  in.required("name", variable.name)
      .optional("value", variable.value)
      .optional("valueFrom",
                [&](const Json& from, const std::string& at) { return read_value_from(from, at, variable); });
  HF_CHECK(in.finish());
  HF_CHECK(in_field(check_env_name(variable.name), where + ".name"));
  HF_CHECK(in_field(check_no_nul(variable.value), where + ".value"));
  if (in.has("value") && in.has("valueFrom")) {
    return fail(Code::kInvalid, where + ": only one of value and valueFrom may be given");
  }
  return variable;
}

Status check_env(const std::vector<EnvVar>& env, const std::string& where) {
  std::vector<std::pair<std::string_view, std::string_view>> variables;
  variables.reserve(env.size());
  for (const auto& variable : env) variables.emplace_back(variable.name, variable.value);
  return in_field(check_environment(variables), where);
}

// ---- resources ----

Status read_limits(const Json& value, const std::string& where, ProcessSpec& spec) {
  ObjectReader in(value, where);
  in.optional("memory", memory_field(spec.memory_bytes_max, limits::kProcessMemoryBytesMin))
      .optional("cpu", cpu_field(spec.cpu_milli_max));
  return in.finish();
}

Status read_resources(const Json& value, const std::string& where, ProcessSpec& spec) {
  ObjectReader in(value, where);
  if (in.has("requests")) {
    return fail(Code::kUnsupported,
                where + ".requests: means nothing where no scheduler chooses a node; use limits");
  }
  in.optional("limits",
              [&](const Json& limits, const std::string& at) { return read_limits(limits, at, spec); });
  return in.finish();
}

// ---- spec ----

Result<std::string> parse_working_dir(std::string_view path) {
  if (path == "/") return std::string(path);
  return normal_path(path);
}

Result<std::string> parse_user(std::string_view user) {
  HF_CHECK(check_user_and_group(user));
  return std::string(user);
}

FieldRead probe_field(std::optional<Probe>& out, ProbeUse use) {
  return [&out, use](const Json& value, const std::string& where) -> Status {
    HF_TRY(out, parse_probe(value, where, use));
    return {};
  };
}

Status check_command_line(const ProcessSpec& spec, const std::string& where) {
  HF_CHECK(in_field(check_command(spec.command), where + ".command"));
  HF_CHECK(in_field(check_arguments(spec.args), where + ".args"));
  std::vector<std::string> whole = spec.command;
  whole.insert(whole.end(), spec.args.begin(), spec.args.end());
  return in_field(check_arguments(whole), where + ": command and args together");
}

Status read_spec(const Json& value, const std::string& where, ProcessSpec& spec) {
  ObjectReader in(value, where);
  in.optional("command", spec.command)
      .optional("args", spec.args)
      .each("env",
            [&](const Json& element, const std::string& at) -> Status {
              HF_TRY(auto variable, read_env_var(element, at));
              spec.env.push_back(std::move(variable));
              return {};
            })
      .optional("workingDir", text_field(spec.working_dir, parse_working_dir))
      .optional("user", text_field(spec.user, parse_user))
      .optional("restartPolicy", text_field(spec.restart_policy, parse_restart_policy))
      .optional("livenessProbe", probe_field(spec.liveness, ProbeUse::kLiveness))
      .optional("readinessProbe", probe_field(spec.readiness, ProbeUse::kReadiness))
      .optional("resources", [&](const Json& resources,
                                 const std::string& at) { return read_resources(resources, at, spec); })
      .optional("terminationGracePeriodSeconds",
                seconds_field(spec.termination_grace, std::chrono::seconds{0}, limits::kTerminationGraceMax))
      .optional("minReadySeconds",
                seconds_field(spec.min_ready, std::chrono::seconds{0}, limits::kMinReadyMax));
  HF_CHECK(in.finish());
  HF_CHECK(check_command_line(spec, where));
  return check_env(spec.env, where + ".env");
}

}  // namespace

Result<RestartPolicy> parse_restart_policy(std::string_view word) { return kRestartPolicies.parse(word, ""); }

Result<ProcessSpec> parse_process_spec(const Json& object) {
  ProcessSpec spec;
  ObjectReader in(object, "");
  in.ignore("apiVersion").ignore("kind").ignore("metadata");
  in.required("spec",
              [&](const Json& value, const std::string& where) { return read_spec(value, where, spec); });
  HF_CHECK(in.finish());
  return spec;
}

}  // namespace holdfast::sync
