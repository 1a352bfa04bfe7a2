// SPDX-License-Identifier: Apache-2.0
// HttpStream: one answer of an engine over HTTP/1.1, fed in pieces of any size. Beyond what a web server's answer needs it
// reads what engines send: bodies that end with the connection, and streams after "101 Switching Protocols" or without
// a length. Strict where leniency lets an answer be read in two ways (RFC 9112 §6.3). The head is bounded here; the
// body passes through, and who takes it bounds it.
// Threads: one.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/result.hpp"

namespace holdfast::base {

struct HttpHead {
  int status = 0;
  std::vector<std::pair<std::string, std::string>> headers;  ///< names in lower case
  /// The first of that name, empty when there is none.
  std::string_view header(std::string_view lower_case_name) const;
  bool operator==(const HttpHead&) const = default;
};

class HttpStream {
 public:
  /// What comes after the end is not looked at. REQUIRES: no error before.
  Status feed(std::string_view bytes);
  /// The other side has ended: success where that is the end of the body, or the answer is whole.
  Status close();
  /// nullptr until it is whole.
  const HttpHead* head() const { return is_headed() ? &head_ : nullptr; }
  /// What came of the body since the last take.
  std::string take_body() { return std::exchange(body_, {}); }
  bool done() const { return state_ == State::kDone; }

 private:
  enum class State {
    kStatus,
    kHeaders,
    kLength,
    kChunkSize,
    kChunkData,
    kChunkEnd,
    kTrailers,
    kUntilClose,
    kDone,
  };
  bool is_headed() const { return state_ != State::kStatus && state_ != State::kHeaders; }
  Status take_line(std::string_view& bytes);
  void take_data(std::string_view& bytes);
  Status on_line(std::string_view line);
  Status on_status(std::string_view line);
  Status on_header(std::string_view line);
  Status on_headers_end();
  Status on_chunk_size(std::string_view line);

  State state_ = State::kStatus;
  std::string line_;  ///< the beginning of one that is not whole
  std::size_t header_bytes_ = 0;
  std::uint64_t remaining_ = 0;
  HttpHead head_;
  std::string body_;
};

}  // namespace holdfast::base
