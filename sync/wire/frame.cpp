// SPDX-License-Identifier: Apache-2.0
#include "sync/wire/frame.hpp"

#include <zstd.h>

#include "base/limits/wire.hpp"
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
constexpr int kCompressionLevel = 1;       // the agent's: 140 kB while it runs
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

bool is_type(std::uint8_t number) {
  switch (static_cast<FrameType>(number)) {
    case FrameType::kHello:
    case FrameType::kApplied:
    case FrameType::kSnapshot:
    case FrameType::kEvents:
    case FrameType::kAnswer:
    case FrameType::kNeed:
    case FrameType::kState:
    case FrameType::kCommand:
    case FrameType::kSettings:
    case FrameType::kTrust:
    case FrameType::kReport: return true;
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

}  // namespace

std::string encode_frame(const Frame& frame) {
  // Too large to be read: then it must not look as if it fitted into a packet either.
  const bool is_readable = frame.body.size() <= limits::kFrameBytesMax;
  const std::string packed = is_readable ? compressed(frame.body) : std::string();
  const Encoding encoding = packed.empty() ? Encoding::kPlain : Encoding::kZstd;
  ByteWriter out;
  out.raw(kMagic)
      .u8(kVersion)
      .u8(static_cast<std::uint8_t>(frame.type))
      .u8(static_cast<std::uint8_t>(encoding))
      .zeros(kReservedSize)
      .u32(static_cast<std::uint32_t>(frame.body.size()))
      .raw(packed.empty() ? std::string_view(frame.body) : std::string_view(packed));
  return out.take();
}

Result<Frame> decode_frame(std::string_view bytes) {
  ByteReader in(bytes);
  HF_TRY(const Head head, read_head(in));
  const std::string_view body = in.rest();
  switch (head.encoding) {
    case Encoding::kPlain:
      if (body.size() != head.length) return fail(Code::kCorrupt, "the frame is cut or too long");
      return Frame{head.type, std::string(body)};
    case Encoding::kZstd: {
      HF_TRY(std::string plain, decompressed(body, head.length));
      return Frame{head.type, std::move(plain)};
    }
    case Encoding::kZstdOnBase: break;
  }
  return fail(Code::kUnsupported, "a delta frame, which this version does not read");
}

}  // namespace holdfast::sync
