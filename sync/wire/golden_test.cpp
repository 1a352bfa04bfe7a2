// SPDX-License-Identifier: Apache-2.0
// The bytes are frozen: every form that travels or is stored is compared with a file in golden/, and every
// file must still be read. A difference breaks hubs and nodes that are out there; docs/wire.md says what may
// change and how. To write the file of a new form: HOLDFAST_WRITE_GOLDEN=1, once, and commit it.
#include <gtest/gtest.h>

#include <cstdlib>
#include <fstream>
#include <iterator>

#include "base/fake_random.hpp"
#include "sync/model/event.hpp"
#include "sync/model/inventory.hpp"
#include "sync/model/snapshot.hpp"
#include "sync/wire/frame.hpp"
#include "sync/wire/messages.hpp"
#include "sync/wire/state_base.hpp"
#include "sync/wire/trust.hpp"

namespace holdfast::sync {
namespace {

using base::Digest;
using std::chrono::milliseconds;

std::string path_of(const std::string& name) { return "sync/wire/golden/" + name; }

std::string read(const std::string& name) {
  std::ifstream in(path_of(name), std::ios::binary);
  EXPECT_TRUE(in) << path_of(name) << ": run from the root of the tree";
  return {std::istreambuf_iterator<char>(in), std::istreambuf_iterator<char>()};
}

/// Compares `bytes` with the file, and gives the file's bytes to be read back.
std::string frozen(const std::string& name, const std::string& bytes) {
  if (std::getenv("HOLDFAST_WRITE_GOLDEN") != nullptr) {
    std::ofstream(path_of(name), std::ios::binary) << bytes;
  }
  const std::string golden = read(name);
  EXPECT_EQ(golden, bytes) << name << ": these bytes are frozen";
  return golden;
}

base::SigningKey key() {
  return *base::SigningKey::from_seed_hex("000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f");
}

const ResourceKey kMotd{"holdfast.dev", "File", "default", "motd"};
const ApplicationUid kCameras("7b1c2d3e-0000-4000-8000-000000000001");
const ApplicationUid kOld("7b1c2d3e-0000-4000-8000-000000000002");
const NodeUid kNode("5e0d8f6c-9a9e-4b53-a6ee-0a8bff1c2d33");
const FleetId kFleet("f1ee7000-0000-4000-8000-000000000000");

Section section() {
  Section section;
  section.policy = {true,
                    true,
                    {PruneLimit::Unit::kPercent, 50},
                    {5, milliseconds{5'000}, 2, milliseconds{180'000}},
                    milliseconds{600'000}};
  for (
      const char* manifest : {
          R"({"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"greeting"},"data":{"text":"grüß dich\n"}})",
          R"({"apiVersion":"holdfast.dev/v1","kind":"File","metadata":{"name":"motd","annotations":
               {"argocd.argoproj.io/sync-wave":"-1"}},"spec":{"path":"/etc/motd","mode":"0600",
               "contentFrom":{"configMapKeyRef":{"name":"greeting","key":"text"}}}})",
          R"({"apiVersion":"holdfast.dev/v1","kind":"Process","metadata":{"name":"camera","labels":{"app":"cam"}},
               "spec":{"command":["/usr/bin/camera"],"args":["--fps","30"],
               "livenessProbe":{"httpGet":{"port":8080}}}})",
      }) {
    section.resources.push_back(*parse_resource(std::string_view(manifest)));
  }
  return section;
}

std::vector<Provenance> provenance() {
  return {{kMotd, "https://git.example.com/fleet.git", Revision(std::string(40, 'c')),
           "apps/cameras/motd.yaml", 12}};
}

DesiredHeader header() {
  return {kFleet,
          kNode,
          {3, 17},
          kDesiredSchema,
          {{kCameras,
            "cameras",
            Revision(std::string(40, 'c')),
            Digest::of(encode_section(section())),
            Digest::of(encode_provenance(provenance())),
            {{ClaimKind::kPath, "/etc/issue"}},
            true}},
          {{kOld, "old", RemovalMode::kPrune, false}}};
}

