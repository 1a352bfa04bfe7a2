// SPDX-License-Identifier: Apache-2.0
// LocalRepository: a real Git repository in a temporary folder, made with git's own plumbing, for the tests
// of GitMirror. Commands are started without a shell and with no configuration but this file's.
#pragma once

#include <fcntl.h>
#include <gtest/gtest.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <csignal>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/handle.hpp"
#include "sync/model/ids.hpp"

namespace holdfast::gitops {

/// A folder that is gone when the test is over.
class TemporaryFolder {
 public:
  TemporaryFolder() {
    std::string name = testing::TempDir() + "gitops-XXXXXX";
    path_ = ::mkdtemp(name.data()) == nullptr ? "" : std::filesystem::canonical(name).string();
    EXPECT_FALSE(path_.empty());
  }
  ~TemporaryFolder() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }
  TemporaryFolder(const TemporaryFolder&) = delete;
  TemporaryFolder& operator=(const TemporaryFolder&) = delete;
  const std::string& path() const { return path_; }

 private:
  std::string path_;
};

/// The environment of every program that a test starts.
inline std::vector<std::string> test_environment() {
  return {"PATH=/usr/local/bin:/usr/bin:/bin:/usr/sbin:/sbin",
          "HOME=/nonexistent",
          "LC_ALL=C",
          "GIT_CONFIG_NOSYSTEM=1",
          "GIT_AUTHOR_NAME=A. Person",
          "GIT_AUTHOR_EMAIL=a@example.com",
          "GIT_AUTHOR_DATE=1767225600 +0000",
          "GIT_COMMITTER_NAME=A. Person",
          "GIT_COMMITTER_EMAIL=a@example.com",
          "GIT_COMMITTER_DATE=1767225600 +0000"};
}

/// A program in a process group of its own, ended with the object. Its output goes to `output_file`.
class TestProcess {
 public:
  TestProcess(std::vector<std::string> arguments, const std::string& output_file,
              std::vector<std::string> more_environment = {}, const std::string& input_file = "/dev/null") {
    auto variables = test_environment();
    for (auto& variable : more_environment) variables.push_back(std::move(variable));
    posix_spawn_file_actions_t actions;
    posix_spawnattr_t attributes;
    ::posix_spawn_file_actions_init(&actions);
    ::posix_spawn_file_actions_addopen(&actions, 0, input_file.c_str(), O_RDONLY, 0);
    ::posix_spawn_file_actions_addopen(&actions, 1, output_file.c_str(), O_WRONLY | O_CREAT | O_TRUNC, 0600);
    ::posix_spawn_file_actions_adddup2(&actions, 1, 2);
    ::posix_spawnattr_init(&attributes);
    ::posix_spawnattr_setpgroup(&attributes, 0);
    ::posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETPGROUP);
    EXPECT_EQ(::posix_spawnp(&pid_, arguments[0].c_str(), &actions, &attributes, pointers(arguments).data(),
                             pointers(variables).data()),
              0)
        << arguments[0];
    ::posix_spawnattr_destroy(&attributes);
    ::posix_spawn_file_actions_destroy(&actions);
  }
  ~TestProcess() {
    if (pid_ <= 0) return;
    ::kill(-pid_, SIGKILL);
    ::waitpid(pid_, nullptr, 0);
  }
  TestProcess(const TestProcess&) = delete;
  TestProcess& operator=(const TestProcess&) = delete;

  pid_t pid() const { return pid_; }
  /// Waits for its end; the exit code, or -1.
  int wait() {
    int status = 0;
    ::waitpid(std::exchange(pid_, 0), &status, 0);
    return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
  }

 private:
  static std::vector<char*> pointers(std::vector<std::string>& texts) {
    std::vector<char*> out;
    out.reserve(texts.size() + 1);
    for (auto& text : texts) out.push_back(text.data());
    out.push_back(nullptr);
    return out;
  }
  pid_t pid_ = 0;
};

inline std::string text_of(const std::string& path) {
  std::ifstream in(path);
  return {std::istreambuf_iterator<char>(in), std::istreambuf_iterator<char>()};
}

