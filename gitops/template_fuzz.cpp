// SPDX-License-Identifier: Apache-2.0
// libFuzzer on templates. Whatever the text: no crash, a short UTF-8 error, or a text in which every value
// appears as it is. Threads: one.
#include <cstddef>
#include <cstdint>
#include <cstdlib>

#include "base/json.hpp"
#include "gitops/render.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace holdfast;  // NOLINT: a fuzz target of one file
  const std::string text(reinterpret_cast<const char*>(data), size);
  const gitops::TemplateValues values{.node_name = "n1",
                                      .node_labels = {{"site", "{{ berlin }}"}},
                                      .app_name = "web",
                                      .app_revision = "3f2a91c"};
  const auto result = gitops::expand_template(text, values);
  if (!result && (!base::is_utf8(result.error().message()) || result.error().message().size() > 4'096))
    std::abort();
  if (!gitops::has_template(text) && (!result || *result != text)) std::abort();
  const auto parsed = gitops::Template::parse(text);
  if (!parsed) return 0;
  for (const auto& expression : parsed->expressions()) {
    const auto again = gitops::Template::parse("{{ " + expression.text() + " }}");
    const bool plain = expression.key.find_first_of("\"\\\n\t") == std::string::npos;
    if (plain && (!again || again->expressions().size() != 1)) std::abort();
  }
  return 0;
}
