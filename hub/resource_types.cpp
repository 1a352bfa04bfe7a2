// SPDX-License-Identifier: Apache-2.0
#include "hub/resource_types.hpp"

#include <algorithm>
#include <array>
#include <cctype>
#include <nlohmann/json.hpp>

#include "base/limits/hub.hpp"
#include "base/time_text.hpp"
#include "gitops/application.hpp"
#include "hub/json_path.hpp"
#include "sync/model/labels.hpp"
#include "sync/model/snapshot.hpp"

namespace holdfast::hub {
namespace {

using base::Code;
using base::fail;
using base::Json;
using base::Status;
using base::WallTime;

// ---- checks ----

Status no_check(const Json&) { return {}; }

Status check_application(const Json& object) {
  if (auto spec = gitops::parse_application_spec(object); !spec) return fail(std::move(spec).error());
  return {};
}

Status check_node(const Json& object) {
  std::string uid;
  std::optional<std::string> replaces;
  bool revoked = false;
  bool pending = false;
  const Json* spec = find_at(object, "spec");
  if (spec == nullptr) return fail(Code::kInvalid, "spec: is missing");
  base::ObjectReader in(*spec, "spec");
  in.required("uid", uid).optional("replaces", replaces).optional("revoked", revoked);
  in.optional("pending", pending).ignore("fingerprint").ignore("certificate").ignore("clone");
  HF_CHECK(in.finish());
  if (uid.empty()) return fail(Code::kInvalid, "spec.uid: must not be empty");
  return {};
}

Status check_duration(const Json& value, const std::string& where) {
  if (!value.is_string()) return fail(Code::kInvalid, where + ": must be a duration such as \"1h\"");
  if (auto duration = base::parse_duration(value.get<std::string>()); !duration) {
    return fail(std::move(duration).error().with_context(where));
  }
  return {};
}

Status check_serials(const Json& value, const std::string& where) {
  namespace limits = base::limits;
  if (!value.is_array() || value.empty())
    return fail(Code::kInvalid,
                where + ": must be a list of hardware serials or fingerprints, with one at least");
  if (value.size() > limits::kTokenSerialsMax)
    return fail(Code::kLimit, where + ": at most " + std::to_string(limits::kTokenSerialsMax));
  for (const Json& serial : value) {
    const bool fits = serial.is_string() && !serial.get_ref<const std::string&>().empty() &&
                      serial.get_ref<const std::string&>().size() <= limits::kSerialLengthMax;
    if (!fits)
      return fail(Code::kInvalid, where + ": each must be a text of 1 to " +
                                      std::to_string(limits::kSerialLengthMax) + " characters");
  }
  return {};
}

Status check_token(const Json& object) {
  static const Json kEmpty = Json::object();
  const Json* spec = find_at(object, "spec");
  if (spec == nullptr) spec = &kEmpty;
  std::int64_t uses = 1;
  std::string replace;
  bool approve = false;
  std::map<std::string, std::string> labels;
  base::ObjectReader in(*spec, "spec");
  in.optional("ttl", check_duration).optional("uses", uses).optional("labels", labels);
  in.optional("replace", replace).optional("serials", check_serials).optional("approve", approve);
  in.ignore("expiresAt").ignore("tokenDigest").ignore("description");
  HF_CHECK(in.finish());
  if (uses < 1) return fail(Code::kInvalid, "spec.uses: must be at least 1");
  if (!replace.empty() && uses != 1)
    return fail(Code::kInvalid, "spec.uses: must be 1 with spec.replace: one machine takes the place of one");
  return sync::check_labels(labels, "spec.labels");
}

Status check_project(const Json& object) {
  static const Json kEmpty = Json::object();
  const Json* spec = find_at(object, "spec");
  if (spec == nullptr) spec = &kEmpty;
  std::string description;
  std::vector<std::string> repositories;
  bool allows_plain_secrets = false;
  base::ObjectReader in(*spec, "spec");
  in.optional("description", description).optional("sourceRepos", repositories);
  in.optional("allowPlainSecrets", allows_plain_secrets);
  return in.finish();
}

// ---- cells ----

std::string cell_name(const Json& object, WallTime) { return text_at(object, "metadata/name"); }
std::string or_unknown(std::string text) { return text.empty() ? "Unknown" : std::move(text); }

std::string age_of(const Json& object, std::string_view path, WallTime now) {
  const auto since = base::parse_rfc3339(text_at(object, path));
  return since ? human_age(*since, now) : "<unknown>";
}
std::string cell_age(const Json& object, WallTime now) {
  return age_of(object, "metadata/creationTimestamp", now);
}

const Json* condition(const Json& object, std::string_view type) {
  const Json* list = find_at(object, "status/conditions");
  if (list == nullptr || !list->is_array()) return nullptr;
  for (const Json& item : *list) {
    if (text_at(item, "type") == type) return &item;
  }
  return nullptr;
}

std::string cell_sync(const Json& object, WallTime) { return or_unknown(text_at(object, "status/sync")); }
std::string cell_health(const Json& object, WallTime) { return or_unknown(text_at(object, "status/health")); }
std::string cell_revision(const Json& object, WallTime) {
  return text_at(object, "status/revision").substr(0, 10);
}

std::string ratio(std::int64_t part, std::int64_t whole) {
  return std::to_string(part) + "/" + std::to_string(whole);
}
std::string cell_ready_nodes(const Json& object, WallTime) {
  return ratio(number_at(object, "status/nodes/ready"), number_at(object, "status/nodes/total"));
}

constexpr std::size_t kMessageCellMax = 100;
/// Text of a node or a person, cut between characters.
std::string shortened(std::string text) {
  if (text.size() <= kMessageCellMax) return text;
  std::size_t end = kMessageCellMax - 3;
  while (end > 0 && (static_cast<unsigned char>(text[end]) & 0xC0U) == 0x80U) --end;
  return text.substr(0, end) + "...";
}
std::string cell_message(const Json& object, WallTime) {
  const Json* list = find_at(object, "status/conditions");
  if (list == nullptr || !list->is_array() || list->empty()) return "";
  std::string text = text_at(list->front(), "type") + ": " + text_at(list->front(), "message");
  if (const auto line = text.find('\n'); line != std::string::npos) text.resize(line);
  return shortened(std::move(text));
}
std::string cell_repository(const Json& object, WallTime) { return text_at(object, "spec/source/repoURL"); }
std::string cell_path(const Json& object, WallTime) { return text_at(object, "spec/source/path"); }

std::string cell_ready(const Json& object, WallTime) {
  if (!text_at(object, "spec/clone").empty()) return "Cloned";
  if (truth_at(object, "spec/revoked")) return "Revoked";
  if (truth_at(object, "spec/pending")) return "Pending";
  const Json* ready = condition(object, "Ready");
  return ready == nullptr ? "Unknown" : text_at(*ready, "status");
}
/// Those that a person should know of: "DiskPressure,!StateVerified". What Ready says has a column of its own.
std::string cell_conditions(const Json& object, WallTime) {
  const Json* all = find_at(object, "status/conditions");
  if (all == nullptr || !all->is_array()) return "";
  std::string out;
  for (const Json& one : *all) {
    const auto type = text_at(one, "type");
    const auto status = text_at(one, "status");
    const bool is_good = sync::is_good_when_true(type);
    if (type == "Ready" || status != (is_good ? "False" : "True")) continue;
    out.append(out.empty() ? "" : ",").append(is_good ? "!" : "").append(type);
  }
  return shortened(std::move(out));
}
std::string cell_node_sync(const Json& object, WallTime) {
  return or_unknown(text_at(object, "status/sync"));
}
std::string cell_version(const Json& object, WallTime) { return text_at(object, "status/agentVersion"); }
std::string cell_applications(const Json& object, WallTime) {
  return ratio(number_at(object, "status/applications/synced"),
               number_at(object, "status/applications/total"));
}
std::string cell_last_seen(const Json& object, WallTime now) {
  return age_of(object, "status/lastSeen", now);
}
std::string cell_uid(const Json& object, WallTime) { return text_at(object, "spec/uid"); }

std::string cell_uses(const Json& object, WallTime) {
  const Json* most = find_at(object, "spec/uses");
  return ratio(number_at(object, "status/used"), most == nullptr ? 1 : number_at(object, "spec/uses"));
}
std::string cell_expires(const Json& object, WallTime now) {
  const auto end = base::parse_rfc3339(text_at(object, "spec/expiresAt"));
  if (!end) return "<unknown>";
  return *end <= now ? "expired" : human_age(now, *end);
}
std::string cell_description(const Json& object, WallTime) { return text_at(object, "spec/description"); }

std::string cell_event_seen(const Json& object, WallTime now) { return age_of(object, "lastTimestamp", now); }
std::string cell_event_type(const Json& object, WallTime) { return text_at(object, "type"); }
std::string cell_event_reason(const Json& object, WallTime) { return text_at(object, "reason"); }
std::string cell_event_object(const Json& object, WallTime) {
  return text_at(object, "involvedObject/kind") + "/" + text_at(object, "involvedObject/name");
}
std::string cell_event_message(const Json& object, WallTime) { return text_at(object, "message"); }
std::string cell_event_count(const Json& object, WallTime) {
  return std::to_string(number_at(object, "count"));
}

// ---- the table ----

ResourceType application_type() {
  return {.plural = kApplications,
          .singular = "application",
          .kind = "Application",
          .short_names = {"app", "apps"},
          .columns = {{"NAME", "string", false, cell_name},
                      {"SYNC", "string", false, cell_sync},
                      {"HEALTH", "string", false, cell_health},
                      {"READY", "string", false, cell_ready_nodes},
                      {"REVISION", "string", false, cell_revision},
                      {"AGE", "string", false, cell_age},
                      {"MESSAGE", "string", false, cell_message},
                      {"REPOSITORY", "string", true, cell_repository},
                      {"PATH", "string", true, cell_path}},
          .has_status = true,
          .has_generation = true,
          .keeps_tombstone = true,
          .readonly = false,
          .check = check_application};
}

ResourceType node_type() {
  return {.plural = kNodes,
          .singular = "node",
          .kind = "Node",
          .short_names = {"no"},
          .columns = {{"NAME", "string", false, cell_name},
                      {"READY", "string", false, cell_ready},
                      {"SYNC", "string", false, cell_node_sync},
                      {"HEALTH", "string", false, cell_health},
                      {"APPLICATIONS", "string", false, cell_applications},
                      {"VERSION", "string", false, cell_version},
                      {"LAST SEEN", "string", false, cell_last_seen},
                      {"AGE", "string", false, cell_age},
                      {"CONDITIONS", "string", false, cell_conditions},
                      {"UID", "string", true, cell_uid}},
          .has_status = true,
          .has_generation = true,
          .keeps_tombstone = false,
          .readonly = false,
          .check = check_node};
}

ResourceType token_type() {
  return {.plural = kEnrollmentTokens,
          .singular = "enrollmenttoken",
          .kind = "EnrollmentToken",
          .short_names = {"token", "tokens"},
          .columns = {{"NAME", "string", false, cell_name},
                      {"USED", "string", false, cell_uses},
                      {"EXPIRES IN", "string", false, cell_expires},
                      {"AGE", "string", false, cell_age}},
          .has_status = true,
          .has_generation = true,
          .keeps_tombstone = false,
          .readonly = false,
          .check = check_token};
}

ResourceType project_type() {
  return {.plural = kProjects,
          .singular = "project",
          .kind = "Project",
          .short_names = {"proj"},
          .columns = {{"NAME", "string", false, cell_name},
                      {"AGE", "string", false, cell_age},
                      {"DESCRIPTION", "string", true, cell_description}},
          .has_status = true,
          .has_generation = true,
          .keeps_tombstone = false,
          .readonly = false,
          .check = check_project};
}

ResourceType event_type() {
  return {.plural = kEvents,
          .singular = "event",
          .kind = "Event",
          .short_names = {"ev"},
          .columns = {{"LAST SEEN", "string", false, cell_event_seen},
                      {"TYPE", "string", false, cell_event_type},
                      {"REASON", "string", false, cell_event_reason},
                      {"OBJECT", "string", false, cell_event_object},
                      {"MESSAGE", "string", false, cell_event_message},
                      {"COUNT", "integer", true, cell_event_count},
                      {"NAME", "string", true, cell_name}},
          .has_status = false,
          .has_generation = false,
          .keeps_tombstone = false,
          .readonly = true,
          .check = no_check};
}

const std::array<ResourceType, 5>& table() {
  static const std::array<ResourceType, 5> kTable{application_type(), node_type(), token_type(),
                                                  project_type(), event_type()};
  return kTable;
}

bool equal_in_any_case(std::string_view a, std::string_view b) {
  return std::ranges::equal(
      a, b, [](unsigned char x, unsigned char y) { return std::tolower(x) == std::tolower(y); });
}

}  // namespace

std::span<const ResourceType> all_types() { return table(); }

const ResourceType* find_type(std::string_view plural) {
  for (const auto& type : table()) {
    if (type.plural == plural) return &type;
  }
  return nullptr;
}

const ResourceType* find_type_by_kind(std::string_view kind) {
  for (const auto& type : table()) {
    if (type.kind == kind) return &type;
  }
  return nullptr;
}

const ResourceType* find_type_by_any_name(std::string_view name) {
  for (const auto& type : table()) {
    const bool is_short = std::ranges::any_of(
        type.short_names, [&](std::string_view known) { return equal_in_any_case(known, name); });
    if (is_short || equal_in_any_case(type.plural, name) || equal_in_any_case(type.singular, name))
      return &type;
  }
  return nullptr;
}

std::string human_age(WallTime since, WallTime now) {
  const auto seconds =
      std::max<std::int64_t>(0, std::chrono::duration_cast<std::chrono::seconds>(now - since).count());
  const auto two = [](std::int64_t big, const char* unit, std::int64_t small, const char* small_unit) {
    std::string text = std::to_string(big) + unit;
    return small == 0 ? text : text + std::to_string(small) + small_unit;
  };
  const std::int64_t minutes = seconds / 60;
  const std::int64_t hours = minutes / 60;
  const std::int64_t days = hours / 24;
  if (seconds < 120) return std::to_string(seconds) + "s";
  if (minutes < 10) return two(minutes, "m", seconds % 60, "s");
  if (hours < 3) return std::to_string(minutes) + "m";
  if (hours < 8) return two(hours, "h", minutes % 60, "m");
  if (hours < 48) return std::to_string(hours) + "h";
  if (days < 8) return two(days, "d", hours % 24, "h");
  if (days < 365 * 2) return std::to_string(days) + "d";
  return two(days / 365, "y", days % 365, "d");
}

}  // namespace holdfast::hub
