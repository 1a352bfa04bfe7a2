// SPDX-License-Identifier: Apache-2.0
#include "hub/source_book.hpp"

#include <algorithm>

#include "base/limits.hpp"

namespace holdfast::hub {

namespace limits = base::limits;
using base::MonotonicTime;

std::string host_of(const std::string& url) {
  const auto scheme = url.find("://");
  if (scheme == std::string::npos) {
    const auto colon = url.find(':');  // scp-like: user@host:path
    if (colon == std::string::npos || url.find('/') < colon) return "";
    const auto host = url.substr(0, colon);
    return host.substr(host.find('@') + 1);
  }
  std::string host = url.substr(scheme + 3);
  host.resize(std::min(host.find('/'), host.size()));
  host.erase(0, host.find('@') + 1);
  return host.substr(0, host.find(':', host.find(']') == std::string::npos ? 0 : host.find(']')));
}

void SourceBook::follow(const std::set<std::string>& urls, MonotonicTime now) {
  std::erase_if(sources_,
                [&](const auto& item) { return !urls.contains(item.first) && !item.second.fetching; });
  for (const auto& url : urls) {
    const auto [at, is_new] = sources_.try_emplace(url);
    if (is_new) at->second.due = now;
  }
}

std::uint64_t SourceBook::fetch_now(const std::string& url, MonotonicTime now) {
  Source& source = sources_[url];
  source.due = now;
  return source.started + 1;  // one that runs already may have missed the newest commit
}

bool SourceBook::has_completed(const std::string& url, std::uint64_t ticket) const {
  const Source* source = find(url);
  return source != nullptr && source->completed >= ticket;
}

void SourceBook::run_due(MonotonicTime now) {
  for (auto& [url, source] : sources_) {
    if (running_ >= limits::kFetchesAtOnceMax) return;
    if (source.fetching || !source.due || *source.due > now) continue;
    source.due.reset();
    source.fetching = true;
    source.began = now;
    ++source.started;
    ++running_;
    git_.fetch(repository(url));
  }
}

std::optional<MonotonicTime> SourceBook::next_due() const {
  std::optional<MonotonicTime> next;
  if (running_ >= limits::kFetchesAtOnceMax) return next;
  for (const auto& [url, source] : sources_) {
    if (!source.fetching && source.due && (!next || *source.due < *next)) next = source.due;
  }
  return next;
}

SourceBook::Ended SourceBook::on_fetched(const gitops::FetchResult& result, MonotonicTime now) {
  const auto found = sources_.find(result.url);
  if (found == sources_.end() || !found->second.fetching) return {};
  Source& source = found->second;
  source.fetching = false;
  source.completed = source.started;
  source.error = result.error;
  --running_;
  auto& host =
      hosts_
          .try_emplace(host_of(result.url),
                       base::BackoffPolicy{limits::kFetchBackoffBase, 2, limits::kFetchBackoffMax, {}, false})
          .first->second;
  MonotonicTime next = now;
  if (result.error) {
    next += std::max(host.record(now), options_.poll_interval);
  } else {
    host.reset();
    source.was_fetched = true;
    // ±10 %, so that a fleet of hubs and a hub of many sources do not beat in time.
    next += options_.poll_interval * 9 / 10 + random_.jitter(options_.poll_interval / 5);
  }
  if (!source.due || *source.due > next) source.due = next;
  return {true, now - source.began};
}

bool SourceBook::was_fetched(const std::string& url) const {
  const Source* source = find(url);
  return source != nullptr && source->was_fetched;
}

std::optional<base::Error> SourceBook::error(const std::string& url) const {
  const Source* source = find(url);
  return source == nullptr ? std::nullopt : source->error;
}

bool SourceBook::is_fetching(const std::string& url) const {
  const Source* source = find(url);
  return source != nullptr && source->fetching;
}

bool is_beneath(const std::string& url, const std::string& prefix) {
  if (prefix.empty() || !url.starts_with(prefix)) return false;
  return url.size() == prefix.size() || prefix.ends_with('/') || url[prefix.size()] == '/';
}

gitops::Repository SourceBook::repository(const std::string& url) const {
  gitops::Repository best;
  for (const auto& known : options_.repositories) {
    if (is_beneath(url, known.url) && known.url.size() >= best.url.size()) best = known;
  }
  best.url = url;
  return best;
}

const SourceBook::Source* SourceBook::find(const std::string& url) const {
  const auto found = sources_.find(url);
  return found == sources_.end() ? nullptr : &found->second;
}

}  // namespace holdfast::hub
