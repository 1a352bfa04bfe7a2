// SPDX-License-Identifier: Apache-2.0
// holdfast seal: what goes in is a Secret, what comes out is safe to commit.
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "base/fake_random.hpp"
#include "base/json.hpp"
#include "base/sealing.hpp"
#include "hub/cli/fake_person.hpp"
#include "sync/model/secret.hpp"

namespace holdfast::cli {
namespace {

using base::Json;

constexpr const char* kSecret =
    "apiVersion: v1\nkind: Secret\nmetadata: {name: db}\nstringData: {password: hunter2}\n";

base::SealingKey hub_key() {
  base::FakeRandom random(1);
  return base::SealingKey::generate(random);
}

std::string opened(const Json& object) {
  const auto sealed =
      base::from_base64(object.at("spec").at("encryptedData").at("password").get<std::string>());
  const auto value = hub_key().open(sync::bound_to("default", "db", "password"), *sealed);
  return value ? std::string(value->view()) : value.error().message();
}

TEST(Seal, AsksTheHubForItsKey) {
  FakePerson person;
  person.hub.answer(
      "GET /apis/holdfast.dev/v1/sealingkey",
      Json{{"id", hub_key().public_key().id().hex()}, {"publicKey", hub_key().public_key().hex()}}.dump());
  EXPECT_EQ(person.types({"seal", "-f", person.writes("s.yaml", kSecret), "-o", "json"}), ExitCode::kDone)
      << person.err();
  EXPECT_EQ(person.out().find("hunter2"), std::string::npos);
  const auto object = Json::parse(person.out());
  EXPECT_EQ(object.at("kind"), "SealedSecret");
  EXPECT_EQ(object.at("spec").at("key"), hub_key().public_key().id().hex());
  EXPECT_EQ(opened(object), "hunter2");
}

TEST(Seal, NeedsNoHubWhereTheKeyIsGiven) {
  FakePerson person;
  const auto file = person.writes("sealing.pub", hub_key().public_key().hex() + "\n");
  for (const auto& key : {file, hub_key().public_key().hex()}) {
    EXPECT_EQ(person.types({"seal", "-f", person.writes("s.yaml", kSecret), "--key", key, "-o", "json"}),
              ExitCode::kDone)
        << person.err();
    EXPECT_EQ(opened(Json::parse(person.out())), "hunter2");
  }
  EXPECT_TRUE(person.asked().empty());
}

TEST(Seal, SeveralDocumentsBecomeSeveral) {
  FakePerson person;
  const auto file = person.writes("s.yaml", std::string(kSecret) + "---\n" + kSecret);
  EXPECT_EQ(person.types({"seal", "-f", file, "--key", hub_key().public_key().hex()}), ExitCode::kDone);
  const auto out = person.out();
  EXPECT_TRUE(out.starts_with("---\n"));
  EXPECT_NE(out.find("kind: SealedSecret"), out.rfind("kind: SealedSecret"));
}

TEST(Seal, WhatIsNoSecretIsNamedWithFileAndLineAndWithoutAValue) {
  FakePerson person;
  const auto key = hub_key().public_key().hex();
  const auto file =
      person.writes("s.yaml", "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\ndata: {k: hunter2}\n");
  EXPECT_EQ(person.types({"seal", "-f", file, "--key", key}), ExitCode::kFailed);
  EXPECT_NE(person.err().find(file + ":1: not a Secret"), std::string::npos) << person.err();
  EXPECT_EQ(person.types({"seal", "-f", person.writes("b.yaml", "password: [hunter2"), "--key", key}),
            ExitCode::kFailed);
  EXPECT_EQ(person.err().find("hunter2"), std::string::npos) << person.err();
}

TEST(Seal, AKeyThatIsNoneIsNamed) {
  FakePerson person;
  const auto file = person.writes("s.yaml", kSecret);
  EXPECT_EQ(person.types({"seal", "-f", file, "--key", person.writes("bad.pub", "x\n")}), ExitCode::kFailed);
  EXPECT_NE(person.err().find("64 hex digits"), std::string::npos) << person.err();
  EXPECT_EQ(person.types({"seal"}), ExitCode::kUsedWrongly);
}

}  // namespace
}  // namespace holdfast::cli
