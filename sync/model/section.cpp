// SPDX-License-Identifier: Apache-2.0
// Section bytes: the policy's canonical JSON and the resources' bodies, joined. Bodies are canonical already,
// so the joined text is, too, and nothing is parsed to encode.
#include "sync/model/section.hpp"

#include <algorithm>
#include <cassert>
#include <nlohmann/json.hpp>
#include <optional>

#include "base/limits/model.hpp"
#include "sync/model/fields.hpp"
#include "sync/model/text.hpp"

namespace holdfast::sync {
namespace {

using base::Code;
using base::fail;
using base::Json;
using base::ObjectReader;
using base::Result;
using base::Status;
namespace limits = base::limits;
using std::chrono::milliseconds;

Json to_json(const SectionPolicy& policy) {
  return {{"progressDeadlineMs", policy.progress_deadline.count()},
          {"prune", policy.prune},
          {"pruneLimit", policy.prune_limit.text()},
          {"retry", Json{{"delayMaxMs", policy.retry.delay_max.count()},
                         {"delayMs", policy.retry.delay.count()},
                         {"factor", policy.retry.factor},
                         {"limit", policy.retry.limit}}},
          {"selfHeal", policy.self_heal}};
}

Status read_retry(const Json& value, const std::string& where, RetryPolicy& retry) {
  ObjectReader in(value, where);
  in.required("limit", number_field(retry.limit, 0, limits::kRetryLimitMax))
      .required("factor", number_field(retry.factor, 1, limits::kRetryFactorMax))
      .required("delayMs", milliseconds_field(retry.delay, milliseconds{0}, limits::kRetryDelayMax))
      .required("delayMaxMs", milliseconds_field(retry.delay_max, milliseconds{0}, limits::kRetryDelayMax));
  return in.finish();
}

Status read_policy(const Json& value, const std::string& where, SectionPolicy& policy) {
  ObjectReader in(value, where);
  in.required("prune", policy.prune)
      .required("selfHeal", policy.self_heal)
      .required("pruneLimit", text_field(policy.prune_limit, PruneLimit::parse))
      .required("progressDeadlineMs",
                milliseconds_field(policy.progress_deadline, milliseconds{1}, limits::kProgressDeadlineMax))
      .required("retry", [&](const Json& retry, const std::string& at) {
        return read_retry(retry, at, policy.retry);
      });
  return in.finish();
}

bool sorted_and_unique(const std::vector<Resource>& resources) {
  const auto wrong =
      std::adjacent_find(resources.begin(), resources.end(),
                         [](const Resource& a, const Resource& b) { return !(a.key < b.key); });
  return wrong == resources.end();
}

Status read_resource(const Json& value, const std::string& where, std::vector<Resource>& out) {
  if (out.size() >= limits::kResourcesPerSectionMax) {
    return fail(Code::kLimit,
                "a section of more than " + std::to_string(limits::kResourcesPerSectionMax) + " resources");
  }
  auto resource = parse_resource(value);
  if (!resource) return fail(std::move(resource).error().with_context(where));
  out.push_back(*std::move(resource));
  return {};
}

/// A section's bytes from front to back, a piece at a time.
class Pieces {
 public:
  explicit Pieces(std::string_view bytes) : rest_(bytes) {}
  bool take(std::string_view literal) {
    if (!rest_.starts_with(literal)) return false;
    rest_.remove_prefix(literal.size());
    return true;
  }
  /// The object that begins here, empty where none does. Only its outline is looked at: who reads the piece sees the rest.
  std::string_view object();
  bool is_at_end() const { return rest_.empty(); }

