// SPDX-License-Identifier: Apache-2.0
#include "edge_agent/gpu_request.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "edge_agent/fake_boards.hpp"

namespace holdfast::edge_agent {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Pair;

const std::string kYaml = "---\ncdiVersion: 0.5.0\ndevices:\n- name: \"0\"\nkind: nvidia.com/gpu\n";

BoardFiles with_gpus(int count) {
  auto files = x86_gateway();
  for (int i = 0; i < count; ++i) {
    const auto device = "/sys/bus/pci/devices/0000:0" + std::to_string(i + 1) + ":00.";
    files.emplace_back(device + "0/vendor", "0x10de\n");
    files.emplace_back(device + "0/class", "0x030000\n");
    files.emplace_back(device + "1/vendor", "0x10de\n");
    files.emplace_back(device + "1/class", "0x040300\n");  // its sound
  }
  return files;
}

struct Given {
  explicit Given(const BoardFiles& files) : board(testing::TempDir(), files) {}
  base::Status request(std::uint32_t count) { return request_gpus(MachineTree(board.root()), count, spec); }
  FakeBoard board;
  base::ContainerSpec spec;
};

TEST(GpuRequest, OnAMachineWithCardsIsADeviceRequestOfTheDriver) {
  Given given(with_gpus(2));
  ASSERT_TRUE(given.request(2));
  const base::DeviceRequest wanted{.driver = "nvidia", .count = 2, .ids = {}, .capabilities = {"gpu"}};
  EXPECT_THAT(given.spec.device_requests, ElementsAre(wanted));
  EXPECT_EQ(given.spec.runtime, "");
}

TEST(GpuRequest, OnAJetsonIsTheRuntimeThatGivesItsOneGpu) {
  for (const auto& files : {jetson_agx_orin(), jetson_agx_xavier(), jetson_nano()}) {
    Given given(files);
    ASSERT_TRUE(given.request(1));
    EXPECT_EQ(given.spec.runtime, "nvidia");
    EXPECT_THAT(given.spec.env, ElementsAre(Pair("NVIDIA_VISIBLE_DEVICES", "all"),
                                            Pair("NVIDIA_DRIVER_CAPABILITIES", "all")));
    EXPECT_THAT(given.spec.device_requests, IsEmpty());
  }
}

TEST(GpuRequest, LeavesWhatTheManifestSaysOfTheRuntimesVariables) {
  Given given(jetson_agx_orin());
  given.spec.env.emplace_back("NVIDIA_DRIVER_CAPABILITIES", "compute");
  ASSERT_TRUE(given.request(1));
  EXPECT_THAT(given.spec.env, ElementsAre(Pair("NVIDIA_DRIVER_CAPABILITIES", "compute"),
                                          Pair("NVIDIA_VISIBLE_DEVICES", "all")));
}

TEST(GpuRequest, IsByCdiWhereThereIsASpecification) {
  const std::string json =
      "{\n  \"cdiVersion\": \"0.5.0\",\n  \"kind\": \"nvidia.com/gpu\",\n  \"devices\": []\n}\n";
  for (const auto& [path, content] :
       BoardFiles{{"/etc/cdi/nvidia.yaml", kYaml}, {"/var/run/cdi/nvidia.json", json}}) {
    for (auto files : {with_gpus(2), jetson_agx_orin()}) {
      files.emplace_back(path, content);
      Given given(files);
      ASSERT_TRUE(given.request(1)) << path;
      const base::DeviceRequest wanted{
          .driver = "cdi", .count = 0, .ids = {"nvidia.com/gpu=0"}, .capabilities = {}};
      EXPECT_THAT(given.spec.device_requests, ElementsAre(wanted)) << path;
      EXPECT_EQ(given.spec.runtime, "") << path;
    }
  }
}

TEST(GpuRequest, ASpecificationWhoseKindStandsBehindFiveHundredKilobytesIsFound) {
  std::string content = "cdiVersion: 0.5.0\ncontainerEdits:\n";
  while (content.size() < 500'000) content += "  - hostPath: /usr/lib/aarch64-linux-gnu/tegra/libnvidia.so\n";
  auto files = jetson_agx_orin();
  files.emplace_back("/etc/cdi/nvidia.yaml", content + "kind: nvidia.com/gpu\n");
  Given given(files);
  ASSERT_TRUE(given.request(1));
  EXPECT_EQ(given.spec.device_requests.size(), 1U);
}

TEST(GpuRequest, SpecificationsOfOtherDevicesAreNotOfGpus) {
  auto files = with_gpus(1);
  files.emplace_back("/etc/cdi/vendor.yaml", "cdiVersion: 0.5.0\nkind: vendor.com/fpga\n# nvidia.com/gpu\n");
  files.emplace_back("/etc/cdi/nvidia.yaml.old", kYaml);
  Given given(files);
  ASSERT_TRUE(given.request(1));
  EXPECT_EQ(given.spec.device_requests.at(0).driver, "nvidia");
}

TEST(GpuRequest, OfNoneChangesNothing) {
  Given given(raspberry_pi_4());
  ASSERT_TRUE(given.request(0));
  EXPECT_EQ(given.spec, base::ContainerSpec{});
}

TEST(GpuRequest, WhereThereAreNoneOrTooFewSaysSo) {
  struct Row {
    const char* name;
    BoardFiles files;
    std::uint32_t count;
    const char* message;
  };
  for (const auto& row :
       {Row{"a Raspberry Pi has another maker's", raspberry_pi_4(), 1, "has no GPU of NVIDIA's"},
        Row{"a gateway has Intel's", x86_gateway(), 1, "has no GPU of NVIDIA's"},
        Row{"a Jetson has one", jetson_agx_orin(), 2, "2 are asked for, and this node has 1"},
        Row{"one card", with_gpus(1), 3, "3 are asked for, and this node has 1"}}) {
    Given given(row.files);
    const auto status = given.request(row.count);
    ASSERT_FALSE(status) << row.name;
    EXPECT_EQ(status.error().code(), base::Code::kUnsupported) << row.name;
    EXPECT_THAT(status.error().message(), HasSubstr(row.message)) << row.name;
    EXPECT_EQ(given.spec, base::ContainerSpec{}) << row.name;
  }
}

}  // namespace
}  // namespace holdfast::edge_agent
