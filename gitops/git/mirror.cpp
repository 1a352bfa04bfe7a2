// SPDX-License-Identifier: Apache-2.0
#include "gitops/git/mirror.hpp"

#include <algorithm>
#include <deque>
#include <filesystem>
#include <map>
#include <optional>
#include <utility>
#include <vector>

#include "base/digest.hpp"
#include "base/file_io.hpp"
#include "base/limits/git.hpp"
#include "base/log.hpp"
#include "gitops/git/bare_repository.hpp"
#include "gitops/git/commit_reader.hpp"
#include "gitops/git/fetch_job.hpp"
#include "gitops/git/fetch_process.hpp"
#include "gitops/repository_url.hpp"
#include "gitops/revision_text.hpp"

namespace holdfast::gitops {

using base::Code;
using base::Error;
using base::fail;
using base::Result;
using base::Status;
using sync::Revision;

struct GitMirror::State {
  /// A child at work for a URL.
  struct Job {
    JobKind kind = JobKind::kFetch;
    std::string incoming;
    std::vector<std::string> old_packs;        ///< of a repack
    std::map<std::string, Revision> old_pins;  ///< that it knows of
    std::unique_ptr<base::ChildCall> process;
  };
  /// What is known of a URL's mirror; read from disk when first asked for.
  struct Known {
    BareRepository repository;
    std::optional<BareRepository::Content> content;
    std::optional<CommitReader> reader;
    std::size_t repack_from = base::limits::kGitPacksMax + 1;  ///< that many packs are too many
  };

  base::EventLoop& loop;
  base::Random& random;
  MirrorOptions options;
  OnFetched listener;
  std::map<std::string, Known> known;  // by URL
  std::map<std::string, Job> running;  // by URL
  std::deque<Repository> waiting;
  std::shared_ptr<bool> alive = std::make_shared<bool>(true);  // for what was posted to the loop

