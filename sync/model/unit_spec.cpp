// SPDX-License-Identifier: Apache-2.0
#include "sync/model/unit_spec.hpp"

#include <algorithm>
#include <array>
#include <nlohmann/json.hpp>

#include "base/limits/model.hpp"
#include "sync/model/command.hpp"
#include "sync/model/fields.hpp"
#include "sync/model/ids.hpp"
#include "sync/model/text.hpp"
#include "sync/model/words.hpp"

namespace holdfast::sync {
namespace {

using base::Code;
using base::fail;
using base::Json;
using base::ObjectReader;
using base::Result;
using base::Status;
namespace limits = base::limits;

constexpr Words<UnitRun, 2> kRuns{{{{UnitRun::kRunning, "running"}, {UnitRun::kStopped, "stopped"}}}};

/// Those that a unit file can define. Devices and scopes come into being by themselves.
constexpr std::array<std::string_view, 9> kSuffixes{".service", ".socket",    ".target", ".timer", ".path",
                                                    ".mount",   ".automount", ".swap",   ".slice"};

bool is_letter_or_digit(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
}

Result<std::string> parse_unit_name(std::string_view name) {
  HF_CHECK(check_unit_name(name));
  return std::string(name);
}

Result<UnitRun> parse_run(std::string_view word) { return kRuns.parse(word, ""); }

Status check_content(std::string_view content) {
  if (content.size() > limits::kUnitContentBytesMax) {
    return fail(Code::kLimit, std::to_string(content.size()) + " bytes; at most " +
                                  std::to_string(limits::kUnitContentBytesMax) + " are allowed");
  }
  return check_no_nul(content);
}

Result<std::string> parse_content(std::string_view content) {
  HF_CHECK(check_content(content));
  return std::string(content);
}

Result<std::string> parse_drop_in_name(std::string_view name) {
  constexpr std::string_view kEnd = ".conf";
  const bool is_plain = std::all_of(name.begin(), name.end(), [](char c) {
    return is_letter_or_digit(c) || c == '-' || c == '_' || c == '.' || c == ':';
  });
  const bool is_good = is_plain && name.ends_with(kEnd) && name.size() > kEnd.size() && name.front() != '.' &&
                       name.size() <= limits::kPathComponentLengthMax;
  if (is_good) return std::string(name);
  return fail(Code::kInvalid, in_quotes(name) +
                                  " is no name of a drop-in, such as \"10-limits.conf\": letters, digits, "
                                  "'-', '_', '.' and ':', ending in \".conf\"");
}

Status read_drop_in(const Json& value, const std::string& where, std::optional<UnitDropIn>& out) {
  UnitDropIn drop_in;
  ObjectReader in(value, where);
  in.required("name", text_field(drop_in.name, parse_drop_in_name))
      .required("content", text_field(drop_in.content, parse_content));
  HF_CHECK(in.finish());
  out = std::move(drop_in);
  return {};
}

/// "File/motd" or "File/namespace/motd": of kinds that stand on the node before a unit does.
Result<std::string> parse_restart_on(std::string_view brief) {
  const auto parts = split(brief, '/');
  const bool is_known = parts[0] == "ConfigMap" || parts[0] == "Secret" || parts[0] == "File";
  if (!is_known || parts.size() < 2 || parts.size() > 3) {
    return fail(Code::kInvalid,
                in_quotes(brief) +
                    " is no ConfigMap, Secret or File of this application, such as \"ConfigMap/settings\"");
  }
  if (parts.size() == 3) HF_CHECK(check_namespace(parts[1], "namespace"));
  HF_CHECK(check_name(parts.back(), "name"));
  return std::string(brief);
}

Status check(const UnitSpec& spec, const std::string& where) {
  if (spec.content && spec.drop_in) {
    return fail(
        Code::kInvalid,
        where +
            ": only one of content and dropIn may be given: content is the whole unit file, dropIn a file "
            "beside one that the distribution brings");
  }
  if (spec.min_ready.count() > 0 && spec.run != UnitRun::kRunning) {
    return fail(Code::kInvalid,
                where + ".minReadySeconds: is of a unit that is to run; write state: running");
  }
  if (spec.content || spec.drop_in || spec.enabled || spec.run) return {};
  return fail(Code::kInvalid, where + ": one of content, dropIn, enabled and state must be given");
}

Status read_spec(const Json& value, const std::string& where, UnitSpec& spec) {
  ObjectReader in(value, where);
  std::string content;
  in.required("name", text_field(spec.name, parse_unit_name))
      .optional("content", text_field(content, parse_content))
      .optional("dropIn", [&](const Json& drop_in,
                              const std::string& at) { return read_drop_in(drop_in, at, spec.drop_in); })
      .optional("enabled", flag_field(spec.enabled))
      .optional("state",
                [&](const Json& state, const std::string& at) -> Status {
                  UnitRun run{};
                  HF_CHECK(text_field(run, parse_run)(state, at));
                  spec.run = run;
                  return {};
                })
      .optional("minReadySeconds",
                seconds_field(spec.min_ready, std::chrono::seconds{0}, limits::kMinReadyMax))
      .each("restartOn", text_elements(spec.restart_on, limits::kRestartOnMax, parse_restart_on));
  HF_CHECK(in.finish());
  if (in.has("content")) spec.content = std::move(content);
  return check(spec, where);
}

}  // namespace

Status check_unit_name(std::string_view name) {
  if (name.size() > limits::kUnitNameLengthMax) {
    return fail(Code::kLimit, "a unit's name of " + std::to_string(name.size()) + " bytes; at most " +
                                  std::to_string(limits::kUnitNameLengthMax) + " are allowed");
  }
  const auto suffix = std::find_if(kSuffixes.begin(), kSuffixes.end(),
                                   [&](std::string_view end) { return name.ends_with(end); });
  const bool is_plain = std::all_of(name.begin(), name.end(), [](char c) {
    return is_letter_or_digit(c) || c == ':' || c == '-' || c == '_' || c == '.' || c == '\\' || c == '@';
  });
  if (suffix == kSuffixes.end() || !is_plain || name.size() == suffix->size() || name.front() == '.' ||
      name.front() == '@') {
    std::string ends;
    for (const auto end : kSuffixes) ends.append(ends.empty() ? "" : ", ").append(end);
    return fail(Code::kInvalid, in_quotes(name) +
                                    " is no name of a unit, such as \"camera.service\": letters, digits and "
                                    ":-_.\\@, ending in one of " +
                                    ends);
  }
  const std::string_view stem = name.substr(0, name.size() - suffix->size());
  if (stem.ends_with('@')) {
    return fail(Code::kUnsupported, in_quotes(name) +
                                        " is a template, which has no state of its own; name an instance of "
                                        "it here, and write the template itself as a File");
  }
  if (name == "holdfast-agent.service")
    return fail(Code::kInvalid, in_quotes(name) + ": the agent does not keep its own unit");
  return {};
}

std::string path_of_unit(const UnitSpec& spec) {
  if (spec.content) return std::string(kUnitFolder) + spec.name;
  if (spec.drop_in) return std::string(kUnitFolder) + spec.name + ".d/" + spec.drop_in->name;
  return "";
}

std::vector<Claim> claims_of_unit(const UnitSpec& spec) {
  std::vector<Claim> claims;
  if (auto path = path_of_unit(spec); !path.empty()) claims.push_back({ClaimKind::kPath, std::move(path)});
  claims.push_back({ClaimKind::kUnit, spec.name});
  return claims;
}

Result<UnitSpec> parse_unit_spec(const Json& object) {
  UnitSpec spec;
  ObjectReader in(object, "");
  in.ignore("apiVersion").ignore("kind").ignore("metadata");
  in.required("spec",
              [&](const Json& value, const std::string& where) { return read_spec(value, where, spec); });
  HF_CHECK(in.finish());
  return spec;
}

}  // namespace holdfast::sync
