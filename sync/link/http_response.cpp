// SPDX-License-Identifier: Apache-2.0
#include "sync/link/http_response.hpp"

#include <algorithm>
#include <cctype>
#include <charconv>

#include "base/limits/https.hpp"

namespace holdfast::sync {

using base::Code;
using base::fail;
using base::Status;

namespace {

namespace limits = base::limits;

constexpr std::string_view kTokenCharacters =
    "!#$%&'*+-.^_`|~0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ";

std::string lower(std::string_view text) {
  std::string out(text);
  for (char& c : out) c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  return out;
}

std::string_view trim(std::string_view text) {
  const auto from = text.find_first_not_of(" \t");
  if (from == std::string_view::npos) return {};
  return text.substr(from, text.find_last_not_of(" \t") - from + 1);
}

// Digits only: from_chars would take a sign for signed types, and nothing may follow.
base::Result<std::uint64_t> number(std::string_view text, int radix, std::string_view what) {
  std::uint64_t out = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), out, radix);
  if (text.empty() || error != std::errc{} || end != text.data() + text.size()) {
    return fail(Code::kCorrupt, "HTTP response: bad " + std::string(what));
  }
  return out;
}

bool is_interim(int status) { return status >= 100 && status < 200; }
bool never_has_body(int status) { return status == 204 || status == 304; }

}  // namespace

std::string_view HttpResponse::header(std::string_view lower_case_name) const {
  const auto found =
      std::find_if(headers.begin(), headers.end(), [&](const auto& h) { return h.first == lower_case_name; });
  return found == headers.end() ? std::string_view{} : std::string_view(found->second);
}

base::Result<bool> HttpResponseParser::feed(std::string_view bytes) {
  if (done()) return true;
  pending_.append(bytes);
  for (;;) {
    HF_TRY(const bool more, step());
    if (done()) return true;
    if (!more) return false;
  }
}

// One line or one piece of body; false when that needs more bytes.
base::Result<bool> HttpResponseParser::step() {
  if (state_ == State::kLength || state_ == State::kChunkData) return read_body();
  const auto end = pending_.find('\n');
  if (header_bytes_ + std::min(end, pending_.size()) > limits::kHttpHeaderBytesMax) {
    return fail(Code::kLimit, "HTTP response: more than " + std::to_string(limits::kHttpHeaderBytesMax) +
                                  " bytes of headers");
  }
  if (end == std::string::npos) return false;
  if (end == 0 || pending_[end - 1] != '\r')
    return fail(Code::kCorrupt, "HTTP response: a line does not end in CR LF");
  // Sizes of chunks are not headers, but as many empty chunks as one likes are no body either.
  header_bytes_ += end + 1;
  const std::string line = pending_.substr(0, end - 1);
  pending_.erase(0, end + 1);
  return on_line(line);
}

base::Result<bool> HttpResponseParser::on_line(std::string_view line) {
  switch (state_) {
    case State::kStatus: HF_CHECK(on_status(line)); break;
    case State::kHeaders: HF_CHECK(line.empty() ? on_headers_end() : on_header(line)); break;
    case State::kChunkSize: HF_CHECK(on_chunk_size(line)); break;
    case State::kChunkEnd:
      if (!line.empty()) return fail(Code::kCorrupt, "HTTP response: a chunk is longer than it says");
      state_ = State::kChunkSize;
      break;
    case State::kTrailers:
      if (line.empty()) state_ = State::kDone;
      break;
    case State::kLength:
    case State::kChunkData:
    case State::kDone: break;
  }
  return true;
}

Status HttpResponseParser::on_status(std::string_view line) {
  const std::string_view version = line.substr(0, 9);
  if (version != "HTTP/1.1 " && version != "HTTP/1.0 ")
    return fail(Code::kCorrupt, "the answer is not HTTP/1.1");
  const std::string_view rest = line.substr(9);
  if (rest.size() > 3 && rest[3] != ' ') return fail(Code::kCorrupt, "HTTP response: bad status");
  HF_TRY(const auto status, number(rest.substr(0, 3), 10, "status"));
  if (status < 100 || status > 599) return fail(Code::kCorrupt, "HTTP response: bad status");
  response_.status = static_cast<int>(status);
  state_ = State::kHeaders;
  return {};
}

Status HttpResponseParser::on_header(std::string_view line) {
  const auto colon = line.find(':');
  const std::string_view name = line.substr(0, std::min(colon, line.size()));
  if (colon == std::string_view::npos || name.empty() ||
      name.find_first_not_of(kTokenCharacters) != std::string_view::npos) {
    return fail(Code::kCorrupt, "HTTP response: a header without a proper name");
  }
  if (line.find_first_of(std::string_view("\r\0", 2)) != std::string_view::npos) {
    return fail(Code::kCorrupt, "HTTP response: a control character in header " + std::string(name));
  }
  if (response_.headers.size() == limits::kHttpHeadersMax)
    return fail(Code::kLimit, "HTTP response: too many headers");
  response_.headers.emplace_back(lower(name), trim(line.substr(colon + 1)));
  return {};
}

Status HttpResponseParser::on_headers_end() {
  if (is_interim(response_.status)) {
    response_ = {};
    state_ = State::kStatus;
    return {};
  }
  if (!expects_body_ || never_has_body(response_.status)) {
    state_ = State::kDone;
    return {};
  }
  const auto count = [&](std::string_view name) {
    return std::count_if(response_.headers.begin(), response_.headers.end(),
                         [&](const auto& h) { return h.first == name; });
  };
  const auto codings = count("transfer-encoding");
  const auto lengths = count("content-length");
  if (codings + lengths != 1) {
    return fail(Code::kCorrupt,
                "HTTP response: its length must be given once, by Content-Length or by chunks");
  }
  if (codings == 1) {
    if (lower(response_.header("transfer-encoding")) != "chunked") {
      return fail(Code::kUnsupported, "HTTP response: a transfer encoding other than chunked");
    }
    state_ = State::kChunkSize;
    return {};
  }
  HF_TRY(remaining_, number(response_.header("content-length"), 10, "Content-Length"));
  if (remaining_ > body_bytes_max_) {
    return fail(Code::kLimit, "HTTP response: a body of " + std::to_string(remaining_) + " bytes, at most " +
                                  std::to_string(body_bytes_max_) + " are taken");
  }
  state_ = remaining_ == 0 ? State::kDone : State::kLength;
  return {};
}

Status HttpResponseParser::on_chunk_size(std::string_view line) {
  HF_TRY(remaining_, number(trim(line.substr(0, line.find(';'))), 16, "chunk size"));
  if (remaining_ == 0) {
    state_ = State::kTrailers;
    return {};
  }
  if (remaining_ > body_bytes_max_ - body_bytes_taken_ - response_.body.size()) {
    return fail(Code::kLimit,
                "HTTP response: a body of more than " + std::to_string(body_bytes_max_) + " bytes");
  }
  header_bytes_ = 0;  // a chunk of body was paid for this line
  state_ = State::kChunkData;
  return {};
}

base::Result<bool> HttpResponseParser::read_body() {
  const std::size_t size = static_cast<std::size_t>(std::min<std::uint64_t>(pending_.size(), remaining_));
  response_.body.append(pending_, 0, size);
  pending_.erase(0, size);
  remaining_ -= size;
  if (remaining_ != 0) return false;
  state_ = state_ == State::kLength ? State::kDone : State::kChunkEnd;
  return true;
}

}  // namespace holdfast::sync
