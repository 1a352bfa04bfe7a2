// SPDX-License-Identifier: Apache-2.0
#include "test/sim/model.hpp"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "gitops/sealed_secret.hpp"

namespace holdfast::sim {

sync::Claim path_claim(const std::string& path) { return {sync::ClaimKind::kPath, path}; }
sync::Claim process_claim(const std::string& name) { return {sync::ClaimKind::kProcess, "default/" + name}; }

sync::Claim unit_claim(const std::string& unit) { return {sync::ClaimKind::kUnit, unit}; }
std::string unit_path(const std::string& unit) { return "/etc/systemd/system/" + unit; }

sync::Claim pod_claim(const std::string& name, const PodModel& pod) {
  return {sync::ClaimKind::kContainer, "hf.default." + name + (pod.replicas > 0 ? "-*" : ".app")};
}

ContainerOwner owner_of_container(const std::string& container) {
  constexpr std::string_view kBefore = "hf.default.";
  constexpr std::string_view kAfter = ".app";
  std::string name = container;
  if (name.starts_with(kBefore)) name.erase(0, kBefore.size());
  if (name.ends_with(kAfter)) name.erase(name.size() - kAfter.size());
  const auto number = name.rfind("dep-");
  if (number == std::string::npos) return {name, pod_claim(name, {})};
  name.erase(number + 3);
  return {name, pod_claim(name, {.version = "", .replicas = 1})};
}

std::string UnitModel::content() const {
  return "[Unit]\nDescription=" + version + (is_idle ? " idle" : "") +
         "\n[Service]\nExecStart=" + (fails ? "/bin/false" : "/bin/sim") +
         "\nRestart=" + (fails ? "no" : "always") + "\n[Install]\nWantedBy=multi-user.target\n";
}

bool is_idle_unit(const std::string& content) { return content.find(" idle\n") != std::string::npos; }

std::string ProcessModel::argument() const {
  const auto number = std::to_string(static_cast<int>(way));
  return version + "-" + number;
}

SecretModel seal_secret(const std::string& name, std::string value, const base::SealingPublicKey& key) {
  gitops::PlainSecret plain{.ns = "default", .name = name, .data = {}, .metadata = "{}", .type = "Opaque"};
  plain.metadata = R"({"name":")" + name + R"("})";
  plain.data.emplace("value", base::ClearText(value));
  return {std::move(value), gitops::sealed_secret(plain, key).dump()};
}

bool FolderModel::fails_on_nodes() const {
  const auto is_bad = [](const auto& item) { return item.second.is_bad(); };
  return std::ranges::any_of(processes, is_bad) || std::ranges::any_of(pods, is_bad) ||
         std::ranges::any_of(units, [](const auto& item) { return item.second.fails; }) ||
         std::ranges::any_of(
             hooks, [](const auto& item) { return item.second.fails && item.second.stage != "SyncFail"; });
}

Claims FolderModel::claims() const {
  Claims out;
  for (const auto& [name, file] : files) out.insert(path_claim(file.path));
  for (const auto& [name, process] : processes) out.insert(process_claim(name));
  for (const auto& [name, hook] : hooks) out.insert(process_claim(name));
  for (const auto& [name, pod] : pods) out.insert(pod_claim(name, pod));
  for (const auto& [name, unit] : units) {
    out.insert(unit_claim(name));
    out.insert(path_claim(unit_path(name)));
  }
  return out;
}

namespace {

std::string octal(std::uint32_t mode) { return mode == 0600 ? "\"0600\"" : "\"0644\""; }

std::string file_yaml(const std::string& name, const FileModel& file) {
  const std::string content = file.secret.empty()
                                  ? "content: \"" + file.content + "\""
                                  : "contentFrom: {secretKeyRef: {name: " + file.secret + ", key: value}}";
  return "apiVersion: holdfast.dev/v1\nkind: File\nmetadata: {name: " + name +
         "}\nspec: {path: " + file.path + ", " + content + ", mode: " + octal(file.mode) + "}\n";
}

std::string process_yaml(const std::string& name, const ProcessModel& process) {
  using Way = ProcessModel::Way;
  std::string command = "[/bin/sim, \"" + process.argument() + "\"";
  if (process.way == Way::kExits) command += ", exits";
  if (process.way == Way::kSlowToStop) command += ", slow";
  const std::string answer = process.way == Way::kNeverReady ? "no" : "yes";
  return "apiVersion: holdfast.dev/v1\nkind: Process\nmetadata: {name: " + name +
         "}\nspec: {command: " + command +
         "], terminationGracePeriodSeconds: 5, readinessProbe: {exec: {command: [/bin/ask, \"" + answer +
         "\"]}, periodSeconds: 300}}\n";
}

std::string pod_spec_yaml(const PodModel& pod) {
  using Way = ProcessModel::Way;
  std::string command = "[/bin/sim, \"" + pod.argument() + "\"";
  if (pod.way == Way::kExits) command += ", exits";
  if (pod.way == Way::kSlowToStop) command += ", slow";
  const std::string probe = ", readinessProbe: {exec: {command: [/bin/ask, \"no\"]}, periodSeconds: 300}";
  return "{terminationGracePeriodSeconds: 5, containers: [{name: app, image: \"" + std::string(kImage) +
         "\", command: " + command + "]" + (pod.way == Way::kNeverReady ? probe : "") + "}]}";
}

std::string pod_yaml(const std::string& name, const PodModel& pod) {
  const std::string head = "\nmetadata: {name: " + name + "}\nspec: ";
  if (pod.replicas == 0) return "apiVersion: v1\nkind: Pod" + head + pod_spec_yaml(pod) + "\n";
  return "apiVersion: apps/v1\nkind: Deployment" + head + "{replicas: " + std::to_string(pod.replicas) +
         ", selector: {matchLabels: {app: " + name + "}}, template: {metadata: {labels: {app: " + name +
         "}}, spec: " + pod_spec_yaml(pod) + "}}\n";
}

/// Line ends are written as "\n" between quotes.
std::string quoted(const std::string& text) {
  std::string out = "\"";
  for (const char c : text) out += c == '\n' ? std::string("\\n") : std::string(1, c);
  return out + "\"";
}

std::string unit_yaml(const std::string& unit, const UnitModel& model) {
  const std::string how = model.is_idle ? "enabled: false, state: stopped" : "enabled: true, state: running";
  return "apiVersion: holdfast.dev/v1\nkind: Unit\nmetadata: {name: " + unit.substr(0, unit.find('.')) +
         "}\nspec: {name: " + unit + ", content: " + quoted(model.content()) + ", " + how + "}\n";
}

std::string hook_yaml(const std::string& name, const HookModel& hook) {
  std::string annotations = "argocd.argoproj.io/hook: " + hook.stage;
  if (!hook.policy.empty()) annotations += ", argocd.argoproj.io/hook-delete-policy: " + hook.policy;
  return "apiVersion: holdfast.dev/v1\nkind: Process\nmetadata: {name: " + name + ", annotations: {" +
         annotations + "}}\nspec: {command: [/bin/sim, \"" + hook.argument() + "\", " +
         (hook.fails ? "exits" : "ends") + "], restartPolicy: Never}\n";
}

}  // namespace

std::string FolderModel::yaml() const {
  std::string out;
  for (const auto& [name, file] : files) out += file_yaml(name, file) + "---\n";
  for (const auto& [name, process] : processes) out += process_yaml(name, process) + "---\n";
  for (const auto& [name, hook] : hooks) out += hook_yaml(name, hook) + "---\n";
  for (const auto& [name, pod] : pods) out += pod_yaml(name, pod) + "---\n";
  for (const auto& [name, unit] : units) out += unit_yaml(name, unit) + "---\n";
  for (const auto& [name, secret] : secrets) out += secret.sealed + "\n---\n";
  if (damage == Damage::kYaml) out += "spec: {{{ [broken\n";
  if (damage == Damage::kSpec)
    out += "apiVersion: holdfast.dev/v1\nkind: File\nmetadata: {name: bad}\nspec: {pth: /x}\n";
  return out;
}

std::string FolderModel::summary() const {
  if (damage != Damage::kNone) return " what cannot be read";
  std::string out;
  for (const auto& [name, file] : files) out += " " + name + ":" + file.path;
  for (const auto& [name, process] : processes) out += " " + name;
  for (const auto& [name, hook] : hooks) out += " " + name + (hook.fails ? "!" : "");
  for (const auto& [name, pod] : pods)
    out += " " + name + (pod.replicas > 0 ? "x" + std::to_string(pod.replicas) : "");
  for (const auto& [name, unit] : units) out += " " + name;
  return out;
}

}  // namespace holdfast::sim
