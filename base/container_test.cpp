// SPDX-License-Identifier: Apache-2.0
#include "base/container.hpp"

#include <gtest/gtest.h>

#include <functional>
#include <string>
#include <vector>

#include "base/limits/engine.hpp"
#include "base/limits/model.hpp"

namespace holdfast::base {
namespace {

ContainerSpec plain() {
  ContainerSpec spec;
  spec.name = ContainerName("hf.default.web.app");
  spec.image = "registry.example.com/web@sha256:0123";
  return spec;
}

TEST(Container, AnIdIsShownByItsFirstCharacters) {
  EXPECT_EQ(brief(ContainerId(std::string(64, 'a'))), "aaaaaaaaaaaa");
  EXPECT_EQ(brief(ContainerId("ab")), "ab");
}

TEST(Container, NamesAreThoseOfTheEngine) {
  for (const std::string& good : {std::string("a"), std::string("hf.default.web-1_x"), std::string(255, 'a')})
    EXPECT_TRUE(check_container_name(ContainerName(good))) << good;
  for (const std::string& bad : {std::string(), std::string("-a"), std::string("a/b"), std::string("a b"),
                                 std::string("ä"), std::string("a\0b", 3), std::string(256, 'a')})
    EXPECT_FALSE(check_container_name(ContainerName(bad))) << bad;
}

struct Bad {
  const char* says;
  Code code;
  std::function<void(ContainerSpec&)> spoil;
};

TEST(Container, ASpecThatNoEngineTakesNamesItsField) {
  const std::vector<Bad> rows = {
      {"image is empty", Code::kInvalid, [](auto& spec) { spec.image.clear(); }},
      {"command contains a NUL", Code::kInvalid,
       [](auto& spec) { spec.arguments = {std::string("a\0b", 3)}; }},
      {"command is not UTF-8", Code::kInvalid, [](auto& spec) { spec.entrypoint = {"\xff"}; }},
      {"command is too long", Code::kLimit,
       [](auto& spec) { spec.arguments = std::vector<std::string>(limits::kCommandArgumentsMax + 1, "x"); }},
      {"command is too long", Code::kLimit,
       [](auto& spec) { spec.arguments = {std::string(limits::kCommandBytesMax + 1, 'x')}; }},
      {"env has a name that is none", Code::kInvalid, [](auto& spec) { spec.env = {{"A=B", "c"}}; }},
      {"env has a name that is none", Code::kInvalid, [](auto& spec) { spec.env = {{"", "c"}}; }},
      {"env is too long", Code::kLimit,
       [](auto& spec) { spec.env = {{"A", std::string(limits::kCommandBytesMax, 'x')}}; }},
      {"labels are too long", Code::kLimit,
       [](auto& spec) { spec.labels = {{"a", std::string(limits::kContainerLabelBytesMax, 'x')}}; }},
      {"mount 'data' is not an absolute path", Code::kInvalid,
       [](auto& spec) { spec.binds = {{"data", "/data"}}; }},
      {"mount 'data' is not an absolute path", Code::kInvalid,
       [](auto& spec) { spec.memory_mounts = {{"data", {}}}; }},
      {"mounts are too many", Code::kLimit,
       [](auto& spec) {
         spec.binds = std::vector<BindMount>(limits::kContainerMountsMax + 1, {"/a", "/b"});
       }},
      {"device 'x' is not an absolute path", Code::kInvalid,
       [](auto& spec) { spec.devices = {{"/dev/x", "x"}}; }},
      {"network is to be shared", Code::kInvalid,
       [](auto& spec) { spec.network = ContainerNetwork::kShared; }},
      {"ports need a network of its own", Code::kInvalid,
       [](auto& spec) {
         spec.network = ContainerNetwork::kHost;
         spec.ports = {{80, 80, "", PortProtocol::kTcp}};
       }},
      {"ports name port 0", Code::kInvalid,
       [](auto& spec) { spec.ports = {{0, 80, "", PortProtocol::kTcp}}; }},
  };
  for (const Bad& row : rows) {
    ContainerSpec spec = plain();
    row.spoil(spec);
    const auto checked = check_container_spec(spec);
    ASSERT_FALSE(checked) << row.says;
    EXPECT_EQ(to_string(checked.error().code()), to_string(row.code)) << row.says;
    EXPECT_NE(checked.error().message().find("hf.default.web.app: " + std::string(row.says)),
              std::string::npos)
        << checked.error().message();
  }
}

TEST(Container, JustTheLimitPasses) {
  ContainerSpec spec = plain();
  spec.arguments = std::vector<std::string>(limits::kCommandArgumentsMax, "x");
  spec.labels = {{"a", std::string(limits::kContainerLabelBytesMax - 1, 'x')}};
  spec.binds = std::vector<BindMount>(limits::kContainerMountsMax, {"/a", "/b"});
  const auto checked = check_container_spec(spec);
  EXPECT_TRUE(checked) << checked.error().message();
}

}  // namespace
}  // namespace holdfast::base
