// SPDX-License-Identifier: Apache-2.0
#include "gitops/git/refs_file.hpp"

#include <algorithm>

#include "base/limits/git.hpp"
#include "gitops/revision_text.hpp"
#include "sync/model/text.hpp"

namespace holdfast::gitops {
namespace {

using base::Code;
using base::fail;
using Refs = std::map<std::string, sync::Revision>;

constexpr std::string_view kBranches = "refs/heads/";
constexpr std::string_view kPins = "refs/holdfast/";
constexpr std::string_view kTags = "refs/tags/";
constexpr std::string_view kHead = "ref: ";

void write_refs(std::string_view prefix, const Refs& refs, std::string& out) {
  for (const auto& [name, commit] : refs) {
    out.append(commit.str()).append(" ").append(prefix).append(name).append("\n");
  }
}

void add_ref(std::string_view name, std::string_view id, MirrorRefs& refs) {
  const auto add = [&](std::string_view prefix, Refs& to) {
    if (name.starts_with(prefix) && name.size() > prefix.size()) {
      to.insert_or_assign(std::string(name.substr(prefix.size())), sync::Revision(id));
    }
  };
  add(kBranches, refs.branches);
  add(kTags, refs.tags);
  add(kPins, refs.pins);
}

}  // namespace

std::string encode_refs(const MirrorRefs& refs) {
  std::string out;  // heads, holdfast, tags: sorted as Git sorts whole names
  write_refs(kBranches, refs.branches, out);
  write_refs(kPins, refs.pins, out);
  write_refs(kTags, refs.tags, out);
  return out;
}

base::Result<MirrorRefs> decode_refs(std::string_view text) {
  MirrorRefs refs;
  std::size_t count = 0;
  for (const auto line : sync::split(text, '\n')) {
    if (line.empty() || line.front() == '#' || line.front() == '^') continue;
    const std::string_view id = line.substr(0, kObjectIdLength);
    if (line.size() < kObjectIdLength + 2 || !is_object_id(id) || line[kObjectIdLength] != ' ') {
      return fail(Code::kCorrupt, "a line of the refs is none: " + sync::in_quotes(line));
    }
    if (++count > base::limits::kGitRefsMax) {
      return fail(Code::kLimit,
                  "more than " + std::to_string(base::limits::kGitRefsMax) + " branches and tags");
    }
    add_ref(line.substr(kObjectIdLength + 1), id, refs);
  }
  return refs;
}

std::string encode_head(std::string_view branch) {
  return std::string(kHead) + std::string(kBranches) + std::string(branch.empty() ? "main" : branch) + "\n";
}

std::string decode_head(std::string_view text) {
  text = sync::trimmed(text);
  if (!text.starts_with(kHead)) return {};
  text.remove_prefix(kHead.size());
  return text.starts_with(kBranches) ? std::string(text.substr(kBranches.size())) : std::string();
}

bool is_ref_part(std::string_view name) {
  return sync::check_id(name, "pin").has_value() && name.front() != '.' && name.back() != '.' &&
         name.find("..") == std::string_view::npos && !name.ends_with(".lock");
}

}  // namespace holdfast::gitops
