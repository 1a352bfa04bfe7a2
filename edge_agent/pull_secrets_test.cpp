// SPDX-License-Identifier: Apache-2.0
// What a pod's imagePullSecrets give for the registry of an image, and what is said where they give nothing.
#include "edge_agent/pull_secrets.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "base/fake_random.hpp"
#include "base/json.hpp"

namespace holdfast::edge_agent {
namespace {

using base::Code;
using nlohmann::json;

constexpr const char* kType = "kubernetes.io/dockerconfigjson";

class PullSecretsTest : public testing::Test {
 protected:
  PullSecretsTest() {
    base::FakeRandom random{7};
    keys_.add(base::SealingKey::generate(random), {});
    secrets_.set_keys(keys_);
  }
  void add(const std::string& name, const std::string& config, const std::string& type = kType,
           const std::string& key = ".dockerconfigjson") {
    const auto& to = keys_.newest().key;
    const std::string sealed = base::seal(to.public_key(), sync::bound_to("default", name, key), config);
    const json object = {
        {"apiVersion", "v1"},
        {"kind", "Secret"},
        {"metadata", {{"name", name}, {"namespace", "default"}}},
        {"type", type},
        {"data", sync::sealed_data(base::Digest::of(config), to.public_key().id(), {{key, sealed}})}};
    const auto resource = sync::parse_resource(object);
    ASSERT_TRUE(resource) << resource.error().message();
    section_.resources.push_back(*resource);
    std::ranges::sort(section_.resources, {}, &sync::Resource::key);
  }
  base::Result<PullSecrets> found(const std::vector<std::string>& names,
                                  const std::string& image = "r.io/app") {
    References references(section_);
    return pull_secrets_of("default", names, sync::ImageRef::parse(image).value(), references, secrets_);
  }

  base::SealingKeys keys_;
  SecretOpener secrets_;
  sync::Section section_;
};

TEST_F(PullSecretsTest, TheFirstThatNamesTheRegistryCounts) {
  add("a", R"({"auths":{"other.io":{"username":"a","password":"1"}}})");
  add("b", R"({"auths":{"r.io":{"username":"b","password":"2"}}})");
  add("c", R"({"auths":{"r.io":{"username":"c","password":"3"}}})");
  const auto secrets = found({"a", "b", "c"});
  ASSERT_TRUE(secrets) << secrets.error().message();
  EXPECT_EQ(secrets->credentials, (PullCredentials{"b", "2"}));
  EXPECT_FALSE(secrets->unreadable);
  EXPECT_TRUE(found({"a"})->credentials.empty());
  EXPECT_TRUE(found({})->credentials.empty());
}

TEST_F(PullSecretsTest, OneThatIsNotThereOrOfAnotherKindIsNamed) {
  add("opaque", "{}", "Opaque");
  add("nonsense", "hunter2");
  const std::pair<std::string, std::string> rows[] = {
      {"missing",
       "imagePullSecrets: Secret/missing is not in this application; put it there, or take it out of the "
       "pod"},
      {"opaque",
       "imagePullSecrets: Secret/opaque is of type Opaque; it must be kubernetes.io/dockerconfigjson"},
      {"nonsense", "imagePullSecrets: Secret/nonsense: .dockerconfigjson is not a JSON object"},
  };
  for (const auto& [name, message] : rows) {
    const auto secrets = found({name});
    ASSERT_FALSE(secrets) << name;
    EXPECT_EQ(secrets.error().code(), Code::kInvalid) << name;
    EXPECT_EQ(secrets.error().message(), message);
  }
}

TEST_F(PullSecretsTest, OneThatCannotBeOpenedIsNoFaultOfTheRevision) {
  add("a", R"({"auths":{"r.io":{"username":"a","password":"1"}}})");
  secrets_.set_keys({});
  const auto secrets = found({"a"});
  ASSERT_TRUE(secrets) << secrets.error().message();
  EXPECT_TRUE(secrets->unreadable);
  EXPECT_TRUE(secrets->credentials.empty());
}

}  // namespace
}  // namespace holdfast::edge_agent
