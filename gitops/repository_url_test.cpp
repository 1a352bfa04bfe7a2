// SPDX-License-Identifier: Apache-2.0
// Repository URLs: the forms there are, and the ones that would leak or escape.
#include "gitops/repository_url.hpp"

#include <gtest/gtest.h>

#include "base/limits/git.hpp"
#include "gitops/manifest_path.hpp"

namespace holdfast::gitops {
namespace {

using Kind = RepositoryUrl::Kind;

struct Good {
  const char* name;
  const char* url;
  RepositoryUrl expected;
};

class UrlIs : public testing::TestWithParam<Good> {};

TEST_P(UrlIs, TakenApart) {
  const auto url = parse_repository_url(GetParam().url);
  ASSERT_TRUE(url) << url.error().message();
  EXPECT_EQ(*url, GetParam().expected);
}

INSTANTIATE_TEST_SUITE_P(
    Table, UrlIs,
    testing::Values(
        Good{"Https",
             "https://git.example.com/fleet.git",
             {Kind::kHttps, "", "git.example.com", 0, "/fleet.git"}},
        Good{"HttpsPort", "https://h:8443/a", {Kind::kHttps, "", "h", 8443, "/a"}},
        Good{"HttpsV6", "https://[::1]:443/a", {Kind::kHttps, "", "[::1]", 443, "/a"}},
        Good{"HttpsV6NoPort", "https://[::1]/a", {Kind::kHttps, "", "[::1]", 0, "/a"}},
        Good{"Ssh", "ssh://git@h:2222/srv/a.git", {Kind::kSsh, "git", "h", 2222, "/srv/a.git"}},
        Good{"SshNoUser", "ssh://h/a", {Kind::kSsh, "", "h", 0, "/a"}},
        Good{
            "ScpLike", "git@github.com:org/fleet.git", {Kind::kSsh, "git", "github.com", 0, "org/fleet.git"}},
        Good{"ScpLikeHostThatIsCalledGit", "git@git:fleet", {Kind::kSsh, "git", "git", 0, "fleet"}},
        Good{"Git", "git://127.0.0.1:9418/fleet", {Kind::kGit, "", "127.0.0.1", 9418, "/fleet"}},
        Good{"File", "file:///srv/git/fleet.git", {Kind::kFile, "", "", 0, "/srv/git/fleet.git"}},
        Good{"FileLocalhost", "file://localhost/srv/a", {Kind::kFile, "", "", 0, "/srv/a"}},
        Good{"FileCoded", "file:///srv/a%20b", {Kind::kFile, "", "", 0, "/srv/a b"}}),
    [](const auto& row) { return row.param.name; });

struct Bad {
  const char* name;
  std::string url;
  const char* message;
};

class UrlIsRefused : public testing::TestWithParam<Bad> {};

TEST_P(UrlIsRefused, WithTheWayOut) {
  const auto url = parse_repository_url(GetParam().url);
  ASSERT_FALSE(url);
  EXPECT_TRUE(url.error().message().starts_with(GetParam().message)) << url.error().message();
  EXPECT_EQ(url.error().message().find("s3cret"), std::string::npos) << "a secret in a message";
}

INSTANTIATE_TEST_SUITE_P(
    Table, UrlIsRefused,
    testing::Values(
        Bad{"Empty", "", "the repository URL is empty"},
        Bad{"PlainHttp", "http://h/a", "http:// shows tokens"},
        Bad{"Token", "https://s3cret@h/a", "the repository URL holds credentials"},
        Bad{"UserAndPassword", "https://me:s3cret@h/a", "the repository URL holds credentials"},
        Bad{"SshPassword", "ssh://me:s3cret@h/a", "the repository URL holds credentials"},
        Bad{"GitUser", "git://s3cret@h/a", "the repository URL holds credentials"},
        Bad{"TokenInTheQuery", "https://h/a?access_token=s3cret", "the repository URL holds a \"?\""},
        Bad{"TokenInTheFragment", "https://h/a#s3cret", "the repository URL holds a \"?\" or \"#\""},
        Bad{"OneSlash", "https:/me:s3cret@h/a", "the repository URL holds an \"@\" after its \":\""},
        Bad{"NoSlash", "https:me:s3cret@h/a", "the repository URL holds an \"@\" after its \":\""},
        Bad{"NoScheme", "me:s3cret@h/a", "the repository URL holds an \"@\" after its \":\""},
        Bad{"NoSchemeScp", "me:s3cret@h:a", "the repository URL holds an \"@\" after its \":\""},
        Bad{"NoColon", "https//me:s3cret@h/a", "it is no repository URL; write https://HOST/PATH"},
        Bad{"SchemeAsHost", "https:/h/s3cret", "\"https\" is no host; the repository URL lacks the \"//\""},
        Bad{"SchemeAsHostInCapitals", "HTTP:h/s3cret",
            "\"HTTP\" is no host; the repository URL lacks the \"//\""},
        Bad{"GitAsHost", "git:h/s3cret", "\"git\" is no host; the repository URL lacks the \"//\""},
        Bad{"SecretAsPort", "https://me:s3cret/a",
            "the port of the repository URL is no number between 1 and 65535"},
        Bad{"SecretInAScheme", "me:s3cret@h/a?x=://", "the repository URL's scheme is not supported; write"},
        Bad{"OtherScheme", "ftp://h/a", "the scheme \"ftp\" is not supported; write https://HOST/PATH"},
        Bad{"ExternalHelper", "ext::sh -c x", "the repository URL holds a space"},
        Bad{"PlainPath", "/srv/git/fleet", "\"/srv/git/fleet\" is no repository URL; write"},
        Bad{"RelativePath", "fleet", "\"fleet\" is no repository URL"},
        Bad{"NoHost", "https:///a", "the repository URL has no proper host"},
        Bad{"HostIsAnOption", "ssh://-oProxyCommand=x/a", "the repository URL has no proper host"},
        Bad{"NoPath", "https://h", "the repository URL names no path"},
        Bad{"BadPort", "https://h:99999/a",
            "the port of the repository URL is no number between 1 and 65535"},
        Bad{"FileParent", "file:///srv/../etc", "a file:// URL must not hold \"..\""},
        Bad{"FileCodedParent", "file:///srv/%2e%2E/etc", "a file:// URL must not hold \"..\""},
        Bad{"FileHost", "file://h/srv", "a file:// URL names no host"},
        Bad{"FileRelative", "file://", "a file:// URL names an absolute path"},
        Bad{"NewLine", "https://h/a\nb", "the repository URL holds a space or a character that is no text"},
        Bad{"TooLong", "https://h/" + std::string(base::limits::kUrlLengthMax, 'a'),
            "the repository URL is longer than"}),
    [](const auto& row) { return row.param.name; });

TEST(TreePath, HasOneForm) {
  EXPECT_EQ(normal_tree_path(".").value(), "");
  EXPECT_EQ(normal_tree_path("").value(), "");
  EXPECT_EQ(normal_tree_path("./apps//web/").value(), "apps/web");
  EXPECT_EQ(normal_tree_path("/apps").value(), "apps");
  EXPECT_FALSE(normal_tree_path("apps/../../etc"));
  EXPECT_FALSE(normal_tree_path("a\nb"));
  EXPECT_FALSE(normal_tree_path("a\xff"));
}

TEST(ManifestName, EndsInYamlOrJson) {
  for (const char* name : {"a.yaml", "a.yml", "a.json"}) EXPECT_TRUE(is_manifest_name(name)) << name;
  for (const char* name : {"a.yaml.bak", "yaml", "README.md", ""})
    EXPECT_FALSE(is_manifest_name(name)) << name;
  EXPECT_TRUE(is_passed_over(".github"));
  EXPECT_FALSE(is_passed_over("github"));
}

}  // namespace
}  // namespace holdfast::gitops
