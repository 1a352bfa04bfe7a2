// SPDX-License-Identifier: Apache-2.0
// Command, Settings and Answer. The first two are signed and read strictly: a field that this agent does not
// know may be the one that matters.
#include <nlohmann/json.hpp>

#include "base/json.hpp"
#include "base/limits/wire.hpp"
#include "sync/model/fields.hpp"
#include "sync/model/text.hpp"
#include "sync/model/words.hpp"
#include "sync/wire/messages.hpp"
#include "sync/wire/signed_bytes.hpp"

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

constexpr std::string_view kCommandDomain = "holdfast/command/1";
constexpr std::string_view kSettingsDomain = "holdfast/settings/1";
constexpr Words<CommandKind, 4> kKinds{{{{CommandKind::kLogs, "Logs"},
                                         {CommandKind::kSync, "Sync"},
                                         {CommandKind::kDiagnose, "Diagnose"},
                                         {CommandKind::kRetry, "Retry"}}}};

/// kUnsupported, so that an older agent can answer that it cannot.
Result<CommandKind> parse_kind(std::string_view text) {
  auto kind = kKinds.parse(text, "kind");
  if (kind) return kind;
  return fail(Code::kUnsupported, in_quotes(text) + " is no command that this agent knows; update the agent");
}

FieldRead id_text_field(std::string& out) {
  return text_field(out, [](std::string_view text) -> Result<std::string> {
    HF_CHECK(check_id(text, "id"));
    return std::string(text);
  });
}

FieldRead arguments_field(std::string& out) {
  return [&out](const Json& value, const std::string&) -> Status {
    if (!value.is_object()) return fail(Code::kInvalid, "must be an object");
    out = base::canonical_json(value);
    return {};
  };
}

/// The arguments are read as strictly as the node will: what it could not take is not signed.
Result<std::string> command_bytes(const Command& command) {
  const auto arguments = base::parse_json(command.arguments.empty() ? "{}" : command.arguments);
  if (!arguments) return fail(arguments.error().with_context("arguments of the command"));
  if (!arguments->is_object()) return fail(Code::kInvalid, "arguments of the command: must be an object");
  return base::canonical_json(Json{{"arguments", *arguments},
                                   {"counter", base::to_decimal(command.counter)},
                                   {"deadlineMs", to_milliseconds(command.deadline)},
                                   {"id", command.id},
                                   {"kind", kKinds.word(command.kind)},
                                   {"node", command.node.str()}});
}

Result<Command> read_command(std::string_view bytes) {
  HF_TRY(const Json object, base::parse_json(bytes));
  Command command;
  ObjectReader in(object, "");
  in.required("node", id_field(command.node))
      .required("counter", counter_field(command.counter))
      .required("id", id_text_field(command.id))
      .required("kind", text_field(command.kind, parse_kind))
      .required("arguments", arguments_field(command.arguments))
      .required("deadlineMs", time_field(command.deadline));
  HF_CHECK(in.finish());
  return command;
}

std::string settings_bytes(const Settings& settings) {
  return base::canonical_json(Json{{"counter", base::to_decimal(settings.counter)},
                                   {"node", settings.node.str()},
                                   {"reconnectWindowMs", settings.reconnect_window.count()},
                                   {"snapshotIntervalMs", settings.snapshot_interval.count()}});
}

Result<Settings> read_settings(std::string_view bytes) {
  HF_TRY(const Json object, base::parse_json(bytes));
  Settings settings;
  ObjectReader in(object, "");
  in.required("node", id_field(settings.node))
      .required("counter", counter_field(settings.counter))
      .required("reconnectWindowMs",
                milliseconds_field(settings.reconnect_window, milliseconds{0}, limits::kReconnectWindowMax))
      .required("snapshotIntervalMs", milliseconds_field(settings.snapshot_interval, milliseconds{0},
                                                         limits::kSnapshotCoalesceMax));
  HF_CHECK(in.finish());
  return settings;
}

template <class T>
Result<T> in_context(Result<T> result, std::string_view what) {
  if (!result) return fail(std::move(result).error().with_context(what));
  return result;
}

}  // namespace

Result<SignedCommand> sign_command(const Command& command, const base::SigningKey& key) {
  SignedCommand out;
  HF_TRY(out.bytes, command_bytes(command));
  out.signature = key.sign(kCommandDomain, out.bytes);
  return out;
}

Frame encode(const SignedCommand& command) {
  return {FrameType::kCommand, join_signed(command.signature, command.bytes)};
}

Result<SignedCommand> decode_command(std::string_view body) {
  HF_TRY(auto parts, split_signed(body, "command"));
  return SignedCommand{std::move(parts.second), parts.first};
}

Result<Command> verify_command(const SignedCommand& command, const std::vector<base::PublicKey>& keys,
                               const NodeUid& node) {
  HF_CHECK(check_signature(kCommandDomain, command.bytes, command.signature, keys, "command"));
  HF_TRY(auto decoded, in_context(read_command(command.bytes), "command"));
  HF_CHECK(check_audience(decoded.node, node, "command"));
  return decoded;
}

SignedSettings sign_settings(const Settings& settings, const base::SigningKey& key) {
  SignedSettings out{settings_bytes(settings), {}};
  out.signature = key.sign(kSettingsDomain, out.bytes);
  return out;
}

Frame encode(const SignedSettings& settings) {
  return {FrameType::kSettings, join_signed(settings.signature, settings.bytes)};
}

Result<SignedSettings> decode_settings(std::string_view body) {
  HF_TRY(auto parts, split_signed(body, "settings"));
  return SignedSettings{std::move(parts.second), parts.first};
}

Result<Settings> verify_settings(const SignedSettings& settings, const std::vector<base::PublicKey>& keys,
                                 const NodeUid& node) {
  HF_CHECK(check_signature(kSettingsDomain, settings.bytes, settings.signature, keys, "settings message"));
  HF_TRY(auto decoded, in_context(read_settings(settings.bytes), "settings"));
  HF_CHECK(check_audience(decoded.node, node, "settings message"));
  return decoded;
}

Frame encode(const Answer& answer) {
  return {FrameType::kAnswer,
          base::canonical_json(Json{{"body", bounded_text(answer.body, limits::kAnswerBytesMax)},
                                    {"id", clean_text(answer.id)},
                                    {"last", answer.last},
                                    {"ok", answer.ok}})};
}

Result<Answer> decode_answer(std::string_view body) {
  HF_TRY(const Json object, base::parse_json(body));
  Answer answer;
  ObjectReader in(object, "");
  in.required("id", id_text_field(answer.id))
      .required("ok", answer.ok)
      .required("body", answer.body)
      .required("last", answer.last);
  HF_CHECK(in.finish_open());
  if (answer.body.size() > limits::kAnswerBytesMax) {
    return fail(Code::kLimit, "an answer of " + std::to_string(answer.body.size()) + " bytes; at most " +
                                  std::to_string(limits::kAnswerBytesMax) + " are allowed");
  }
  return answer;
}

}  // namespace holdfast::sync
