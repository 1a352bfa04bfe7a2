// SPDX-License-Identifier: Apache-2.0
// libFuzzer on kubectl's selector text and on repository URLs, both of which people type. Whatever the text:
// no crash, and errors that are short UTF-8. Threads: one.
#include <cstddef>
#include <cstdint>
#include <cstdlib>

#include "base/json.hpp"
#include "gitops/placement.hpp"
#include "gitops/repository_url.hpp"

namespace {

void check(const holdfast::base::Error& error) {
  if (!holdfast::base::is_utf8(error.message()) || error.message().size() > 1'024) std::abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace holdfast;  // NOLINT: a fuzz target of one file
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const auto selector = gitops::parse_selector_text(text);
  if (!selector) check(selector.error());
  // Labels that are not there decide the same with and without facts, unless facts are asked for.
  if (selector && !gitops::reads_facts(*selector) &&
      gitops::match(*selector, {}) != gitops::match_without_facts(*selector, {})) {
    std::abort();
  }
  const auto url = gitops::parse_repository_url(text);
  if (!url) check(url.error());
  if (url && url->kind == gitops::RepositoryUrl::Kind::kFile && url->path.find("/../") != std::string::npos)
    std::abort();
  return 0;
}
