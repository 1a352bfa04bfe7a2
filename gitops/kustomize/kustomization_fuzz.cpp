// SPDX-License-Identifier: Apache-2.0
// libFuzzer on a whole build: the input is several files, divided by lines "### path"; what stands before the first is the kustomization.
// Whatever the bytes: no crash, no build without end, findings that are short UTF-8, documents that are JSON with a line for each field, and the
// same again for the same files.
// Threads: one.
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <map>
#include <nlohmann/json.hpp>

#include "base/json.hpp"
#include "base/limits/documents.hpp"
#include "gitops/kustomize/build.hpp"
#include "gitops/render.hpp"
#include "sync/model/text.hpp"

namespace {

using namespace holdfast;  // NOLINT: a fuzz target of one file
using base::Json;

void require(bool holds) {
  if (!holds) std::abort();
}

std::map<std::string, std::string> files_of(std::string_view text) {
  constexpr std::string_view kMark = "### ";
  std::map<std::string, std::string> files;
  std::string path = "app/kustomization.yaml";
  for (const auto line : sync::split(text, '\n')) {
    if (line.starts_with(kMark)) {
      path = line.substr(kMark.size());
    } else {
      files[path].append(line).append("\n");
    }
  }
  return files;
}

std::size_t fields_in(const Json& value) {
  std::size_t count = 0;
  if (!value.is_structured()) return count;
  for (const auto& child : value) count += 1 + fields_in(child);
  return count;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const auto files = files_of({reinterpret_cast<const char*>(data), size});
  const gitops::ReadItem read = [&](const std::string& path) -> base::Result<gitops::TreeItem> {
    using Kind = gitops::TreeItem::Kind;
    if (const auto file = files.find(path); file != files.end())
      return gitops::TreeItem{Kind::kFile, file->second};
    const auto beneath = files.lower_bound(path + "/");
    const bool is_folder = path.empty() || (beneath != files.end() && beneath->first.starts_with(path + "/"));
    return gitops::TreeItem{is_folder ? Kind::kFolder : Kind::kNothing, ""};
  };
  auto build = gitops::build_kustomization(read, "app");
  require(build.findings.size() <= base::limits::kFindingsMax);
  for (const auto& finding : build.findings) {
    require(base::is_utf8(finding.text()));
    require(finding.text().find('\n') == std::string::npos);
  }
  require(build.list.empty() || !gitops::has_errors(build.findings));
  for (const auto& one : build.list) {
    const auto value = base::parse_json(one.document.json);
    if (!value) continue;  // what was put in may be over JSON's own limits; it is refused where it is read
    require(one.document.lines.empty() || one.document.lines.size() == fields_in(*value));
  }
  const auto again = gitops::build_kustomization(read, "app");
  require(std::equal(build.list.begin(), build.list.end(), again.list.begin(), again.list.end(),
                     [](const auto& a, const auto& b) { return a.document.json == b.document.json; }));
  (void)gitops::validate(gitops::parse_build(std::move(build)));
  return 0;
}
