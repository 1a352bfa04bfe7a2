// SPDX-License-Identifier: Apache-2.0
// HttpResponseParser: HTTP/1.1 responses, fed in pieces of any size, within limits. Strict where leniency
// lets a response be read in two ways (RFC 9112 §6.3): a body has one Content-Length or is chunked, never
// both or neither.
// Threads: one.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/result.hpp"

namespace holdfast::sync {

struct HttpResponse {
  int status = 0;
  std::vector<std::pair<std::string, std::string>> headers;  ///< names in lower case
  std::string body;
  /// The first of that name, empty when there is none.
  std::string_view header(std::string_view lower_case_name) const;
  bool operator==(const HttpResponse&) const = default;
};

class HttpResponseParser {
 public:
  /// A response to HEAD has no body, whatever its headers say.
  enum class Body { kExpected, kNone };
  explicit HttpResponseParser(std::size_t body_bytes_max, Body body = Body::kExpected)
      : body_bytes_max_(body_bytes_max), expects_body_(body == Body::kExpected) {}

  /// True when the response is whole; what follows it is not looked at.
  base::Result<bool> feed(std::string_view bytes);
  bool done() const { return state_ == State::kDone; }
  /// Status and headers are whole.
  bool has_head() const { return state_ != State::kStatus && state_ != State::kHeaders; }
  /// REQUIRES: has_head().
  const HttpResponse& head() const { return response_; }
  /// What came of the body since the last time, for one that is not kept as a whole.
  std::string take_body() {
    body_bytes_taken_ += response_.body.size();
    return std::exchange(response_.body, {});
  }
  HttpResponse take() { return std::move(response_); }

 private:
  enum class State { kStatus, kHeaders, kLength, kChunkSize, kChunkData, kChunkEnd, kTrailers, kDone };
  base::Result<bool> step();
  base::Result<bool> on_line(std::string_view line);
  base::Status on_status(std::string_view line);
  base::Status on_header(std::string_view line);
  base::Status on_headers_end();
  base::Status on_chunk_size(std::string_view line);
  base::Result<bool> read_body();

  std::size_t body_bytes_max_;
  bool expects_body_;
  State state_ = State::kStatus;
  std::string pending_;
  std::size_t header_bytes_ = 0;
  std::uint64_t remaining_ = 0;
  std::size_t body_bytes_taken_ = 0;
  HttpResponse response_;
};

}  // namespace holdfast::sync
