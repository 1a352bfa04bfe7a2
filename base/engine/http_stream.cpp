// SPDX-License-Identifier: Apache-2.0
#include "base/engine/http_stream.hpp"

#include <algorithm>
#include <charconv>

#include "base/limits/https.hpp"

namespace holdfast::base {
namespace {

constexpr int kSwitchingProtocols = 101;
constexpr std::string_view kTokenCharacters =
    "!#$%&'*+-.^_`|~0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ";

std::string lower(std::string_view text) {
  std::string out(text);
  for (char& c : out) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  }
  return out;
}

std::string_view trim(std::string_view text) {
  const auto from = text.find_first_not_of(" \t");
  if (from == std::string_view::npos) return {};
  return text.substr(from, text.find_last_not_of(" \t") - from + 1);
}

/// Digits only, and nothing behind them.
Result<std::uint64_t> number(std::string_view text, int radix, std::string_view what) {
  std::uint64_t out = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), out, radix);
  if (text.empty() || error != std::errc{} || end != text.data() + text.size())
    return fail(Code::kCorrupt, "HTTP answer: bad " + std::string(what));
  return out;
}

bool never_has_body(int status) { return status == 204 || status == 304; }

}  // namespace

std::string_view HttpHead::header(std::string_view lower_case_name) const {
  const auto found =
      std::ranges::find_if(headers, [&](const auto& header) { return header.first == lower_case_name; });
  return found == headers.end() ? std::string_view{} : std::string_view(found->second);
}

Status HttpStream::feed(std::string_view bytes) {
  while (!bytes.empty() && !done()) {
    if (state_ == State::kLength || state_ == State::kChunkData || state_ == State::kUntilClose) {
      take_data(bytes);
    } else {
      HF_CHECK(take_line(bytes));
    }
  }
  return {};
}

Status HttpStream::close() {
  if (state_ == State::kUntilClose) state_ = State::kDone;
  if (done()) return {};
  return fail(Code::kUnavailable, is_headed() || state_ == State::kHeaders || !line_.empty()
                                      ? "the answer breaks off"
                                      : "the connection was closed without an answer");
}

Status HttpStream::take_line(std::string_view& bytes) {
  const auto end = bytes.find('\n');
  const std::string_view piece = bytes.substr(0, end);
  header_bytes_ += piece.size() + 1;
  if (header_bytes_ > limits::kHttpHeaderBytesMax) {
    return fail(Code::kLimit, "HTTP answer: more than " + std::to_string(limits::kHttpHeaderBytesMax) +
                                  " bytes of headers");
  }
  line_.append(piece);
  bytes.remove_prefix(end == std::string_view::npos ? bytes.size() : end + 1);
  if (end == std::string_view::npos) {
    --header_bytes_;  // its line feed is still to come
    return {};
  }
  if (!line_.ends_with('\r')) return fail(Code::kCorrupt, "HTTP answer: a line does not end in CR LF");
  const std::string line = std::exchange(line_, {});
  return on_line(std::string_view(line).substr(0, line.size() - 1));
}

void HttpStream::take_data(std::string_view& bytes) {
  if (state_ == State::kUntilClose) {
    body_.append(std::exchange(bytes, {}));
    return;
  }
  const auto size = static_cast<std::size_t>(std::min<std::uint64_t>(bytes.size(), remaining_));
  body_.append(bytes.substr(0, size));
  bytes.remove_prefix(size);
  remaining_ -= size;
  if (remaining_ == 0) state_ = state_ == State::kLength ? State::kDone : State::kChunkEnd;
}

Status HttpStream::on_line(std::string_view line) {
  switch (state_) {
    case State::kStatus: return on_status(line);
    case State::kHeaders: return line.empty() ? on_headers_end() : on_header(line);
    case State::kChunkSize: return on_chunk_size(line);
    case State::kChunkEnd:
      if (!line.empty()) return fail(Code::kCorrupt, "HTTP answer: a chunk is longer than it says");
      state_ = State::kChunkSize;
      return {};
    case State::kTrailers:
      if (line.empty()) state_ = State::kDone;
      return {};
    case State::kLength:
    case State::kChunkData:
    case State::kUntilClose:
    case State::kDone: return {};
  }
  return {};
}

Status HttpStream::on_status(std::string_view line) {
  const std::string_view version = line.substr(0, 9);
  if (version != "HTTP/1.1 " && version != "HTTP/1.0 ")
    return fail(Code::kCorrupt, "the answer is not HTTP/1.1");
  const std::string_view rest = line.substr(9);
  if (rest.size() > 3 && rest[3] != ' ') return fail(Code::kCorrupt, "HTTP answer: bad status");
  HF_TRY(const auto status, number(rest.substr(0, 3), 10, "status"));
  if (status < 100 || status > 599) return fail(Code::kCorrupt, "HTTP answer: bad status");
  head_.status = static_cast<int>(status);
  state_ = State::kHeaders;
  return {};
}

Status HttpStream::on_header(std::string_view line) {
  const auto colon = line.find(':');
  const std::string_view name = line.substr(0, std::min(colon, line.size()));
  if (colon == std::string_view::npos || name.empty() ||
      name.find_first_not_of(kTokenCharacters) != std::string_view::npos) {
    return fail(Code::kCorrupt, "HTTP answer: a header without a proper name");
  }
  if (line.find_first_of(std::string_view("\r\0", 2)) != std::string_view::npos)
    return fail(Code::kCorrupt, "HTTP answer: a control character in header " + std::string(name));
  if (head_.headers.size() == limits::kHttpHeadersMax)
    return fail(Code::kLimit, "HTTP answer: too many headers");
  head_.headers.emplace_back(lower(name), trim(line.substr(colon + 1)));
  return {};
}

Status HttpStream::on_headers_end() {
  if (head_.status < 200 && head_.status != kSwitchingProtocols) {
    head_ = {};
    state_ = State::kStatus;
    return {};
  }
  if (head_.status == kSwitchingProtocols) {
    state_ = State::kUntilClose;
    return {};
  }
  if (never_has_body(head_.status)) {
    state_ = State::kDone;
    return {};
  }
  const auto count = [&](std::string_view name) {
    return std::ranges::count_if(head_.headers, [&](const auto& header) { return header.first == name; });
  };
  const auto codings = count("transfer-encoding");
  const auto lengths = count("content-length");
  if (codings + lengths > 1) return fail(Code::kCorrupt, "HTTP answer: its length is given more than once");
  if (codings == 1) {
    if (lower(head_.header("transfer-encoding")) != "chunked")
      return fail(Code::kUnsupported, "HTTP answer: a transfer encoding other than chunked");
    state_ = State::kChunkSize;
    return {};
  }
  if (lengths == 0) {
    state_ = State::kUntilClose;
    return {};
  }
  HF_TRY(remaining_, number(head_.header("content-length"), 10, "Content-Length"));
  state_ = remaining_ == 0 ? State::kDone : State::kLength;
  return {};
}

Status HttpStream::on_chunk_size(std::string_view line) {
  HF_TRY(remaining_, number(trim(line.substr(0, line.find(';'))), 16, "chunk size"));
  // A chunk of body pays for the lines before it; empty ones without end would be headers without end.
  if (remaining_ != 0) header_bytes_ = 0;
  state_ = remaining_ == 0 ? State::kTrailers : State::kChunkData;
  return {};
}

}  // namespace holdfast::base
