// SPDX-License-Identifier: Apache-2.0
#include "base/fake_files.hpp"

#include <algorithm>
#include <utility>

#include "base/beneath.hpp"
#include "base/limits/agent.hpp"
#include "base/limits/model.hpp"

namespace holdfast::base {
namespace {

std::string quoted(const std::string& path) { return "'" + path + "'"; }

std::vector<std::string> parents_of(const std::string& path) {
  std::vector<std::string> parents;
  for (std::size_t slash = path.find('/', 1); slash != std::string::npos; slash = path.find('/', slash + 1)) {
    parents.push_back(path.substr(0, slash));
  }
  return parents;
}

bool is_at_or_below(const std::string& path, const std::string& top) {
  return path == top || top == "/" ||
         (path.size() > top.size() && path.starts_with(top) && path[top.size()] == '/');
}

Error error_of(FileFault fault, const std::string& path) {
  switch (fault) {
    case FileFault::kNoSpace:
      return {Code::kNoSpace, "cannot write " + quoted(path) + ": No space left on device"};
    case FileFault::kReadOnly:
      return {Code::kNoSpace, "cannot change " + quoted(path) + ": Read-only file system"};
    case FileFault::kPermission:
      return {Code::kPermission, "cannot open " + quoted(path) + ": Permission denied"};
    case FileFault::kIo: return {Code::kIo, "cannot use " + quoted(path) + ": Input/output error"};
  }
  return {Code::kInternal, "no such fault"};
}

}  // namespace

Status FakeFiles::check(const std::string& path, Use use) const {
  HF_CHECK(split_path(path));
  for (const auto& [top, fault] : faults_) {
    if (!is_at_or_below(path, top)) continue;
    const bool hits = fault == FileFault::kPermission || fault == FileFault::kIo || use == Use::kMake ||
                      use == Use::kChange || (use == Use::kRemove && fault == FileFault::kReadOnly);
    if (hits) return fail(error_of(fault, path));
  }
  return check_parents(path, use == Use::kMake);
}

Status FakeFiles::check_parents(const std::string& path, bool for_write) const {
  for (const std::string& parent : parents_of(path)) {
    const Entry* entry = find(parent);
    if (entry == nullptr) {
      return for_write ? Status() : Status(fail(Code::kNotFound, "there is no " + quoted(parent)));
    }
    if (entry->type == FileType::kSymlink) {
      return fail(Code::kPermission, quoted(parent) + " is a symbolic link; paths do not lead through links");
    }
    if (entry->type != FileType::kDirectory) {
      return fail(for_write ? Code::kConflict : Code::kNotFound, quoted(parent) + " is not a folder");
    }
  }
  return {};
}

const FakeFiles::Entry* FakeFiles::find(const std::string& path) const {
  const auto found = now_.find(path);
  return found == now_.end() ? nullptr : &found->second;
}

FileInfo FakeFiles::info_of(const Entry& entry) const {
  FileInfo info;
  info.type = entry.type;
  info.mode = entry.mode;
  info.uid = entry.uid;
  info.gid = entry.gid;
  info.stamp = {1, entry.inode, entry.content.size(), entry.ctime_ns};
  return info;
}

Result<FileInfo> FakeFiles::stat(const std::string& path) const {
  HF_CHECK(check(path, Use::kLook));
  const Entry* entry = find(path);
  if (entry == nullptr) return fail(Code::kNotFound, "there is no " + quoted(path));
  return info_of(*entry);
}

Result<FakeFiles::Entry*> FakeFiles::regular(const std::string& path, Use use) {
  HF_CHECK(check(path, use));
  const auto found = now_.find(path);
  if (found == now_.end()) return fail(Code::kNotFound, "there is no " + quoted(path));
  switch (found->second.type) {
    case FileType::kRegular: HF_CHECK(check_access(path, found->second, use)); return &found->second;
    case FileType::kSymlink: return fail(Code::kPermission, quoted(path) + " is a symbolic link");
    case FileType::kDirectory: return fail(Code::kConflict, quoted(path) + " is a folder");
    case FileType::kOther: break;
  }
  return fail(Code::kConflict, quoted(path) + " is not a regular file");
}

Status FakeFiles::check_access(const std::string& path, const Entry& entry, Use use) const {
  if (is_privileged_) return {};
  const bool is_owner = entry.uid == 0;
  const bool may = use == Use::kRead ? (entry.mode & (is_owner ? 0400U : 0004U)) != 0 : is_owner;
  return may ? Status() : Status(fail(error_of(FileFault::kPermission, path)));
}

Result<std::string> FakeFiles::read(const std::string& path, std::size_t bytes_max) const {
  HF_TRY(const Entry* entry, const_cast<FakeFiles*>(this)->regular(path, Use::kRead));
  if (entry->content.size() > bytes_max) {
    return fail(Code::kLimit, quoted(path) + " is larger than " + std::to_string(bytes_max) + " bytes");
  }
  return entry->content;
}

Result<FileInfo> FakeFiles::write(const FileWrite& write) {
  if (write.mode > 07777)
    return fail(Code::kInvalid, "the mode of " + quoted(write.path) + " has bits beyond 07777");
  if (write.content.size() > limits::kFileContentBytesMax || write.mark.size() > limits::kMarkBytesMax) {
    return fail(Code::kLimit, "the content or mark of " + quoted(write.path) + " is too large");
  }
  HF_CHECK(check(write.path, Use::kMake));
  const Entry* existing = find(write.path);
  if (existing != nullptr && existing->type == FileType::kDirectory) {
    return fail(Code::kConflict, quoted(write.path) + " is a folder");
  }
  Entry entry;
  entry.content = write.content;
  entry.mode = write.mode;
  entry.uid = write.uid.value_or(0);
  entry.gid = write.gid.value_or(0);
  if (marks_supported_) entry.mark = write.mark;
  put(write.path, std::move(entry));
  return info_of(now_.at(write.path));
}

Result<FileInfo> FakeFiles::set_attributes(const std::string& path, std::uint32_t mode,
                                           std::optional<std::uint32_t> uid,
                                           std::optional<std::uint32_t> gid) {
  if (mode > 07777) return fail(Code::kInvalid, "the mode of " + quoted(path) + " has bits beyond 07777");
  auto entry = regular(path, Use::kChange);
  const auto found = now_.find(path);
  if (!entry && found != now_.end() && found->second.type == FileType::kDirectory) entry = &found->second;
  if (!entry) return fail(entry.error());
  (*entry)->mode = mode;
  (*entry)->uid = uid.value_or((*entry)->uid);
  (*entry)->gid = gid.value_or((*entry)->gid);
  touch(path, **entry, false);
  sync(path);
  return info_of(**entry);
}

Status FakeFiles::remove(const std::string& path) {
  const Status checked = check(path, Use::kRemove);
  if (!checked && checked.error().code() == Code::kNotFound) return {};
  HF_CHECK(checked);
  const Entry* entry = find(path);
  if (entry == nullptr) return {};
  if (entry->type == FileType::kDirectory) return fail(Code::kConflict, quoted(path) + " is a folder");
  erase(path);
  return {};
}

Result<std::string> FakeFiles::read_mark(const std::string& path) const {
  HF_TRY(const Entry* entry, const_cast<FakeFiles*>(this)->regular(path, Use::kRead));
  if (!marks_supported_) return fail(Code::kUnsupported, "cannot read the mark of " + quoted(path));
  return entry->mark;
}

Status FakeFiles::write_mark(const std::string& path, const std::string& mark) {
  if (mark.size() > limits::kMarkBytesMax)
    return fail(Code::kLimit, "the mark of " + quoted(path) + " is too large");
  HF_TRY(Entry * entry, regular(path, Use::kChange));
  if (!marks_supported_) return fail(Code::kUnsupported, "cannot mark " + quoted(path));
  entry->mark = mark;
  touch(path, *entry, false);
  sync(path);
  return {};
}

void FakeFiles::make_parents(const std::string& path) {
  for (const std::string& parent : parents_of(path)) {
    Entry folder;
    folder.type = FileType::kDirectory;
    folder.mode = 0755;
    const auto [at, made] = now_.try_emplace(parent, folder);
    if (made) touch(parent, at->second, true);
    sync(parent);
  }
}

void FakeFiles::put(const std::string& path, Entry entry) {
  make_parents(path);
  Entry& there = now_[path];
  there = std::move(entry);
  touch(path, there, true);
  sync(path);
}

void FakeFiles::rewrite_within_tick(const std::string& path, std::string content) {
  now_.at(path).content = std::move(content);
  sync(path);
  changed_.push_back(path);
}

void FakeFiles::erase(const std::string& path) {
  for (Entries* image : {&now_, &durable_}) {
    std::erase_if(*image, [&](const auto& item) { return is_at_or_below(item.first, path); });
  }
  changed_.push_back(path);
}

void FakeFiles::touch(const std::string& path, Entry& entry, bool new_inode) {
  if (new_inode) entry.inode = ++last_inode_;
  const auto now_ns =
      std::chrono::duration_cast<std::chrono::nanoseconds>(clock_.wall().time_since_epoch()).count();
  last_change_ = std::max(last_change_ + 1, std::int64_t{now_ns});
  entry.ctime_ns = last_change_;
  changed_.push_back(path);
}

void FakeFiles::sync(const std::string& path) { durable_[path] = now_.at(path); }

void FakeFiles::set_fault(const std::string& path, std::optional<FileFault> fault) {
  if (fault) {
    faults_[path] = *fault;
  } else {
    faults_.erase(path);
  }
}

std::vector<std::string> FakeFiles::take_changed() { return std::exchange(changed_, {}); }

}  // namespace holdfast::base
