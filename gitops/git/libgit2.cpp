// SPDX-License-Identifier: Apache-2.0
#include "gitops/git/libgit2.hpp"

#include <array>

#include "base/limits/git.hpp"
#include "gitops/revision_text.hpp"
#include "sync/model/text.hpp"

namespace holdfast::gitops {
namespace {

namespace limits = base::limits;

constexpr std::size_t kWindowBytes = std::size_t{32} << 20U;  // of a pack, mapped at a time
constexpr ssize_t kCacheBytes = ssize_t{32} << 20U;

bool start() {
  if (git_libgit2_init() < 0) return false;
  for (const int level : {GIT_CONFIG_LEVEL_SYSTEM, GIT_CONFIG_LEVEL_XDG, GIT_CONFIG_LEVEL_GLOBAL}) {
    git_libgit2_opts(GIT_OPT_SET_SEARCH_PATH, level, "");
  }
  git_libgit2_opts(GIT_OPT_SET_MWINDOW_SIZE, kWindowBytes);
  git_libgit2_opts(GIT_OPT_SET_MWINDOW_MAPPED_LIMIT, limits::kGitMappedBytesMax);
  git_libgit2_opts(GIT_OPT_SET_CACHE_MAX_SIZE, kCacheBytes);
  git_libgit2_opts(GIT_OPT_SET_PACK_MAX_OBJECTS, limits::kFetchObjectsMax);
  git_libgit2_opts(GIT_OPT_ENABLE_FSYNC_GITDIR, 1);
  return true;
}

}  // namespace

base::Status start_libgit2() {
  static const bool started = start();
  if (started) return {};
  return base::fail(base::Code::kInternal, "libgit2 cannot be started");
}

std::string git_error_text() {
  const git_error* error = git_error_last();
  if (error == nullptr || error->message == nullptr) return "no reason given";
  return sync::bounded_text(error->message, 400);
}

base::Error git_failure(base::Code code, std::string_view what) {
  return {code, std::string(what) + ": " + git_error_text()};
}

base::Result<git_oid> to_oid(const sync::Revision& revision) {
  git_oid oid{};
  if (is_object_id(revision.str()) && git_oid_fromstr(&oid, revision.str().c_str()) == 0) return oid;
  return base::fail(base::Code::kInvalid,
                    sync::in_quotes(revision.str()) + " is no commit id of 40 hex digits");
}

std::string to_text(const git_oid& oid) {
  std::array<char, GIT_OID_HEXSZ + 1> text{};
  return git_oid_tostr(text.data(), text.size(), &oid);
}

}  // namespace holdfast::gitops
