// SPDX-License-Identifier: Apache-2.0
// Kind Unit: what is read, and what is refused with which words.
#include "sync/model/unit_spec.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "base/limits/model.hpp"

namespace holdfast::sync {
namespace {

using base::Code;
using base::Json;
using ::testing::HasSubstr;
namespace limits = base::limits;

base::Result<UnitSpec> with_json(Json spec) { return parse_unit_spec(Json{{"spec", std::move(spec)}}); }

base::Result<UnitSpec> parse(std::string_view spec) {
  const auto json = base::parse_json(spec);
  EXPECT_TRUE(json) << json.error().message();
  return with_json(*json);
}

std::string error_of(std::string_view spec) {
  const auto parsed = parse(spec);
  return parsed ? "it was taken" : parsed.error().message();
}

TEST(UnitSpec, ReadsAWholeUnit) {
  const auto spec = parse(R"({"name": "camera.service", "content": "[Service]\nExecStart=/bin/camera\n",
                              "enabled": true, "state": "running", "restartOn": ["ConfigMap/a", "File/front/b"]})");
  ASSERT_TRUE(spec) << spec.error().message();
  EXPECT_EQ(spec->name, "camera.service");
  EXPECT_EQ(spec->content, "[Service]\nExecStart=/bin/camera\n");
  EXPECT_EQ(spec->enabled, true);
  EXPECT_EQ(spec->run, UnitRun::kRunning);
  EXPECT_EQ(spec->restart_on, (std::vector<std::string>{"ConfigMap/a", "File/front/b"}));
  EXPECT_EQ(path_of_unit(*spec), "/etc/systemd/system/camera.service");
}

TEST(UnitSpec, ReadsADropIn) {
  const auto spec =
      parse(R"({"name": "docker.service", "dropIn": {"name": "10-proxy.conf", "content": "[Service]\n"}})");
  ASSERT_TRUE(spec) << spec.error().message();
  EXPECT_EQ(spec->drop_in, (UnitDropIn{"10-proxy.conf", "[Service]\n"}));
  EXPECT_FALSE(spec->content);
  EXPECT_FALSE(spec->enabled);
  EXPECT_FALSE(spec->run);
  EXPECT_EQ(path_of_unit(*spec), "/etc/systemd/system/docker.service.d/10-proxy.conf");
}

TEST(UnitSpec, KeepsAUnitOfTheDistributionWithoutAFile) {
  const auto spec = parse(R"({"name": "ssh.service", "enabled": false, "state": "stopped"})");
  ASSERT_TRUE(spec) << spec.error().message();
  EXPECT_EQ(spec->enabled, false);
  EXPECT_EQ(spec->run, UnitRun::kStopped);
  EXPECT_EQ(path_of_unit(*spec), "");
}

TEST(UnitSpec, NamesThatAreUnits) {
  for (const std::string name :
       {"a.service", "a.socket", "a.timer", "a.path", "srv-data.mount", "a.target", "a.swap", "a.slice",
        "a.automount", "getty@tty1.service", "dev-disk-by\\x2dlabel-a.swap", "A_b:c-1.service"}) {
    EXPECT_TRUE(check_unit_name(name)) << name;
  }
}

TEST(UnitSpec, NamesThatAreNone) {
  for (const std::string name :
       {"", "a", ".service", "a.servic", "a.device", "a.scope", "a/b.service", "../a.service", "..service",
        "a b.service", "@a.service", "ä.service", "a\n.service"}) {
    const auto checked = check_unit_name(name);
    ASSERT_FALSE(checked) << name;
    EXPECT_EQ(checked.error().code(), Code::kInvalid) << name;
    EXPECT_THAT(checked.error().message(), HasSubstr("is no name of a unit"));
  }
}

TEST(UnitSpec, ATemplateIsRefusedWithTheWayOut) {
  EXPECT_THAT(
      error_of(R"({"name": "a@.service", "state": "running"})"),
      HasSubstr("spec.name: \"a@.service\" is a template, which has no state of its own; name an instance"));
}

TEST(UnitSpec, TheAgentDoesNotKeepItself) {
  EXPECT_THAT(error_of(R"({"name": "holdfast-agent.service", "state": "stopped"})"),
              HasSubstr("the agent does not keep its own unit"));
}

TEST(UnitSpec, WhatIsRefusedNamesTheField) {
  const struct {
    const char* name;
    std::string spec;
    std::string message;
  } kRows[] = {
      {"no name", R"({"content": ""})", "spec.name"},
      {"nothing asked", R"({"name": "a.service"})",
       "spec: one of content, dropIn, enabled and state must be given"},
      {"both", R"({"name": "a.service", "content": "", "dropIn": {"name": "a.conf", "content": ""}})",
       "spec: only one of content and dropIn may be given"},
      {"ready for too long", R"({"name": "a.service", "state": "running", "minReadySeconds": 86401})",
       "spec.minReadySeconds: must be a whole number from 0 to 86400"},
      {"ready and not running", R"({"name": "a.service", "enabled": true, "minReadySeconds": 5})",
       "spec.minReadySeconds: is of a unit that is to run"},
      {"unknown field", R"({"name": "a.service", "enable": true})", "enable"},
      {"bad state", R"({"name": "a.service", "state": "started"})",
       "spec.state: must be one of running, stopped"},
      {"enabled is no flag", R"({"name": "a.service", "enabled": "yes"})", "spec.enabled"},
      {"drop-in with a folder", R"({"name": "a.service", "dropIn": {"name": "../a.conf", "content": ""}})",
       "spec.dropIn.name: \"../a.conf\" is no name of a drop-in"},
      {"drop-in that is none", R"({"name": "a.service", "dropIn": {"name": "a.txt", "content": ""}})",
       "ending in"},
      {"drop-in without content", R"({"name": "a.service", "dropIn": {"name": "a.conf"}})",
       "spec.dropIn.content"},
      {"restartOn another kind", R"({"name": "a.service", "state": "running", "restartOn": ["Process/a"]})",
       "spec.restartOn[0]: \"Process/a\" is no ConfigMap, Secret or File"},
      {"restartOn without a name", R"({"name": "a.service", "state": "running", "restartOn": ["File"]})",
       "spec.restartOn[0]"},
      {"a NUL", R"({"name": "a.service", "content": "a\u0000b"})", "spec.content"},
  };
  for (const auto& row : kRows) EXPECT_THAT(error_of(row.spec), HasSubstr(row.message)) << row.name;
}

TEST(UnitSpec, LimitsHoldAtTheEdge) {
  const auto with_content = [](std::size_t bytes) {
    return with_json(Json{{"name", "a.service"}, {"content", std::string(bytes, 'x')}});
  };
  EXPECT_TRUE(with_content(limits::kUnitContentBytesMax));
  EXPECT_EQ(with_content(limits::kUnitContentBytesMax + 1).error().code(), Code::kLimit);
  const auto with_name = [](std::size_t bytes) {
    return check_unit_name(std::string(bytes - std::string_view(".service").size(), 'x') + ".service");
  };
  EXPECT_TRUE(with_name(limits::kUnitNameLengthMax));
  EXPECT_EQ(with_name(limits::kUnitNameLengthMax + 1).error().code(), Code::kLimit);
  const auto with_keys = [](std::size_t count) {
    return with_json(Json{{"name", "a.service"},
                          {"state", "running"},
                          {"restartOn", std::vector<std::string>(count, "ConfigMap/a")}});
  };
  EXPECT_TRUE(with_keys(limits::kRestartOnMax));
  EXPECT_EQ(with_keys(limits::kRestartOnMax + 1).error().code(), Code::kLimit);
}

}  // namespace
}  // namespace holdfast::sync
