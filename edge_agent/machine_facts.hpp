// SPDX-License-Identifier: Apache-2.0
// What a node says of its machine, for templates ({{ .node.facts.arch }}) and labels (facts.holdfast.dev/arch).
// Threads: any.
#pragma once

#include <map>
#include <string>

namespace holdfast::edge_agent {

/// arch ("amd64", "arm64", "arm": Kubernetes' names), os, kernel, hostname.
std::map<std::string, std::string> machine_facts();
/// "aarch64" → "arm64"; what is unknown stays as the kernel says it.
std::string architecture_name(const std::string& machine);

}  // namespace holdfast::edge_agent
