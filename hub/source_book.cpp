// SPDX-License-Identifier: Apache-2.0
#include "hub/source_book.hpp"

#include <algorithm>

#include "base/limits/hub.hpp"

namespace holdfast::hub {

namespace limits = base::limits;
using base::MonotonicTime;
using std::chrono::milliseconds;

namespace {

/// The server was not reached, or said nothing: it is no matter of one repository.
bool is_silence(const base::Error& error) {
  return error.code() == base::Code::kUnavailable || error.code() == base::Code::kTimeout;
}

}  // namespace

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
    if (!sources_.contains(url)) source(url).due = now;
  }
}

std::uint64_t SourceBook::fetch_now(const std::string& url, MonotonicTime now) {
  Source& asked = source(url);
  asked.due = now;
  asked.asked = true;
  return begun_ + 1;  // one that runs already may have missed the newest commit
}

std::uint64_t SourceBook::fetch_soon(const std::string& url, MonotonicTime now) {
  Source& wanted = source(url);
  wanted.due = wanted.due ? std::min(*wanted.due, now) : now;
  return begun_ + 1;
}

bool SourceBook::has_completed(const std::string& url, std::uint64_t ticket) const {
  const Source* source = find(url);
  return source != nullptr && source->completed >= ticket;
}

SourceBook::Source& SourceBook::source(const std::string& url) {
  const auto [at, is_new] = sources_.try_emplace(url);
  if (!is_new) return at->second;
  at->second.host = host_of(url);
  constexpr std::int64_t kFactor = 2;
  hosts_.try_emplace(
      at->second.host,
      Host{base::Backoff{{limits::kFetchBackoffBase, kFactor, limits::kFetchBackoffMax, {}, false}},
           0,
           {},
           {}});
  return at->second;
}

bool SourceBook::has_place(const Source& source) const {
  const std::size_t more = source.asked ? 1 : 0;
  return running_ < limits::kFetchesAtOnceMax - 1 + more &&
         hosts_.at(source.host).running < limits::kFetchesOfOneHostMax + more;
}

MonotonicTime SourceBook::due_at(const Source& source) const {
  const auto& not_before = hosts_.at(source.host).not_before;
  return source.asked || !not_before ? *source.due : std::max(*source.due, *not_before);
}

SourceBook::Item* SourceBook::next() {
  Item* best = nullptr;
  for (auto& item : sources_) {
    const Source& source = item.second;
    if (source.fetching || !source.due || !has_place(source)) continue;
    if (best == nullptr || due_at(source) < due_at(best->second)) best = &item;
  }
  return best;
}

std::vector<std::string> SourceBook::hold_back(MonotonicTime now) {
  std::vector<std::string> out;
  for (auto& [url, source] : sources_) {
    const bool waits =
        !source.fetching && !source.error && source.due && *source.due <= now && due_at(source) > now;
    if (!waits) continue;
    source.error = hosts_.at(source.host).silence;
    out.push_back(url);
  }
  return out;
}

std::vector<std::string> SourceBook::run_due(MonotonicTime now) {
  for (Item* item = next(); item != nullptr; item = next()) {
    auto& [url, source] = *item;
    if (due_at(source) > now) break;
    source.due.reset();
    source.asked = false;
    source.fetching = true;
    source.began = now;
    source.started = ++begun_;
    ++running_;
    ++hosts_.at(source.host).running;
    git_.fetch(repository(url));
  }
  return hold_back(now);
}

std::optional<MonotonicTime> SourceBook::next_due() const {
  std::optional<MonotonicTime> out;
  for (const auto& [url, source] : sources_) {
    if (source.fetching || !source.due || !has_place(source)) continue;
    if (const auto due = due_at(source); !out || due < *out) out = due;
  }
  return out;
}

milliseconds SourceBook::on_fetched(const gitops::FetchResult& result, MonotonicTime now) {
  const auto found = sources_.find(result.url);
  if (found == sources_.end() || !found->second.fetching) return {};
  Source& source = found->second;
  Host& host = hosts_.at(source.host);
  source.fetching = false;
  source.completed = source.started;
  source.error = result.error;
  --running_;
  --host.running;
  MonotonicTime next = now;
  if (result.error) {
    const auto wait = host.backoff.record(now);
    // A host that does not answer for one repository does not for the others.
    if (is_silence(*result.error)) {
      host.not_before = now + wait;
      host.silence = result.error;
    }
    next += std::max(wait, options_.poll_interval);
  } else {
    host.backoff.reset();
    host.not_before.reset();
    source.was_fetched = true;
    // ±10 %, so that a fleet of hubs and a hub of many sources do not beat in time.
    next += options_.poll_interval * 9 / 10 + random_.jitter(options_.poll_interval / 5);
  }
  if (!source.due || *source.due > next) source.due = next;
  return now - source.began;
}

bool SourceBook::was_fetched(const std::string& url) const {
  const Source* source = find(url);
  return source != nullptr && source->was_fetched;
}

std::optional<base::Error> SourceBook::error(const std::string& url) const {
  const Source* source = find(url);
  return source == nullptr ? std::nullopt : source->error;
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
