// SPDX-License-Identifier: Apache-2.0
#include "base/systemd/fake_unit_text.hpp"

namespace holdfast::base {

bool has_line(std::string_view text, std::string_view line) {
  const std::string all = "\n" + std::string(text) + "\n";
  return all.find("\n" + std::string(line) + "\n") != std::string::npos;
}

std::vector<std::string> values_of(std::string_view text, std::string_view name) {
  std::vector<std::string> out;
  const std::string all = "\n" + std::string(text) + "\n";
  const std::string start = "\n" + std::string(name);
  for (auto at = all.find(start); at != std::string::npos; at = all.find(start, at + 1))
    out.push_back(all.substr(at + start.size(), all.find('\n', at + 1) - at - start.size()));
  return out;
}

}  // namespace holdfast::base