 private:
  std::string_view rest_;
};

std::string_view Pieces::object() {
  if (!rest_.starts_with('{')) return {};
  std::size_t depth = 0;
  bool is_text = false;
  for (std::size_t i = 0; i < rest_.size(); ++i) {
    const char c = rest_[i];
    if (is_text && c == '\\') {
      ++i;
    } else if (c == '"') {
      is_text = !is_text;
    } else if (!is_text && c == '{') {
      ++depth;
    } else if (!is_text && c == '}' && --depth == 0) {
      const auto piece = rest_.substr(0, i + 1);
      rest_.remove_prefix(i + 1);
      return piece;
    }
  }
  return {};
}

/// A section of a megabyte never stands in memory as one tree: each resource is read on its own, and is canonical where its
/// body is the very piece that was read. Nothing: something is wrong.
std::optional<Section> read_in_pieces(std::string_view bytes) {
  Section section;
  Pieces in(bytes);
  if (!in.take("{\"policy\":")) return std::nullopt;
  const auto policy = in.object();
  const auto read = base::parse_json(policy);
  if (!read || !read_policy(*read, "policy", section.policy)) return std::nullopt;
  if (base::canonical_json(to_json(section.policy)) != policy || !in.take(",\"resources\":["))
    return std::nullopt;
  while (!in.take("]")) {
    if (!section.resources.empty() && !in.take(",")) return std::nullopt;
    if (section.resources.size() >= limits::kResourcesPerSectionMax) return std::nullopt;
    const auto piece = in.object();
    auto resource = parse_resource(piece);
    if (!resource || resource->body != piece) return std::nullopt;
    section.resources.push_back(*std::move(resource));
  }
  if (!in.take("}") || !in.is_at_end() || !sorted_and_unique(section.resources)) return std::nullopt;
  return section;
}

/// The same from the whole tree, to name what is wrong with it.
Result<Section> read_whole(std::string_view bytes);

}  // namespace

std::string PruneLimit::text() const { return std::to_string(value) + (unit == Unit::kPercent ? "%" : ""); }

Result<PruneLimit> PruneLimit::parse(std::string_view text) {
  constexpr std::uint64_t kPercentMax = 100;
  const bool percent = text.ends_with('%');
  const auto number = base::from_decimal(text.substr(0, text.size() - (percent ? 1 : 0)));
  const std::uint64_t max = percent ? kPercentMax : std::numeric_limits<std::uint32_t>::max();
  if (!number || *number > max) {
    return fail(Code::kInvalid,
                in_quotes(text) + " must be a percentage such as \"50%\", or a count such as \"20\"");
  }
  return PruneLimit{percent ? Unit::kPercent : Unit::kCount, static_cast<std::uint32_t>(*number)};
}

std::size_t PruneLimit::allowed(std::size_t inventory) const {
  const std::size_t by_limit = unit == Unit::kPercent ? inventory * value / 100 : std::size_t{value};
  return std::min(inventory, std::max(by_limit, limits::kPruneAlwaysAllowedMax));
}

milliseconds RetryPolicy::delay_before(std::uint32_t attempt) const {
  milliseconds wait = std::min(delay, delay_max);
  for (std::uint32_t i = 1; i < attempt && wait < delay_max && wait.count() > 0 && factor > 1; ++i) {
    wait = wait > delay_max / factor ? delay_max : wait * factor;
  }
  return std::min(wait, delay_max);
}

std::string encode_section(const Section& section) {
  assert(sorted_and_unique(section.resources));
  std::string bytes = "{\"policy\":" + base::canonical_json(to_json(section.policy)) + ",\"resources\":[";
  std::string_view separator;
  for (const auto& resource : section.resources) {
    bytes.append(separator).append(resource.body);
    separator = ",";
  }
  return bytes.append("]}");
}

Result<Section> decode_section(std::string_view bytes) {
  if (bytes.size() > limits::kSectionBytesMax) {
    return fail(Code::kLimit, "a section of " + std::to_string(bytes.size()) + " bytes; at most " +
                                  std::to_string(limits::kSectionBytesMax) + " are allowed");
  }
  if (auto section = read_in_pieces(bytes)) return *std::move(section);
  return read_whole(bytes);
}

namespace {

Result<Section> read_whole(std::string_view bytes) {
  HF_TRY(const Json object, base::parse_json(bytes));
  Section section;
  ObjectReader in(object, "");
  in.required("policy", [&](const Json& policy, const std::string& where) {
      return read_policy(policy, where, section.policy);
    }).each("resources", [&](const Json& resource, const std::string& where) {
    return read_resource(resource, where, section.resources);
  });
  HF_CHECK(in.finish());
  if (!sorted_and_unique(section.resources)) {
    return fail(Code::kCorrupt,
                "the section's resources are not in order of their keys, or one is there twice");
  }
  // The bytes are the section's identity: only their one canonical form is taken.
  if (encode_section(section) != bytes) return fail(Code::kCorrupt, "the section is not in canonical form");
  return section;
}

}  // namespace

}  // namespace holdfast::sync
