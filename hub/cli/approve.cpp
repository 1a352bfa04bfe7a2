// SPDX-License-Identifier: Apache-2.0
// holdfast approve
#include <nlohmann/json.hpp>

#include "hub/cli/commands.hpp"
#include "hub/cli/object_fields.hpp"
#include "hub/cli/object_types.hpp"

namespace holdfast::cli {

using base::Json;
using base::Result;

namespace {

/// Annotation by which a person lets a restored hub go on; docs/operations.md.
constexpr const char* kApprovedGeneration = "holdfast.dev/approved-generation";

struct ApproveOptions {
  std::string node;
};

Result<ApproveOptions> read_approve(const Arguments& arguments) {
  return ApproveOptions{arguments.one("NODE")};
}

Result<ExitCode> approve(Invocation& invocation, const ApproveOptions& options) {
  HF_TRY(auto* hub, invocation.hub());
  const auto path = ApiPath(kNodes).part(options.node);
  HF_TRY(const auto node, hub->get(path));
  const auto spec = node.value("spec", Json::object());
  const bool was_clone = spec.contains("clone");
  // Of a hub that was restored: it goes on above what this node holds.
  const auto proven = text_at(node, "status/generation/proven");
  if (!proven.empty()) {
    HF_CHECK(hub->merge_patch(path, {{"metadata", {{"annotations", {{kApprovedGeneration, proven}}}}}}));
    invocation.out() << "node " << options.node << " is sent what this hub has, above generation " << proven
                     << "\n";
    return ExitCode::kDone;
  }
  if (!was_clone && !spec.value("pending", false)) {
    invocation.out() << "node " << options.node << " waits for nothing\n";
    return ExitCode::kDone;
  }
  Json patch{{"spec", {{"pending", nullptr}, {"clone", nullptr}}}};
  // Which of the two machines is the right one nobody knows; the one that connects now is.
  if (was_clone) patch["spec"]["fingerprint"] = "";
  HF_TRY(const auto answer, hub->merge_patch(path, patch));
  invocation.out() << "node " << options.node
                   << (was_clone ? " is let in again; the machine that connects first is the node\n"
                                 : " approved\n");
  return ExitCode::kDone;
}

}  // namespace

ExitCode run_approve(Invocation& invocation, const Arguments& arguments) {
  return carry_out<read_approve, approve>(invocation, arguments);
}

}  // namespace holdfast::cli