Snapshot snapshot() {
  Snapshot snapshot{kNode,
                    {3, 17},
                    {3, 16},
                    header().content_digest(),
                    "0b0070f0-0000-4000-8000-000000000001",
                    "0.1.0",
                    {},
                    {{"Ready", "True", "Settled", ""}},
                    {{"arch", "arm64"}}};
  snapshot.sections.push_back(
      {kCameras,
       "cameras",
       header().sections[0].digest,
       {},
       {},
       {},
       SectionPhase::kApplying,
       SyncStatus::kOutOfSync,
       Health::kProgressing,
       "",
       "",
       {{kMotd, SyncStatus::kOutOfSync, Health::kMissing, "ClaimConflict", "held by old"}}});
  return snapshot;
}

TEST(Golden, Section) {
  const auto read_back = decode_section(frozen("section.json", encode_section(section())));
  ASSERT_TRUE(read_back) << read_back.error().message();
  EXPECT_EQ(read_back->resources, section().resources);
  EXPECT_EQ(read_back->policy, section().policy);
}

TEST(Golden, Header) {
  EXPECT_EQ(decode_header(frozen("header.json", encode_header(header()))), header());
  EXPECT_EQ(frozen("header_content_digest.txt", header().content_digest().hex()),
            header().content_digest().hex());
}

TEST(Golden, Provenance) {
  EXPECT_EQ(decode_provenance(frozen("provenance.json", encode_provenance(provenance()))), provenance());
}

TEST(Golden, Snapshot) {
  EXPECT_EQ(decode_snapshot(frozen("snapshot.json", encode_snapshot(snapshot()))), snapshot());
}

TEST(Golden, Events) {
  const std::vector<Event> events{{base::WallTime(milliseconds(1'767'225'600'123)), EventType::kWarning,
                                   "DriftHealed", "cameras", "File/motd", "mode 0644, want 0600"}};
  EXPECT_EQ(decode_events(frozen("events.json", encode_events(events))), events);
}

TEST(Golden, EventBatch) {
  const EventBatch batch{0x1122334455667788U,
                         17,
                         3,
                         {{base::WallTime(milliseconds(1'767'225'600'123)), EventType::kWarning, "Failed",
                           "cameras", "", "no"}}};
  EXPECT_EQ(decode_event_batch(frozen("event_batch.bin", encode(batch).body)), batch);
}

TEST(Golden, EventsStored) {
  const EventsStored stored{0x1122334455667788U, 17};
  EXPECT_EQ(decode_events_stored(frozen("events_stored.bin", encode(stored).body)), stored);
}

TEST(Golden, InventoryEntry) {
  const InventoryEntry entry{
      {ClaimKind::kPath, "/etc/motd"}, kMotd, kCameras, Digest::of("made"), Digest::of("now"),
      InventoryPhase::kApplied,        true,  true};
  EXPECT_EQ(decode_inventory_entry(frozen("inventory_entry.json", encode_inventory_entry(entry))), entry);
  InventoryEntry placed = entry;
  placed.wave = -1;
  placed.depth = 2;
  EXPECT_EQ(decode_inventory_entry(frozen("inventory_entry_placed.json", encode_inventory_entry(placed))),
            placed);
}

TEST(Golden, Hello) {
  Hello hello{"0b0070f0-0000-4000-8000-000000000001",
              {3, 17},
              {3, 16},
              Digest::of("content"),
              Digest::of("snapshot"),
              Digest::of("abilities"),
              true};
  EXPECT_EQ(decode_hello(read("hello.bin")), hello) << "of the first version";
  hello.hardware = 0x0123456789abcdefU;
  hello.trust = 4;
  EXPECT_EQ(decode_hello(read("hello_hardware_trust.bin")), hello) << "of one that knows no secrets";
  hello.sealing = base::SealingPublicKey{}.id();
  EXPECT_EQ(decode_hello(frozen("hello_sealing.bin", encode(hello).body)), hello);
}

