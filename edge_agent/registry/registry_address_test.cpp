// SPDX-License-Identifier: Apache-2.0
// Where an image is asked for, what a registry's answers mean, and whom a credential reaches.
#include "edge_agent/registry/registry_address.hpp"

#include <gtest/gtest.h>

namespace holdfast::edge_agent {
namespace {

using base::Code;
using namespace std::chrono_literals;

sync::ImageRef image(const std::string& text) { return sync::ImageRef::parse(text).value(); }
WebAddress web(const std::string& text, bool is_plain = false) {
  return registry_address(image(text), is_plain).value();
}
std::string shown(const WebAddress& address) {
  return (address.is_plain ? "http://" : "https://") + address.url.authority() + address.url.target;
}

TEST(RegistryAddress, FollowsFromTheReference) {
  const std::pair<std::string, std::string> rows[] = {
      {"nginx", "https://registry-1.docker.io:443/v2/"},
      {"ghcr.io/team/app:1", "https://ghcr.io:443/v2/"},
      {"localhost:5000/app", "https://localhost:5000/v2/"},
      {"[fd00::7]:5000/app", "https://[fd00::7]:5000/v2/"},
  };
  for (const auto& [text, address] : rows) EXPECT_EQ(shown(web(text)), address) << text;
  EXPECT_EQ(shown(web("registry.local/app", true)), "http://registry.local:80/v2/");
  EXPECT_EQ(shown(web("registry.local:443/app", true)), "http://registry.local:443/v2/");
}

TEST(RegistryAddress, AManifestIsAskedForByDigestWhereThereIsOne) {
  const auto digest = base::Digest::of("x");
  EXPECT_EQ(manifest_target(image("nginx:1.2")), "/v2/library/nginx/manifests/1.2");
  EXPECT_EQ(manifest_target(image("a.io/b:1@sha256:" + digest.hex())),
            "/v2/b/manifests/sha256:" + digest.hex());
  EXPECT_EQ(blob_target(image("a.io/b/c"), digest), "/v2/b/c/blobs/sha256:" + digest.hex());
}

TEST(Redirect, LeadsWhereItSays) {
  const WebAddress from = web("a.io/app");
  EXPECT_EQ(shown(redirect_address(from, "https://cdn.io/x?sig=1%2F").value()),
            "https://cdn.io:443/x?sig=1%2F");
  EXPECT_EQ(shown(redirect_address(from, "/v2/other").value()), "https://a.io:443/v2/other");
  EXPECT_EQ(shown(redirect_address(from, "//cdn.io:8443/x").value()), "https://cdn.io:8443/x");
  EXPECT_FALSE(redirect_address(from, "https://cdn.io/x").value().is_same_server(from));
  EXPECT_TRUE(redirect_address(from, "https://A.io/x").value().is_same_server(from));
  EXPECT_FALSE(redirect_address(from, "https://a.io:444/x").value().is_same_server(from));
}

TEST(Redirect, FromTlsToPlainHttpIsRefused) {
  EXPECT_EQ(redirect_address(web("a.io/app"), "http://a.io/x").error().code(), Code::kPermission);
  EXPECT_TRUE(redirect_address(web("a.io/app", true), "http://b.io/x"));
  for (const char* bad : {"", "ftp://x", "x", "https://", "https://a b/"})
    EXPECT_FALSE(redirect_address(web("a.io/app"), bad)) << bad;
}

TEST(Challenge, IsReadWithItsParameters) {
  const auto bearer = parse_challenge(
      R"(Bearer realm="https://auth.docker.io/token",service="registry.docker.io",scope="repository:library/nginx:pull")");
  ASSERT_TRUE(bearer);
  EXPECT_EQ(*bearer, (AuthChallenge{true, "https://auth.docker.io/token", "registry.docker.io",
                                    "repository:library/nginx:pull"}));
  const auto odd = parse_challenge(R"(bearer  Realm = "https://a/\"q\"" , service=plain,error="x")");
  ASSERT_TRUE(odd);
  EXPECT_EQ(odd->realm, "https://a/\"q\"");
  EXPECT_EQ(odd->service, "plain");
  EXPECT_FALSE(parse_challenge("Basic realm=\"x\"")->is_bearer);
  EXPECT_EQ(parse_challenge("Negotiate").error().code(), Code::kUnsupported);
  EXPECT_EQ(parse_challenge("").error().code(), Code::kUnsupported);
  EXPECT_EQ(parse_challenge("Bearer service=\"x\"").error().code(), Code::kCorrupt);
}

TEST(Token, IsAskedForThisImageOnly) {
  const auto asked = token_address({true, "https://auth.io/token", "my registry", ""}, image("a.io/team/app"),
                                   web("a.io/x"));
  ASSERT_TRUE(asked);
  EXPECT_EQ(shown(*asked), "https://auth.io:443/token?service=my%20registry&scope=repository:team/app:pull");
  const auto more =
      token_address({true, "https://auth.io/t?a=b", "", "s&x"}, image("a.io/team/app"), web("a.io/x"));
  EXPECT_EQ(shown(*more), "https://auth.io:443/t?a=b&scope=s%26x");
  EXPECT_EQ(token_address({true, "http://auth.io/t", "", ""}, image("a.io/b"), web("a.io/x")).error().code(),
            Code::kPermission);
  EXPECT_TRUE(token_address({true, "http://auth.io/t", "", ""}, image("a.io/b"), web("a.io/x", true)));
}

TEST(Token, HasTwoNames) {
  EXPECT_EQ(parse_token(R"({"token":"a","expires_in":300})").value(), "a");
  EXPECT_EQ(parse_token(R"({"access_token":"b"})").value(), "b");
  for (const char* bad : {"", "{}", "[]", R"({"token":1})", R"({"token":""})"})
    EXPECT_FALSE(parse_token(bad)) << bad;
}

TEST(ContentRange, MustBeWhatWasAsked) {
  EXPECT_TRUE(check_content_range("bytes 90-99/100", 90, 100));
  EXPECT_TRUE(check_content_range("bytes 90-99/*", 90, 100));
  for (const char* bad : {"", "bytes 0-99/100", "bytes 90-98/100", "bytes 90-99/101", "items 90-99/100"})
    EXPECT_EQ(check_content_range(bad, 90, 100).error().code(), Code::kCorrupt) << bad;
}

struct Refusal {
  int status;
  Code code;
};
TEST(Refusal, SaysWhatToDoAndWhatTheRegistrySays) {
  const Refusal rows[] = {{401, Code::kPermission},  {403, Code::kPermission},  {404, Code::kNotFound},
                          {410, Code::kNotFound},    {429, Code::kUnavailable}, {500, Code::kUnavailable},
                          {503, Code::kUnavailable}, {418, Code::kCorrupt}};
  for (const Refusal& row : rows)
    EXPECT_EQ(registry_refusal(row.status, "", "x").code(), row.code) << row.status;
  EXPECT_EQ(
      registry_refusal(404, R"({"errors":[{"code":"MANIFEST_UNKNOWN","message":"no\u0007ne"}]})",
                       "the manifest of a")
          .message(),
      "the manifest of a: the registry has none of that name, HTTP status 404 (MANIFEST_UNKNOWN, no\ane)");
  EXPECT_EQ(registry_refusal(500, "<html>", "x").message(), "x: the registry is in trouble, HTTP status 500");
}

TEST(RetryAfter, IsInSecondsAndBounded) {
  EXPECT_EQ(retry_after("30"), 30s);
  EXPECT_EQ(retry_after("999999"), 1h);
  EXPECT_EQ(retry_after("Wed, 21 Oct 2026 07:28:00 GMT"), std::nullopt);
  EXPECT_EQ(retry_after(""), std::nullopt);
}

}  // namespace
}  // namespace holdfast::edge_agent
