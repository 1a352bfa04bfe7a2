// SPDX-License-Identifier: Apache-2.0
// GitMirror against real servers: what they give, and each way in which they and the network fail. What it
// does as every GitSource is in gitops/git_source_contract.cpp.
#include "gitops/git/mirror.hpp"

#include <gtest/gtest.h>

#include <fstream>
#include <memory>

#include "base/event_loop.hpp"
#include "base/limits/git.hpp"
#include "base/system_random.hpp"
#include "gitops/git/git_servers_test.hpp"
#include "gitops/git/local_repository_contract.hpp"

namespace holdfast::gitops {
namespace {

using base::Code;
using sync::Revision;
using namespace std::chrono_literals;

class MirrorTest : public testing::Test {
 protected:
  MirrorTest() { open({}); }

  void open(MirrorOptions options) {
    mirror_.reset();
    options.folder = folder() + "/mirrors";
    options.fetch_program = options.fetch_program.empty() ? fetch_program() : options.fetch_program;
    mirror_ = GitMirror::open(*loop_, random_, options).value();
    mirror_->on_fetched([this](const FetchResult& result) { result_ = result; });
  }

  const std::string& folder() const { return folder_.path(); }
  std::string repository_path() const { return folder() + "/fleet.git"; }
  LocalRepository& remote() {
    if (!remote_) remote_ = std::make_unique<LocalRepository>(repository_path());
    return *remote_;
  }

  FetchResult fetch(const Repository& repository) {
    result_.reset();
    mirror_->fetch(repository);
    for (int i = 0; i < 600 && !result_; ++i) loop_->run_once(100ms);
    EXPECT_TRUE(result_) << "no end was told";
    return result_.value_or(FetchResult{});
  }
  /// "ok", or "Code: message".
  std::string fetched(const Repository& repository) {
    const FetchResult result = fetch(repository);
    return result.error ? std::string(to_string(result.error->code())) + ": " + result.error->message()
                        : "ok";
  }
  std::string content(const std::string& url, const std::string& revision = "main") {
    const auto commit = mirror_->resolve(url, revision);
    if (!commit) return commit.error().message();
    const auto files = mirror_->read_tree(url, *commit, ".");
    if (!files) return files.error().message();
    std::string out;
    for (const auto& file : *files) out += file.path + "=" + file.content + ";";
    return out;
  }
  /// Folders of fetches under way, or left behind.
  std::size_t incoming() const {
    std::size_t count = 0;
    for (const auto& entry : std::filesystem::recursive_directory_iterator(folder() + "/mirrors")) {
      count += entry.path().filename().string().starts_with("incoming-") ? 1 : 0;
    }
    return count;
  }

