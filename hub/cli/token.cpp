// SPDX-License-Identifier: Apache-2.0
// holdfast token create
#include <algorithm>
#include <nlohmann/json.hpp>
#include <string_view>

#include "base/file_io.hpp"
#include "base/json.hpp"
#include "base/limits/client.hpp"
#include "base/time_text.hpp"
#include "hub/cli/commands.hpp"
#include "hub/cli/object_fields.hpp"
#include "hub/cli/object_types.hpp"
#include "sync/model/labels.hpp"
#include "sync/model/text.hpp"

namespace holdfast::cli {

using base::Code;
using base::fail;
using base::Json;
using base::Result;

namespace {

struct TokenOptions {
  Json spec = Json::object();
  bool is_json = false;
};

Result<std::map<std::string, std::string>> read_labels(const std::vector<std::string>& words) {
  std::map<std::string, std::string> labels;
  for (const auto& word : words) {
    const auto equals = word.find('=');
    if (equals == std::string::npos)
      return fail(Code::kInvalid, "--label: \"" + word + "\" must look like k=v");
    labels[word.substr(0, equals)] = word.substr(equals + 1);
  }
  HF_CHECK(sync::check_labels(labels, "--label"));
  return labels;
}

Result<std::uint64_t> read_uses(const std::string& text) {
  auto uses = base::from_decimal(text);
  if (!uses || *uses == 0 || *uses > 1'000'000'000) {
    return fail(Code::kInvalid, "--uses: \"" + text + "\" must be a number from 1");
  }
  return uses;
}

/// A serial that is stored otherwise than a machine says it would match none, and nobody would see why.
bool is_serial_text(std::string_view line) {
  return base::is_utf8(line) &&
         std::ranges::none_of(line, [](unsigned char c) { return c < 0x20 || c == 0x7f; });
}

/// One hardware serial or fingerprint a line; empty lines and those that begin with # are skipped.
Result<Json> read_serials(const std::string& file) {
  const auto bad = [&file](const std::string& what) {
    return fail(Code::kInvalid, "--serials: " + file + ": " + what);
  };
  auto text = base::read_file(file, base::limits::kClientFileBytesMax);
  if (!text) return fail(std::move(text).error().with_context("--serials"));
  Json out = Json::array();
  std::size_t number = 0;
  for (const auto part : sync::split(sync::without_byte_order_mark(*text), '\n')) {
    ++number;
    const auto line = sync::trimmed(part);
    if (line.empty() || line.front() == '#') continue;
    if (!is_serial_text(line))
      return bad("line " + std::to_string(number) + ": must be one serial as UTF-8 text, without tabs");
    out.push_back(line);
  }
  if (out.empty()) return bad("names no machine");
  return out;
}

Result<TokenOptions> read_token(const Arguments& arguments) {
  TokenOptions out;
  if (const auto node = arguments.one("--replace"); !node.empty()) out.spec["replace"] = node;
  if (const auto file = arguments.one("--serials"); !file.empty()) {
    HF_TRY(out.spec["serials"], read_serials(file));
  }
  if (arguments.has("--approve")) out.spec["approve"] = true;
  if (const auto ttl = arguments.one("--ttl"); !ttl.empty()) {
    if (auto duration = base::parse_duration(ttl); !duration)
      return fail(std::move(duration).error().with_context("--ttl"));
    out.spec["ttl"] = ttl;
  }
  if (arguments.has("--uses")) {
    HF_TRY(out.spec["uses"], read_uses(arguments.one("--uses")));
  }
  HF_TRY(const auto labels, read_labels(arguments.all("--label")));
  if (!labels.empty()) out.spec["labels"] = labels;
  out.is_json = arguments.one("--output") == "json";
  return out;
}

Json told_once(const Json& answer) {
  return {{"name", text_at(answer, "metadata/name")},     {"token", text_at(answer, "status/token")},
          {"hub", text_at(answer, "status/hub")},         {"caSha256", text_at(answer, "status/caSha256")},
          {"command", text_at(answer, "status/command")}, {"expiresAt", text_at(answer, "spec/expiresAt")}};
}

void print_for_people(Invocation& invocation, const Json& answer) {
  const auto uses = std::max<std::int64_t>(1, number_at(answer, "spec/uses"));
  invocation.out() << "token: " << text_at(answer, "status/token") << "\n\n"
                   << "It enrols " << (uses == 1 ? "one machine" : std::to_string(uses) + " machines")
                   << ", until " << text_at(answer, "spec/expiresAt")
                   << ", and is shown this once. On the machine:\n\n  " << text_at(answer, "status/command")
                   << "\n";
  if (const auto replaced = text_at(answer, "spec/replace"); !replaced.empty()) {
    invocation.out() << "\nThe machine takes the place of node " << replaced
                     << ", which is cut off at that moment.\n";
  }
  if (answer.value("spec", Json::object()).value("approve", false))
    invocation.out() << "\nIt then waits for you: holdfast approve NODE\n";
}

Result<ExitCode> create_token(Invocation& invocation, const TokenOptions& options) {
  HF_TRY(auto* hub, invocation.hub());
  const Json wanted{{"apiVersion", kApiVersion}, {"kind", "EnrollmentToken"}, {"spec", options.spec}};
  HF_TRY(const auto answer, hub->post(ApiPath(kEnrollmentTokens), wanted));
  if (text_at(answer, "status/token").empty()) {
    return fail(Code::kUnsupported, "the hub made a token and did not tell it; is it an older release?");
  }
  if (options.is_json) {
    invocation.out() << json_text(told_once(answer));
  } else {
    print_for_people(invocation, answer);
  }
  return ExitCode::kDone;
}

}  // namespace

ExitCode run_token_create(Invocation& invocation, const Arguments& arguments) {
  return carry_out<read_token, create_token>(invocation, arguments);
}

}  // namespace holdfast::cli