TEST(Golden, Applied) {
  const Applied applied{AppliedStage::kRefused, {3, 17}, Digest::of("content"), Digest::of("header")};
  EXPECT_EQ(decode_applied(frozen("applied.bin", encode(applied).body)), applied);
}

TEST(Golden, Report) {
  EXPECT_EQ(decode_report(frozen("report.bin", encode(Report{true, true}).body)), (Report{true, true}));
  EXPECT_EQ(decode_report(frozen("report_proof.bin", encode(Report{false, false, true}).body)),
            (Report{false, false, true}));
}

TEST(Golden, SealingKey) {
  const SealingKeyTold told{*base::SealingPublicKey::from_hex(std::string(62, '0') + "09")};
  EXPECT_EQ(decode_sealing_key(frozen("sealing_key.bin", encode(told).body)), told);
  EXPECT_EQ(decode_report(frozen("report_sealing.bin", encode(Report{false, false, false, true}).body)),
            (Report{false, false, false, true}));
}

TEST(Golden, Proof) {
  const Proof proof{"cam-17", sign_header(header(), key())};
  EXPECT_EQ(decode_proof(frozen("proof.bin", encode(proof).body)), proof);
}

TEST(Golden, State) {
  const std::string bytes = encode_section(section());
  const State state{sign_header(header(), key()),
                    {{Digest::of(bytes), bytes, encode_provenance(provenance())}}};
  const auto read_back = decode_state(frozen("state.bin", encode(state).body));
  ASSERT_TRUE(read_back) << read_back.error().message();
  EXPECT_EQ(verify_header(read_back->header, {key().public_key()}, kFleet, kNode), header());
  EXPECT_TRUE(decode_section(read_back->bodies.at(0).bytes));
}

TEST(Golden, Need) {
  const Need need{{3, 17}, {Digest::of("a")}};
  EXPECT_EQ(decode_need(frozen("need.json", encode(need).body)), need);
}

