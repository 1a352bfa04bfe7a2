// SPDX-License-Identifier: Apache-2.0
// Placement: which nodes an application goes to. A label from a fact (prefix facts.holdfast.dev/) that is
// missing is unknown, never false: the answer is then kUnknown, and whoever holds the application keeps it.
// Threads: pure functions.
#pragma once

#include <map>
#include <string>

#include "gitops/application.hpp"

namespace holdfast::gitops {

enum class Match { kYes, kNo, kUnknown };
inline constexpr std::string_view kFactLabelPrefix = "facts.holdfast.dev/";

Match match(const LabelSelector& selector, const std::map<std::string, std::string>& labels);
/// Whether the selector reads any label made from a fact: such a node is orphaned, not pruned, when it falls
/// out while its other labels still match.
bool reads_facts(const LabelSelector& selector);
/// `match` with every requirement on facts taken as fulfilled.
Match match_without_facts(const LabelSelector& selector, const std::map<std::string, std::string>& labels);

}  // namespace holdfast::gitops
