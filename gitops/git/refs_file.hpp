// SPDX-License-Identifier: Apache-2.0
// RefsFile: all refs of a mirror as one value, in Git's packed-refs form, so that a fetch that moves a
// thousand refs is one rename. The form: gitformat "packed-refs" without its optional header.
// Threads: plain values; pure functions.
#pragma once

#include <map>
#include <string>
#include <string_view>

#include "base/result.hpp"
#include "sync/model/ids.hpp"

namespace holdfast::gitops {

struct MirrorRefs {
  std::map<std::string, sync::Revision> branches;  ///< "main"
  std::map<std::string, sync::Revision> tags;      ///< "v1"; may be a tag object's id
  std::map<std::string, sync::Revision> pins;      ///< beneath refs/holdfast/
  bool operator==(const MirrorRefs&) const = default;
};

std::string encode_refs(const MirrorRefs& refs);
/// Refs elsewhere are passed over; a line that is none is an error. Bounded by limits::kGitRefsMax.
base::Result<MirrorRefs> decode_refs(std::string_view text);

/// "ref: refs/heads/main\n" ↔ "main"; an empty name where HEAD is no branch.
std::string encode_head(std::string_view branch);
std::string decode_head(std::string_view text);

/// What a name of a pin may be: as limits::check_id, and a good part of a ref.
bool is_ref_part(std::string_view name);

}  // namespace holdfast::gitops
