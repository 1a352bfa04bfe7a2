// SPDX-License-Identifier: Apache-2.0
// Secrets in Git: sealed ones become the Secret of a node, plain ones are refused with the way out.
#include "gitops/sealed_secret.hpp"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "base/fake_random.hpp"
#include "base/limits/secrets.hpp"
#include "gitops/render.hpp"
#include "sync/model/secret.hpp"

namespace holdfast::gitops {
namespace {

using base::Json;
using Texts = std::vector<std::string>;

base::SealingKey hub_key() {
  base::FakeRandom random(1);
  return base::SealingKey::generate(random);
}

Json plain(const std::string& value = "hunter2") {
  return {{"apiVersion", "v1"},
          {"kind", "Secret"},
          {"metadata", {{"name", "db"}, {"labels", {{"app", "shop"}}}}},
          {"type", "Opaque"},
          {"stringData", {{"password", value}}}};
}

Json sealed(const Json& secret = plain()) {
  return sealed_secret(*parse_plain_secret(secret), hub_key().public_key());
}

std::string file_from(const std::string& key) {
  return R"({"apiVersion":"holdfast.dev/v1","kind":"File","metadata":{"name":"f"},"spec":{"path":"/f",)"
         R"("contentFrom":{"secretKeyRef":{"name":"db","key":")" +
         key + "\"}}}}\n";
}

Rendering rendered(const Texts& documents) {
  std::vector<TreeFile> files;
  for (const auto& document : documents) {
    files.emplace_back();
    files.back().path = "f" + std::to_string(files.size()) + ".json";
    files.back().content = document;
  }
  return render(parse_manifests(files, "app"), {}, "https://h/fleet.git",
                sync::Revision(std::string(40, 'a')));
}

Texts findings(const Texts& documents) {
  Texts out;
  for (const auto& finding : rendered(documents).findings) out.push_back(finding.text());
  return out;
}

TEST(SealedSecret, HoldsNoValueInClearAndOpensWithTheHubsKey) {
  const auto object = sealed();
  EXPECT_EQ(object.dump().find("hunter2"), std::string::npos);
  const auto read = parse_sealed_secret(object);
  ASSERT_TRUE(read) << read.error().message();
  EXPECT_EQ(read->key, hub_key().public_key().id());
  EXPECT_EQ(hub_key().open(sync::bound_to("default", "db", "password"), read->data.at("password"))->view(),
            "hunter2");
}

TEST(SealedSecret, DataIsDecodedAndStringDataWins) {
  auto secret = plain();
  secret["data"] = {{"password", "b2xk"}, {"user", "YWRh"}};
  const auto read = parse_sealed_secret(sealed(secret));
  EXPECT_EQ(hub_key().open(sync::bound_to("default", "db", "user"), read->data.at("user"))->view(), "ada");
  EXPECT_EQ(hub_key().open(sync::bound_to("default", "db", "password"), read->data.at("password"))->view(),
            "hunter2");
}

TEST(SealedSecret, WhatKubectlRemembersDoesNotTravelAlong) {
  auto secret = plain();
  secret["metadata"]["annotations"] = {{"kubectl.kubernetes.io/last-applied-configuration", "hunter2"}};
  secret["metadata"]["resourceVersion"] = "7";
  const auto object = sealed(secret);
  EXPECT_EQ(object.dump().find("hunter2"), std::string::npos);
  EXPECT_FALSE(object.at("metadata").contains("resourceVersion"));
}

TEST(SealedSecret, ItsVersionIsOfNamespaceNameAndSpec) {
  const auto one = sealed();
  auto other = one;
  other["metadata"]["annotations"] = {{"argocd.argoproj.io/sync-wave", "1"}};
  EXPECT_EQ(parse_sealed_secret(one)->version, parse_sealed_secret(other)->version);
  other["metadata"]["name"] = "db2";
  EXPECT_NE(parse_sealed_secret(one)->version, parse_sealed_secret(other)->version);
  EXPECT_NE(parse_sealed_secret(one)->version, parse_sealed_secret(sealed())->version) << "sealed anew";
}

TEST(SealedSecret, IsRenderedAsARedactedSecret) {
  const auto out = rendered({sealed().dump(), file_from("password")});
  ASSERT_EQ(findings({sealed().dump(), file_from("password")}), Texts{});
  ASSERT_EQ(out.resources.size(), 2U);
  EXPECT_EQ(out.resources[0].key.brief(), "Secret/db");
  const auto object = base::parse_json(out.resources[0].body);
  EXPECT_EQ(object->at("data").at("sealed").at("data").at("password"), "++++++++");
  EXPECT_EQ(object->at("type"), "Opaque");
  EXPECT_EQ(object->at("metadata").at("labels").at("app"), "shop");
}

TEST(SealedSecret, AReferenceToAKeyThatItDoesNotHaveIsNamed) {
  EXPECT_EQ(
      findings({sealed().dump(), file_from("passwd")}),
      Texts{
          "app/f2.json:1: File/f: spec.contentFrom.secretKeyRef.key: Secret/db has no key \"passwd\"; there "
          "are password"});
  EXPECT_EQ(findings({file_from("password")}),
            Texts{"app/f1.json:1: File/f: spec.contentFrom.secretKeyRef.name: the application has no Secret "
                  "\"db\" in "
                  "namespace default; there are none"});
}

TEST(SealedSecret, LabelsOfAnotherShapeAreAnErrorLikeAnyOther) {
  for (const Json& labels : {Json("x"), Json(7), Json::array()}) {
    auto object = sealed();
    object["metadata"]["labels"] = labels;
    const auto found = findings({object.dump()});
    ASSERT_EQ(found.size(), 1U) << labels;
    EXPECT_NE(found[0].find("metadata.labels"), std::string::npos) << found[0];
  }
}

TEST(PlainSecret, WhatKubectlRemembersDoesNotTravelAlongWhereItIsAllowed) {
  auto secret = plain();
  secret["metadata"]["annotations"] = {{"kubectl.kubernetes.io/last-applied-configuration", "hunter2"}};
  const auto manifests = parse_manifests({{"f.json", secret.dump()}}, "app", PlainSecrets::kAllow);
  ASSERT_FALSE(has_errors(manifests.findings));
  EXPECT_EQ(manifests.list.at(0).parsed->resource.body.find("hunter2"), std::string::npos);
}

TEST(PlainSecret, OfAnotherShapeIsNone) {
  auto secret = plain();
  secret["apiVersion"] = 1;
  EXPECT_EQ(parse_plain_secret(secret).error().code(), base::Code::kInvalid);
  EXPECT_EQ(parse_plain_secret(Json::array()).error().code(), base::Code::kInvalid);
}

TEST(PlainSecret, InGitIsRefusedWithTheWayOutAndWithoutItsValue) {
  const auto found = findings({plain().dump()});
  ASSERT_EQ(found.size(), 1U);
  EXPECT_TRUE(found[0].starts_with("app/f1.json:1: Secret/db: kind: a plain Secret")) << found[0];
  EXPECT_NE(found[0].find("holdfast seal -f"), std::string::npos);
  EXPECT_EQ(found[0].find("hunter2"), std::string::npos);
}

TEST(PlainSecret, ThatIsAllowedIsRenderedRedacted) {
  const auto manifests = parse_manifests({{"f.json", plain().dump()}}, "app", PlainSecrets::kAllow);
  ASSERT_TRUE(manifests.findings.empty());
  const auto out = render(manifests, {}, "https://h/fleet.git", sync::Revision(std::string(40, 'a')));
  ASSERT_EQ(out.resources.size(), 1U);
  EXPECT_EQ(out.resources[0].body.find("hunter2"), std::string::npos);
  EXPECT_NE(out.resources[0].body.find(R"("password":"++++++++")"), std::string::npos);
}

TEST(PlainSecret, ThatHoldsBracesIsNoTemplate) {
  EXPECT_TRUE(findings({plain("{{ .node.nonsense }}").dump()})[0].find("a plain Secret") !=
              std::string::npos);
}

TEST(PlainSecret, AnErrorDoesNotRepeatAValue) {
  auto secret = plain();
  secret["data"] = {{"token", "hunter2!"}};
  EXPECT_EQ(parse_plain_secret(secret).error().message(),
            "data[\"token\"]: is not base64; plain text goes into stringData");
}

TEST(PlainSecret, ValuesAreBounded) {
  const auto with = [](std::size_t bytes) { return parse_plain_secret(plain(std::string(bytes, 'x'))); };
  EXPECT_TRUE(with(base::limits::kSecretValueBytesMax));
  EXPECT_EQ(with(base::limits::kSecretValueBytesMax + 1).error().code(), base::Code::kLimit);
  const auto many = [](std::size_t count) {
    auto secret = plain();
    for (std::size_t i = 1; i < count; ++i) secret["stringData"]["k" + std::to_string(i)] = "x";
    return parse_plain_secret(secret);
  };
  EXPECT_TRUE(many(base::limits::kSecretKeysMax));
  EXPECT_EQ(many(base::limits::kSecretKeysMax + 1).error().code(), base::Code::kLimit);
  auto all = plain();
  for (int i = 0; i < 5; ++i)
    all["stringData"]["k" + std::to_string(i)] = std::string(base::limits::kSecretValueBytesMax, 'x');
  EXPECT_EQ(parse_plain_secret(all).error().code(), base::Code::kLimit);
}

struct Bad {
  const char* name;
  Json patch;
  const char* message;
};
class SealedSecretRefuses : public testing::TestWithParam<Bad> {};

TEST_P(SealedSecretRefuses, AndNamesTheField) {
  auto object = sealed();
  object.merge_patch(GetParam().patch);
  const auto read = parse_sealed_secret(object);
  ASSERT_FALSE(read);
  EXPECT_EQ(read.error().message().substr(0, std::string_view(GetParam().message).size()),
            GetParam().message);
}

INSTANTIATE_TEST_SUITE_P(
    Table, SealedSecretRefuses,
    testing::Values(
        Bad{"UnknownField", Json{{"spec", {{"encrypteddata", Json::object()}}}}, "spec: unknown field"},
        Bad{"NoKey", Json{{"spec", {{"key", nullptr}}}}, "spec.key: this field is required"},
        Bad{"KeyOfNobody", Json{{"spec", {{"key", "0000000000000000"}}}},
            "spec.key: no sealing key has this id"},
        Bad{"BadKey", Json{{"spec", {{"key", "zz"}}}}, "spec.key: "},
        Bad{"NotBase64", Json{{"spec", {{"encryptedData", {{"password", "%"}}}}}},
            "spec.encryptedData[\"password\"]: "},
        Bad{"TooShort", Json{{"spec", {{"encryptedData", {{"password", "AAAA"}}}}}},
            "spec.encryptedData[\"password\"]: too short to be a sealed value"},
        Bad{"Empty", Json{{"spec", {{"encryptedData", {{"password", nullptr}}}}}},
            "spec.encryptedData: holds nothing"},
        Bad{"TemplateField", Json{{"spec", {{"template", {{"metadata", Json::object()}}}}}},
            "spec.template: unknown field"},
        Bad{"BadLabel", Json{{"spec", {{"template", {{"labels", {{"a b", "c"}}}}}}}}, "spec.template.labels"},
        Bad{"NoName", Json{{"metadata", {{"name", nullptr}}}}, "metadata.name: this field is required"}),
    [](const auto& row) { return row.param.name; });

}  // namespace
}  // namespace holdfast::gitops
