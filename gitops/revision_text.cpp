// SPDX-License-Identifier: Apache-2.0
#include "gitops/revision_text.hpp"

#include <algorithm>

#include "base/limits/git.hpp"
#include "gitops/finding.hpp"
#include "sync/model/text.hpp"

namespace holdfast::gitops {
namespace {

using base::Code;
using base::Error;
using base::fail;
using sync::in_quotes;
using sync::Revision;
using Refs = std::map<std::string, Revision>;

constexpr std::size_t kPrefixLengthMin = 7;  // what git prints for people
constexpr std::size_t kNameShownMax = 100;

bool is_hex(char c) { return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f'); }

std::optional<Revision> find(const Refs& refs, std::string_view name) {
  const auto found = refs.find(std::string(name));
  return found == refs.end() ? std::nullopt : std::optional(found->second);
}

std::string names_of(const Refs& refs) {
  std::string out;
  std::size_t shown = 0;
  for (const auto& [name, commit] : refs) {
    if (shown++ == base::limits::kBranchesShownMax)
      return out + ", … (" + std::to_string(refs.size()) + " in all)";
    out.append(out.empty() ? "" : ", ").append(one_line(name, kNameShownMax));
  }
  return out.empty() ? "none" : out;
}

}  // namespace

bool is_object_id(std::string_view text) {
  return text.size() == kObjectIdLength && std::all_of(text.begin(), text.end(), is_hex);
}

bool is_object_id_prefix(std::string_view text) {
  return text.size() >= kPrefixLengthMin && text.size() <= kObjectIdLength &&
         std::all_of(text.begin(), text.end(), is_hex);
}

base::Result<std::optional<Revision>> resolve_ref(const RefNames& names, const std::string& revision) {
  constexpr std::string_view kBranch = "refs/heads/";
  constexpr std::string_view kTag = "refs/tags/";
  const std::string_view text = revision;
  if (text == "HEAD") {
    if (auto head = find(names.branches, names.head)) return head;
    return fail(no_such_revision(names, revision));
  }
  if (text.starts_with(kBranch)) return find(names.branches, text.substr(kBranch.size()));
  if (text.starts_with(kTag)) return find(names.tags, text.substr(kTag.size()));
  if (auto branch = find(names.branches, text)) return branch;
  return find(names.tags, text);
}

Error no_such_revision(const RefNames& names, std::string_view revision) {
  std::string message = "there is no branch, tag or commit " + in_quotes(revision);
  if (revision == "HEAD") {
    message = names.head.empty() ? "HEAD: the repository is empty"
                                 : "HEAD: the branch " + in_quotes(names.head) + " is not there";
  }
  message += "; branches are " + names_of(names.branches);
  if (!names.tags.empty()) message += "; tags are " + names_of(names.tags);
  return {Code::kNotFound, std::move(message)};
}

Error ambiguous_commit(std::string_view prefix) {
  return {Code::kInvalid, "more than one commit begins with " + in_quotes(prefix) + "; write more of it"};
}

Error no_such_commit(const Revision& commit) {
  return {Code::kNotFound, "the commit " + in_quotes(commit.str()) + " is not in the mirror"};
}

Error no_such_path(std::string_view path) {
  return {Code::kNotFound, "the path " + in_quotes(path) + " is not in the commit"};
}

Error not_a_folder(std::string_view path) {
  return {Code::kNotFound, "the path " + in_quotes(path) + " is a file; name the folder that holds it"};
}

std::string subject_of(std::string_view message) {
  constexpr std::size_t kSubjectMax = 200;
  return one_line(sync::trimmed(message.substr(0, message.find('\n'))), kSubjectMax);
}

Error not_fetched(std::string_view url) {
  return {Code::kUnavailable, base::Disposition::kWait, std::string(url) + " was not fetched yet"};
}

}  // namespace holdfast::gitops
