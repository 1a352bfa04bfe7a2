// SPDX-License-Identifier: Apache-2.0
#include "hub/client_hello.hpp"

#include <algorithm>
#include <cstdint>

#include "base/limits/hub.hpp"

namespace holdfast::hub {

using base::Code;
using base::fail;
using base::Result;
namespace limits = base::limits;

namespace {

constexpr std::uint8_t kHandshakeRecord = 22;
constexpr std::uint8_t kTlsMajor = 3;
constexpr std::size_t kRecordHeaderBytes = 5;
constexpr std::size_t kRecordBytesMax = 16U << 10U;
constexpr std::uint8_t kClientHelloType = 1;
constexpr std::size_t kMessageHeaderBytes = 4;
constexpr std::size_t kVersionAndRandomBytes = 2 + 32;
constexpr std::size_t kAlpnExtension = 16;

/// Takes from the front; what is not there breaks it, and everything after is empty.
class Cursor {
 public:
  explicit Cursor(std::string_view bytes) : left_(bytes) {}
  std::size_t number(std::size_t bytes) {
    std::size_t out = 0;
    for (const char c : take(bytes)) out = (out << 8U) | static_cast<std::uint8_t>(c);
    return out;
  }
  std::string_view take(std::size_t bytes) {
    broken_ = broken_ || bytes > left_.size();
    const auto out = left_.substr(0, broken_ ? 0 : bytes);
    left_.remove_prefix(out.size());
    return out;
  }
  /// What a length in front of it says.
  std::string_view vector(std::size_t length_bytes) { return take(number(length_bytes)); }
  bool at_end() const { return left_.empty(); }
  bool broken() const { return broken_; }
  std::size_t left() const { return left_.size(); }

 private:
  std::string_view left_;
  bool broken_ = false;
};

base::Error corrupt(const std::string& what) { return {Code::kCorrupt, "ClientHello: " + what}; }

/// The handshake's bytes out of the records that are whole; the last may not be.
Result<std::string> unpacked(std::string_view bytes) {
  std::string out;
  while (!bytes.empty()) {
    Cursor record(bytes);
    if (record.number(1) != kHandshakeRecord) return fail(corrupt("not a handshake of TLS"));
    if (bytes.size() > 1 && record.number(1) != kTlsMajor) return fail(corrupt("not a version of TLS"));
    if (bytes.size() < kRecordHeaderBytes) break;
    record.number(1);
    const std::size_t length = record.number(2);
    if (length == 0 || length > kRecordBytesMax)
      return fail(corrupt("a record of " + std::to_string(length)));
    const auto part = bytes.substr(kRecordHeaderBytes, length);
    out.append(part);
    bytes.remove_prefix(kRecordHeaderBytes + part.size());
  }
  return out;
}

Result<std::vector<std::string>> read_alpn(std::string_view bytes) {
  std::vector<std::string> out;
  Cursor all(bytes);
  Cursor names(all.vector(2));
  while (!names.at_end() && !names.broken()) {
    const auto name = names.vector(1);
    if (name.empty()) return fail(corrupt("a protocol without a name"));
    out.emplace_back(name);
  }
  if (all.broken() || names.broken() || !all.at_end() || out.empty())
    return fail(corrupt("its list of protocols"));
  return out;
}

Result<ClientHello> read_body(std::string_view bytes) {
  ClientHello out;
  Cursor body(bytes);
  body.take(kVersionAndRandomBytes);
  body.vector(1);  // session id
  body.vector(2);  // cipher suites
  body.vector(1);  // compression methods
  if (body.broken()) return fail(corrupt("cut short"));
  if (body.at_end()) return out;  // TLS before extensions
  Cursor extensions(body.vector(2));
  if (body.broken() || !body.at_end()) return fail(corrupt("its extensions"));
  while (!extensions.at_end()) {
    const auto type = extensions.number(2);
    const auto content = extensions.vector(2);
    if (extensions.broken()) return fail(corrupt("its extensions"));
    if (type != kAlpnExtension) continue;
    if (!out.alpn.empty()) return fail(corrupt("two lists of protocols"));
    HF_TRY(out.alpn, read_alpn(content));
  }
  return out;
}

}  // namespace

bool ClientHello::offers(std::string_view protocol) const {
  return std::find(alpn.begin(), alpn.end(), protocol) != alpn.end();
}

Result<std::optional<ClientHello>> read_client_hello(std::string_view bytes) {
  const auto too_large = [] {
    return fail(Code::kLimit, "ClientHello: over " + std::to_string(limits::kClientHelloBytesMax) + " bytes");
  };
  HF_TRY(const std::string handshake, unpacked(bytes.substr(0, limits::kClientHelloBytesMax)));
  Cursor message(handshake);
  if (!handshake.empty() && message.number(1) != kClientHelloType) return fail(corrupt("another message"));
  if (handshake.size() >= kMessageHeaderBytes) {
    const std::size_t length = message.number(3);
    if (length > limits::kClientHelloBytesMax) return too_large();
    if (message.left() >= length) {
      HF_TRY(auto hello, read_body(message.take(length)));
      return std::optional(std::move(hello));
    }
  }
  if (bytes.size() >= limits::kClientHelloBytesMax) return too_large();
  return std::optional<ClientHello>();
}

}  // namespace holdfast::hub
