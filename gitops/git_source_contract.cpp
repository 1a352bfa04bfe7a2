// SPDX-License-Identifier: Apache-2.0
// What every GitSource does, on the real mirror (a repository made with git, fetched over file://) and on the
// fake.
#include <gtest/gtest.h>

#include <functional>
#include <memory>

#include "base/event_loop.hpp"
#include "base/limits/documents.hpp"
#include "base/system_random.hpp"
#include "gitops/fake_git_source.hpp"
#include "gitops/git/local_repository_contract.hpp"
#include "gitops/git/mirror.hpp"

namespace holdfast::gitops {
namespace {

using base::Code;
using sync::Revision;
using Tree = std::map<std::string, std::string>;

/// A remote that people push to, and a GitSource that follows it.
class World {
 public:
  virtual ~World() = default;
  virtual GitSource& source() = 0;
  virtual std::string url() const = 0;
  virtual Revision commit(const std::string& branch, const Tree& tree,
                          const std::string& subject = "a change") = 0;
  virtual Revision rewrite(const std::string& branch, const Tree& tree) = 0;
  virtual Revision commit_symlink(const std::string& path) = 0;
  virtual Revision commit_submodule(const std::string& path) = 0;
  virtual void delete_branch(const std::string& branch) = 0;
  virtual void tag(const std::string& name, const Revision& commit) = 0;
  virtual void lose_remote() = 0;
  /// Lets what was started end.
  virtual void wait_for(std::size_t results) = 0;

  std::vector<FetchResult> results;

  FetchResult fetch() {
    const std::size_t before = results.size();
    source().fetch({.url = url()});
    EXPECT_EQ(results.size(), before) << "the listener is never called from inside a call";
    wait_for(before + 1);
    return results.size() > before ? results.back() : FetchResult{};
  }
  void listen() {
    source().on_fetched([this](const FetchResult& result) { results.push_back(result); });
  }
};

class FakeWorld final : public World {
 public:
  FakeWorld() { listen(); }
  GitSource& source() override { return fake_; }
  std::string url() const override { return "https://git.example.com/fleet.git"; }
  Revision commit(const std::string& branch, const Tree& tree, const std::string& subject) override {
    return fake_.commit(url(), branch, converted(tree), subject);
  }
  Revision rewrite(const std::string& branch, const Tree& tree) override {
    return fake_.rewrite(url(), branch, converted(tree));
  }
  Revision commit_symlink(const std::string& path) override {
    return fake_.commit(url(), "main", {{path, FakeFile::symlink("/etc/passwd")}});
  }
  Revision commit_submodule(const std::string& path) override {
    return fake_.commit(url(), "main",
                        {{path, FakeFile::submodule("1111111111111111111111111111111111111111")}});
  }
  void delete_branch(const std::string& branch) override { fake_.delete_branch(url(), branch); }
  void tag(const std::string& name, const Revision& commit) override { fake_.tag(url(), name, commit); }
  void lose_remote() override {
    fake_.set_unreachable(url(), base::Error(Code::kUnavailable, "no route to the host"));
  }
  void wait_for(std::size_t) override { fake_.deliver(); }

 private:
  static FakeGitSource::Tree converted(const Tree& tree) { return {tree.begin(), tree.end()}; }
  FakeGitSource fake_;
};

class RealWorld final : public World {
 public:
  RealWorld() : repository_(folder_.path() + "/fleet") {
    loop_ = base::EventLoop::create().value();
    mirror_ = GitMirror::open(*loop_, random_,
                              {.folder = folder_.path() + "/mirrors", .fetch_program = fetch_program()})
                  .value();
    listen();
  }
  GitSource& source() override { return *mirror_; }
  std::string url() const override { return repository_.url(); }
  Revision commit(const std::string& branch, const Tree& tree, const std::string& subject) override {
    return repository_.commit(branch, converted(tree), subject);
  }
  Revision rewrite(const std::string& branch, const Tree& tree) override {
    return repository_.rewrite(branch, converted(tree));
  }
  Revision commit_symlink(const std::string& path) override {
    return repository_.commit("main", {{path, LocalFile::symlink("/etc/passwd")}});
  }
  Revision commit_submodule(const std::string& path) override {
    return repository_.commit("main",
                              {{path, LocalFile::submodule("1111111111111111111111111111111111111111")}});
  }
  void delete_branch(const std::string& branch) override { repository_.delete_branch(branch); }
  void tag(const std::string& name, const Revision& commit) override { repository_.tag(name, commit); }
  void lose_remote() override {
    std::filesystem::rename(repository_.folder(), repository_.folder() + "-gone");
  }
  void wait_for(std::size_t wanted) override {
    for (int i = 0; i < 600 && results.size() < wanted; ++i) loop_->run_once(std::chrono::milliseconds(100));
  }

