// SPDX-License-Identifier: Apache-2.0
#include "sync/link/http_response.hpp"

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "base/limits/https.hpp"

namespace holdfast::sync {
namespace {

using base::Code;

constexpr std::size_t kBodyMax = 64;

base::Result<HttpResponse> parse(std::string_view bytes, std::size_t piece) {
  HttpResponseParser parser(kBodyMax);
  while (!bytes.empty() && !parser.done()) {
    HF_TRY([[maybe_unused]] const bool done, parser.feed(bytes.substr(0, piece)));
    bytes.remove_prefix(std::min(piece, bytes.size()));
  }
  if (!parser.done()) return base::fail(Code::kUnavailable, "wants more");
  return parser.take();
}

struct Good {
  const char* name;
  std::string bytes;
  int status;
  std::string body;
};

const std::vector<Good>& good() {
  static const std::vector<Good> rows = {
      {"Length", "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello", 200, "hello"},
      {"EmptyBody", "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n", 200, ""},
      {"NoReason", "HTTP/1.1 404\r\nContent-Length: 0\r\n\r\n", 404, ""},
      {"Version10", "HTTP/1.0 200 OK\r\ncontent-length:1\r\n\r\nx", 200, "x"},
      {"Chunked",
       "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n1;a=b\r\n!\r\n0\r\n\r\n", 200,
       "hello!"},
      {"ChunkedUpperHex", "HTTP/1.1 200 OK\r\ntransfer-encoding: Chunked\r\n\r\nA\r\n0123456789\r\n0\r\n\r\n",
       200, "0123456789"},
      {"Trailers", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nx\r\n0\r\nDigest: y\r\n\r\n",
       200, "x"},
      {"NoContent", "HTTP/1.1 204 No Content\r\n\r\n", 204, ""},
      {"AfterInterim", "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 201 Created\r\nContent-Length: 2\r\n\r\nok",
       201, "ok"},
      {"MoreBehindIt", "HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\nxHTTP/1.1 500 no\r\n", 200, "x"},
      {"LargestBody", "HTTP/1.1 200 OK\r\nContent-Length: 64\r\n\r\n" + std::string(64, 'b'), 200,
       std::string(64, 'b')},
  };
  return rows;
}

TEST(HttpResponse, ReadsWhatServersSendInPiecesOfAnySize) {
  for (const auto& row : good()) {
    for (const std::size_t piece : {std::size_t{1}, std::size_t{3}, std::size_t{7}, row.bytes.size()}) {
      SCOPED_TRACE(std::string(row.name) + " in pieces of " + std::to_string(piece));
      const auto response = parse(row.bytes, piece);
      ASSERT_TRUE(response) << response.error().message();
      EXPECT_EQ(response->status, row.status);
      EXPECT_EQ(response->body, row.body);
    }
  }
}

TEST(HttpResponse, CutOffAnywhereWantsMoreAndIsNeverWhole) {
  const std::string bytes = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n";
  for (std::size_t size = 0; size < bytes.size(); ++size) {
    EXPECT_EQ(parse(bytes.substr(0, size), 4).error().code(), Code::kUnavailable) << size;
  }
}

TEST(HttpResponse, HeaderNamesAreLowerCaseAndValuesTrimmed) {
  const auto response = parse("HTTP/1.1 200 OK\r\nX-Thing: \t a b \r\nContent-Length: 0\r\n\r\n", 100);
  ASSERT_TRUE(response);
  EXPECT_EQ(response->header("x-thing"), "a b");
  EXPECT_EQ(response->header("absent"), "");
}

TEST(HttpResponse, ResponseToHeadHasNoBody) {
  HttpResponseParser parser(kBodyMax, HttpResponseParser::Body::kNone);
  const auto done = parser.feed("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n");
  ASSERT_TRUE(done);
  EXPECT_TRUE(*done);
}

struct Bad {
  const char* name;
  std::string bytes;
  Code code;
};

TEST(HttpResponse, RefusesWhatCouldBeReadInTwoWaysOrIsTooMuch) {
  const std::string ok = "HTTP/1.1 200 OK\r\n";
  const std::vector<Bad> rows = {
      {"not HTTP", "SSH-2.0-OpenSSH\r\n", Code::kCorrupt},
      {"HTTP/2", "HTTP/2 200 OK\r\n", Code::kCorrupt},
      {"status of letters", "HTTP/1.1 abc OK\r\n", Code::kCorrupt},
      {"negative status", "HTTP/1.1 -20 OK\r\n", Code::kCorrupt},
      {"status of four digits", "HTTP/1.1 2000 OK\r\n", Code::kCorrupt},
      {"status out of range", "HTTP/1.1 600 OK\r\n", Code::kCorrupt},
      {"bare line feed", "HTTP/1.1 200 OK\n", Code::kCorrupt},
      {"header without colon", ok + "nonsense\r\n", Code::kCorrupt},
      {"header with a blank before the colon", ok + "Content-Length : 5\r\n", Code::kCorrupt},
      {"folded header", ok + "A: b\r\n c\r\n", Code::kCorrupt},
      {"no name", ok + ": b\r\n", Code::kCorrupt},
      {"zero byte in a value", ok + std::string("A: b\0c\r\n", 8), Code::kCorrupt},
      {"no length at all", ok + "\r\n", Code::kCorrupt},
      {"two lengths", ok + "Content-Length: 1\r\nContent-Length: 1\r\n\r\n", Code::kCorrupt},
      {"length and chunks", ok + "Content-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n", Code::kCorrupt},
      {"negative length", ok + "Content-Length: -1\r\n\r\n", Code::kCorrupt},
      {"signed length", ok + "Content-Length: +1\r\n\r\n", Code::kCorrupt},
      {"length list", ok + "Content-Length: 1, 1\r\n\r\n", Code::kCorrupt},
      {"length that overflows", ok + "Content-Length: 99999999999999999999\r\n\r\n", Code::kCorrupt},
      {"other coding", ok + "Transfer-Encoding: gzip, chunked\r\n\r\n", Code::kUnsupported},
      {"body over the limit", ok + "Content-Length: 65\r\n\r\n", Code::kLimit},
      {"chunk over the limit", ok + "Transfer-Encoding: chunked\r\n\r\n41\r\n", Code::kLimit},
      {"chunks over the limit", ok + "Transfer-Encoding: chunked\r\n\r\n1\r\nx\r\n40\r\n", Code::kLimit},
      {"chunk that overflows", ok + "Transfer-Encoding: chunked\r\n\r\nfffffffffffffffff\r\n",
       Code::kCorrupt},
      {"chunk size of words", ok + "Transfer-Encoding: chunked\r\n\r\nhello\r\n", Code::kCorrupt},
      {"chunk longer than it says", ok + "Transfer-Encoding: chunked\r\n\r\n1\r\nxy\r\n", Code::kCorrupt},
      {"headers without end", ok + "A: " + std::string(base::limits::kHttpHeaderBytesMax, 'a'), Code::kLimit},
      {"interim responses without end",
       [] {
         std::string all;
         while (all.size() < 2 * base::limits::kHttpHeaderBytesMax) all += "HTTP/1.1 100 Continue\r\n\r\n";
         return all;
       }(),
       Code::kLimit},
      {"too many headers",
       ok +
           [] {
             std::string all;
             for (std::size_t i = 0; i <= base::limits::kHttpHeadersMax; ++i) all += "A: b\r\n";
             return all;
           }(),
       Code::kLimit},
  };
  for (const auto& row : rows) {
    SCOPED_TRACE(row.name);
    const auto response = parse(row.bytes, 11);
    ASSERT_FALSE(response);
    EXPECT_EQ(response.error().code(), row.code) << response.error().message();
  }
}

}  // namespace
}  // namespace holdfast::sync
