// SPDX-License-Identifier: Apache-2.0
// Fuzzes every message decoder, chosen by the first byte (a FrameType). What was read is written and read
// back as the same. The signed ones are read as if a trusted key had signed them: that is what a stolen key
// could send.
#include <string>

#include "sync/model/fuzz_input.hpp"
#include "sync/wire/messages.hpp"

namespace {

using namespace holdfast::sync;
using holdfast::base::SigningKey;

const SigningKey& key() {
  static const SigningKey key = *SigningKey::from_seed_hex(std::string(64, '7'));
  return key;
}
const NodeUid kNode("n");

/// Decoders whose messages can be compared.
template <class Decode>
void reads_back(Decode decode, std::string_view body) {
  if (const auto message = decode(body)) must_hold(decode(encode(*message).body) == message);
}

void state(std::string_view body) {
  if (const auto state = decode_state(body)) must_hold(encode(*state).body == body);
}

void snapshot_report(std::string_view body) {
  const auto report = decode_snapshot_report(body);
  if (!report) return;
  const auto again = decode_snapshot_report(encode(*report).body);
  must_hold(again && again->snapshot == report->snapshot && again->abilities == report->abilities);
}

void command(std::string_view body) {
  if (const auto message = decode_command(body)) must_hold(encode(*message).body == body);
  const SignedCommand forged{std::string(body), key().sign("holdfast/command/1", body)};
  const auto read = verify_command(forged, {key().public_key()}, kNode);
  if (read)
    must_hold(verify_command(sign_command(*read, key()).value(), {key().public_key()}, kNode) == read);
}

void settings(std::string_view body) {
  if (const auto message = decode_settings(body)) must_hold(encode(*message).body == body);
  const SignedSettings forged{std::string(body), key().sign("holdfast/settings/1", body)};
  const auto read = verify_settings(forged, {key().public_key()}, kNode);
  if (read) must_hold(verify_settings(sign_settings(*read, key()), {key().public_key()}, kNode) == read);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  const std::string_view body = fuzz_input(data, size).substr(1);
  switch (static_cast<FrameType>(data[0])) {
    case FrameType::kHello: reads_back(decode_hello, body); break;
    case FrameType::kApplied: reads_back(decode_applied, body); break;
    case FrameType::kReport: reads_back(decode_report, body); break;
    case FrameType::kProof: reads_back(decode_proof, body); break;
    case FrameType::kEventBatch: reads_back(decode_event_batch, body); break;
    case FrameType::kEventsStored: reads_back(decode_events_stored, body); break;
    case FrameType::kSealingKey: reads_back(decode_sealing_key, body); break;
    case FrameType::kNeed: reads_back(decode_need, body); break;
    case FrameType::kPart: reads_back(decode_part, body); break;
    case FrameType::kBaseLost: reads_back(decode_base_lost, body); break;
    case FrameType::kAnswer: reads_back(decode_answer, body); break;
    case FrameType::kSnapshot: snapshot_report(body); break;
    case FrameType::kState: state(body); break;
    case FrameType::kCommand: command(body); break;
    case FrameType::kSettings: settings(body); break;
    case FrameType::kEvents:
    case FrameType::kTrust: break;  // record_list_fuzz, trust_fuzz
  }
  return 0;
}
