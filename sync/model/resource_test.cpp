// SPDX-License-Identifier: Apache-2.0
// What a manifest may say, the one form that it becomes, and how a wrong one is refused.
#include "sync/model/resource.hpp"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "base/limits/model.hpp"

namespace holdfast::sync {
namespace {

using base::Code;
namespace limits = base::limits;

constexpr std::string_view kMotd = R"({
  "apiVersion": "holdfast.dev/v1", "kind": "File",
  "metadata": {"name": "motd"},
  "spec": {"path": "/etc/motd", "content": "hello\n"}
})";

/// kMotd with other metadata.
std::string with_metadata(std::string_view metadata) {
  return R"({"apiVersion": "holdfast.dev/v1", "kind": "File", "metadata": )" + std::string(metadata) +
         R"(, "spec": {"path": "/etc/motd", "content": ""}})";
}

Resource parsed(std::string_view json) {
  auto resource = parse_resource(json);
  EXPECT_TRUE(resource) << resource.error().message();
  return resource ? *resource : Resource{};
}

std::string error_of(std::string_view json) {
  const auto resource = parse_resource(json);
  return resource ? "no error" : resource.error().message();
}

/// REQUIRES: it is refused.
Code code_of(std::string_view json) { return parse_resource(json).error().code(); }

TEST(Resource, BecomesCanonicalJsonWithItsNamespaceWritten) {
  const Resource resource = parsed(kMotd);
  EXPECT_EQ(
      resource.body,
      R"({"apiVersion":"holdfast.dev/v1","kind":"File","metadata":{"name":"motd","namespace":"default"},)"
      R"("spec":{"content":"hello\n","path":"/etc/motd"}})");
  EXPECT_EQ(resource.digest, base::Digest::of(resource.body));
  EXPECT_EQ(resource.key, (ResourceKey{"holdfast.dev", "File", "default", "motd"}));
}

TEST(Resource, OfEqualMeaningHasEqualBytes) {
  const std::string bytes = parsed(with_metadata(R"({"name": "motd"})")).body;
  for (const char* metadata : {
           R"({"namespace": "default", "name": "motd"})",
           R"({"name": "motd", "labels": {}, "annotations": {}})",
           R"({"name": "motd", "labels": null, "creationTimestamp": null})",
       }) {
    EXPECT_EQ(parsed(with_metadata(metadata)).body, bytes) << metadata;
  }
}

TEST(Resource, NullIsAsIfItWereNotThere) {
  EXPECT_EQ(
      parsed(
          R"({"apiVersion": "holdfast.dev/v1", "kind": "File", "metadata": {"name": "motd"}, "status": null,
                       "spec": {"path": "/etc/motd", "content": "hello\n", "owner": null}})")
          .body,
      parsed(kMotd).body);
}

TEST(Resource, ReadsItsOwnBodyBackAsItself) {
  const Resource resource = parsed(with_metadata(
      R"({"name": "motd", "labels": {"a": "b"}, "annotations": {"argocd.argoproj.io/sync-wave": "-3"}})"));
  EXPECT_EQ(parsed(resource.body), resource);
}

TEST(Resource, AnnotationsForOrderAndPruneAreRead) {
  const Resource resource = parsed(with_metadata(R"({"name": "motd", "annotations": {
    "argocd.argoproj.io/sync-wave": "-3", "holdfast.dev/prune": "disabled", "holdfast.dev/template": "disabled",
    "holdfast.dev/depends-on": "File/a, Process/cams/b"}})"));
  EXPECT_EQ(resource.wave, -3);
  EXPECT_TRUE(resource.prune_disabled);
  EXPECT_EQ(resource.depends_on, (std::vector<std::string>{"File/a", "Process/cams/b"}));
}

TEST(Resource, ArgoCdsPruneFalseIsHeard) {
  const auto with = [](const std::string& options) {
    return parsed(with_metadata(R"({"name": "motd", "annotations": {"argocd.argoproj.io/sync-options": ")" +
                                options + R"("}})"))
        .prune_disabled;
  };
  EXPECT_TRUE(with("Prune=false"));
  EXPECT_TRUE(with("Validate=false, Prune=false"));
  EXPECT_FALSE(with("Prune=true"));
  EXPECT_FALSE(with("NoPrune=false"));
}

TEST(Resource, WithoutAnnotationsIsInWaveZeroAndPruned) {
  const Resource resource = parsed(kMotd);
  EXPECT_EQ(resource.wave, 0);
  EXPECT_FALSE(resource.prune_disabled);
  EXPECT_TRUE(resource.depends_on.empty());
}

TEST(Resource, GivesItsLabelsAndAnnotations) {
  const Resource resource = parsed(
      with_metadata(R"({"name": "motd", "labels": {"app": "x"}, "annotations": {"note": "hi there"}})"));
  EXPECT_EQ(labels_of(resource), (std::map<std::string, std::string>{{"app", "x"}}));
  EXPECT_EQ(annotations_of(resource), (std::map<std::string, std::string>{{"note", "hi there"}}));
}

