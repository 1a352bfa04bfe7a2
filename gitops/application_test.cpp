// SPDX-License-Identifier: Apache-2.0
// Application specs: what is read, what stands where nothing is said, and what is refused.
#include "gitops/application.hpp"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "base/limits/model.hpp"
#include "gitops/document.hpp"

namespace holdfast::gitops {
namespace {

using namespace std::chrono_literals;

base::Result<ApplicationSpec> parse(const std::string& spec) {
  const auto documents =
      read_yaml("apiVersion: holdfast.dev/v1\nkind: Application\nmetadata: {name: cameras}\n" + spec);
  if (documents.problem) return base::fail(base::Code::kInvalid, documents.problem->message);
  return parse_application_spec(base::parse_json(documents.list.at(0).json).value());
}

constexpr const char* kWhole = R"(
spec:
  project: vision
  source: {repoURL: https://git.example.com/fleet.git, targetRevision: main, path: apps//cameras/}
  placement: {selector: {matchLabels: {role: camera}}}
  syncPolicy:
    automated: {prune: true, selfHeal: true, allowEmpty: true, maxPrune: 20%}
    retry: {limit: 3, backoff: {duration: 2s, factor: 4, maxDuration: 1m}}
    progressDeadlineSeconds: 30
    syncOptions: [ApplyOutOfSyncOnly=true]
)";

TEST(ApplicationSpec, IsReadWhole) {
  const auto spec = parse(kWhole);
  ASSERT_TRUE(spec) << spec.error().message();
  EXPECT_EQ(spec->project, "vision");
  EXPECT_EQ(spec->source, (ApplicationSource{"https://git.example.com/fleet.git", "main", "apps/cameras"}));
  EXPECT_TRUE(spec->placed);
  EXPECT_EQ(spec->placement.match_labels.at("role"), "camera");
  EXPECT_TRUE(spec->automated);
  EXPECT_TRUE(spec->allow_empty);
  EXPECT_TRUE(spec->policy.prune);
  EXPECT_TRUE(spec->policy.self_heal);
  EXPECT_EQ(spec->policy.prune_limit.text(), "20%");
  EXPECT_EQ(spec->policy.retry, (sync::RetryPolicy{3, 2s, 4, 1min}));
  EXPECT_EQ(spec->policy.progress_deadline, 30s);
}

TEST(ApplicationSpec, WhereNothingIsSaidNothingHappensByItself) {
  const auto spec = parse("spec: {source: {repoURL: 'file:///srv/fleet'}}\n");
  ASSERT_TRUE(spec) << spec.error().message();
  ApplicationSpec expected;
  expected.source.repo_url = "file:///srv/fleet";
  EXPECT_EQ(*spec, expected);
  EXPECT_FALSE(spec->placed);
  EXPECT_FALSE(spec->automated);
  EXPECT_FALSE(spec->policy.prune);
  EXPECT_EQ(spec->source.target_revision, "HEAD");
  EXPECT_EQ(spec->source.path, ".");
}

struct Row {
  const char* name;
  const char* spec;
  const char* expected;
};

TEST(ApplicationSpec, TakesArgosSpellings) {
  const std::string source = "spec:\n  source: {repoURL: 'git@h:a.git', path: '.'}\n  syncPolicy: ";
  EXPECT_TRUE(parse(source + "{automated: {}}\n").value().automated);
  EXPECT_EQ(parse(source + "{automated: {maxPrune: 20}}\n").value().policy.prune_limit.text(), "20");
  EXPECT_EQ(parse(source + "{retry: {limit: -1}}\n").value().policy.retry.limit,
            base::limits::kRetryLimitMax);
  EXPECT_EQ(parse("spec: {sources: [{repoURL: 'git@h:a.git', path: x}]}\n").value().source.path, "x");
  EXPECT_TRUE(parse("spec: {source: {repoURL: 'git@h:a.git'}, rollout: {}}\n"));
}

class ApplicationSpecIsRefused : public testing::TestWithParam<Row> {};

TEST_P(ApplicationSpecIsRefused, NamingTheField) {
  const auto spec = parse(GetParam().spec);
  ASSERT_FALSE(spec);
  EXPECT_TRUE(spec.error().message().starts_with(GetParam().expected)) << spec.error().message();
}

INSTANTIATE_TEST_SUITE_P(
    Table, ApplicationSpecIsRefused,
    testing::Values(
        Row{"NoSpec", "x: 1", "spec: this field is required and missing"},
        Row{"NoSource", "spec: {}", "spec.source: this field is required and missing"},
        Row{"NoUrl", "spec: {source: {path: a}}", "spec.source.repoURL: this field is required and missing"},
        Row{"BothSources", "spec: {source: {repoURL: 'git@h:a'}, sources: []}",
            "spec.source: only one of source and sources may be given"},
        Row{"TwoSources", "spec: {sources: [{repoURL: 'git@h:a'}, {repoURL: 'git@h:b'}]}",
            "spec.sources: this release takes one source; give each path an Application of its own"},
        Row{"CredentialsInUrl", "spec: {source: {repoURL: 'https://me:secret@h/a'}}",
            "spec.source.repoURL: the repository URL holds credentials, which would show in logs"},
        Row{"PathOutside", "spec: {source: {repoURL: 'git@h:a', path: ../other}}",
            "spec.source.path: \"../other\" holds \"..\""},
        Row{"RevisionRange", "spec: {source: {repoURL: 'git@h:a', targetRevision: 'a..b'}}",
            "spec.source.targetRevision: \"a..b\" must be a branch, a tag, a commit id or HEAD"},
        Row{"RevisionOption", "spec: {source: {repoURL: 'git@h:a', targetRevision: '--upload-pack=x'}}",
            "spec.source.targetRevision: "},
        Row{"Helm", "spec: {source: {repoURL: 'git@h:a', helm: {}}}",
            "spec.source.helm: is not supported by this release; name a path of plain manifests"},
        Row{"UnknownField", "spec: {source: {repoURL: 'git@h:a'}, syncPolice: {}}",
            "spec: unknown field \"syncPolice\"; did you mean \"syncPolicy\"?"},
        Row{"EmptyPlacement", "spec: {source: {repoURL: 'git@h:a'}, placement: {}}",
            "spec.placement.selector: this field is required and missing"},
        Row{"BadPruneLimit",
            "spec: {source: {repoURL: 'git@h:a'}, syncPolicy: {automated: {maxPrune: 120%}}}",
            "spec.syncPolicy.automated.maxPrune: "},
        Row{"NegativePruneLimit",
            "spec: {source: {repoURL: 'git@h:a'}, syncPolicy: {automated: {maxPrune: -1}}}",
            "spec.syncPolicy.automated.maxPrune: must be a percentage such as \"50%\", or a count such as "
            "20"},
        Row{"PruneNoBoolean", "spec: {source: {repoURL: 'git@h:a'}, syncPolicy: {automated: {prune: 'yes'}}}",
            "spec.syncPolicy.automated.prune: must be true or false, not a string"},
        Row{"BadDuration",
            "spec: {source: {repoURL: 'git@h:a'}, syncPolicy: {retry: {backoff: {duration: 5}}}}",
            "spec.syncPolicy.retry.backoff.duration: "},
        Row{"LongDuration",
            "spec: {source: {repoURL: 'git@h:a'}, syncPolicy: {retry: {backoff: {maxDuration: 25h}}}}",
            "spec.syncPolicy.retry.backoff.maxDuration: \"25h\" is more than 24h"},
        Row{"UnknownSyncOption",
            "spec: {source: {repoURL: 'git@h:a'}, syncPolicy: {syncOptions: [Replace=true]}}",
            "spec.syncPolicy.syncOptions[0]: \"Replace=true\" is not supported; there is "
            "ApplyOutOfSyncOnly=true"},
        Row{"Rollout", "spec: {source: {repoURL: 'git@h:a'}, rollout: {steps: []}}",
            "spec.rollout: is not supported by this release; remove it"},
        Row{"BadProject", "spec: {project: 'A B', source: {repoURL: 'git@h:a'}}", "spec.project"}),
    [](const auto& row) { return row.param.name; });

}  // namespace
}  // namespace holdfast::gitops