/// One entry of a tree.
struct LocalFile {
  std::string content;  ///< of a submodule: a commit id
  const char* mode = "100644";
  LocalFile(std::string text) : content(std::move(text)) {}
  LocalFile(const char* text) : content(text) {}
  LocalFile(std::string text, const char* what) : content(std::move(text)), mode(what) {}
  static LocalFile symlink(std::string target) { return {std::move(target), "120000"}; }
  static LocalFile submodule(std::string commit) { return {std::move(commit), "160000"}; }
};

/// A bare repository; commits come from git fast-import, one process each however large they are.
class LocalRepository {
 public:
  using Tree = std::map<std::string, LocalFile>;

  explicit LocalRepository(std::string folder) : folder_(std::move(folder)) {
    std::filesystem::create_directories(folder_);
    git({"init", "--quiet", "--bare", "--initial-branch=main", "."});
  }

  const std::string& folder() const { return folder_; }
  std::string url() const { return "file://" + folder_; }

  /// A commit with `tree` on top of `branch`.
  sync::Revision commit(const std::string& branch, const Tree& tree,
                        const std::string& subject = "a change") {
    return import(branch, subject, tip(branch), tree);
  }
  /// A commit without parent that replaces `branch`.
  sync::Revision rewrite(const std::string& branch, const Tree& tree) {
    return import(branch, "history rewritten", "", tree);
  }
  void force_push(const std::string& branch, const sync::Revision& commit) {
    git({"update-ref", "refs/heads/" + branch, commit.str()});
  }
  void delete_branch(const std::string& branch) { git({"update-ref", "-d", "refs/heads/" + branch}); }
  /// An annotated one: an object of its own that leads to the commit.
  void tag(const std::string& name, const sync::Revision& commit) {
    git({"tag", "--annotate", "--message", name, name, commit.str()});
  }

  /// git's output, without the last line end; empty where git fails.
  std::string git(std::vector<std::string> arguments, const std::string& input_file = "/dev/null") {
    const std::string command = arguments[0];
    arguments.insert(arguments.begin(), {"git", "-C", folder_, "-c", "safe.directory=*", "-c", "gc.auto=0"});
    const std::string output = folder_ + ".out";
    const int code = TestProcess(arguments, output, {}, input_file).wait();
    std::string text = text_of(output);
    EXPECT_TRUE(code == 0 || command == "rev-parse") << command << ": " << text;
    while (text.ends_with('\n')) text.pop_back();
    return code == 0 ? text : "";
  }

 private:
  std::string tip(const std::string& branch) {
    return git({"rev-parse", "--quiet", "--verify", "refs/heads/" + branch});
  }

  sync::Revision import(const std::string& branch, const std::string& subject, const std::string& parent,
                        const Tree& tree) {
    const std::string stream = folder_ + ".in";
    const std::string marks = folder_ + ".marks";
    {
      std::ofstream out(stream, std::ios::binary);
      const std::string ref = "refs/heads/" + branch;
      out << "reset " << ref << "\n\ncommit " << ref << "\nmark :1\n";
      for (const char* who : {"author", "committer"})
        out << who << " A. Person <a@example.com> 1767225600 +0000\n";
      out << "data " << subject.size() << "\n" << subject << "\n";
      if (!parent.empty()) out << "from " << parent << "\n";
      out << "deleteall\n";
      for (const auto& [path, file] : tree) {
        const bool submodule = std::string_view(file.mode) == "160000";
        out << "M " << file.mode << " " << (submodule ? file.content : "inline") << " " << path << "\n";
        if (!submodule) out << "data " << file.content.size() << "\n" << file.content << "\n";
      }
    }
    git({"fast-import", "--quiet", "--force", "--export-marks=" + marks}, stream);
    const std::string text = text_of(marks);  // ":1 <id>"
    EXPECT_GE(text.size(), 43U);
    return sync::Revision(text.substr(3, 40));
  }

  std::string folder_;
};

/// Where the build put the programs.
inline std::string fetch_program() {
  const char* bin = std::getenv("HOLDFAST_BIN");
  EXPECT_NE(bin, nullptr) << "HOLDFAST_BIN names the folder of the programs; ctest sets it";
  return std::string(bin == nullptr ? "." : bin) + "/holdfast-git-fetch";
}

}  // namespace holdfast::gitops
