// SPDX-License-Identifier: Apache-2.0
// What the frames say. Small fixed messages are binary (an equal join stays under 200 bytes), the rest is
// canonical JSON. Every downward message that changes behaviour is signed.
// Threads: plain values.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.hpp"
#include "base/digest.hpp"
#include "base/result.hpp"
#include "base/sealing.hpp"
#include "base/signing.hpp"
#include "sync/model/desired_state.hpp"
#include "sync/model/event.hpp"
#include "sync/model/ids.hpp"
#include "sync/wire/frame.hpp"

namespace holdfast::sync {

/// Up, at every connect and as the beacon. Binary, 172 bytes:
/// boot id 16, accepted epoch+sequence 8+8, applied epoch+sequence 8+8, content digest 32, snapshot digest
/// 32, abilities digest 32, flags 4 (bit 0: beacon), hardware 8, trust version 8, id of the sealing key 8; without
/// the last three from nodes of the first version, without the last one from those that know no secrets. The hub answers kState when the content differs, kReport
/// when it lacks the snapshot or the abilities, and nothing when all is equal.
struct Hello {
  std::string boot_id;  ///< uuid text; travels as 16 bytes
  Generation accepted;
  Generation applied;
  base::Digest content;
  base::Digest snapshot;
  base::Digest abilities;
  bool beacon = false;
  std::uint64_t hardware = 0;  ///< first eight bytes of its fingerprint's SHA-256; 0: not known
  std::uint64_t trust = 0;     ///< version of the trust document that it holds; 0: not known
  base::SealingKeyId sealing;  ///< to which its secrets are to be sealed; none: it has none
  bool operator==(const Hello&) const = default;
};

/// Up, after storing (accepted) and after the health gates passed (applied). Binary, 88 bytes: stage 1,
/// reserved 7, epoch 8, sequence 8, content digest 32, header digest 32.
enum class AppliedStage : std::uint8_t { kAccepted = 1, kApplied = 2, kRefused = 3 };
struct Applied {
  AppliedStage stage = AppliedStage::kAccepted;
  Generation generation;
  base::Digest content;
  base::Digest header;  ///< SHA-256 of the signed header bytes: proof of what was accepted
  bool operator==(const Applied&) const = default;
};

/// Down: header, signature and those section bodies that the node is believed to lack.
struct State {
  SignedHeader header;
  std::vector<SectionBody> bodies;
};

/// Up: section bodies of `generation` that the node does not hold.
struct Need {
  Generation generation;
  std::vector<base::Digest> sections;
  std::map<base::Digest, std::uint32_t>
      have;  ///< bytes so far of what comes in parts, from the beginning; not 0
  bool operator==(const Need&) const = default;
};

/// Down: a piece of a section that is too large for one message, or of its provenance. It counts when the whole has the
/// digest, which a signed header names.
struct Part {
  base::Digest digest;      ///< of the whole
  std::uint32_t total = 0;  ///< bytes of the whole, at most limits::kSectionBytesMax
  std::uint32_t offset = 0;
  std::string bytes;  ///< 1 to limits::kPartBytesMax
  bool operator==(const Part&) const = default;
};

/// Down: the hub lacks something of the node.
struct Report {
  bool snapshot = false;
  bool abilities = false;
  bool proof = false;
  bool sealing = false;  ///< its sealing public key
  bool hello = false;    ///< whole: a beacon of it could not be read
  bool operator==(const Report&) const = default;
};

/// Up: the public key to which this node's secrets are to be sealed. Binary, 32 bytes.
struct SealingKeyTold {
  base::SealingPublicKey key;
  bool operator==(const SealingKeyTold&) const = default;
};

/// Up: what the node is called, and the header that it accepted, by which the hub sees its own signature.
struct Proof {
  std::string name;
  SignedHeader header;  ///< without bytes: none was accepted yet
  bool operator==(const Proof&) const = default;
};

/// Up: events of a node's outbox, one after the other in it. Sent again until the hub has stored them: it drops what it has.
struct EventBatch {
  std::uint64_t log = 0;    ///< id of the outbox
  std::uint64_t first = 0;  ///< sequence of the first event
  std::uint64_t lost = 0;   ///< how many before it are gone for good, and were never told
  std::vector<Event> events;
  /// Sequence up to which all is told by it.
  std::uint64_t last() const;
  bool operator==(const EventBatch&) const = default;
};

/// Down: every event of this log up to the sequence is stored at the hub. Not signed: it says what need not be kept for it.
struct EventsStored {
  std::uint64_t log = 0;
  std::uint64_t sequence = 0;
  bool operator==(const EventsStored&) const = default;
};

/// Down, signed in the domain "holdfast/command/1". A node executes a counter once and never a lower one.
enum class CommandKind { kLogs, kSync, kDiagnose, kRetry };
struct Command {
  NodeUid node;
  std::uint64_t counter = 0;
  std::string id;  ///< correlation, uuid
  CommandKind kind = CommandKind::kSync;
  std::string arguments;      ///< canonical JSON object
  base::WallTime deadline{};  ///< after it the node answers "too late" instead of doing it
  bool operator==(const Command&) const = default;
};
struct SignedCommand {
  std::string bytes;
  base::Signature signature;
};

/// Up.
struct Answer {
  std::string id;
  bool ok = false;
  std::string body;  ///< text or JSON, as the command's kind says; an error message when !ok
  bool last = true;  ///< more answers of this id follow otherwise
  bool operator==(const Answer&) const = default;
};

/// Down, signed in the domain "holdfast/settings/1": pacing that the hub dictates.
struct Settings {
  NodeUid node;
  std::uint64_t counter = 0;
  std::chrono::milliseconds reconnect_window{5'000};
  std::chrono::milliseconds snapshot_interval{1'000};
  bool operator==(const Settings&) const = default;
};
struct SignedSettings {
  std::string bytes;
  base::Signature signature;
};

Frame encode(const Hello& hello);
base::Result<Hello> decode_hello(std::string_view body);
Frame encode(const Applied& applied);
base::Result<Applied> decode_applied(std::string_view body);
Frame encode(const State& state);
base::Result<State> decode_state(std::string_view body);
Frame encode(const Need& need);
base::Result<Need> decode_need(std::string_view body);
Frame encode(const Part& part);
base::Result<Part> decode_part(std::string_view body);
Frame encode(const BaseLost& lost);
base::Result<BaseLost> decode_base_lost(std::string_view body);
Frame encode(const Report& report);
base::Result<Report> decode_report(std::string_view body);
Frame encode(const SealingKeyTold& told);
base::Result<SealingKeyTold> decode_sealing_key(std::string_view body);
Frame encode(const Proof& proof);
base::Result<Proof> decode_proof(std::string_view body);
Frame encode(const EventBatch& batch);
base::Result<EventBatch> decode_event_batch(std::string_view body);
Frame encode(const EventsStored& stored);
base::Result<EventsStored> decode_events_stored(std::string_view body);
Frame encode(const Answer& answer);
base::Result<Answer> decode_answer(std::string_view body);

/// kInvalid or kLimit: the arguments are no JSON object that a node could read.
base::Result<SignedCommand> sign_command(const Command& command, const base::SigningKey& key);
Frame encode(const SignedCommand& command);
base::Result<SignedCommand> decode_command(std::string_view body);
/// Signature, then audience.
base::Result<Command> verify_command(const SignedCommand& command, const std::vector<base::PublicKey>& keys,
                                     const NodeUid& node);
SignedSettings sign_settings(const Settings& settings, const base::SigningKey& key);
Frame encode(const SignedSettings& settings);
base::Result<SignedSettings> decode_settings(std::string_view body);
base::Result<Settings> verify_settings(const SignedSettings& settings,
                                       const std::vector<base::PublicKey>& keys, const NodeUid& node);

// Snapshot, events and abilities travel as kSnapshot {"snapshot":…,"abilities":[…]} and kEvents […].
struct SnapshotReport {
  std::string snapshot;                ///< canonical bytes of sync::Snapshot
  std::vector<std::string> abilities;  ///< sorted
};
Frame encode(const SnapshotReport& report);
base::Result<SnapshotReport> decode_snapshot_report(std::string_view body);
base::Digest abilities_digest(const std::vector<std::string>& abilities);

}  // namespace holdfast::sync