  Known& at(const std::string& url);
  Result<Known*> fetched(const std::string& url);
  bool is_under_way(const std::string& url) const;
  std::size_t running_of(JobKind kind) const;
  void start_waiting();
  void start_repack(const std::string& url);
  Status start(JobKind kind, const Repository& repository, std::chrono::milliseconds timeout);
  void ended(const std::string& url, const Status& answer);
  void fetch_ended(const std::string& url, const std::string& incoming, const Status& answer);
  void repack_ended(const std::string& url, const Job& job, const Status& answer);
  Result<bool> take_over(const std::string& url, const std::string& incoming);
  void tell(FetchResult result);
};

GitMirror::State::Known& GitMirror::State::at(const std::string& url) {
  const auto found = known.find(url);
  if (found != known.end()) return found->second;
  const std::string folder = options.folder + "/" + base::Digest::of(url).hex();
  return known.emplace(url, Known{BareRepository(folder), std::nullopt, std::nullopt}).first->second;
}

/// The mirror, ready to be read.
Result<GitMirror::State::Known*> GitMirror::State::fetched(const std::string& url) {
  Known& mirror = at(url);
  if (!mirror.content) {
    if (!mirror.repository.is_fetched()) return fail(not_fetched(url));
    HF_TRY(mirror.content, mirror.repository.read());
  }
  if (!mirror.reader) {
    HF_TRY(mirror.reader, CommitReader::open(mirror.repository.folder()));
  }
  return &mirror;
}

bool GitMirror::State::is_under_way(const std::string& url) const {
  const auto same = [&](const Repository& repository) { return repository.url == url; };
  const auto job = running.find(url);
  return (job != running.end() && job->second.kind == JobKind::kFetch) ||
         std::any_of(waiting.begin(), waiting.end(), same);
}

std::size_t GitMirror::State::running_of(JobKind kind) const {
  return static_cast<std::size_t>(
      std::ranges::count_if(running, [&](const auto& item) { return item.second.kind == kind; }));
}

/// A URL has one child at a time: what is to be fetched while its mirror is packed waits for that, and nothing
/// else does.
void GitMirror::State::start_waiting() {
  const auto may_start = [&](const Repository& repository) { return !running.contains(repository.url); };
  while (running_of(JobKind::kFetch) < base::limits::kFetchesRunningMax) {
    const auto next = std::find_if(waiting.begin(), waiting.end(), may_start);
    if (next == waiting.end()) return;
    const Repository repository = std::move(*next);
    waiting.erase(next);
    if (auto status = start(JobKind::kFetch, repository, options.timeout); !status) {
      running.erase(repository.url);
      tell({repository.url, std::move(status).error(), false});
    }
  }
}

/// One at a time: packing takes the disk and a processor for minutes. Who comes too early comes again after the
/// next fetch.
void GitMirror::State::start_repack(const std::string& url) {
  if (running_of(JobKind::kRepack) > 0 || running.contains(url)) return;
  if (at(url).repository.packs().size() < at(url).repack_from) return;
  auto status = start(JobKind::kRepack, {.url = url}, base::limits::kRepackTimeout);
  if (status) return;
  const auto node = running.extract(url);
  if (!node.empty()) repack_ended(url, node.mapped(), status);
}

Status GitMirror::State::start(JobKind kind, const Repository& repository,
                               std::chrono::milliseconds timeout) {
  HF_CHECK(parse_repository_url(repository.url));
  const BareRepository& bare = at(repository.url).repository;
  HF_CHECK(bare.make(repository.url));
  Job& job = running[repository.url];
  job.kind = kind;
  job.old_packs = bare.packs();
  if (const auto content = bare.read()) job.old_pins = content->refs.pins;
  HF_TRY(job.incoming, bare.make_incoming(random.uuid()));
  const auto cpu_s = std::chrono::ceil<std::chrono::seconds>(timeout).count() + 1;
  const FetchJob input{kind,
                       repository,
                       job.incoming,
                       options.fetch_bytes_max,
                       options.memory_bytes_max,
                       static_cast<std::uint64_t>(cpu_s)};
  const FetchOrder order{options.fetch_program, encode_fetch_job(input), job.incoming, timeout};
  HF_TRY(job.process, start_fetch(loop, order, [this, url = repository.url](const Status& answer) {
           ended(url, answer);
         }));
  return {};
}

void GitMirror::State::ended(const std::string& url, const Status& answer) {
  const auto node = running.extract(url);  // destroyed, with its process, when this returns
  const Job& job = node.mapped();
  if (job.kind == JobKind::kFetch) {
    fetch_ended(url, job.incoming, answer);
  } else {
    repack_ended(url, job, answer);
  }
  start_waiting();
}

void GitMirror::State::fetch_ended(const std::string& url, const std::string& incoming,
                                   const Status& answer) {
  FetchResult result{url, std::nullopt, false};
  if (answer) {
    auto changed = take_over(url, incoming);
    if (changed) result.changed = *changed;
    if (!changed) result.error = std::move(changed).error().with_context(url);
  } else {
    result.error = answer.error().with_context(url);
  }
  at(url).repository.remove_incoming(incoming);
  if (!result.error) start_repack(url);
  if (listener) listener(result);
}

/// Nothing hangs on it: where packing fails, the many packs are read as before, and it is tried again after
/// as many more.
void GitMirror::State::repack_ended(const std::string& url, const Job& job, const Status& answer) {
  Known& mirror = at(url);
  Status status = answer;
  const auto now = mirror.repository.read();
  if (status && (!now || now->refs.pins != job.old_pins)) {
    // What was pinned meanwhile may be only in the old packs.
    status = fail(Code::kConflict, "something was pinned meanwhile");
  }
  if (status) {
    mirror.reader.reset();  // lets go of the old packs
    status = mirror.repository.replace_packs(job.incoming, job.old_packs);
  }
  if (!status) {
    base::log::failure("a mirror's packs cannot be put into one", url, status.error());
    mirror.repack_from = mirror.repository.packs().size() + base::limits::kGitPacksMax;
  } else {
    base::log::recovered("a mirror's packs cannot be put into one", url);
  }
  if (!job.incoming.empty()) mirror.repository.remove_incoming(job.incoming);
}

/// The one moment in which a mirror changes. Answers whether it did.
Result<bool> GitMirror::State::take_over(const std::string& url, const std::string& incoming) {
  Known& mirror = at(url);
  HF_TRY(BareRepository::Content content, mirror.repository.adopt(incoming));
  BareRepository::Content before;
  const bool first = !mirror.repository.is_fetched();
  if (!first) {
    HF_TRY(before, mirror.repository.read());
  }
  content.refs.pins = before.refs.pins;
  const bool changed = first || content != before;
  if (changed) HF_CHECK(mirror.repository.write(content));
  mirror.content = std::move(content);
  return changed;
}

/// From the loop, never from inside a call of the user's.
void GitMirror::State::tell(FetchResult result) {
  loop.post([this, still = std::weak_ptr(alive), result = std::move(result)] {
    if (still.lock() && listener) listener(result);
  });
}

// ---- GitMirror ----

Result<std::unique_ptr<GitMirror>> GitMirror::open(base::EventLoop& loop, base::Random& random,
                                                   MirrorOptions options) {
  HF_CHECK(start_libgit2());
  HF_CHECK(base::make_private_directory(options.folder));
  std::error_code problem;
  options.folder =
      std::filesystem::canonical(options.folder, problem).string();  // alternates need the whole path
  if (problem) return fail(Error::from_errno(problem.value(), "the folder of the mirrors"));
  auto state = std::unique_ptr<State>(new State{loop, random, std::move(options), {}, {}, {}, {}});
  return std::unique_ptr<GitMirror>(new GitMirror(std::move(state)));
}

GitMirror::GitMirror(std::unique_ptr<State> state) : state_(std::move(state)) {}

GitMirror::~GitMirror() {
  for (auto& [url, job] : state_->running) {
    job.process.reset();
    state_->at(url).repository.remove_incoming(job.incoming);
  }
}

void GitMirror::fetch(const Repository& repository) {
  if (state_->is_under_way(repository.url)) return;
  state_->waiting.push_back(repository);
  state_->start_waiting();
}

void GitMirror::on_fetched(OnFetched listener) { state_->listener = std::move(listener); }

Result<Revision> GitMirror::resolve(const std::string& url, const std::string& revision) {
  HF_TRY(const State::Known* const mirror, state_->fetched(url));
  const auto& refs = mirror->content->refs;
  const RefNames names{mirror->content->head, refs.branches, refs.tags};
  HF_TRY(const auto found, resolve_ref(names, revision));
  if (found) return mirror->reader->peel(*found);
  if (is_object_id_prefix(revision)) {
    auto commit = mirror->reader->find_prefix(revision);
    if (commit || commit.error().code() != Code::kNotFound) return commit;
  }
  return fail(no_such_revision(names, revision));
}

Result<TreeId> GitMirror::tree_id(const std::string& url, const Revision& commit, const std::string& path) {
  HF_TRY(const State::Known* const mirror, state_->fetched(url));
  return mirror->reader->tree_id(commit, path);
}

Result<std::vector<TreeFile>> GitMirror::read_tree(const std::string& url, const Revision& commit,
                                                   const std::string& path) {
  HF_TRY(const State::Known* const mirror, state_->fetched(url));
  return mirror->reader->read_tree(commit, path);
}

Result<TreeItem> GitMirror::read_item(const std::string& url, const Revision& commit,
                                      const std::string& path) {
  HF_TRY(const State::Known* const mirror, state_->fetched(url));
  return mirror->reader->read_item(commit, path);
}

Result<bool> GitMirror::is_ancestor(const std::string& url, const Revision& ancestor,
                                    const Revision& descendant) {
  HF_TRY(const State::Known* const mirror, state_->fetched(url));
  return mirror->reader->is_ancestor(ancestor, descendant);
}

Result<GitSource::CommitInfo> GitMirror::commit_info(const std::string& url, const Revision& commit) {
  HF_TRY(const State::Known* const mirror, state_->fetched(url));
  return mirror->reader->info(commit);
}

Status GitMirror::pin(const std::string& url, const std::map<std::string, Revision>& pins) {
  HF_TRY(State::Known* const mirror, state_->fetched(url));
  std::map<std::string, Revision> refs;
  for (const auto& [name, commit] : pins) {
    HF_CHECK(mirror->reader->check_commit(commit));
    refs.emplace(is_ref_part(name) ? name : "x-" + base::Digest::of(name).hex(), commit);
  }
  if (mirror->content->refs.pins == refs) return {};
  BareRepository::Content content = *mirror->content;
  content.refs.pins = std::move(refs);
  HF_CHECK(mirror->repository.write(content));
  mirror->content = std::move(content);
  return {};
}

}  // namespace holdfast::gitops
