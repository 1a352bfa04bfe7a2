// SPDX-License-Identifier: Apache-2.0
// Cases: kustomizations in testdata/, and what kustomize makes of them. expected.yaml says on its first line which version made it, or that it was written by hand and why.
// Where a kubectl with a kustomize of version 5 is on the machine, each is built by it again and compared.
#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <cstdio>
#include <filesystem>
#include <iostream>
#include <memory>
#include <nlohmann/json.hpp>

#include "base/file_io.hpp"
#include "gitops/kustomize/build.hpp"
#include "gitops/kustomize/disk_reader_test.hpp"

namespace holdfast::gitops {
namespace {

namespace fs = std::filesystem;

/// One text a resource, sorted: their order is nobody's business.
std::string canonical(std::vector<std::string> documents) {
  std::sort(documents.begin(), documents.end());
  std::string out;
  for (const auto& document : documents) out += base::Json::parse(document).dump(1) + "\n";
  return out;
}

std::string canonical_yaml(const std::string& text) {
  const auto read = read_yaml(text);
  EXPECT_FALSE(read.problem) << read.problem->line << ": " << read.problem->message << "\n" << text;
  std::vector<std::string> documents;
  for (const auto& document : read.list) {
    base::Json value = base::Json::parse(document.json);
    for (const char* member : {"data", "binaryData"}) {
      const bool is_base64 = member == std::string("binaryData") || value["kind"] == "Secret";
      if (!is_base64 || !value.contains(member)) continue;
      for (auto& lines : value[member]) std::erase(lines.get_ref<std::string&>(), '\n');  // of base64
    }
    documents.push_back(value.dump());
  }
  return canonical(std::move(documents));
}

std::string built(const std::string& root) {
  const std::string folder = fs::exists(root + "/overlay") ? "overlay" : "";
  const auto build = build_kustomization(disk_reader(root), folder);
  std::string problems;
  for (const auto& finding : build.findings) problems += finding.text() + "\n";
  if (has_errors(build.findings)) return problems;
  std::vector<std::string> documents;
  for (const auto& document : build.list) documents.push_back(document.document.json);
  return canonical(std::move(documents));
}

std::string output_of(const std::string& command) {
  const std::unique_ptr<std::FILE, int (*)(std::FILE*)> pipe(popen(command.c_str(), "r"), pclose);
  std::string out;
  std::array<char, 4096> buffer{};
  while (pipe != nullptr) {
    const auto bytes = std::fread(buffer.data(), 1, buffer.size(), pipe.get());
    if (bytes == 0) break;
    out.append(buffer.data(), bytes);
  }
  return out;
}

std::vector<std::string> cases() {
  std::vector<std::string> out;
  for (const auto& entry : fs::directory_iterator("gitops/kustomize/testdata"))
    out.push_back(entry.path().filename().string());
  std::sort(out.begin(), out.end());
  return out;
}

class KustomizeCase : public testing::TestWithParam<std::string> {
 protected:
  std::string folder_ = "gitops/kustomize/testdata/" + GetParam();
  std::string expected_ = base::read_file(folder_ + "/expected.yaml", 1U << 20U).value_or("");
};

TEST_P(KustomizeCase, IsWhatKustomizeMakesOfIt) {
  const bool says_who_made_it =
      expected_.starts_with("# kustomize v5.") || expected_.starts_with("# by hand: ");
  EXPECT_TRUE(says_who_made_it) << folder_;
  EXPECT_EQ(built(folder_ + "/in"), canonical_yaml(expected_));
}

TEST_P(KustomizeCase, IsWhatKubectlMakesOfItHere) {
  static const bool has_kubectl =
      output_of("kubectl version --client 2>/dev/null").find("Kustomize Version: v5.") != std::string::npos;
  if (!has_kubectl || expected_.starts_with("# by hand: ")) {
    std::cout << (has_kubectl ? "written by hand, not compared: "
                              : "no kubectl with kustomize 5 here; not compared: ")
              << GetParam() << "\n";
    return;
  }
  const std::string root = fs::exists(folder_ + "/in/overlay") ? folder_ + "/in/overlay" : folder_ + "/in";
  EXPECT_EQ(built(folder_ + "/in"), canonical_yaml(output_of("kubectl kustomize " + root + " 2>/dev/null")));
}

INSTANTIATE_TEST_SUITE_P(All, KustomizeCase, testing::ValuesIn(cases()),
                         [](const auto& row) { return row.param; });

}  // namespace
}  // namespace holdfast::gitops