struct BadManifest {
  const char* name;
  std::string json;
  const char* message;
};
class ResourceRefuses : public testing::TestWithParam<BadManifest> {};

TEST_P(ResourceRefuses, AndNamesTheField) { EXPECT_EQ(error_of(GetParam().json), GetParam().message); }

INSTANTIATE_TEST_SUITE_P(
    Table, ResourceRefuses,
    testing::Values(
        BadManifest{"NotAnObject", "[]", "a manifest must be an object with apiVersion and kind"},
        BadManifest{"NoApiVersion", R"({"kind": "File"})", "apiVersion: this field is required and missing"},
        BadManifest{"NoKind", R"({"apiVersion": "v1"})", "kind: this field is required and missing"},
        BadManifest{"KindIsNoString", R"({"apiVersion": "v1", "kind": 1})", "kind: must be a string"},
        BadManifest{"UnknownKind", R"({"apiVersion": "apps/v1", "kind": "StatefulSet"})",
                    "kind: \"StatefulSet\" of apiVersion \"apps/v1\" is not known here; known are "
                    "ConfigMap (v1), Secret (v1), File (holdfast.dev/v1), Process (holdfast.dev/v1), "
                    "Pod (v1), Unit (holdfast.dev/v1), Deployment (apps/v1), DaemonSet (apps/v1), Job "
                    "(batch/v1), CronJob (batch/v1)"},
        BadManifest{"KindOfAnotherGroup", R"({"apiVersion": "v1", "kind": "File"})",
                    "kind: \"File\" of apiVersion \"v1\" is not known here; known are "
                    "ConfigMap (v1), Secret (v1), File (holdfast.dev/v1), Process (holdfast.dev/v1), "
                    "Pod (v1), Unit (holdfast.dev/v1), Deployment (apps/v1), DaemonSet (apps/v1), Job "
                    "(batch/v1), CronJob (batch/v1)"},
        BadManifest{"OtherVersion", R"({"apiVersion": "holdfast.dev/v2", "kind": "File"})",
                    "apiVersion: \"holdfast.dev/v2\" is not known for kind File; write holdfast.dev/v1"},
        BadManifest{"NoMetadata", R"({"apiVersion": "v1", "kind": "ConfigMap"})",
                    "metadata: this field is required and missing"},
        BadManifest{"NoName", with_metadata("{}"), "metadata.name: this field is required and missing"},
        BadManifest{"BadNamespace", with_metadata(R"({"name": "a", "namespace": "A"})"),
                    "metadata.namespace: \"A\" is not a namespace: lower-case letters, digits and '-', "
                    "starting and ending with a letter or digit"},
        BadManifest{"MisspeltLabels", with_metadata(R"({"name": "a", "lables": {}})"),
                    "metadata: unknown field \"lables\"; did you mean \"labels\"?"},
        BadManifest{"LabelIsNoString", with_metadata(R"({"name": "a", "labels": {"a": true}})"),
                    "metadata.labels.a: must be a string, not a boolean; put it in quotes"},
        BadManifest{"ServerSetUid", with_metadata(R"({"name": "a", "uid": "x"})"),
                    "metadata.uid: is set by a server and has no place in a manifest; remove it"},
        BadManifest{"ResourceVersion", with_metadata(R"({"name": "a", "resourceVersion": "1"})"),
                    "metadata.resourceVersion: is set by a server and has no place in a manifest; remove it"},
        BadManifest{"ManagedFields", with_metadata(R"({"name": "a", "managedFields": []})"),
                    "metadata.managedFields: is set by a server and has no place in a manifest; remove it"},
        BadManifest{
            "CreationTime", with_metadata(R"({"name": "a", "creationTimestamp": "2026-01-01T00:00:00Z"})"),
            "metadata.creationTimestamp: is set by a server and has no place in a manifest; remove it"},
        BadManifest{"GenerateName", with_metadata(R"({"generateName": "a-"})"),
                    "metadata.generateName: is not supported: what Git says must have one name; write "
                    "metadata.name"},
        BadManifest{
            "Status",
            R"({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "a"}, "status": {"a": 1}})",
            "status: is written by Holdfast and has no place in a manifest; remove it"},
        BadManifest{
            "WaveIsNoNumber",
            with_metadata(R"({"name": "a", "annotations": {"argocd.argoproj.io/sync-wave": "1.5"}})"),
            "metadata.annotations[\"argocd.argoproj.io/sync-wave\"]: \"1.5\" must be a whole number in "
            "quotes, such as \"-1\""},
        BadManifest{"WaveIsNoString",
                    with_metadata(R"({"name": "a", "annotations": {"argocd.argoproj.io/sync-wave": 1}})"),
                    "metadata.annotations[\"argocd.argoproj.io/sync-wave\"]: must be a string, not a number; "
                    "put it in quotes"},
        BadManifest{
            "PruneIsNoSwitch", with_metadata(R"({"name": "a", "annotations": {"holdfast.dev/prune": "no"}})"),
            "metadata.annotations[\"holdfast.dev/prune\"]: \"no\" must be \"disabled\" or \"enabled\""},
        BadManifest{"DependsOnName",
                    with_metadata(R"({"name": "a", "annotations": {"holdfast.dev/depends-on": "b"}})"),
                    "metadata.annotations[\"holdfast.dev/depends-on\"]: \"b\" must be Kind/name or "
                    "Kind/namespace/name"},
        BadManifest{"DependsOnNothing",
                    with_metadata(R"({"name": "a", "annotations": {"holdfast.dev/depends-on": "File/b,"}})"),
                    "metadata.annotations[\"holdfast.dev/depends-on\"]: \"\" must be Kind/name or "
                    "Kind/namespace/name"},
        BadManifest{"DependsOnItself",
                    with_metadata(R"({"name": "a", "annotations": {"holdfast.dev/depends-on": "file/a"}})"),
                    "metadata.annotations[\"holdfast.dev/depends-on\"]: \"file/a\" is this resource itself"},
        BadManifest{"UnknownTopField",
                    R"({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "a"}, "dta": {}})",
                    "unknown field \"dta\"; did you mean \"data\"?"}),
    [](const auto& row) { return row.param.name; });

