// SPDX-License-Identifier: Apache-2.0
// What a person's revision ("main", "v1.2", "HEAD", "3f2a91c") means among a repository's refs, the errors
// about it, and how a commit's texts are shown. One place, because the real and the fake GitSource must answer
// alike.
// Threads: pure functions.
#pragma once

#include <cstddef>
#include <map>
#include <optional>
#include <string>
#include <string_view>

#include "base/result.hpp"
#include "sync/model/ids.hpp"

namespace holdfast::gitops {

inline constexpr std::size_t kObjectIdLength = 40;

bool is_object_id(std::string_view text);         ///< 40 lower-case hex digits
bool is_object_id_prefix(std::string_view text);  ///< 7 to 40 of them

struct RefNames {
  std::string head;  ///< the branch that HEAD is; may be empty
  const std::map<std::string, sync::Revision>& branches;
  const std::map<std::string, sync::Revision>& tags;
};

/// "HEAD", "refs/heads/x", "refs/tags/x", a branch, then a tag. None: it names no ref. An error where HEAD
/// names a branch that is not there.
base::Result<std::optional<sync::Revision>> resolve_ref(const RefNames& names, const std::string& revision);

/// The first line of a commit's message, or its author's name, for people.
std::string subject_of(std::string_view message);

// kNotFound, each with what there is instead.
base::Error no_such_revision(const RefNames& names, std::string_view revision);
base::Error ambiguous_commit(std::string_view prefix);
base::Error no_such_commit(const sync::Revision& commit);
base::Error no_such_path(std::string_view path);
base::Error not_a_folder(std::string_view path);
/// kUnavailable: the first fetch is still to come.
base::Error not_fetched(std::string_view url);

}  // namespace holdfast::gitops
