// SPDX-License-Identifier: Apache-2.0
#include "sync/wire/frame.hpp"

#include <zstd.h>

#include <algorithm>
#include <bit>
#include <utility>

#include "base/digest.hpp"
#include "base/handle.hpp"
#include "base/limits/wire.hpp"
#include "base/planted.hpp"
#include "sync/wire/bytes.hpp"

namespace holdfast::sync {
namespace {

using base::Code;
using base::fail;
using base::Result;
namespace limits = base::limits;

constexpr std::string_view kMagic = "HF";
constexpr std::uint8_t kVersion = 1;
constexpr std::size_t kReservedSize = 3;
constexpr std::size_t kEncodingAt = 4;
constexpr std::size_t kBaseNameSizeMax = 255;
constexpr std::size_t kCheckSize = 8;  // of the digest of what a delta gives
constexpr int kCompressionLevel = 1;   // the agent's: 140 kB while it runs
/// Which is smaller depends on how much of it is text; up to this size level 6 takes no more memory than level 1.
constexpr int kCompressionLevelOfSmall = 6;
constexpr std::size_t kSmallMax = 64U << 10U;
constexpr std::size_t kCompressFrom = 64;  // below it zstd's own header eats the gain

enum class Encoding : std::uint8_t { kPlain = 0, kZstd = 1, kZstdOnBase = 2 };

struct Head {
  FrameType type = FrameType::kHello;
  Encoding encoding = Encoding::kPlain;
  std::uint32_t length = 0;
};

/// Empty where compression fails or gains nothing.
std::string compressed(std::string_view body) {
  if (body.size() < kCompressFrom) return {};
  std::string out(ZSTD_compressBound(body.size()), '\0');
  const std::size_t size = ZSTD_compress(out.data(), out.size(), body.data(), body.size(), kCompressionLevel);
  if (ZSTD_isError(size) != 0 || size >= body.size()) return {};
  out.resize(size);
  return out;
}

/// The smallest parameters with which all of the base is found: a window over both, and of what is larger than level 1
/// expects a table that does not forget its beginning (zstd looks back no further than 8 << hashLog).
bool set_parameters(ZSTD_CCtx* context, std::size_t bytes, int level) {
  constexpr int kWindowLogMin = 10;
  constexpr int kWindowLogOfLevel = 17;
  const int window = std::max(kWindowLogMin, static_cast<int>(std::bit_width(bytes)));
  std::size_t bad = ZSTD_isError(ZSTD_CCtx_setParameter(context, ZSTD_c_compressionLevel, level));
  bad += ZSTD_isError(ZSTD_CCtx_setParameter(context, ZSTD_c_windowLog, window));
  if (window > kWindowLogOfLevel)
    bad += ZSTD_isError(ZSTD_CCtx_setParameter(context, ZSTD_c_hashLog, window - 3));
  bad += ZSTD_isError(ZSTD_CCtx_setParameter(context, ZSTD_c_contentSizeFlag, 1));
  bad += ZSTD_isError(ZSTD_CCtx_setParameter(context, ZSTD_c_checksumFlag, 0));
  bad += ZSTD_isError(ZSTD_CCtx_setParameter(context, ZSTD_c_dictIDFlag, 0));
  return bad == 0;
}

/// Empty where that fails.
std::string compressed_on(std::string_view base, std::string_view body, int level) {
  const base::Handle<ZSTD_CCtx, ZSTD_freeCCtx> context(ZSTD_createCCtx());
  if (!context || !set_parameters(context.get(), base.size() + body.size(), level)) return {};
  if (ZSTD_isError(ZSTD_CCtx_refPrefix(context.get(), base.data(), base.size())) != 0) return {};
  std::string out(ZSTD_compressBound(body.size()), '\0');
  const std::size_t size = ZSTD_compress2(context.get(), out.data(), out.size(), body.data(), body.size());
  if (ZSTD_isError(size) != 0) return {};
  out.resize(size);
  return out;
}

std::string smallest_on(std::string_view base, std::string_view body) {
  std::string out = compressed_on(base, body, kCompressionLevel);
  if (base.size() + body.size() > kSmallMax) return out;
  std::string other = compressed_on(base, body, kCompressionLevelOfSmall);
  return !other.empty() && (out.empty() || other.size() < out.size()) ? other : out;
}

std::string check_of(std::string_view body) {
  return std::string(base::Digest::of(body).view().substr(0, kCheckSize));
}

bool is_type(std::uint8_t number) {
  switch (static_cast<FrameType>(number)) {
    case FrameType::kHello:
    case FrameType::kApplied:
    case FrameType::kSnapshot:
    case FrameType::kEvents:
    case FrameType::kAnswer:
    case FrameType::kNeed:
    case FrameType::kBaseLost:
    case FrameType::kProof:
    case FrameType::kEventBatch:
    case FrameType::kSealingKey:
    case FrameType::kState:
    case FrameType::kCommand:
    case FrameType::kSettings:
    case FrameType::kTrust:
    case FrameType::kReport:
    case FrameType::kPart:
    case FrameType::kEventsStored: return true;
  }
  return false;
}

/// The twelve bytes before the body.
Result<Head> read_head(ByteReader& in) {
  const std::string_view magic = in.raw(kMagic.size());
  const std::uint8_t version = in.u8();
  const std::uint8_t type = in.u8();
  const std::uint8_t encoding = in.u8();
  const std::string_view reserved = in.raw(kReservedSize);
  const std::uint32_t length = in.u32();
  if (!in.ok() || magic != kMagic) return fail(Code::kCorrupt, "not a frame of Holdfast");
  if (version > kVersion) {
    return fail(Code::kTooNew, "a frame of version " + std::to_string(version) + "; this program reads " +
                                   std::to_string(kVersion) + " and must be updated");
  }
  if (version != kVersion || reserved.find_first_not_of('\0') != std::string_view::npos) {
    return fail(Code::kCorrupt, "the frame's head is damaged");
  }
  if (!is_type(type)) return fail(Code::kCorrupt, "a frame of unknown type " + std::to_string(type));
  if (encoding > static_cast<std::uint8_t>(Encoding::kZstdOnBase)) {
    return fail(Code::kCorrupt, "a frame of unknown encoding " + std::to_string(encoding));
  }
  if (length > limits::kFrameBytesMax) {
    return fail(Code::kCorrupt, "a frame of " + std::to_string(length) + " bytes; at most " +
                                    std::to_string(limits::kFrameBytesMax) + " are allowed");
  }
  return Head{static_cast<FrameType>(type), static_cast<Encoding>(encoding), length};
}

Result<std::string> decompressed(std::string_view packed, std::size_t length) {
  // Only one zstd frame that itself says the same length: then nothing is allocated for a lie.
  if (ZSTD_getFrameContentSize(packed.data(), packed.size()) != length) {
    return fail(Code::kCorrupt, "the compressed body does not have the length that the frame says");
  }
  std::string body(length, '\0');
  const std::size_t size = ZSTD_decompress(body.data(), body.size(), packed.data(), packed.size());
  if (ZSTD_isError(size) != 0 || size != length) {
    return fail(Code::kCorrupt, "the compressed body is damaged");
  }
  return body;
}

/// Nothing: damaged, or made on another base; the two cannot be told apart.
std::optional<std::string> decompressed_on(std::string_view base, std::string_view packed,
                                           std::size_t length) {
  const base::Handle<ZSTD_DCtx, ZSTD_freeDCtx> context(ZSTD_createDCtx());
  if (!context || ZSTD_isError(ZSTD_DCtx_refPrefix(context.get(), base.data(), base.size())) != 0)
    return std::nullopt;
  std::string body(length, '\0');
  const std::size_t size =
      ZSTD_decompressDCtx(context.get(), body.data(), body.size(), packed.data(), packed.size());
  if (ZSTD_isError(size) != 0 || size != length) return std::nullopt;
  return body;
}

Result<Decoded> read_delta(const Head& head, ByteReader& in, const FindBase& find_base) {
  const std::string_view name = in.raw(in.u8());
  const std::string_view check = in.raw(kCheckSize);
  const std::string_view packed = in.rest();
  if (!in.ok() || name.empty()) return fail(Code::kCorrupt, "the head of a delta is damaged");
  if (ZSTD_getFrameContentSize(packed.data(), packed.size()) != head.length) {
    return fail(Code::kCorrupt, "the delta does not have the length that the frame says");
  }
  const BaseLost lost{head.type, std::string(name)};
  const auto base = find_base(head.type, name);
  if (!base) return Decoded(lost);
  if (base->size() + head.length > limits::kDeltaBytesMax) {
    return fail(Code::kCorrupt, "a delta that takes " + std::to_string(base->size() + head.length) +
                                    " bytes with its base; at most " +
                                    std::to_string(limits::kDeltaBytesMax) + " are allowed");
  }
  auto body = decompressed_on(*base, packed, head.length);
  const bool is_right = body && (check_of(*body) == check || base::planted("delta-taken-on-any-base"));
  if (!is_right) return Decoded(lost);
  return Decoded(Frame{head.type, *std::move(body)});
}

ByteWriter head_of(const Frame& frame, Encoding encoding) {
  ByteWriter out;
  out.raw(kMagic)
      .u8(kVersion)
      .u8(static_cast<std::uint8_t>(frame.type))
      .u8(static_cast<std::uint8_t>(encoding))
      .zeros(kReservedSize)
      .u32(static_cast<std::uint32_t>(frame.body.size()));
  return out;
}

}  // namespace

FrameBase up_base(std::string body) {
  constexpr std::size_t kNameSize = 8;
  std::string name(base::Digest::of(body).view().substr(0, kNameSize));
  return {std::move(name), std::move(body)};
}

std::string encode_frame(const Frame& frame) {
  // Too large to be read: then it must not look as if it fitted into a packet either.
  const bool is_readable = frame.body.size() <= limits::kFrameBytesMax;
  const std::string packed = is_readable ? compressed(frame.body) : std::string();
  if (packed.empty()) return head_of(frame, Encoding::kPlain).raw(frame.body).take();
  return head_of(frame, Encoding::kZstd).raw(packed).take();
}

std::string encode_frame(const Frame& frame, const FrameBase& base) {
  std::string whole = encode_frame(frame);
  const bool is_possible = !base.name.empty() && base.name.size() <= kBaseNameSizeMax &&
                           !frame.body.empty() &&
                           base.bytes.size() + frame.body.size() <= limits::kDeltaBytesMax;
  if (!is_possible) return whole;
  const std::string packed = smallest_on(base.bytes, frame.body);
  if (packed.empty()) return whole;
  std::string delta = head_of(frame, Encoding::kZstdOnBase)
                          .u8(static_cast<std::uint8_t>(base.name.size()))
                          .raw(base.name)
                          .raw(check_of(frame.body))
                          .raw(packed)
                          .take();
  return delta.size() < whole.size() ? delta : whole;
}

Result<Decoded> decode_frame(std::string_view bytes, const FindBase& find_base) {
  ByteReader in(bytes);
  HF_TRY(const Head head, read_head(in));
  if (head.encoding == Encoding::kZstdOnBase) return read_delta(head, in, find_base);
  const std::string_view body = in.rest();
  if (head.encoding == Encoding::kZstd) {
    HF_TRY(std::string plain, decompressed(body, head.length));
    return Decoded(Frame{head.type, std::move(plain)});
  }
  if (body.size() != head.length) return fail(Code::kCorrupt, "the frame is cut or too long");
  return Decoded(Frame{head.type, std::string(body)});
}

Result<Frame> decode_frame(std::string_view bytes) {
  HF_TRY(auto decoded, decode_frame(bytes, [](FrameType, std::string_view) { return std::nullopt; }));
  if (auto* frame = std::get_if<Frame>(&decoded)) return std::move(*frame);
  return fail(Code::kUnsupported, "a delta, and no base is known here");
}

bool is_delta(std::string_view bytes) {
  return bytes.size() > kEncodingAt && bytes[kEncodingAt] == static_cast<char>(Encoding::kZstdOnBase);
}

}  // namespace holdfast::sync
