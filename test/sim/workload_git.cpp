// SPDX-License-Identifier: Apache-2.0
// What is committed, pushed and rewritten.
#include "test/sim/workload.hpp"

#include <array>

namespace holdfast::sim {

using std::chrono::seconds;

void Workload::push(const std::string& why, bool rewritten) {
  gitops::FakeGitSource::Tree tree{{"README.md", std::string("fleet")}};
  for (const auto& [folder, model] : repository_) {
    if (!model.empty() || model.damage != Damage::kNone) {
      tree.insert_or_assign(folder + "/" + model.file_name, gitops::FakeFile(model.yaml()));
    } else if (chance(50)) {  // a folder that is there and holds nothing, or no folder at all
      tree.insert_or_assign(folder + "/README.md", gitops::FakeFile("nothing here"));
    }
  }
  auto& git = world_.hub->git;
  const std::string url(kRepository);
  const auto revision = rewritten ? git.rewrite(url, "main", std::move(tree), why)
                                  : git.commit(url, "main", std::move(tree), why);
  world_.trace.add("git", revision.str().substr(0, 8) + " " + why);
  for (const auto& [folder, model] : repository_)
    world_.trace.add("git", revision.str().substr(0, 8) + " " + folder + " holds" + model.summary());
  revisions_.push_back(revision.str());
  world_.oracle.committed(revision.str(), repository_);
}

void Workload::commit(const std::string& why) {
  for (const auto& [name, model] : repository_) {
    if (model.damage == Damage::kNone && model.fails_on_nodes()) failures_.insert_or_assign(name, model);
  }
  push(why, false);
  if (chance(70)) world_.hub->refresh(any_application());
}

std::string Workload::any_application() {
  const std::array<std::string, 3> names{"a", "b", "c"};
  return names[below(names.size())];
}

FolderModel& Workload::any_folder() {
  const std::array<std::string, 3> folders{"apps/a", "apps/b", "apps/c"};
  return repository_[folders[below(folders.size())]];
}

std::string Workload::name_of(const FolderModel& folder) const {
  for (const auto& [name, model] : repository_) {
    if (&model == &folder) return name;
  }
  return "?";
}

void Workload::change_files() {
  auto& folder = any_folder();
  const std::string name = "f" + std::to_string(below(4));
  if (folder.files.contains(name) && chance(35)) {
    folder.files.erase(name);
  } else if (folder.files.contains(name) && chance(70)) {
    folder.files[name].content = next_content();
    folder.files[name].mode = chance(20) ? 0600 : 0644;
  } else {
    const auto& path = kPaths[below(kPaths.size())];
    if (folder.holds(path_claim(path))) return;
    folder.files[name] = {path, next_content()};
  }
  commit("files of " + name_of(folder));
}

void Workload::change_processes() {
  auto& folder = any_folder();
  const auto& name = kProcesses[below(kProcesses.size())];
  if (folder.processes.contains(name) && chance(30)) {
    folder.processes.erase(name);
  } else {
    using Way = ProcessModel::Way;
    const Way way =
        chance(75) ? Way::kGood : std::array{Way::kExits, Way::kNeverReady, Way::kSlowToStop}[below(3)];
    folder.processes[name] = {std::to_string(++versions_), way};
  }
  commit("processes of " + name_of(folder));
}

std::string hook_name(const std::string& folder, const std::string& stage) {
  std::string name = stage + "-" + folder.substr(folder.rfind('/') + 1);
  for (char& c : name) c = c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
  return name;
}

void Workload::change_hooks() {
  auto& folder = any_folder();
  const std::string stage = std::array{"PreSync", "PreSync", "Sync", "PostSync", "SyncFail"}[below(5)];
  const auto name = hook_name(name_of(folder), stage);
  if (folder.hooks.contains(name) && chance(40)) {
    folder.hooks.erase(name);
  } else {
    folder.hooks[name] = {std::to_string(++versions_), stage,
                          std::array{"", "HookSucceeded", "HookFailed", "BeforeHookCreation"}[below(4)],
                          chance(25)};
  }
  commit("hooks of " + name_of(folder));
}

/// A file goes from one application to another in one commit.
void Workload::move_claim() {
  auto& from = any_folder();
  auto& to = any_folder();
  if (&from == &to || from.files.size() < 2) return;
  const auto moved = *from.files.begin();
  if (!moved.second.secret.empty()) return;  // the Secret would have to go with it
  if (to.files.contains(moved.first) || to.holds(path_claim(moved.second.path))) return;
  from.files.erase(moved.first);
  to.files.insert(moved);
  commit("moves " + moved.second.path + " from " + name_of(from) + " to " + name_of(to));
}

/// File/a becomes File/b on the same path; or only the file in Git is called otherwise.
void Workload::rename_resource() {
  auto& folder = any_folder();
  if (folder.files.empty()) return;
  if (chance(50)) {
    folder.file_name = folder.file_name == "all.yaml" ? "other.yaml" : "all.yaml";
    return commit("renames the file of " + name_of(folder));
  }
  const auto renamed = *folder.files.begin();
  const std::string name = "r" + std::to_string(below(3));
  if (folder.files.contains(name)) return;
  folder.files.erase(renamed.first);
  folder.files[name] = renamed.second;
  commit("renames " + renamed.first + " to " + name + " in " + name_of(folder));
}

void Workload::break_or_mend() {
  auto& folder = any_folder();
  if (folder.damage != Damage::kNone) {
    folder.damage = Damage::kNone;
    return commit("mends " + name_of(folder));
  }
  folder.damage = chance(50) ? Damage::kYaml : Damage::kSpec;
  commit((folder.damage == Damage::kYaml ? "breaks the YAML of " : "breaks a spec of ") + name_of(folder));
}

/// Much or all is gone at once.
void Workload::shrink() {
  const auto before = repository_;
  if (repository_.contains("apps/big") && chance(50)) {
    auto& files = repository_["apps/big"].files;
    const auto kept = 1 + below(kBigFiles - 1);
    if (files.size() <= kept) return;
    files.erase(std::next(files.begin(), static_cast<std::ptrdiff_t>(kept)), files.end());
    return commit("shrinks");
  }
  if (chance(50)) {
    for (auto& [folder, model] : repository_) model = FolderModel{};
  } else {
    any_folder() = FolderModel{};
  }
  commit("empties");
  world_.pass(seconds(1 + static_cast<std::int64_t>(below(60))));
  repository_ = before;
  commit("restores");
}

void Workload::trouble_git() {
  auto& git = world_.hub->git;
  const std::string url(kRepository);
  const auto kind = below(4);
  world_.trace.add("git", "trouble, kind " + std::to_string(kind));
  switch (kind) {
    case 0: git.set_unreachable(url, base::Error(base::Code::kUnavailable, "no route to host")); break;
    case 1: push("rewrites history", true); break;
    case 2:
      git.delete_branch(url, "main");
      world_.trace.add("git", "main is deleted");
      world_.pass(seconds(below(60)));
      push("main is back", true);
      break;
    default: git.set_unreachable(url, std::nullopt);
  }
}

}  // namespace holdfast::sim
