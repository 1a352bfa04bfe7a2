// SPDX-License-Identifier: Apache-2.0
#include "gitops/git/bare_repository.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <filesystem>
#include <vector>

#include "base/file_io.hpp"
#include "base/handle.hpp"
#include "base/limits/git.hpp"
#include "gitops/git/fetch_job.hpp"

namespace holdfast::gitops {
namespace {

namespace fs = std::filesystem;
using base::Code;
using base::Error;
using base::fail;
using base::Result;
using base::Status;

constexpr std::string_view kIncoming = "incoming-";
constexpr std::uint32_t kFileMode = 0600;
constexpr std::size_t kHeadBytesMax = 4'096;
constexpr std::string_view kConfig =
    "[core]\n\trepositoryformatversion = 0\n\tfilemode = false\n\tbare = true\n";

Status made(const std::string& folder) {
  std::error_code problem;
  fs::create_directories(folder, problem);
  if (!problem) return {};
  return fail(Error::from_errno(problem.value(), folder));
}

/// The least that Git takes for a bare repository.
Status make_bare(const std::string& folder) {
  for (const char* part : {"", "/objects/pack", "/objects/info", "/refs"}) HF_CHECK(made(folder + part));
  HF_CHECK(base::write_file(folder + "/config", kConfig, kFileMode));
  return base::write_file(folder + "/HEAD", encode_head(""), kFileMode);
}

Status sync_folder(const std::string& folder) {
  const base::Fd fd(::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (fd && ::fsync(fd.get()) == 0) return {};
  return fail(Error::from_errno(errno, folder));
}

/// Names of the files in `folder` that end in `suffix`, sorted.
std::vector<std::string> names_in(const std::string& folder, std::string_view suffix) {
  std::vector<std::string> names;
  std::error_code problem;
  for (fs::directory_iterator entry(folder, problem), end; !problem && entry != end;
       entry.increment(problem)) {
    std::string name = entry->path().filename().string();
    if (std::string_view(name).ends_with(suffix)) names.push_back(std::move(name));
  }
  std::sort(names.begin(), names.end());
  return names;
}

Status move_file(const std::string& from, const std::string& to) {
  std::error_code problem;
  fs::rename(from, to, problem);
  if (!problem) return {};
  return fail(Error::from_errno(problem.value(), to));
}

}  // namespace

bool BareRepository::is_fetched() const {
  std::error_code problem;
  return fs::exists(folder_ + "/packed-refs", problem);
}

Status BareRepository::make(std::string_view url) const {
  std::error_code problem;
  if (!fs::exists(folder_ + "/HEAD", problem)) HF_CHECK(make_bare(folder_));
  HF_CHECK(base::write_file(folder_ + "/url", std::string(url) + "\n", kFileMode));
  for (fs::directory_iterator entry(folder_, problem), end; !problem && entry != end;
       entry.increment(problem)) {
    if (entry->path().filename().string().starts_with(kIncoming)) remove_incoming(entry->path().string());
  }
  return {};
}

Result<BareRepository::Content> BareRepository::read() const {
  HF_TRY(const std::string refs, base::read_file(folder_ + "/packed-refs", base::limits::kGitRefsBytesMax));
  HF_TRY(const std::string head, base::read_file(folder_ + "/HEAD", kHeadBytesMax));
  Content content;
  HF_TRY(content.refs, decode_refs(refs));
  content.head = decode_head(head);
  return content;
}

Status BareRepository::write(const Content& content) const {
  HF_CHECK(base::write_file(folder_ + "/HEAD", encode_head(content.head), kFileMode));
  return base::write_file(folder_ + "/packed-refs", encode_refs(content.refs), kFileMode);
}

Result<std::string> BareRepository::make_incoming(const std::string& name) const {
  const std::string incoming = folder_ + "/" + std::string(kIncoming) + name;
  HF_CHECK(make_bare(incoming));
  HF_CHECK(base::write_file(incoming + "/objects/info/alternates", folder_ + "/objects\n", kFileMode));
  if (is_fetched()) {
    HF_TRY(const Content content, read());
    HF_CHECK(base::write_file(incoming + "/packed-refs", encode_refs(content.refs), kFileMode));
  }
  return incoming;
}

Status BareRepository::move_packs(const std::string& incoming) const {
  const std::string from = incoming + "/objects/pack/";
  const std::string to = folder_ + "/objects/pack/";
  // The index last: a pack without one is not read.
  for (const char* suffix : {".pack", ".idx"}) {
    for (const auto& name : names_in(from, suffix)) HF_CHECK(move_file(from + name, to + name));
  }
  return sync_folder(to);
}

Result<BareRepository::Content> BareRepository::adopt(const std::string& incoming) const {
  HF_CHECK(move_packs(incoming));
  HF_TRY(const std::string refs,
         base::read_file(incoming + "/" + std::string(kRemoteRefsFile), base::limits::kGitRefsBytesMax));
  HF_TRY(const std::string head, base::read_file(incoming + "/HEAD", kHeadBytesMax));
  Content content;
  HF_TRY(content.refs, decode_refs(refs));
  content.refs.pins.clear();
  content.head = decode_head(head);
  return content;
}

void BareRepository::remove_incoming(const std::string& incoming) const {
  std::error_code ignored;  // it is removed before the next fetch, too
  fs::remove_all(incoming, ignored);
}

std::vector<std::string> BareRepository::packs() const {
  constexpr std::string_view kIndex = ".idx";
  auto names = names_in(folder_ + "/objects/pack", kIndex);
  for (auto& name : names) name.resize(name.size() - kIndex.size());
  return names;
}

Status BareRepository::replace_packs(const std::string& incoming, const std::vector<std::string>& old) const {
  const BareRepository made(incoming);
  const auto fresh = made.packs();
  if (fresh.empty()) return fail(Code::kInternal, "packing made no pack");
  HF_CHECK(move_packs(incoming));
  for (const auto& name : old) {
    if (std::binary_search(fresh.begin(), fresh.end(), name)) continue;
    // The index first: without it the pack is not read any more.
    for (const char* suffix : {".idx", ".pack"}) {
      std::error_code ignored;  // what cannot be removed is only a duplicate
      fs::remove(folder_ + "/objects/pack/" + name + suffix, ignored);
    }
  }
  return {};
}

}  // namespace holdfast::gitops