  TemporaryFolder folder_;
  base::SystemRandom random_;
  std::unique_ptr<base::EventLoop> loop_ = base::EventLoop::create().value();
  std::unique_ptr<GitMirror> mirror_;
  std::unique_ptr<LocalRepository> remote_;
  std::optional<FetchResult> result_;
};

// ---- file:// ----

TEST_F(MirrorTest, KeepsNothingOfAFetchThatIsOver) {
  remote().commit("main", {{"a.yaml", "x"}});
  EXPECT_EQ(fetched({.url = remote().url()}), "ok");
  EXPECT_EQ(incoming(), 0U);
}

TEST_F(MirrorTest, IsReadAfterARestartWithoutANetwork) {
  const Revision commit = remote().commit("main", {{"a.yaml", "x"}});
  const std::string url = remote().url();
  EXPECT_EQ(fetched({.url = url}), "ok");
  ASSERT_TRUE(mirror_->pin(url, {{"web", commit}}));
  std::filesystem::remove_all(repository_path());
  open({});
  EXPECT_EQ(content(url), "a.yaml=x;");
  EXPECT_EQ(content(url, commit.str()), "a.yaml=x;");
}

TEST_F(MirrorTest, PinsOutliveARestartAndAForcePush) {
  const Revision old = remote().commit("main", {{"a.yaml", "x"}});
  const std::string url = remote().url();
  fetch({.url = url});
  ASSERT_TRUE(mirror_->pin(url, {{"web", old}}));
  remote().rewrite("main", {{"a.yaml", "y"}});
  open({});
  EXPECT_EQ(fetched({.url = url}), "ok");
  EXPECT_EQ(content(url), "a.yaml=y;");
  // git itself finds the pin, so that its garbage collection would keep the commit.
  std::string mirror;
  for (const auto& entry : std::filesystem::directory_iterator(folder() + "/mirrors"))
    mirror = entry.path().string();
  EXPECT_EQ(remote().git({"--git-dir=" + mirror, "rev-parse", "refs/holdfast/web"}), old.str());
  EXPECT_EQ(remote().git({"--git-dir=" + mirror, "fsck", "--strict"}), "");
}

TEST_F(MirrorTest, WhatACrashLeftBehindIsRemoved) {
  remote().commit("main", {{"a.yaml", "x"}});
  fetch({.url = remote().url()});
  for (const auto& entry : std::filesystem::directory_iterator(folder() + "/mirrors")) {
    std::filesystem::create_directories(entry.path() / "incoming-dead" / "objects");
  }
  EXPECT_EQ(incoming(), 1U);
  open({});
  EXPECT_EQ(fetched({.url = remote().url()}), "ok");
  EXPECT_EQ(incoming(), 0U);
}

TEST_F(MirrorTest, AFetchBringsOnlyWhatIsNew) {
  remote().commit("main", {{"big.yaml", std::string(1U << 20U, 'x')}, {"a.yaml", "1"}});
  fetch({.url = remote().url()});
  open({.fetch_bytes_max = 4'096});
  remote().commit("main", {{"big.yaml", std::string(1U << 20U, 'x')}, {"a.yaml", "2"}});
  EXPECT_EQ(fetched({.url = remote().url()}), "ok");
  EXPECT_EQ(
      mirror_->read_tree(remote().url(), mirror_->resolve(remote().url(), "main").value(), "").value().size(),
      2U);
}

TEST_F(MirrorTest, AMissingRepositoryIsNamed) {
  EXPECT_EQ(fetched({.url = "file://" + folder() + "/nope"}).substr(0, 9), "NotFound:");
  EXPECT_EQ(content("file://" + folder() + "/nope"), "file://" + folder() + "/nope was not fetched yet");
}

TEST_F(MirrorTest, ABadUrlIsRefusedWithTheWayOut) {
  EXPECT_EQ(fetched({.url = "http://h/a"}),
            "Unsupported: http:// shows tokens and content to everyone on the way; write https://");
  EXPECT_EQ(fetched({.url = "https://me:s3cret@h/a"}).find("s3cret"), std::string::npos);
}

TEST_F(MirrorTest, AnEmptyRepositoryHasNoBranches) {
  remote();
  EXPECT_EQ(fetched({.url = remote().url()}), "ok");
  EXPECT_EQ(mirror_->resolve(remote().url(), "HEAD").error().message(),
            "HEAD: the branch \"main\" is not there; branches are none");
}

TEST_F(MirrorTest, ARepositoryWithAHundredThousandFilesIsReadByItsPath) {
  LocalRepository::Tree tree{{"apps/web/a.yaml", "x"}};
  for (int i = 0; i < 100'000; ++i)
    tree.emplace("data/" + std::to_string(i / 250) + "/" + std::to_string(i), "y");
  const Revision commit = remote().commit("main", tree);
  EXPECT_EQ(fetched({.url = remote().url()}), "ok");
  const auto files = mirror_->read_tree(remote().url(), commit, "apps/web");
  ASSERT_TRUE(files) << files.error().message();
  EXPECT_EQ(files->size(), 1U);
  EXPECT_EQ(mirror_->read_tree(remote().url(), commit, ".").value().size(), 1U)
      << "other files are passed over";
}

TEST_F(MirrorTest, ManyBranchesComeAndGoAtOnce) {
  const Revision commit = remote().commit("main", {{"a.yaml", "x"}});
  std::string updates;
  for (int i = 0; i < 2'000; ++i)
    updates += "create refs/heads/b" + std::to_string(i) + " " + commit.str() + "\n";
  write_text(folder() + "/updates", updates, kPrivate);
  remote().git({"update-ref", "--stdin"}, folder() + "/updates");
  EXPECT_EQ(fetched({.url = remote().url()}), "ok");
  EXPECT_EQ(content(remote().url(), "b1999"), "a.yaml=x;");
  remote().delete_branch("b1999");
  EXPECT_EQ(fetched({.url = remote().url()}), "ok");
  EXPECT_EQ(content(remote().url(), "b1999"),
            "there is no branch, tag or commit \"b1999\"; branches are b0, b1, b10, b100, b1000, b1001, "
            "b1002, b1003, "
            "b1004, b1005, … (2000 in all)");
}

TEST_F(MirrorTest, PutsManyPacksIntoOneAndKeepsWhatIsReachedOrPinned) {
  const std::string url = remote().url();
  const Revision pinned = remote().commit("side", {{"side.yaml", "pinned"}});
  fetch({.url = url});
  ASSERT_TRUE(mirror_->pin(url, {{"web", pinned}}));
  remote().delete_branch("side");
  const Revision first = remote().commit("main", {{"a.yaml", "first"}});
  remote().tag("v1", first);
  for (std::size_t i = 0; i <= base::limits::kGitPacksMax; ++i) {
    remote().commit("main", {{"a.yaml", std::to_string(i)}});
    EXPECT_EQ(fetched({.url = url}), "ok");
  }
  const auto packs = [&] {
    std::size_t count = 0;
    for (const auto& entry : std::filesystem::recursive_directory_iterator(folder() + "/mirrors")) {
      count += entry.path().extension() == ".pack" ? 1 : 0;
    }
    return count;
  };
  for (int i = 0; i < 300 && packs() > 3; ++i) loop_->run_once(100ms);
  EXPECT_LE(packs(), 3U);
  EXPECT_EQ(content(url), "a.yaml=50;");
  EXPECT_EQ(content(url, "v1"), "a.yaml=first;");
  EXPECT_EQ(content(url, pinned.str()), "side.yaml=pinned;");
  remote().commit("main", {{"a.yaml", "after"}});
  EXPECT_EQ(fetched({.url = url}), "ok") << "a fetch borrows from the new pack";
  EXPECT_EQ(content(url), "a.yaml=after;");
  open({});
  EXPECT_EQ(content(url, first.str()), "a.yaml=first;");
  EXPECT_EQ(incoming(), 0U);
}

TEST_F(MirrorTest, RepacksRunOneAtATimeAndTakeNoTurnOfAFetch) {
  // One that never ends stands for a repack that takes its ten minutes.
  write_text(folder() + "/slow",
             "#!/bin/sh\njob=$(cat)\ncase $job in *'\"repack\"'*) echo x >> " + folder() +
                 "/repacks; exec sleep 1000;; esac\nprintf %s \"$job\" | " + fetch_program() + "\n",
             std::filesystem::perms::owner_all);
  open({.fetch_program = folder() + "/slow"});
  std::vector<std::unique_ptr<LocalRepository>> remotes;
  for (std::size_t i = 0; i <= base::limits::kFetchesRunningMax; ++i) {
    remotes.push_back(std::make_unique<LocalRepository>(folder() + "/r" + std::to_string(i)));
    remotes.back()->commit("main", {{"a.yaml", std::to_string(i)}});
    EXPECT_EQ(fetched({.url = remotes.back()->url()}), "ok");
  }
  for (const auto& mirror : std::filesystem::directory_iterator(folder() + "/mirrors")) {
    const auto packs = mirror.path() / "objects" / "pack";
    std::vector<std::filesystem::path> files;
    for (const auto& file : std::filesystem::directory_iterator(packs)) files.push_back(file.path());
    for (std::size_t i = 0; i < base::limits::kGitPacksMax; ++i) {
      const std::string name = "pack-" + std::string(38, 'c') + std::to_string(10 + i);
      for (const auto& file : files)
        std::filesystem::copy_file(file, packs / (name + file.extension().string()));
    }
  }
  for (const auto& remote : remotes) {
    remote->commit("main", {{"a.yaml", "after"}});
    EXPECT_EQ(fetched({.url = remote->url()}), "ok");
  }
  remotes.push_back(std::make_unique<LocalRepository>(folder() + "/one-more"));
  remotes.back()->commit("main", {{"a.yaml", "x"}});
  EXPECT_EQ(fetched({.url = remotes.back()->url()}), "ok") << "while a mirror is packed";
  for (int i = 0; i < 100 && text_of(folder() + "/repacks").empty(); ++i) loop_->run_once(100ms);
  EXPECT_EQ(text_of(folder() + "/repacks"), "x\n");
  mirror_.reset();  // ends the child
}

// ---- bounds ----

/// A commit whose root is a tree object of exactly `bytes` bytes: names that are passed over, and a manifest.
Revision commit_large_tree(LocalRepository& remote, std::size_t bytes) {
  const std::string file = remote.folder() + ".tree";
  const std::string blob = remote.git({"hash-object", "-w", "--stdin"});
  std::string id;
  for (std::size_t i = 0; i < blob.size(); i += 2)
    id += static_cast<char>(std::stoi(blob.substr(i, 2), nullptr, 16));
  const std::string last = std::string("100644 a.yaml") + '\0' + id;
  const std::size_t all = bytes - last.size();
  const std::size_t count = all / 60'000;  // longer names are none to libgit2
  std::string tree;
  for (std::size_t i = 0; i < count; ++i) {
    std::string name = "." + std::to_string(10'000 + i);
    name.resize(all * (i + 1) / count - all * i / count - std::string_view("100644 ").size() - 1 - id.size(),
                'x');
    tree += "100644 " + name + '\0' + id;
  }
  write_text(file, tree + last, kPrivate);
  EXPECT_EQ(std::filesystem::file_size(file), bytes);
  const std::string written = remote.git({"hash-object", "-t", "tree", "-w", "--stdin"}, file);
  const Revision commit(remote.git({"commit-tree", "-m", "large", written}));
  remote.force_push("main", commit);
  return commit;
}

TEST_F(MirrorTest, AFolderAtTheLimitIsReadAndOneByteMoreIsNotEvenUnpacked) {
  const Revision full = commit_large_tree(remote(), base::limits::kGitTreeBytesMax);
  remote().tag("full", full);
  const Revision over = commit_large_tree(remote(), base::limits::kGitTreeBytesMax + 1);
  EXPECT_EQ(fetched({.url = remote().url()}), "ok");
  const auto files = mirror_->read_tree(remote().url(), full, "");
  ASSERT_TRUE(files) << files.error().message();
  EXPECT_EQ(files->size(), 1U);
  for (const char* path : {"", "apps"}) {
    const auto refused = mirror_->read_tree(remote().url(), over, path);
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().code(), Code::kLimit);
    EXPECT_EQ(refused.error().message(),
              "the repository's root: Git's lists of names up to here take more than 33554432 bytes; "
              "give the manifests a folder of their own");
  }
}

TEST_F(MirrorTest, FoldersUnderOnePathAreCountedTogether) {
  const std::string tree = remote().git(
      {"rev-parse", commit_large_tree(remote(), base::limits::kGitTreeBytesMax / 2).str() + "^{tree}"});
  write_text(folder() + "/three",
             "040000 tree " + tree + "\ta\n040000 tree " + tree + "\tb\n040000 tree " + tree + "\tc\n",
             kPrivate);
  const std::string root = remote().git({"mktree"}, folder() + "/three");
  const Revision commit(remote().git({"commit-tree", "-m", "three times", root}));
  remote().force_push("main", commit);
  EXPECT_EQ(fetched({.url = remote().url()}), "ok");
  EXPECT_EQ(mirror_->read_tree(remote().url(), commit, "a").value().size(), 1U);
  EXPECT_EQ(mirror_->read_tree(remote().url(), commit, "").error().code(), Code::kLimit);
}

TEST_F(MirrorTest, ACommitWhoseMessageNeverEndsIsRefusedUnread) {
  const std::string tree = remote().git({"mktree"});
  write_text(folder() + "/message", std::string(base::limits::kGitCommitBytesMax, 'x'), kPrivate);
  const Revision commit(remote().git({"commit-tree", "-F", folder() + "/message", tree}));
  remote().force_push("main", commit);
  EXPECT_EQ(fetched({.url = remote().url()}), "ok");
  const auto refused = mirror_->read_tree(remote().url(), commit, "");
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code(), Code::kLimit);
  EXPECT_TRUE(refused.error().message().ends_with("bytes; at most 4194304 are read"))
      << refused.error().message();
}

TEST_F(MirrorTest, ARepositoryOverTheByteLimitIsRefusedAndNothingIsKept) {
  std::string noise(4U << 20U, '\0');
  random_.fill({reinterpret_cast<std::uint8_t*>(noise.data()), noise.size()});
  remote().commit("main", {{"noise.bin", noise}});
  open({.fetch_bytes_max = 1U << 20U});
  EXPECT_EQ(fetched({.url = remote().url()}),
            "Limit: " + remote().url() +
                ": the repository sends more than 1048576 bytes in one fetch; make it smaller");
  EXPECT_EQ(incoming(), 0U);
  EXPECT_EQ(content(remote().url()), remote().url() + " was not fetched yet");
}

TEST_F(MirrorTest, AServerThatAcceptsAndSaysNothingIsLeftAtTheDeadline) {
  const base::Fd silent = loopback_socket(0, true);
  open({.timeout = 300ms});
  const std::string url = "git://127.0.0.1:" + std::to_string(port_of(silent)) + "/fleet";
  EXPECT_EQ(fetched({.url = url}), "Timeout: " + url + ": the server did not finish within 300ms");
  EXPECT_EQ(incoming(), 0U);
}

TEST_F(MirrorTest, ASilentServerHoldsUpNobodyElse) {
  const base::Fd silent = loopback_socket(0, true);
  remote().commit("main", {{"a.yaml", "x"}});
  open({.timeout = 60s});
  mirror_->fetch({.url = "git://127.0.0.1:" + std::to_string(port_of(silent)) + "/fleet"});
  EXPECT_EQ(fetched({.url = remote().url()}), "ok");
  mirror_.reset();  // ends the child that still waits
}

TEST_F(MirrorTest, MoreFetchesThanMayRunWaitForTheirTurn) {
  std::vector<std::unique_ptr<LocalRepository>> remotes;
  std::size_t ended = 0;
  mirror_->on_fetched([&](const FetchResult& result) {
    EXPECT_FALSE(result.error) << result.error->message();
    ++ended;
  });
  for (std::size_t i = 0; i < 2 * base::limits::kFetchesRunningMax; ++i) {
    remotes.push_back(std::make_unique<LocalRepository>(folder() + "/r" + std::to_string(i)));
    remotes.back()->commit("main", {{"a.yaml", "x"}});
    mirror_->fetch({.url = remotes.back()->url()});
  }
  for (int i = 0; i < 600 && ended < remotes.size(); ++i) loop_->run_once(100ms);
  EXPECT_EQ(ended, remotes.size());
}

TEST_F(MirrorTest, AProgramThatIsNotThereIsAnErrorOfTheFetch) {
  open({.fetch_program = folder() + "/nope"});
  EXPECT_EQ(fetched({.url = "git://127.0.0.1:1/x"}),
            "NotFound: the fetching child, " + folder() + "/nope: No such file or directory");
}

TEST_F(MirrorTest, AChildThatEndsWithoutAnAnswerIsAnErrorOfTheFetch) {
  open({.fetch_program = "/bin/false"});
  EXPECT_EQ(fetched({.url = "git://127.0.0.1:1/x"}),
            "Internal: git://127.0.0.1:1/x: the fetching child ended with code 1 and no answer");
}

TEST_F(MirrorTest, AChildThatTalksGarbageIsAnErrorOfTheFetch) {
  write_text(folder() + "/babble", "#!/bin/sh\nexec yes\n", std::filesystem::perms::owner_all);
  open({.fetch_program = folder() + "/babble"});
  EXPECT_EQ(fetched({.url = "git://127.0.0.1:1/x"}),
            "Internal: git://127.0.0.1:1/x: the fetching child was ended by signal 9");
}

TEST_F(MirrorTest, APackThatDoesNotFitOnTheDiskLeavesTheMirrorAsItWas) {
  const Revision commit = remote().commit("main", {{"a.yaml", "x"}});
  const std::string url = remote().url();
  EXPECT_EQ(fetched({.url = url}), "ok");
  std::string noise(8U << 20U, '\0');
  random_.fill({reinterpret_cast<std::uint8_t*>(noise.data()), noise.size()});
  remote().commit("main", {{"noise.bin", noise}});
  // A limit on the size of files stands for the full disk: writes fail in the same place.
  write_text(folder() + "/small", "#!/bin/sh\nulimit -f 1024\nexec " + fetch_program() + "\n",
             std::filesystem::perms::owner_all);
  open({.fetch_program = folder() + "/small"});
  EXPECT_EQ(fetched({.url = url}).substr(0, 6), "Limit:");
  EXPECT_EQ(mirror_->resolve(url, "main").value(), commit);
  EXPECT_EQ(content(url), "a.yaml=x;");
}

// ---- git:// ----

TEST_F(MirrorTest, FetchesFromAGitDaemon) {
  remote().commit("main", {{"a.yaml", "x"}});
  const auto daemon = git_daemon(folder());
  const std::string url = "git://127.0.0.1:" + daemon->port() + "/fleet.git";
  EXPECT_EQ(fetched({.url = url}), "ok");
  remote().commit("main", {{"a.yaml", "y"}});
  EXPECT_TRUE(fetch({.url = url}).changed);
  EXPECT_EQ(content(url), "a.yaml=y;");
  EXPECT_FALSE(fetch({.url = url}).changed);
  EXPECT_EQ(fetched({.url = "git://127.0.0.1:" + daemon->port() + "/nope.git"}).substr(0, 9), "NotFound:");
}

TEST_F(MirrorTest, AServerThatIsNotThereIsUnavailable) {
  const std::string url = "git://127.0.0.1:" + std::to_string(free_port()) + "/fleet.git";
  EXPECT_EQ(fetched({.url = url}).substr(0, 12), "Unavailable:");
}

// ---- ssh:// ----

class SshMirrorTest : public MirrorTest {
 protected:
  SshMirrorTest() : server_(folder()) { remote().commit("main", {{"a.yaml", "x"}}); }
  Repository repository() const {
    return {.url = server_.url(repository_path()),
            .ssh_key_file = folder() + "/client_key",
            .known_hosts_file = folder() + "/known_ed25519"};
  }
  SshServer server_;
};

TEST_F(SshMirrorTest, FetchesWithAKeyAndAKnownHost) {
  EXPECT_EQ(fetched(repository()), "ok");
  EXPECT_EQ(content(repository().url), "a.yaml=x;");
}

TEST_F(SshMirrorTest, AsksForTheTypeOfKeyThatIsKnown) {
  write_text(folder() + "/known_all",
             server_.known_line("rsa") + server_.known_line("ecdsa") + server_.known_line("ed25519"),
             kPrivate);
  for (const char* known : {"ed25519", "ecdsa", "all"}) {
    Repository repository_known = repository();
    repository_known.known_hosts_file = folder() + "/known_" + known;
    EXPECT_EQ(fetched(repository_known), "ok") << known;
  }
}

TEST_F(SshMirrorTest, WhereOnlyAnRsaKeyIsKnownTheWayOutIsNamed) {
  Repository known = repository();
  known.known_hosts_file = folder() + "/known_rsa";
  EXPECT_NE(fetched(known).find("add the server's ed25519 or ecdsa key to " + folder() + "/known_rsa"),
            std::string::npos);
}

TEST_F(SshMirrorTest, AHashedNameIsKnown) {
  std::filesystem::copy(folder() + "/known_ed25519", folder() + "/hashed");
  run({"ssh-keygen", "-q", "-H", "-f", folder() + "/hashed"}, folder() + "/keygen.log");
  EXPECT_TRUE(text_of(folder() + "/hashed").starts_with("|1|"));
  Repository hashed = repository();
  hashed.known_hosts_file = folder() + "/hashed";
  EXPECT_EQ(fetched(hashed), "ok");
}

TEST_F(SshMirrorTest, AnUnknownHostIsRefusedWithItsFingerprint) {
  write_text(folder() + "/empty", "# nobody\n", kPrivate);
  Repository unknown = repository();
  unknown.known_hosts_file = folder() + "/empty";
  const std::string answer = fetched(unknown);
  EXPECT_TRUE(answer.starts_with("Permission: " + unknown.url +
                                 ": the host key of 127.0.0.1:" + server_.port() + " is not known: SHA256:"))
      << answer;
}

TEST_F(SshMirrorTest, AnotherKeyThanTheKnownOneIsRefused) {
  const std::string other = text_of(folder() + "/other_key.pub");
  write_text(folder() + "/changed", "[127.0.0.1]:" + server_.port() + " " + other, kPrivate);
  Repository changed = repository();
  changed.known_hosts_file = folder() + "/changed";
  EXPECT_NE(fetched(changed).find("is not the one in " + folder() + "/changed: it shows SHA256:"),
            std::string::npos);
}

TEST_F(SshMirrorTest, ARevokedKeyIsRefused) {
  write_text(folder() + "/revoked",
             server_.known_line("ed25519") + "@revoked * " + text_of(folder() + "/hostkey_ed25519.pub"),
             kPrivate);
  Repository revoked = repository();
  revoked.known_hosts_file = folder() + "/revoked";
  EXPECT_NE(fetched(revoked).find("is revoked in"), std::string::npos);
}

TEST_F(SshMirrorTest, AKeyThatIsNotTakenIsNamed) {
  Repository other = repository();
  other.ssh_key_file = folder() + "/other_key";
  EXPECT_EQ(fetched(other), "Permission: " + other.url + ": 127.0.0.1:" + server_.port() +
                                " does not accept the key in " + folder() +
                                "/other_key (it must be known there, and have no passphrase)");
}

TEST_F(SshMirrorTest, WithoutKnownHostsNobodyIsSpokenTo) {
  Repository open_hearted = repository();
  open_hearted.known_hosts_file = "";
  EXPECT_EQ(fetched(open_hearted),
            "Invalid: " + open_hearted.url +
                ": ssh needs a known_hosts file, so that only the right server is spoken to");
}

TEST_F(SshMirrorTest, AMissingRepositoryIsNamed) {
  Repository missing = repository();
  missing.url = server_.url(folder() + "/nope.git");
  EXPECT_EQ(fetched(missing).substr(0, 9), "NotFound:");
}

// ---- https:// ----

class HttpsMirrorTest : public MirrorTest {
 protected:
  HttpsMirrorTest() : server_(folder()), open_(folder() + "/public.git") {
    remote().commit("main", {{"a.yaml", "x"}});
    open_.commit("main", {{"a.yaml", "open"}});
    write_text(folder() + "/token", "s3cret\n", kPrivate);
    write_text(folder() + "/wrong", "guess3d\n", kPrivate);
  }
  Repository repository() const {
    return {.url = server_.url("/fleet.git"),
            .username = "hub",
            .token_file = folder() + "/token",
            .ca_file = folder() + "/tls.pem"};
  }
  HttpsServer server_;
  LocalRepository open_;
};

TEST_F(HttpsMirrorTest, FetchesWithATokenAndAPrivateCa) {
  EXPECT_EQ(fetched(repository()), "ok");
  remote().commit("main", {{"a.yaml", "y"}});
  EXPECT_EQ(fetched(repository()), "ok");
  EXPECT_EQ(content(repository().url), "a.yaml=y;");
}

TEST_F(HttpsMirrorTest, FetchesAnOpenRepositoryWithoutCredentials) {
  EXPECT_EQ(fetched({.url = server_.url("/public.git"), .ca_file = folder() + "/tls.pem"}), "ok");
  EXPECT_EQ(content(server_.url("/public.git")), "a.yaml=open;");
  EXPECT_EQ(server_.log().find(" with credentials"), std::string::npos);
}

TEST_F(HttpsMirrorTest, AWrongTokenIsNamedByItsFileOnly) {
  Repository wrong = repository();
  wrong.token_file = folder() + "/wrong";
  const std::string answer = fetched(wrong);
  EXPECT_TRUE(answer.starts_with("Permission: ")) << answer;
  EXPECT_NE(answer.find(folder() + "/wrong"), std::string::npos) << answer;
  EXPECT_EQ(answer.find("guess3d"), std::string::npos);
}

TEST_F(HttpsMirrorTest, WithoutATokenTheServerSaysThatItWantsOne) {
  Repository nobody = repository();
  nobody.token_file = "";
  const std::string answer = fetched(nobody);
  EXPECT_TRUE(answer.starts_with("Permission: ")) << answer;
  EXPECT_NE(answer.find("asks who we are; give the hub a username and a token file"), std::string::npos)
      << answer;
}

TEST_F(HttpsMirrorTest, AMissingTokenFileIsNamed) {
  Repository missing = repository();
  missing.token_file = folder() + "/no-token";
  EXPECT_EQ(fetched(missing), "NotFound: " + missing.url + ": the token file: cannot open '" + folder() +
                                  "/no-token': No such file or directory");
}

TEST_F(HttpsMirrorTest, AnUnknownCaIsRefused) {
  Repository unknown = repository();
  unknown.ca_file = "";
  const std::string answer = fetched(unknown);
  EXPECT_TRUE(answer.starts_with("Permission: " + unknown.url + ": TLS: the certificate of ")) << answer;
  EXPECT_EQ(server_.log(), "") << "nothing was said before the certificate was checked";
}

TEST_F(HttpsMirrorTest, ACertificateOfAnotherNameIsRefused) {
  Repository other = repository();
  other.url = server_.url("/fleet.git", "127.0.0.1");
  EXPECT_TRUE(fetched(other).starts_with("Permission: " + other.url + ": TLS: "));
  EXPECT_EQ(server_.log(), "");
}

TEST_F(HttpsMirrorTest, ATokenDoesNotFollowARedirectToAnotherHost) {
  Repository moved = repository();
  moved.url = server_.url("/moved/fleet.git");
  EXPECT_NE(fetched(moved), "ok");
  EXPECT_EQ(server_.log().find("127.0.0.1"), std::string::npos) << server_.log();
}

TEST_F(HttpsMirrorTest, AMissingRepositoryIsNamed) {
  Repository missing = repository();
  missing.url = server_.url("/nope.git");
  EXPECT_EQ(fetched(missing).substr(0, 9), "NotFound:");
}

}  // namespace
}  // namespace holdfast::gitops
