// SPDX-License-Identifier: Apache-2.0
#include "hub/cli/fake_person.hpp"

#include <cstdlib>
#include <filesystem>

#include "base/file_io.hpp"

namespace holdfast::cli {

FakePerson::FakePerson() {
  const char* root = std::getenv("TMPDIR");
  folder_ = std::string(root == nullptr ? "/tmp" : root) + "/holdfast-cli-XXXXXX";
  if (mkdtemp(folder_.data()) == nullptr) std::abort();
  console.variables["HOLDFAST_CONFIG"] = writes("client.yaml", hub.client_file());
  console.variables["TMPDIR"] = folder_;
}

FakePerson::~FakePerson() {
  std::error_code ignored;
  std::filesystem::remove_all(folder_, ignored);
}

std::string FakePerson::writes(const std::string& name, const std::string& content) {
  const auto path = folder_ + "/" + name;
  std::error_code ignored;
  std::filesystem::create_directories(std::filesystem::path(path).parent_path(), ignored);
  if (!base::write_file(path, content, 0600)) std::abort();
  return path;
}

std::vector<std::string> FakePerson::asked() const {
  std::vector<std::string> out;
  for (const auto& request : hub.requests()) out.push_back(request.method + " " + request.target);
  return out;
}

}  // namespace holdfast::cli
