// SPDX-License-Identifier: Apache-2.0
// The small binary messages: Hello, Applied, Report and SealingKeyTold. A later version may add bytes at the end and bits in
// the flags; a reader takes the part it knows.
#include <algorithm>

#include "base/json.hpp"
#include "sync/wire/bytes.hpp"
#include "sync/wire/messages.hpp"

namespace holdfast::sync {
namespace {

using base::Code;
using base::fail;
using base::Result;

constexpr std::size_t kBootIdSize = 16;
constexpr std::size_t kAppliedReservedSize = 7;
constexpr std::uint32_t kHelloBeacon = 1;
constexpr std::uint32_t kReportSnapshot = 1;
constexpr std::uint32_t kReportAbilities = 2;
constexpr std::uint32_t kReportProof = 4;
constexpr std::uint32_t kReportSealing = 8;
constexpr std::uint32_t kReportHello = 16;

constexpr std::string_view kUuidShape = "xxxxxxxx-xxxx-xxxx-xxxx-xxxxxxxxxxxx";

/// The 16 bytes of a uuid; of another text the first 16 of its digest, so that two boots still differ.
/// Empty (the kernel does not say) is all zero.
std::string boot_bytes(const std::string& boot_id) {
  if (boot_id.empty()) return std::string(kBootIdSize, '\0');
  std::string hex = boot_id;
  hex.erase(std::remove(hex.begin(), hex.end(), '-'), hex.end());
  const auto bytes = base::from_hex(hex);
  if (boot_id.size() == kUuidShape.size() && bytes && bytes->size() == kBootIdSize) return *bytes;
  return std::string(base::Digest::of(boot_id).view().substr(0, kBootIdSize));
}

std::string boot_text(std::string_view bytes) {
  if (bytes.find_first_not_of('\0') == std::string_view::npos) return {};
  const std::string hex = base::to_hex(bytes);
  std::string text;
  auto digit = hex.begin();
  for (const char c : kUuidShape) text += c == '-' ? '-' : *digit++;
  return text;
}

base::Error too_short(std::string_view what) {
  return {Code::kCorrupt, "the " + std::string(what) + " message is too short"};
}

bool is_stage(std::uint8_t number) {
  return number >= static_cast<std::uint8_t>(AppliedStage::kAccepted) &&
         number <= static_cast<std::uint8_t>(AppliedStage::kRefused);
}

}  // namespace

Frame encode(const Hello& hello) {
  ByteWriter out;
  out.raw(boot_bytes(hello.boot_id))
      .generation(hello.accepted)
      .generation(hello.applied)
      .digest(hello.content)
      .digest(hello.snapshot)
      .digest(hello.abilities)
      .u32(hello.beacon ? kHelloBeacon : 0)
      .u64(hello.hardware)
      .u64(hello.trust)
      .u64(hello.sealing.number);
  return {FrameType::kHello, out.take()};
}

Result<Hello> decode_hello(std::string_view body) {
  ByteReader in(body);
  Hello hello;
  hello.boot_id = boot_text(in.raw(kBootIdSize));
  hello.accepted = in.generation();
  hello.applied = in.generation();
  hello.content = in.digest();
  hello.snapshot = in.digest();
  hello.abilities = in.digest();
  hello.beacon = (in.u32() & kHelloBeacon) != 0;
  if (in.ok() && in.rest().empty()) return hello;  // of a node of the first version
  hello.hardware = in.u64();
  hello.trust = in.u64();
  if (in.ok() && in.rest().empty()) return hello;  // of one that knows no secrets
  hello.sealing.number = in.u64();
  if (!in.ok()) return fail(too_short("hello"));
  return hello;
}

Frame encode(const Applied& applied) {
  ByteWriter out;
  out.u8(static_cast<std::uint8_t>(applied.stage))
      .zeros(kAppliedReservedSize)
      .generation(applied.generation)
      .digest(applied.content)
      .digest(applied.header);
  return {FrameType::kApplied, out.take()};
}

Result<Applied> decode_applied(std::string_view body) {
  ByteReader in(body);
  const std::uint8_t stage = in.u8();
  in.raw(kAppliedReservedSize);
  Applied applied;
  applied.generation = in.generation();
  applied.content = in.digest();
  applied.header = in.digest();
  if (!in.ok()) return fail(too_short("applied"));
  if (!is_stage(stage)) return fail(Code::kCorrupt, "applied: unknown stage " + std::to_string(stage));
  applied.stage = static_cast<AppliedStage>(stage);
  return applied;
}

Frame encode(const Report& report) {
  ByteWriter out;
  out.u32((report.snapshot ? kReportSnapshot : 0) | (report.abilities ? kReportAbilities : 0) |
          (report.proof ? kReportProof : 0) | (report.sealing ? kReportSealing : 0) |
          (report.hello ? kReportHello : 0));
  return {FrameType::kReport, out.take()};
}

Result<Report> decode_report(std::string_view body) {
  ByteReader in(body);
  const std::uint32_t flags = in.u32();
  if (!in.ok()) return fail(too_short("report"));
  return Report{(flags & kReportSnapshot) != 0, (flags & kReportAbilities) != 0, (flags & kReportProof) != 0,
                (flags & kReportSealing) != 0, (flags & kReportHello) != 0};
}

Frame encode(const SealingKeyTold& told) { return {FrameType::kSealingKey, std::string(told.key.view())}; }

Result<SealingKeyTold> decode_sealing_key(std::string_view body) {
  ByteReader in(body);
  const std::string_view key = in.raw(std::tuple_size_v<decltype(base::SealingPublicKey::bytes)>);
  if (!in.ok()) return fail(too_short("sealingKey"));
  SealingKeyTold told;
  HF_TRY(told.key, base::SealingPublicKey::from_bytes(key));
  return told;
}

}  // namespace holdfast::sync