TEST(Golden, NeedOfWhatComesInParts) {
  const Need need{{3, 17}, {Digest::of("a")}, {{Digest::of("a"), 131'072}}};
  EXPECT_EQ(decode_need(frozen("need_have.json", encode(need).body)), need);
}

TEST(Golden, Part) {
  const Part part{Digest::of("whole"), 5'242'880, 131'072, "a piece of it"};
  EXPECT_EQ(decode_part(frozen("part.bin", encode(part).body)), part);
}

TEST(Golden, BaseLost) {
  const BaseLost lost{FrameType::kState, encode_state_base({"\1\2\3\4\5\6\7\10", {{3, true}}})};
  EXPECT_EQ(decode_base_lost(frozen("base_lost.bin", encode(lost).body)), lost);
}

TEST(Golden, StateBase) {
  const StateBase base{"\1\2\3\4\5\6\7\10", {{0, true}, {2, false}}};
  EXPECT_EQ(decode_state_base(frozen("state_base.bin", encode_state_base(base))), base);
  const std::string bytes = encode_section(section());
  const auto body = [&](const SectionRef&) { return bytes; };
  const auto origin = [&](const SectionRef&) { return encode_provenance(provenance()); };
  const auto put_together = state_base_bytes({base.header, {{0, true}}}, sign_header(header(), key()),
                                             header().sections, body, origin);
  ASSERT_TRUE(put_together);
  frozen("state_base_bytes.bin", *put_together);
}

TEST(Golden, Command) {
  const Command command{kNode,
                        7,
                        "c0ffee00-0000-4000-8000-000000000007",
                        CommandKind::kLogs,
                        R"({"tail":100})",
                        base::WallTime(milliseconds(1'767'225'600'000))};
  const auto read_back =
      decode_command(frozen("command.bin", encode(sign_command(command, key()).value()).body));
  ASSERT_TRUE(read_back) << read_back.error().message();
  EXPECT_EQ(verify_command(*read_back, {key().public_key()}, kNode), command);
}

TEST(Golden, Settings) {
  const Settings settings{kNode, 8, milliseconds{60'000}, milliseconds{2'000}};
  const auto read_back = decode_settings(frozen("settings.bin", encode(sign_settings(settings, key())).body));
  ASSERT_TRUE(read_back) << read_back.error().message();
  EXPECT_EQ(verify_settings(*read_back, {key().public_key()}, kNode), settings);
}

TEST(Golden, Answer) {
  const Answer answer{"c0ffee00-0000-4000-8000-000000000007", true, "one\ntwo\n", true};
  EXPECT_EQ(decode_answer(frozen("answer.json", encode(answer).body)), answer);
}

TEST(Golden, SnapshotReport) {
  const SnapshotReport report{encode_snapshot(snapshot()), {"configmap/1", "file/1", "process/1"}};
  const auto read_back = decode_snapshot_report(frozen("snapshot_report.json", encode(report).body));
  ASSERT_TRUE(read_back) << read_back.error().message();
  EXPECT_EQ(read_back->snapshot, report.snapshot);
}

TEST(Golden, Trust) {
  const TrustDocument document{kFleet,
                               4,
                               "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n",
                               {key().public_key()},
                               {"https://hub.example.com:8443"},
                               {"mqtts://hub.example.com:8883"}};
  const auto read_back = decode_trust(frozen("trust.json", encode_trust(sign_trust(document, key()))));
  ASSERT_TRUE(read_back) << read_back.error().message();
  EXPECT_EQ(verify_trust(*read_back, key().public_key()), document);
}

TEST(Golden, TrustThatTellsWhenItWasIssued) {
  const TrustDocument document{kFleet,
                               5,
                               "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n",
                               {key().public_key()},
                               {"https://hub.example.com:8443"},
                               {"mqtts://hub.example.com:8883"},
                               base::WallTime(std::chrono::milliseconds(1'795'849'200'000))};
  const auto read_back = decode_trust(frozen("trust_issued.json", encode_trust(sign_trust(document, key()))));
  ASSERT_TRUE(read_back) << read_back.error().message();
  EXPECT_EQ(verify_trust(*read_back, key().public_key()), document);
}

TEST(Golden, PlainFrame) {
  const auto frame = decode_frame(frozen("frame_plain.bin", encode_frame({FrameType::kEvents, "[]"})));
  ASSERT_TRUE(frame) << frame.error().message();
  EXPECT_EQ(frame->body, "[]");
}

/// Another release of zstd may compress to other bytes; every one must read these.
TEST(Golden, CompressedFrameIsStillRead) {
  const std::string body = encode_section(section());
  if (std::getenv("HOLDFAST_WRITE_GOLDEN") != nullptr)
    frozen("frame_zstd.bin", encode_frame({FrameType::kState, body}));
  const auto frame = decode_frame(read("frame_zstd.bin"));
  ASSERT_TRUE(frame) << frame.error().message();
  EXPECT_EQ(frame->type, FrameType::kState);
  EXPECT_EQ(frame->body, body);
}

/// The same of a delta, whose base is the file of a state.
TEST(Golden, DeltaFrameIsStillRead) {
  const std::string bytes = encode_section(section());
  State next{sign_header(header(), key()), {{Digest::of(bytes), bytes, encode_provenance(provenance())}}};
  next.bodies[0].provenance = "[]";
  const FrameBase base{"\1\2\3\4\5\6\7\10", read("state.bin")};
  if (std::getenv("HOLDFAST_WRITE_GOLDEN") != nullptr)
    frozen("frame_delta.bin", encode_frame(encode(next), base));
  const auto decoded = decode_frame(read("frame_delta.bin"), [&](FrameType type, std::string_view name) {
    EXPECT_EQ(type, FrameType::kState);
    EXPECT_EQ(name, base.name);
    return base.bytes;
  });
  ASSERT_TRUE(decoded) << decoded.error().message();
  ASSERT_TRUE(std::holds_alternative<Frame>(*decoded));
  EXPECT_EQ(std::get<Frame>(*decoded).body, encode(next).body);
}

}  // namespace
}  // namespace holdfast::sync
