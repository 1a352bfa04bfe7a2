// SPDX-License-Identifier: Apache-2.0
// docs/kustomize.md has a row for each field, which says what becomes of it; and each row is true.
#include "gitops/kustomize/kustomization.hpp"

#include <gtest/gtest.h>

#include <fstream>
#include <nlohmann/json.hpp>
#include <set>

#include "sync/model/text.hpp"

namespace holdfast::gitops {
namespace {

/// Fields whose row says `what`.
std::set<std::string> rows(const std::string& what) {
  std::set<std::string> out;
  std::ifstream page("docs/kustomize.md");
  for (std::string line; std::getline(page, line);) {
    const auto cells = sync::split(line, '|');
    if (!line.starts_with("| `") || cells.size() < 4 || cells[2] != " " + what + " ") continue;
    out.emplace(cells[1].substr(2, cells[1].size() - 4));
  }
  return out;
}

TEST(KustomizationFields, AreThoseOfThePage) {
  const auto supported = supported_kustomization_fields();
  const auto refused = refused_kustomization_fields();
  EXPECT_EQ(rows("honoured"), std::set<std::string>(supported.begin(), supported.end()));
  EXPECT_EQ(rows("refused"), std::set<std::string>(refused.begin(), refused.end()));
}

TEST(KustomizationFields, AreKnownAsThePageSays) {
  for (const auto& field : rows("honoured")) {
    EXPECT_TRUE(read_kustomization(base::Json{{field, nullptr}})) << field;
    // Of a type that no field has.
    const auto wrong = read_kustomization(base::Json{{field, 1.5}});
    EXPECT_EQ(wrong.has_value(), field == "metadata" || field == "sortOptions") << field;
    const std::string message = wrong ? "" : wrong.error().message();
    EXPECT_EQ(message.find("unknown"), std::string::npos) << message;
  }
  for (const auto& field : rows("refused")) {
    const auto read = read_kustomization(base::Json{{field, {"x"}}});
    ASSERT_FALSE(read) << field;
    EXPECT_TRUE(read.error().message().starts_with(field + ": is not supported in a kustomization; "))
        << read.error().message();
    EXPECT_TRUE(read_kustomization(base::Json{{field, base::Json::array()}}))
        << field << ": empty says nothing";
  }
}

}  // namespace
}  // namespace holdfast::gitops
