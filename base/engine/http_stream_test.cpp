// SPDX-License-Identifier: Apache-2.0
#include "base/engine/http_stream.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <string>
#include <vector>

#include "base/limits/https.hpp"

namespace holdfast::base {
namespace {

struct Read {
  HttpHead head;
  std::string body;
  bool was_done = false;  ///< before the connection ended
};

/// All of it, and then the end of the connection.
Result<Read> read(std::string_view bytes, std::size_t piece) {
  HttpStream stream;
  Read out;
  while (!bytes.empty()) {
    HF_CHECK(stream.feed(bytes.substr(0, piece)));
    bytes.remove_prefix(std::min(piece, bytes.size()));
    out.body += stream.take_body();
  }
  out.was_done = stream.done();
  HF_CHECK(stream.close());
  out.head = *stream.head();
  return out;
}

struct Good {
  const char* name;
  std::string bytes;
  int status;
  std::string body;
  bool was_done = true;
};

const std::vector<Good>& good() {
  static const std::string chunked = "Transfer-Encoding: chunked\r\n\r\n";
  static const std::vector<Good> rows = {
      {"length", "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello", 200, "hello"},
      {"empty body", "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n", 200, ""},
      {"no reason", "HTTP/1.1 404\r\nContent-Length: 0\r\n\r\n", 404, ""},
      {"version 1.0", "HTTP/1.0 200 OK\r\ncontent-length:1\r\n\r\nx", 200, "x"},
      {"chunked", "HTTP/1.1 200 OK\r\n" + chunked + "5\r\nhello\r\n1;a=b\r\n!\r\n0\r\n\r\n", 200, "hello!"},
      {"chunked in upper case",
       "HTTP/1.1 200 OK\r\ntransfer-encoding: Chunked\r\n\r\nA\r\n0123456789\r\n0\r\n\r\n", 200,
       "0123456789"},
      {"trailers", "HTTP/1.1 200 OK\r\n" + chunked + "1\r\nx\r\n0\r\nDigest: y\r\n\r\n", 200, "x"},
      {"no content", "HTTP/1.1 204 No Content\r\n\r\n", 204, ""},
      {"not modified, which has no length", "HTTP/1.1 304 Not Modified\r\n\r\n", 304, ""},
      {"after interim", "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 201 Created\r\nContent-Length: 2\r\n\r\nok",
       201, "ok"},
      {"more behind it", "HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\nxHTTP/1.1 500 no\r\n", 200, "x"},
      {"until the end of the connection",
       "HTTP/1.1 200 OK\r\nContent-Type: a/b\r\n\r\nas long\r\nas it lasts", 200, "as long\r\nas it lasts",
       false},
      {"upgraded", "HTTP/1.1 101 UPGRADED\r\nConnection: Upgrade\r\nUpgrade: tcp\r\n\r\nraw", 101, "raw",
       false},
      {"upgraded, whatever its length says", "HTTP/1.1 101 UPGRADED\r\nContent-Length: 1\r\n\r\nraw", 101,
       "raw", false},
  };
  return rows;
}

TEST(HttpStream, ReadsWhatEnginesSendInPiecesOfAnySize) {
  for (const auto& row : good()) {
    for (const std::size_t piece : {std::size_t{1}, std::size_t{3}, std::size_t{7}, row.bytes.size()}) {
      SCOPED_TRACE(std::string(row.name) + " in pieces of " + std::to_string(piece));
      const auto answer = read(row.bytes, piece);
      ASSERT_TRUE(answer) << answer.error().message();
      EXPECT_EQ(answer->head.status, row.status);
      EXPECT_EQ(answer->body, row.body);
      EXPECT_EQ(answer->was_done, row.was_done);
    }
  }
}

TEST(HttpStream, CutOffAnywhereIsNeverWhole) {
  const std::string bytes = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n";
  for (std::size_t size = 0; size < bytes.size(); ++size) {
    const auto answer = read(bytes.substr(0, size), 4);
    ASSERT_FALSE(answer) << size;
    EXPECT_EQ(answer.error().code(), Code::kUnavailable) << size;
  }
}

TEST(HttpStream, NoAnswerAtAllIsToldApartFromOneThatBreaksOff) {
  EXPECT_EQ(read("", 1).error().message(), "the connection was closed without an answer");
  EXPECT_EQ(read("HTTP", 1).error().message(), "the answer breaks off");
}

TEST(HttpStream, TheBodyIsThereBeforeItsEnd) {
  HttpStream stream;
  ASSERT_TRUE(stream.feed("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"));
  ASSERT_NE(stream.head(), nullptr);
  EXPECT_EQ(stream.take_body(), "");
  ASSERT_TRUE(stream.feed("ff\r\nan event"));
  EXPECT_EQ(stream.take_body(), "an event");
  EXPECT_EQ(stream.take_body(), "");
  EXPECT_FALSE(stream.done());
}

TEST(HttpStream, HeaderNamesAreLowerCaseAndValuesTrimmed) {
  const auto answer = read("HTTP/1.1 200 OK\r\nX-Thing: \t a b \r\nContent-Length: 0\r\n\r\n", 100);
  ASSERT_TRUE(answer);
  EXPECT_EQ(answer->head.header("x-thing"), "a b");
  EXPECT_EQ(answer->head.header("absent"), "");
}

TEST(HttpStream, ABodyOfManyChunksIsNoHeader) {
  HttpStream stream;
  ASSERT_TRUE(stream.feed("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"));
  for (std::size_t i = 0; i < limits::kHttpHeaderBytesMax; ++i) ASSERT_TRUE(stream.feed("1\r\nx\r\n"));
  EXPECT_EQ(stream.take_body().size(), limits::kHttpHeaderBytesMax);
}

std::string times(std::string_view text, std::size_t count) {
  std::string out;
  for (std::size_t i = 0; i < count; ++i) out += text;
  return out;
}

struct Bad {
  const char* name;
  std::string bytes;
  Code code;
};

TEST(HttpStream, RefusesWhatCouldBeReadInTwoWaysOrIsTooMuch) {
  const std::string ok = "HTTP/1.1 200 OK\r\n";
  const std::string chunked = ok + "Transfer-Encoding: chunked\r\n";
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
      {"two lengths", ok + "Content-Length: 1\r\nContent-Length: 1\r\n\r\n", Code::kCorrupt},
      {"length and chunks", chunked + "Content-Length: 1\r\n\r\n", Code::kCorrupt},
      {"negative length", ok + "Content-Length: -1\r\n\r\n", Code::kCorrupt},
      {"signed length", ok + "Content-Length: +1\r\n\r\n", Code::kCorrupt},
      {"length that overflows", ok + "Content-Length: 99999999999999999999\r\n\r\n", Code::kCorrupt},
      {"other coding", ok + "Transfer-Encoding: gzip, chunked\r\n\r\n", Code::kUnsupported},
      {"chunk that overflows", chunked + "\r\nfffffffffffffffff\r\n", Code::kCorrupt},
      {"chunk size of words", chunked + "\r\nhello\r\n", Code::kCorrupt},
      {"chunk longer than it says", chunked + "\r\n1\r\nxy\r\n", Code::kCorrupt},
      {"a line without end", ok + "A: " + std::string(limits::kHttpHeaderBytesMax, 'a'), Code::kLimit},
      {"interim answers without end",
       times("HTTP/1.1 100 Continue\r\n\r\n", limits::kHttpHeaderBytesMax / 20), Code::kLimit},
      {"trailers without end", chunked + "\r\n0\r\n" + times("A: b\r\n", limits::kHttpHeaderBytesMax / 6),
       Code::kLimit},
      {"too many headers", ok + times("A: b\r\n", limits::kHttpHeadersMax + 1), Code::kLimit},
  };
  for (const auto& row : rows) {
    for (const std::size_t piece : {std::size_t{1}, std::size_t{11}, row.bytes.size()}) {
      SCOPED_TRACE(row.name);
      const auto answer = read(row.bytes, piece);
      ASSERT_FALSE(answer);
      EXPECT_EQ(answer.error().code(), row.code) << answer.error().message();
    }
  }
}

TEST(HttpStream, AHeadOfJustTheLimitPasses) {
  const std::string begin = "HTTP/1.1 200 OK\r\nContent-Length: 0\r\nA: ";
  const std::string fits =
      begin + std::string(limits::kHttpHeaderBytesMax - begin.size() - 4, 'a') + "\r\n\r\n";
  EXPECT_TRUE(read(fits, 100));
  EXPECT_TRUE(read(fits, 1));
  const std::string over =
      begin + std::string(limits::kHttpHeaderBytesMax - begin.size() - 3, 'a') + "\r\n\r\n";
  EXPECT_FALSE(read(over, 100));
  EXPECT_FALSE(read(over, 1));
}

}  // namespace
}  // namespace holdfast::base
