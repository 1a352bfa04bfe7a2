// SPDX-License-Identifier: Apache-2.0
#include "hub/cli/watch.hpp"

#include <nlohmann/json.hpp>

#include "base/limits/client.hpp"
#include "hub/cli/object_fields.hpp"

namespace holdfast::cli {

using base::Code;
using base::fail;
using base::Json;
using base::Result;
using base::Status;
namespace limits = base::limits;
using namespace std::chrono_literals;

namespace {

/// A hub that is away, or ends every stream at once, is not asked more often.
constexpr auto kPauseBetween = 1s;

/// Of an object, or of the one row of a Table.
std::string name_in(const Json& object) {
  const auto& rows = list_at(object, "rows");
  return text_at(rows.empty() ? object : rows.front(),
                 rows.empty() ? "metadata/name" : "object/metadata/name");
}

class Watching {
 public:
  Watching(ApiClient& hub, Console& console, WatchOptions options, const OnChange& on_change)
      : hub_(hub),
        console_(console),
        options_(std::move(options)),
        version_(options_.from_version),
        on_change_(on_change) {}

  Result<WatchEnd> run() {
    for (;;) {
      const auto left = time_left();
      if (left <= 0ms) return WatchEnd::kDeadline;
      const auto status = one_stream(left);
      if (end_) return *end_;
      if (!bad_.empty()) return fail(Code::kUnavailable, bad_);
      if (!status && !may_wait_for(status.error())) return fail(status.error());
      const auto pause = std::min<std::chrono::milliseconds>(kPauseBetween, time_left());
      if (pause > 0ms) console_.pause(pause);
    }
  }

 private:
  std::chrono::milliseconds time_left() const {
    return options_.deadline ? *options_.deadline - console_.clock.monotonic() : 24h;
  }

  bool may_wait_for(const base::Error& error) const {
    return options_.deadline && was_heard_ && error.code() == Code::kUnavailable;
  }

  Status one_stream(std::chrono::milliseconds left) {
    const auto seconds = std::chrono::ceil<std::chrono::seconds>(left);
    auto path = options_.path;
    if (!options_.name.empty()) path.query("fieldSelector", "metadata.name=" + options_.name);
    path.query("watch", "1").query("allowWatchBookmarks", "true").query("resourceVersion", version_);
    if (options_.deadline) path.query("timeoutSeconds", std::to_string(seconds.count()));
    const auto silence = std::min<std::chrono::milliseconds>(limits::kWatchSilenceMax, left + 2s);
    return hub_.stream(path, options_.accept, silence, [this](std::string_view line) { return take(line); });
  }

  /// False ends the stream.
  bool take(std::string_view line) {
    const auto event = base::parse_json(line);
    const auto* object = event ? find_at(*event, "object") : nullptr;
    if (object == nullptr) {
      bad_ = "the hub sent a change that cannot be read";
      return false;
    }
    was_heard_ = true;
    const auto kind = text_at(*event, "type");
    if (kind == "ERROR") return take_error(*object);
    if (auto version = text_at(*object, "metadata/resourceVersion"); !version.empty())
      version_ = std::move(version);
    const bool is_meant = kind != "BOOKMARK" && (options_.name.empty() || name_in(*object) == options_.name);
    if (!is_meant || on_change_(kind, *object)) return !is_over();
    end_ = WatchEnd::kStopped;
    return false;
  }

  bool take_error(const Json& status) {
    if (number_at(status, "code") == 410 && options_.from_version.empty()) {
      version_.clear();  // what is there comes once more
    } else if (number_at(status, "code") == 410) {
      end_ = WatchEnd::kExpired;
    } else {
      bad_ = "the hub ended the watch: " + text_at(status, "message");
    }
    return false;
  }

  bool is_over() {
    if (time_left() > 0ms) return false;
    end_ = WatchEnd::kDeadline;
    return true;
  }

  ApiClient& hub_;
  Console& console_;
  WatchOptions options_;
  std::string version_;
  const OnChange& on_change_;
  std::optional<WatchEnd> end_;
  std::string bad_;
  bool was_heard_ = false;
};

}  // namespace

Result<WatchEnd> watch(ApiClient& hub, Console& console, WatchOptions options, const OnChange& on_change) {
  return Watching(hub, console, std::move(options), on_change).run();
}

}  // namespace holdfast::cli