TEST(Resource, UnknownKindIsUnsupportedNotInvalid) {
  EXPECT_EQ(code_of(R"({"apiVersion": "apps/v1", "kind": "StatefulSet"})"), Code::kUnsupported);
  EXPECT_EQ(code_of(R"({"apiVersion": "holdfast.dev/v9", "kind": "File"})"), Code::kUnsupported);
}

TEST(Resource, DependenciesAreBoundedInNumber) {
  const auto with_dependencies = [](std::size_t count) {
    std::string list = "File/b";
    for (std::size_t i = 1; i < count; ++i) list += ",File/b";
    return with_metadata(R"({"name": "a", "annotations": {"holdfast.dev/depends-on": ")" + list + "\"}}");
  };
  EXPECT_EQ(parsed(with_dependencies(limits::kDependsOnMax)).depends_on.size(), limits::kDependsOnMax);
  EXPECT_EQ(code_of(with_dependencies(limits::kDependsOnMax + 1)), Code::kLimit);
}

TEST(Resource, ThatFitsNoSectionIsRefused) {
  const std::string megabyte(1U << 20U, 'a');
  const auto with_entries = [&](int count) {
    base::Json object{{"apiVersion", "v1"}, {"kind", "ConfigMap"}, {"metadata", {{"name", "a"}}}};
    for (int i = 0; i < count; ++i) object["data"]["k" + std::to_string(i)] = megabyte;
    return parse_resource(object);
  };
  EXPECT_TRUE(with_entries(7));
  EXPECT_EQ(with_entries(8).error().code(), Code::kLimit);
}

TEST(ResourceKey, HasATextForRecordsAndABriefForPeople) {
  const ResourceKey motd{"holdfast.dev", "File", "default", "motd"};
  EXPECT_EQ(motd.text(), "holdfast.dev/File/default/motd");
  EXPECT_EQ(motd.brief(), "File/motd");
  const ResourceKey map{"", "ConfigMap", "cams", "a"};
  EXPECT_EQ(map.text(), "/ConfigMap/cams/a");
  EXPECT_EQ(map.brief(), "ConfigMap/cams/a");
  EXPECT_EQ(ResourceKey::parse(motd.text()), motd);
  EXPECT_EQ(ResourceKey::parse(map.text()), map);
}

TEST(ResourceKey, IsRefusedUnlessItHasFourParts) {
  for (const char* text : {"", "File/motd", "a/b/c/d/e", "/File/default/", "//default/motd",
                           "holdfast.dev/File//motd", "holdfast.dev/Fi le/default/motd"}) {
    EXPECT_FALSE(ResourceKey::parse(text)) << text;
  }
}

TEST(ResourceKey, IsMeantByWhatAPersonTypes) {
  const ResourceKey motd{"holdfast.dev", "File", "default", "motd"};
  for (const char* brief : {"File/motd", "file/motd", "FILE/default/motd"}) {
    EXPECT_TRUE(motd.matches_brief(brief)) << brief;
  }
  for (const char* brief :
       {"motd", "File/Motd", "File/other", "File/cams/motd", "", "File/", "a/File/default/motd"}) {
    EXPECT_FALSE(motd.matches_brief(brief)) << brief;
  }
  const ResourceKey other{"holdfast.dev", "File", "cams", "motd"};
  EXPECT_FALSE(other.matches_brief("File/motd")) << "no namespace means default";
  EXPECT_TRUE(other.matches_brief("File/cams/motd"));
}

}  // namespace
}  // namespace holdfast::sync
