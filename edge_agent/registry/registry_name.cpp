// SPDX-License-Identifier: Apache-2.0
#include "edge_agent/registry/registry_name.hpp"

#include <algorithm>

namespace holdfast::edge_agent {

std::string lower_ascii(std::string_view text) {
  std::string out(text);
  std::ranges::transform(out, out.begin(),
                         [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; });
  return out;
}

std::string_view registry_host(std::string_view registry) {
  return registry == kDockerHub ? kDockerHubApi : registry;
}

std::string registry_of_key(std::string_view key) {
  if (key == kDockerHubKey) return std::string(kDockerHub);
  for (const std::string_view scheme : {"https://", "http://"}) {
    if (key.starts_with(scheme)) key.remove_prefix(scheme.size());
  }
  std::string out = lower_ascii(key.substr(0, std::min(key.find('/'), key.size())));
  if (out == "index.docker.io" || out == kDockerHubApi) out = kDockerHub;
  return out;
}

}  // namespace holdfast::edge_agent
