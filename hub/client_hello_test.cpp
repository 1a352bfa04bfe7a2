// SPDX-License-Identifier: Apache-2.0
#include "hub/client_hello.hpp"

#include <gtest/gtest.h>
#include <openssl/bio.h>
#include <openssl/ssl.h>

#include "base/limits/hub.hpp"
#include "sync/link/tls.hpp"

namespace holdfast::hub {
namespace {

using base::Code;

std::string number(std::size_t value, int bytes) {
  std::string out;
  for (int i = bytes - 1; i >= 0; --i)
    out.push_back(static_cast<char>(value >> (8U * static_cast<unsigned>(i))));
  return out;
}
std::string vector(int length_bytes, const std::string& bytes) {
  return number(bytes.size(), length_bytes) + bytes;
}
std::string extension(std::size_t type, const std::string& bytes) {
  return number(type, 2) + vector(2, bytes);
}
std::string alpn(const std::string& names) { return extension(16, vector(2, names)); }
std::string body(const std::string& extensions) {
  return number(0x0303, 2) + std::string(32, 'r') + vector(1, "") + vector(2, number(0x1301, 2)) +
         vector(1, std::string(1, '\0')) + vector(2, extensions);
}
std::string message(const std::string& bytes) { return number(1, 1) + vector(3, bytes); }
std::string record(const std::string& bytes) { return number(22, 1) + number(0x0301, 2) + vector(2, bytes); }
std::string in_records_of(std::size_t size, const std::string& bytes) {
  std::string out;
  for (std::size_t at = 0; at < bytes.size(); at += size) out += record(bytes.substr(at, size));
  return out;
}

/// What OpenSSL says first.
std::string openssl_hello(const std::vector<std::string>& protocols) {
  sync::TlsVerdict verdict;
  sync::TlsClientOptions options;
  options.pinned_ca = base::Digest::of("any");
  options.alpn = protocols;
  options.server_name = "hub.example.com";
  const auto context = sync::make_client_context(options, verdict);
  const auto session = sync::make_client_session(context->get());
  BIO* const out = BIO_new(BIO_s_mem());
  SSL_set_bio(session->get(), BIO_new(BIO_s_mem()), out);
  SSL_connect(session->get());
  char* bytes = nullptr;
  const auto size = BIO_get_mem_data(out, &bytes);
  return {bytes, static_cast<std::size_t>(size)};
}

TEST(ClientHello, OfOpenSslTellsItsProtocols) {
  const auto hello = read_client_hello(openssl_hello({"mqtt"}));
  ASSERT_TRUE(hello) << hello.error().message();
  ASSERT_TRUE(*hello);
  EXPECT_TRUE((*hello)->offers("mqtt"));
  EXPECT_FALSE((*hello)->offers("h2"));
  EXPECT_TRUE((**read_client_hello(openssl_hello({}))).alpn.empty());
  EXPECT_EQ((**read_client_hello(openssl_hello({"h2", "http/1.1"}))).alpn,
            (std::vector<std::string>{"h2", "http/1.1"}));
}

TEST(ClientHello, IsReadFromFragmentsOfAnySizeAndWaitsForTheLastByte) {
  const std::string whole = message(body(alpn(vector(1, "h2") + vector(1, "mqtt"))));
  for (std::size_t size = 1; size <= whole.size(); ++size) {
    const std::string bytes = in_records_of(size, whole);
    for (std::size_t at = 0; at < bytes.size(); ++at) {
      const auto part = read_client_hello(bytes.substr(0, at));
      ASSERT_TRUE(part) << part.error().message();
      ASSERT_FALSE(*part) << "of " << at << " bytes in records of " << size;
    }
    const auto hello = read_client_hello(bytes);
    ASSERT_TRUE(hello && *hello) << size;
    EXPECT_TRUE((*hello)->offers("mqtt"));
  }
}

TEST(ClientHello, LetsPassWhatNobodyKnows) {
  const std::string grease = extension(0x1a1a, "") + extension(0xfafa, "x");
  const auto hello = read_client_hello(
      record(message(body(grease + alpn(vector(1, "\x4a\x4a") + vector(1, "mqtt")) + grease))));
  ASSERT_TRUE(hello && *hello);
  EXPECT_TRUE((*hello)->offers("mqtt"));
}

TEST(ClientHello, WithoutExtensionsOffersNothing) {
  const std::string all = body("");
  const auto hello = read_client_hello(record(message(all.substr(0, all.size() - 2))));
  ASSERT_TRUE(hello && *hello);
  EXPECT_TRUE((*hello)->alpn.empty());
}

struct Bad {
  const char* name;
  std::string bytes;
  Code code;
};

TEST(ClientHello, RefusesLengthsThatLieAndOtherProtocols) {
  const std::string good = body(alpn(vector(1, "mqtt")));
  const Bad table[] = {
      {"plain HTTP", "GET / HTTP/1.1\r\n", Code::kCorrupt},
      {"another record", "\x17\x03\x03", Code::kCorrupt},
      {"SSL 2", "\x16\x02", Code::kCorrupt},
      {"an empty record", record(""), Code::kCorrupt},
      {"a record too long", std::string("\x16\x03\x01\x40\x01", 5), Code::kCorrupt},
      {"another message", record("\x02"), Code::kCorrupt},
      {"a message of 16 MiB", record(std::string("\x01\xff\xff\xff", 4)), Code::kLimit},
      {"an empty message", record(message("")), Code::kCorrupt},
      {"a session id beyond the end", record(message(good.substr(0, 34) + "\xff")), Code::kCorrupt},
      {"extensions beyond the end", record(message(good.substr(0, good.size() - 1))), Code::kCorrupt},
      {"something behind the extensions", record(message(good + "x")), Code::kCorrupt},
      {"half an extension", record(message(body("\x01"))), Code::kCorrupt},
      {"an extension beyond the end", record(message(body(number(7, 2) + number(9, 2) + "x"))),
       Code::kCorrupt},
      {"a protocol beyond the end", record(message(body(alpn("\x05mqtt")))), Code::kCorrupt},
      {"a protocol without a name", record(message(body(alpn(std::string(1, '\0'))))), Code::kCorrupt},
      {"no protocol", record(message(body(alpn("")))), Code::kCorrupt},
      {"a list too short", record(message(body(extension(16, number(2, 2) + "\x01")))), Code::kCorrupt},
      {"something behind the list", record(message(body(extension(16, vector(2, vector(1, "mqtt")) + "x")))),
       Code::kCorrupt},
      {"two lists", record(message(body(alpn(vector(1, "a")) + alpn(vector(1, "mqtt"))))), Code::kCorrupt},
  };
  for (const auto& row : table) {
    const auto hello = read_client_hello(row.bytes);
    ASSERT_FALSE(hello) << row.name;
    EXPECT_EQ(hello.error().code(), row.code) << row.name << ": " << hello.error().message();
  }
}

TEST(ClientHello, OverTheLimitIsRefusedHoweverItIsPacked) {
  const std::string large = message(
      body(extension(21, std::string(base::limits::kClientHelloBytesMax, 'p')) + alpn(vector(1, "mqtt"))));
  EXPECT_EQ(read_client_hello(in_records_of(1'000, large)).error().code(), Code::kLimit);
  const std::string tiny = in_records_of(1, message(body(extension(21, std::string(4'000, 'p')))));
  EXPECT_EQ(read_client_hello(tiny).error().code(), Code::kLimit);
}

}  // namespace
}  // namespace holdfast::hub
