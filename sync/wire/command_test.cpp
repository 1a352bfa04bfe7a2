// SPDX-License-Identifier: Apache-2.0
// Command, Settings and Answer: who may say what to whom.
#include <gtest/gtest.h>

#include "base/fake_random.hpp"
#include "base/json.hpp"
#include "base/limits/wire.hpp"
#include "sync/wire/messages.hpp"

namespace holdfast::sync {
namespace {

using base::Code;
using std::chrono::milliseconds;
namespace limits = base::limits;

base::SigningKey key(std::uint64_t seed) {
  base::FakeRandom random(seed);
  return base::SigningKey::generate(random);
}
std::vector<base::PublicKey> trusted() { return {key(9).public_key(), key(1).public_key()}; }

Command command() {
  return {NodeUid("node-1"), 7,
          "c0ffee",          CommandKind::kLogs,
          R"({"tail":100})", base::WallTime(milliseconds(1'767'225'600'000))};
}
Settings settings() { return {NodeUid("node-1"), 3, milliseconds{60'000}, milliseconds{2'000}}; }

/// Over the wire and back.
base::Result<Command> received(const SignedCommand& sent, const NodeUid& node = NodeUid("node-1")) {
  HF_TRY(const SignedCommand arrived, decode_command(encode(sent).body));
  return verify_command(arrived, trusted(), node);
}
base::Result<Settings> received(const SignedSettings& sent, const NodeUid& node = NodeUid("node-1")) {
  HF_TRY(const SignedSettings arrived, decode_settings(encode(sent).body));
  return verify_settings(arrived, trusted(), node);
}
SignedCommand signed_bytes(const std::string& bytes) {
  return {bytes, key(1).sign("holdfast/command/1", bytes)};
}

TEST(CommandMessage, ReachesTheNodeItIsFor) {
  for (const auto kind :
       {CommandKind::kLogs, CommandKind::kSync, CommandKind::kDiagnose, CommandKind::kRetry}) {
    Command sent = command();
    sent.kind = kind;
    const auto got = received(sign_command(sent, key(1)).value());
    ASSERT_TRUE(got) << got.error().message();
    EXPECT_EQ(*got, sent);
  }
}

TEST(CommandMessage, WithoutArgumentsHasAnEmptyObject) {
  Command sent = command();
  sent.arguments.clear();
  EXPECT_EQ(received(sign_command(sent, key(1)).value())->arguments, "{}");
}

TEST(CommandMessage, IsNotSignedWithArgumentsThatNoNodeCouldRead) {
  for (const char* arguments : {"{\"a\":\"\xff\"}", R"({"n":9007199254740993})", "[]", "nonsense"}) {
    Command sent = command();
    sent.arguments = arguments;
    const auto sealed = sign_command(sent, key(1));
    ASSERT_FALSE(sealed) << arguments;
    EXPECT_EQ(sealed.error().code(), Code::kInvalid) << arguments;
  }
}

TEST(CommandMessage, IsRefusedFromAnotherKeyForAnotherPurposeAndForAnotherNode) {
  EXPECT_EQ(received(sign_command(command(), key(2)).value()).error().message(),
            "the command is signed by none of the 2 keys that this node trusts");
  SignedCommand other = sign_command(command(), key(1)).value();
  other.signature = key(1).sign("holdfast/settings/1", other.bytes);
  EXPECT_EQ(received(other).error().code(), Code::kPermission);
  EXPECT_EQ(received(sign_command(command(), key(1)).value(), NodeUid("node-2")).error().message(),
            "the command is for node node-1; this node is node-2");
}

TEST(CommandMessage, IsRefusedWhenAnyBitChanges) {
  const std::string body = encode(sign_command(command(), key(1)).value()).body;
  for (std::size_t i = 0; i < body.size(); ++i) {
    std::string bad = body;
    bad[i] = static_cast<char>(bad[i] ^ 4);
    const auto arrived = decode_command(bad);
    ASSERT_TRUE(arrived);
    EXPECT_FALSE(verify_command(*arrived, trusted(), NodeUid("node-1"))) << i;
  }
  EXPECT_FALSE(decode_command(body.substr(0, 63)));
}

TEST(CommandMessage, UnknownKindIsUnsupportedSoThatTheNodeCanAnswer) {
  const auto got = received(signed_bytes(
      R"({"arguments":{},"counter":"1","deadlineMs":1,"id":"a","kind":"Reboot","node":"node-1"})"));
  ASSERT_FALSE(got);
  EXPECT_EQ(got.error().code(), Code::kUnsupported);
  EXPECT_EQ(got.error().message(),
            "command: kind: \"Reboot\" is no command that this agent knows; update the agent");
}

TEST(CommandMessage, IsReadStrictly) {
  EXPECT_EQ(
      received(
          signed_bytes(
              R"({"arguments":{},"counter":"1","deadlineMs":1,"id":"a","kind":"Sync","node":"node-1","x":1})"))
          .error()
          .message(),
      "command: unknown field \"x\"");
  EXPECT_EQ(
      received(signed_bytes(
                   R"({"arguments":[],"counter":"1","deadlineMs":1,"id":"a","kind":"Sync","node":"node-1"})"))
          .error()
          .message(),
      "command: arguments: must be an object");
  EXPECT_FALSE(received(signed_bytes("")));
}

TEST(SettingsMessage, ReachesTheNodeItIsFor) {
  const auto got = received(sign_settings(settings(), key(1)));
  ASSERT_TRUE(got) << got.error().message();
  EXPECT_EQ(*got, settings());
}

TEST(SettingsMessage, IsRefusedFromAnotherKeyAndForAnotherNode) {
  EXPECT_EQ(received(sign_settings(settings(), key(2))).error().message(),
            "the settings message is signed by none of the 2 keys that this node trusts");
  EXPECT_EQ(received(sign_settings(settings(), key(1)), NodeUid("node-2")).error().code(), Code::kPermission);
  EXPECT_FALSE(decode_settings("short"));
}

TEST(SettingsMessage, CannotSilenceANode) {
  Settings slow = settings();
  slow.reconnect_window = limits::kReconnectWindowMax;
  slow.snapshot_interval = limits::kSnapshotCoalesceMax;
  EXPECT_TRUE(received(sign_settings(slow, key(1))));
  slow.reconnect_window += milliseconds{1};
  EXPECT_EQ(received(sign_settings(slow, key(1))).error().message(),
            "settings: reconnectWindowMs: must be a whole number from 0 to 300000");
  slow = settings();
  slow.snapshot_interval = limits::kSnapshotCoalesceMax + milliseconds{1};
  EXPECT_FALSE(received(sign_settings(slow, key(1))));
}

TEST(AnswerMessage, ReadsBackWhatItWrote) {
  const Answer answer{"c0ffee", true, "line 1\nline 2\n", false};
  EXPECT_EQ(decode_answer(encode(answer).body), answer);
}

TEST(AnswerMessage, MayHoldLogsThatAreNoText) {
  EXPECT_EQ(decode_answer(encode(Answer{"a", true, "ok \xff", true}).body)->body, "ok \uFFFD");
}

TEST(AnswerMessage, IsBounded) {
  const std::string most(limits::kAnswerBytesMax, 'x');
  EXPECT_EQ(decode_answer(encode(Answer{"a", true, most, true}).body)->body, most);
  EXPECT_EQ(decode_answer(encode(Answer{"a", true, most + "x", true}).body)->body.size(),
            limits::kAnswerBytesMax)
      << "cut by the sender";
  const std::string over = R"({"body":")" + most + R"(x","id":"a","last":true,"ok":true})";
  EXPECT_EQ(decode_answer(over).error().code(), Code::kLimit);
}

}  // namespace
}  // namespace holdfast::sync
