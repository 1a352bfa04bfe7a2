// SPDX-License-Identifier: Apache-2.0
// Watches: changes after a resourceVersion as JSON lines, bookmarks while nothing happens.
#include <condition_variable>
#include <mutex>
#include <nlohmann/json.hpp>

#include "hub/api/rest.hpp"

namespace holdfast::hub {

using base::Json;
using namespace std::chrono_literals;

namespace {

constexpr auto kBookmarkInterval = 30s;
constexpr auto kPieceWait = 1s;  ///< so that a client that went away is noticed

/// Wakes one watch when something changed; deregisters itself.
class Waker {
 public:
  explicit Waker(Objects& objects) : objects_(objects), id_(objects.add_listener([this] { wake(); })) {}
  ~Waker() { objects_.remove_listener(id_); }
  Waker(const Waker&) = delete;
  Waker& operator=(const Waker&) = delete;

  /// True when woken, false after a while.
  bool wait() {
    std::unique_lock lock(mutex_);
    const bool woken = changed_.wait_for(lock, kPieceWait, [this] { return pending_; });
    pending_ = false;
    return woken;
  }

 private:
  void wake() {
    const std::lock_guard lock(mutex_);
    pending_ = true;
    changed_.notify_one();
  }

  Objects& objects_;
  std::mutex mutex_;
  std::condition_variable changed_;
  bool pending_ = true;  // what changed before it listened
  std::uint64_t id_;
};

const char* word(ChangeKind kind) {
  switch (kind) {
    case ChangeKind::kAdded: return "ADDED";
    case ChangeKind::kModified: return "MODIFIED";
    case ChangeKind::kDeleted: return "DELETED";
  }
  return "ERROR";
}

struct Watching {
  Objects& objects;
  base::Clock& clock;
  const ResourceType& type;
  std::uint64_t version;
  ObjectFilter filter;
  std::optional<base::MonotonicTime> until;
  bool as_table;
  bool bookmarks;
  base::MonotonicTime bookmark_due;
  Waker waker;

  bool next(std::string& piece);
  bool look(std::string& piece);
  void add(std::string& piece, const char* kind, Json object) const {
    piece += Json{{"type", kind}, {"object", std::move(object)}}.dump(-1, ' ', false,
                                                                      Json::error_handler_t::replace);
    piece += "\n";
  }
  void add_bookmark(std::string& piece) {
    if (!bookmarks || clock.monotonic() < bookmark_due) return;
    bookmark_due = clock.monotonic() + kBookmarkInterval;
    add(piece, "BOOKMARK",
        {{"apiVersion", kApiVersion},
         {"kind", type.kind},
         {"metadata", {{"resourceVersion", std::to_string(version)}}}});
  }
};

bool Watching::next(std::string& piece) {
  if (until && clock.monotonic() >= *until) return false;
  const bool goes_on = !waker.wait() || look(piece);
  if (goes_on) add_bookmark(piece);
  return goes_on;
}

bool Watching::look(std::string& piece) {
  // Asked first: what has changed by then is in the list. Other types' changes count too, or a watch on a quiet type
  // would one day stand before the oldest change that is remembered.
  const auto newest = objects.version();
  const auto changes = objects.changes_since(version, type.plural);
  if (!changes) {
    add(piece, "ERROR",
        {{"kind", "Status"},
         {"apiVersion", "v1"},
         {"status", "Failure"},
         {"reason", "Expired"},
         {"code", 410},
         {"message", changes.error().message()}});
    return false;
  }
  for (const auto& change : *changes) {
    version = std::max(version, change.version);
    const bool matches = filter.matches(*change.object);
    const bool left = !matches && change.kind == ChangeKind::kModified;
    if (!matches && !left) continue;
    Json object = as_table ? table_of(type, {change.object}, change.version, clock.wall()) : *change.object;
    // What no longer matches is gone for this watch, as Kubernetes has it.
    add(piece, left ? "DELETED" : word(change.kind), std::move(object));
  }
  version = std::max(version, newest);
  return true;
}

/// What a watch from "nothing" or "0" sees first: everything that is there.
std::string everything(const Listing& listing, const Watching& watching) {
  std::string out;
  for (const auto& item : listing.items) {
    Json object =
        watching.as_table ? table_of(watching.type, {item}, listing.version, watching.clock.wall()) : *item;
    watching.add(out, "ADDED", std::move(object));
  }
  return out;
}

}  // namespace

ApiResponse Rest::watch(const ApiRequest& request, const ObjectPath& path) const {
  const ListOptions options{request.option("labelSelector"), request.option("fieldSelector")};
  const auto filter = ObjectFilter::parse(options);
  const auto listing = objects_.list(path.type->plural, options);
  if (!filter || !listing) return error_answer(400, "BadRequest", listing.error().message());
  const auto asked = request.option("resourceVersion");
  const bool from_now = asked.empty() || asked == "0";
  std::uint64_t version = listing->version;
  if (!from_now) {
    const auto number = base::from_decimal(asked);
    if (!number) return error_answer(400, "BadRequest", "resourceVersion: " + number.error().message());
    version = *number;
  }
  std::optional<base::MonotonicTime> until;
  if (const auto seconds = base::from_decimal(request.option("timeoutSeconds"))) {
    until = clock_.monotonic() + std::chrono::seconds(static_cast<std::int64_t>(*seconds % 86'400));
  }
  const auto watching = std::shared_ptr<Watching>(new Watching{
      objects_, clock_, *path.type, version, *filter, until,
      request.accept.find("as=Table") != std::string::npos, request.option("allowWatchBookmarks") == "true",
      clock_.monotonic() + kBookmarkInterval, Waker(objects_)});
  ApiResponse response;
  // The parameter keeps the HTTP library from compressing, which would hold back pieces.
  response.content_type = "application/json;stream=watch";
  response.stream = [watching, first = from_now ? everything(*listing, *watching)
                                                : std::string()](std::string& piece) mutable {
    if (!first.empty()) {
      piece = std::exchange(first, {});
      return true;
    }
    return watching->next(piece);
  };
  return response;
}

}  // namespace holdfast::hub
