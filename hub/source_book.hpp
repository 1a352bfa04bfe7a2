// SPDX-License-Identifier: Apache-2.0
// SourceBook: which repositories are followed, when each is fetched next, and how the last fetch went. Polls
// with jitter; a host that fails is asked less and less often, and takes up no more than its share of the fetches at a
// time; a person's request is never held back by that.
// Threads: one.
#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "base/backoff.hpp"
#include "base/clock.hpp"
#include "base/random.hpp"
#include "base/result.hpp"
#include "gitops/git_source.hpp"

namespace holdfast::hub {

/// "git.example.com" of any form of URL that Git takes; "" for a local path.
std::string host_of(const std::string& url);

/// Whether credentials for `prefix` may be used for `url`: the same, or below it at a slash. Never a longer
/// host name.
bool is_beneath(const std::string& url, const std::string& prefix);

class SourceBook {
 public:
  struct Options {
    std::vector<gitops::Repository> repositories;
    std::chrono::milliseconds poll_interval;
  };
  SourceBook(base::Random& random, gitops::GitSource& git, Options options)
      : random_(random), git_(git), options_(std::move(options)) {}

  /// Follows exactly these. A new one is fetched at once.
  void follow(const std::set<std::string>& urls, base::MonotonicTime now);
  /// Fetches at once. The answer is a ticket: has_completed() when a fetch that began after this call has
  /// ended.
  std::uint64_t fetch_now(const std::string& url, base::MonotonicTime now);
  /// As soon as its host takes it, behind what people ask for; a ticket, too.
  std::uint64_t fetch_soon(const std::string& url, base::MonotonicTime now);
  bool has_completed(const std::string& url, std::uint64_t ticket) const;

  /// Starts what is due. Returns the URLs whose turn it was and whose host does not answer: they wait with it, and
  /// error() says so from now on.
  std::vector<std::string> run_due(base::MonotonicTime now);
  std::optional<base::MonotonicTime> next_due() const;

  /// How long it took.
  std::chrono::milliseconds on_fetched(const gitops::FetchResult& result, base::MonotonicTime now);

  /// Since this program started.
  bool was_fetched(const std::string& url) const;
  /// Of the last fetch; nullopt when it went well or none has ended.
  std::optional<base::Error> error(const std::string& url) const;

 private:
  struct Source {
    std::optional<base::MonotonicTime> due;
    std::string host;
    bool asked = false;  // by a person, and not begun yet
    bool fetching = false;
    bool was_fetched = false;
    std::uint64_t started = 0;    // number of the last fetch that was begun
    std::uint64_t completed = 0;  // and of the last that has ended
    base::MonotonicTime began{};
    std::optional<base::Error> error;
  };
  struct Host {
    base::Backoff backoff;
    std::size_t running = 0;
    std::optional<base::MonotonicTime> not_before;  // it did not answer; a person need not wait
    std::optional<base::Error> silence;             // as it was then
  };
  using Item = std::pair<const std::string, Source>;
  Source& source(const std::string& url);
  /// Whether there is a place among those that run; only an end gives one.
  bool has_place(const Source& source) const;
  base::MonotonicTime due_at(const Source& source) const;
  /// What to begin next.
  Item* next();
  std::vector<std::string> hold_back(base::MonotonicTime now);
  gitops::Repository repository(const std::string& url) const;
  const Source* find(const std::string& url) const;

  base::Random& random_;
  gitops::GitSource& git_;
  Options options_;
  std::map<std::string, Source> sources_;
  std::map<std::string, Host> hosts_;
  std::size_t running_ = 0;
  std::uint64_t begun_ =
      0;  ///< fetches of all: a ticket outlives that its source is followed no more, and again
};

}  // namespace holdfast::hub