 private:
  static LocalRepository::Tree converted(const Tree& tree) { return {tree.begin(), tree.end()}; }
  TemporaryFolder folder_;
  LocalRepository repository_;
  base::SystemRandom random_;
  std::unique_ptr<base::EventLoop> loop_;
  std::unique_ptr<GitMirror> mirror_;
};

struct Kind {
  const char* name;
  std::function<std::unique_ptr<World>()> make;
};

class GitSourceContract : public testing::TestWithParam<Kind> {
 protected:
  std::unique_ptr<World> world_ = GetParam().make();
  GitSource& source_ = world_->source();
  std::string url_ = world_->url();

  std::string resolved(const std::string& revision) {
    const auto result = source_.resolve(url_, revision);
    return result ? result->str() : result.error().message();
  }
  std::string files(const Revision& commit, const std::string& path) {
    const auto tree = source_.read_tree(url_, commit, path);
    if (!tree) return tree.error().message();
    std::string out;
    for (const auto& file : *tree) out += file.path + "=" + file.content + ";";
    return out;
  }
};

INSTANTIATE_TEST_SUITE_P(Sources, GitSourceContract,
                         testing::Values(Kind{"Fake", [] { return std::make_unique<FakeWorld>(); }},
                                         Kind{"Mirror", [] { return std::make_unique<RealWorld>(); }}),
                         [](const auto& row) { return row.param.name; });

TEST_P(GitSourceContract, NothingIsThereBeforeTheFirstFetch) {
  const auto result = source_.resolve(url_, "main");
  ASSERT_FALSE(result);
  EXPECT_EQ(result.error().code(), Code::kUnavailable);
  EXPECT_EQ(result.error().message(), url_ + " was not fetched yet");
  EXPECT_FALSE(source_.pin(url_, {}));
}

TEST_P(GitSourceContract, AFetchBringsWhatWasCommitted) {
  const Revision commit = world_->commit("main", {{"apps/web/motd.yaml", "hello"}}, "a greeting");
  const FetchResult result = world_->fetch();
  EXPECT_FALSE(result.error) << result.error->message();
  EXPECT_EQ(result.url, url_);
  EXPECT_TRUE(result.changed);
  EXPECT_EQ(resolved("main"), commit.str());
  EXPECT_EQ(resolved("HEAD"), commit.str());
  EXPECT_EQ(resolved("refs/heads/main"), commit.str());
  EXPECT_EQ(resolved(commit.str()), commit.str());
  EXPECT_EQ(resolved(commit.str().substr(0, 12)), commit.str());
  EXPECT_EQ(files(commit, "apps/web"), "motd.yaml=hello;");
  const auto info = source_.commit_info(url_, commit);
  ASSERT_TRUE(info) << info.error().message();
  EXPECT_EQ(info->author, "A. Person");
  EXPECT_EQ(info->subject, "a greeting");
  EXPECT_EQ(info->time_s, 1'767'225'600);
}

TEST_P(GitSourceContract, OneItemIsAFileAFolderOrNothing) {
  const Revision commit = world_->commit("main", {{"apps/web/.env", "A=1"}, {"top", "x"}});
  world_->fetch();
  const auto item = [&](const std::string& path) {
    const auto found = source_.read_item(url_, commit, path);
    if (!found) return found.error().message();
    if (found->kind == TreeItem::Kind::kFolder) return std::string("folder");
    return found->kind == TreeItem::Kind::kFile ? "file " + found->content : std::string("nothing");
  };
  EXPECT_EQ(item("apps/web/.env"), "file A=1");
  EXPECT_EQ(item("top"), "file x");
  EXPECT_EQ(item("apps//web/"), "folder");
  EXPECT_EQ(item(""), "folder");
  EXPECT_EQ(item("apps/we"), "nothing");
  EXPECT_EQ(item("apps/web/.env/a"), "nothing");
  EXPECT_EQ(item("../top"), "\"../top\" holds \"..\"; a path begins at the repository's root");
}

TEST_P(GitSourceContract, ALargeItemAndALinkAreNotRead) {
  const std::string large(base::limits::kManifestFileBytesMax + 1, 'x');
  const Revision big = world_->commit("main", {{"a.txt", large}});
  const Revision link = world_->commit_symlink("sub/link.yaml");
  const Revision module = world_->commit_submodule("mod");
  world_->fetch();
  EXPECT_EQ(source_.read_item(url_, big, "a.txt").error().code(), Code::kLimit);
  EXPECT_EQ(source_.read_item(url_, link, "sub/link.yaml").error().message(),
            "sub/link.yaml: a symbolic link; commit the file itself");
  EXPECT_EQ(source_.read_item(url_, module, "mod/a").error().message(),
            "mod: a submodule; make it an application with a source of its own");
}

TEST_P(GitSourceContract, AFetchThatFindsNothingNewSaysSo) {
  world_->commit("main", {{"a.yaml", "x"}});
  EXPECT_TRUE(world_->fetch().changed);
  EXPECT_FALSE(world_->fetch().changed);
}

TEST_P(GitSourceContract, TwoFetchesAtOnceAreOne) {
  world_->commit("main", {{"a.yaml", "x"}});
  source_.fetch({.url = url_});
  EXPECT_FALSE(world_->fetch().error);
  EXPECT_EQ(world_->results.size(), 1U);
}

TEST_P(GitSourceContract, TheMirrorStaysAsItIsUntilTheNextFetch) {
  const Revision first = world_->commit("main", {{"a.yaml", "x"}});
  world_->fetch();
  const Revision second = world_->commit("main", {{"a.yaml", "y"}});
  EXPECT_EQ(resolved("main"), first.str());
  EXPECT_TRUE(world_->fetch().changed);
  EXPECT_EQ(resolved("main"), second.str());
  EXPECT_EQ(files(first, "."), "a.yaml=x;") << "the old commit is still there";
}

TEST_P(GitSourceContract, AFailedFetchLeavesTheMirrorAsItWas) {
  const Revision commit = world_->commit("main", {{"a.yaml", "x"}});
  world_->fetch();
  world_->lose_remote();
  const FetchResult result = world_->fetch();
  ASSERT_TRUE(result.error);
  EXPECT_FALSE(result.changed);
  EXPECT_EQ(resolved("main"), commit.str());
  EXPECT_EQ(files(commit, ""), "a.yaml=x;");
}

TEST_P(GitSourceContract, AnUnknownRevisionNamesTheBranchesThereAre) {
  const Revision commit = world_->commit("main", {{"a.yaml", "x"}});
  world_->commit("staging", {{"a.yaml", "x"}});
  world_->tag("v1", commit);
  world_->fetch();
  const auto result = source_.resolve(url_, "prod");
  ASSERT_FALSE(result);
  EXPECT_EQ(result.error().code(), Code::kNotFound);
  EXPECT_EQ(result.error().message(),
            "there is no branch, tag or commit \"prod\"; branches are main, staging; tags are v1");
  EXPECT_EQ(resolved("1111111111111111111111111111111111111111").substr(0, 36),
            "there is no branch, tag or commit \"1");
}

TEST_P(GitSourceContract, ATagLeadsToItsCommit) {
  const Revision commit = world_->commit("main", {{"a.yaml", "x"}});
  world_->tag("v1.2", commit);
  world_->fetch();
  EXPECT_EQ(resolved("v1.2"), commit.str());
  EXPECT_EQ(resolved("refs/tags/v1.2"), commit.str());
}

TEST_P(GitSourceContract, ADeletedBranchIsGoneAndItsPinnedCommitIsNot) {
  world_->commit("main", {{"a.yaml", "x"}});
  const Revision lost = world_->commit("feature", {{"b.yaml", "y"}});
  world_->fetch();
  ASSERT_TRUE(source_.pin(url_, {{"web", lost}}));
  world_->delete_branch("feature");
  EXPECT_TRUE(world_->fetch().changed);
  EXPECT_EQ(resolved("feature"), "there is no branch, tag or commit \"feature\"; branches are main");
  EXPECT_EQ(files(lost, "."), "b.yaml=y;");
}

TEST_P(GitSourceContract, ARewrittenHistoryIsFollowedAndThePinnedCommitStays) {
  const Revision old = world_->commit("main", {{"a.yaml", "x"}});
  world_->fetch();
  ASSERT_TRUE(source_.pin(url_, {{"web", old}, {"any name: /..", old}}));
  const Revision fresh = world_->rewrite("main", {{"a.yaml", "z"}});
  EXPECT_TRUE(world_->fetch().changed);
  EXPECT_EQ(resolved("main"), fresh.str());
  EXPECT_EQ(files(old, "."), "a.yaml=x;");
  EXPECT_FALSE(source_.is_ancestor(url_, old, fresh).value());
}

TEST_P(GitSourceContract, OnlyWhatTheMirrorHoldsCanBePinned) {
  world_->commit("main", {{"a.yaml", "x"}});
  world_->fetch();
  const auto status = source_.pin(url_, {{"web", Revision("1111111111111111111111111111111111111111")}});
  ASSERT_FALSE(status);
  EXPECT_EQ(status.error().code(), Code::kNotFound);
}

TEST_P(GitSourceContract, AncestryIsRead) {
  const Revision first = world_->commit("main", {{"a.yaml", "1"}});
  const Revision second = world_->commit("main", {{"a.yaml", "2"}});
  const Revision third = world_->commit("main", {{"a.yaml", "3"}});
  world_->fetch();
  EXPECT_TRUE(source_.is_ancestor(url_, first, third).value());
  EXPECT_TRUE(source_.is_ancestor(url_, second, second).value());
  EXPECT_FALSE(source_.is_ancestor(url_, third, first).value());
  EXPECT_FALSE(source_.is_ancestor(url_, Revision("1111111111111111111111111111111111111111"), first));
}

TEST_P(GitSourceContract, EqualTreesHaveEqualIds) {
  const Revision first = world_->commit("main", {{"apps/a/x.yaml", "1"}, {"apps/b/x.yaml", "1"}});
  const Revision second = world_->commit("main", {{"apps/a/x.yaml", "2"}, {"apps/b/x.yaml", "1"}});
  world_->fetch();
  const auto id = [&](const Revision& commit, const char* path) {
    return source_.tree_id(url_, commit, path).value();
  };
  EXPECT_EQ(id(first, "apps/b"), id(second, "apps/b"));
  EXPECT_EQ(id(first, "apps/a"), id(second, "./apps/b/"));
  EXPECT_NE(id(first, "apps/a"), id(second, "apps/a"));
  EXPECT_NE(id(first, "."), id(second, "."));
}

TEST_P(GitSourceContract, ATreeGivesItsManifestsSortedAndNothingElse) {
  const Revision commit = world_->commit("main", {{"apps/web/z.yaml", "1"},
                                                  {"apps/web/a.yml", "2"},
                                                  {"apps/web/sub/b.json", "3"},
                                                  {"apps/web/README.md", "no"},
                                                  {"apps/web/.hidden.yaml", "no"},
                                                  {"apps/web/.github/ci.yaml", "no"},
                                                  {"apps/other/c.yaml", "no"},
                                                  {"apps/webx/c.yaml", "no"}});
  world_->fetch();
  EXPECT_EQ(files(commit, "apps/web"), "a.yml=2;sub/b.json=3;z.yaml=1;");
}

TEST_P(GitSourceContract, AnEmptiedRepositoryIsEmptyAndNotMissing) {
  world_->commit("main", {{"apps/a.yaml", "x"}});
  const Revision empty = world_->commit("main", {});
  world_->fetch();
  EXPECT_EQ(files(empty, "."), "");
  EXPECT_TRUE(source_.tree_id(url_, empty, "."));
  EXPECT_EQ(files(empty, "apps"), "the path \"apps\" is not in the commit");
}

TEST_P(GitSourceContract, AWrongPathIsAnErrorThatNamesIt) {
  const Revision commit = world_->commit("main", {{"apps/a.yaml", "x"}});
  world_->fetch();
  EXPECT_EQ(files(commit, "nope/deeper"), "the path \"nope/deeper\" is not in the commit");
  EXPECT_EQ(files(commit, "apps/a.yaml"),
            "the path \"apps/a.yaml\" is a file; name the folder that holds it");
  EXPECT_EQ(files(commit, "../apps"), "\"../apps\" holds \"..\"; a path begins at the repository's root");
  EXPECT_EQ(source_.tree_id(url_, commit, "nope").error().code(), Code::kNotFound);
}

TEST_P(GitSourceContract, AnUnknownCommitIsAnErrorThatNamesIt) {
  world_->commit("main", {{"a.yaml", "x"}});
  world_->fetch();
  const Revision unknown("1111111111111111111111111111111111111111");
  EXPECT_EQ(files(unknown, "."),
            "the commit \"1111111111111111111111111111111111111111\" is not in the mirror");
  EXPECT_FALSE(source_.commit_info(url_, unknown));
}

TEST_P(GitSourceContract, LinksAndSubmodulesAreRefusedByName) {
  const Revision link = world_->commit_symlink("apps/web/link.yaml");
  const Revision module = world_->commit_submodule("apps/web/module");
  world_->fetch();
  EXPECT_EQ(files(link, "apps"), "apps/web/link.yaml: a symbolic link; commit the file itself");
  EXPECT_EQ(files(module, "apps"),
            "apps/web/module: a submodule; make it an application with a source of its own");
}

TEST_P(GitSourceContract, NamesThatAreNoTextAreGivenAsTheyAreAndShownCleaned) {
  const Revision commit = world_->commit("caf\xe9", {{"apps/caf\xe9.yaml", "x"}}, "caf\xe9 \x1b[31m red");
  const Revision link = world_->commit_symlink("apps/caf\xe9\x1b.yaml");
  world_->fetch();
  EXPECT_EQ(resolved("nope"), "there is no branch, tag or commit \"nope\"; branches are caf\uFFFD, main");
  EXPECT_EQ(source_.commit_info(url_, commit).value().subject, "caf\uFFFD ?[31m red");
  EXPECT_EQ(files(commit, "apps"), "caf\xe9.yaml=x;");
  EXPECT_EQ(files(link, "apps"), "apps/caf\uFFFD?.yaml: a symbolic link; commit the file itself");
}

TEST_P(GitSourceContract, APathOverTheLimitIsRefused) {
  std::string folder;
  for (int i = 0; i < 5; ++i) folder += std::string(200, 'x') + "/";
  const Revision good = world_->commit("main", {{folder + std::string(14, 'y') + ".yaml", "x"}});
  const Revision bad = world_->commit("main", {{folder + std::string(15, 'y') + ".yaml", "x"}});
  world_->fetch();
  EXPECT_EQ(source_.read_tree(url_, good, "").value().size(), 1U);
  const std::string message = files(bad, "");
  EXPECT_TRUE(message.starts_with("xxx")) << message;
  EXPECT_TRUE(message.ends_with("…: the path has 1025 bytes; at most 1024 are allowed; shorten the names"))
      << message;
}

TEST_P(GitSourceContract, AFileOverTheLimitIsRefusedByName) {
  const Revision commit =
      world_->commit("main", {{"apps/big.yaml", std::string(base::limits::kManifestFileBytesMax + 1, 'x')}});
  world_->fetch();
  EXPECT_EQ(files(commit, "apps"),
            "apps/big.yaml: the file has 4194305 bytes; at most 4194304 are allowed; split it");
}

TEST_P(GitSourceContract, FoldersOutsideThePathDoNotCount) {
  Tree tree{{"apps/a.yaml", "x"}};
  for (std::size_t i = 0; i <= base::limits::kManifestFilesMax; ++i) {
    tree.emplace("many/" + std::to_string(i / 100) + "/" + std::to_string(i) + ".yaml", "y");
  }
  const Revision commit = world_->commit("main", tree);
  world_->fetch();
  EXPECT_EQ(files(commit, "apps"), "a.yaml=x;");
  EXPECT_EQ(files(commit, "many"), "many: more than 10000 manifests; make it several applications");
}

TEST_P(GitSourceContract, TheListenerMayStartTheNextFetch) {
  world_->commit("main", {{"a.yaml", "x"}});
  int left = 2;
  source_.on_fetched([&](const FetchResult& result) {
    world_->results.push_back(result);
    if (--left > 0) source_.fetch({.url = url_});
  });
  source_.fetch({.url = url_});
  world_->wait_for(1);
  world_->wait_for(2);
  EXPECT_EQ(world_->results.size(), 2U);
}

}  // namespace
}  // namespace holdfast::gitops
