// SPDX-License-Identifier: Apache-2.0
#include "test/sim/model.hpp"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "gitops/sealed_secret.hpp"

namespace holdfast::sim {

sync::Claim path_claim(const std::string& path) { return {sync::ClaimKind::kPath, path}; }
sync::Claim process_claim(const std::string& name) { return {sync::ClaimKind::kProcess, "default/" + name}; }

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
  return std::ranges::any_of(processes, [](const auto& item) { return item.second.is_bad(); }) ||
         std::ranges::any_of(
             hooks, [](const auto& item) { return item.second.fails && item.second.stage != "SyncFail"; });
}

Claims FolderModel::claims() const {
  Claims out;
  for (const auto& [name, file] : files) out.insert(path_claim(file.path));
  for (const auto& [name, process] : processes) out.insert(process_claim(name));
  for (const auto& [name, hook] : hooks) out.insert(process_claim(name));
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
  return out;
}

}  // namespace holdfast::sim
