// SPDX-License-Identifier: Apache-2.0
#include "edge_agent/file_driver.hpp"

#include <cassert>
#include <nlohmann/json.hpp>
#include <utility>

#include "base/json.hpp"
#include "base/limits/agent.hpp"
#include "base/planted.hpp"

namespace holdfast::edge_agent {

using base::Code;
using base::fail;
using base::FileInfo;
using base::FileType;
using base::Result;
using base::Status;

namespace {

constexpr std::uint32_t kOwnerReads = 0400;
/// Above what any file system's clock stands still for (FAT: 2 s; others a few milliseconds).
constexpr std::chrono::milliseconds kStampTick{2000};

const FileEffective& as_file(const Effective& effective) {
  return static_cast<const FileEffective&>(effective);
}

std::string octal(std::uint32_t mode) {
  std::string text = "0000";
  for (std::size_t i = 4; i-- > 0; mode >>= 3U) text[i] = static_cast<char>('0' + (mode & 7U));
  return text;
}

std::string_view noun(FileType type) {
  switch (type) {
    case FileType::kRegular: return "a file";
    case FileType::kDirectory: return "a directory";
    case FileType::kSymlink: return "a symlink";
    case FileType::kOther: return "a special file";
  }
  return "something else";
}

void add(std::string& list, const std::string& text) {
  if (!list.empty()) list += ", ";
  list += text;
}

/// Within kRehashInterval, and not for all files in the same pass: the content's own bytes spread them.
std::chrono::milliseconds rehash_after(const base::Digest& content) {
  return base::limits::kRehashInterval - base::limits::kRehashInterval / 1024 * content.bytes()[0];
}

}  // namespace

/// `content`: what stands for it. It is stored, so of a secret it is nothing that guesses could be compared with.
base::Digest FileDriver::effective_digest(const FileEffective& file, const std::string& content) const {
  std::string text = file.path + '\0' + content + '\0' + octal(file.mode) + '\0';
  text += file.owner ? "=" + *file.owner : "";
  text += '\0';
  text += file.group ? "=" + *file.group : "";
  return base::Digest::of(text);
}

Status FileDriver::fill_content(const sync::FileSpec& spec, const std::string& ns, References& references,
                                FileEffective& file) const {
  std::string stands_for;
  if (spec.secret_key) {
    file.is_secret = true;
    HF_TRY(const auto sealed, references.sealed(ns, *spec.secret_key));
    if (auto opened = secrets_.open(sealed)) {
      file.content = std::string(opened->view());
      file.content_digest = base::Digest::of(*file.content);
      stands_for = "secret " + marks_.keyed("holdfast/secret-content/1", file.content_digest.view());
    } else {
      file.content = "";
      file.unreadable = opened.error();
      stands_for = "unreadable " + sealed.version.hex() + sealed.key;
    }
  } else {
    if (spec.config_map_key) {
      HF_TRY(file.content, references.value(ns, *spec.config_map_key));
    } else {
      file.content = spec.content.value_or("");
    }
    file.content_digest = base::Digest::of(*file.content);
    stands_for = file.content_digest.hex();
  }
  file.size = file.content->size();
  file.digest = effective_digest(file, stands_for);
  return {};
}

Result<std::unique_ptr<Effective>> FileDriver::resolve(const sync::Resource& resource,
                                                       References& references) {
  HF_TRY(const base::Json object, base::parse_json(resource.body));
  HF_TRY(const auto spec, sync::parse_file_spec(object));
  auto file = std::make_unique<FileEffective>();
  file->key = resource.key;
  file->claims = {{sync::ClaimKind::kPath, spec.path}};
  file->path = spec.path;
  file->mode = spec.mode;
  file->owner = spec.owner;
  file->group = spec.group;
  HF_CHECK(fill_content(spec, resource.key.ns, references, *file));
  return file;
}

bool FileDriver::is_young(const base::FileStamp& stamp) const {
  const auto changed =
      std::chrono::floor<std::chrono::milliseconds>(std::chrono::nanoseconds(stamp.ctime_ns));
  const auto age = clock_.wall().time_since_epoch() - changed;
  // One of the future (the clock was set) is no better than its distance.
  return age < kStampTick && age > -kStampTick;
}

FileDriver::Seen& FileDriver::seen_at(const std::string& path, const base::FileStamp& stamp) {
  Seen& seen = seen_[path];
  if (seen.stamp != stamp || seen.is_young) {
    seen = Seen{};
    seen.stamp = stamp;
    seen.is_young = is_young(stamp);
  }
  return seen;
}

Result<base::Digest> FileDriver::content_of(const std::string& path, Seen& seen) {
  const auto now = clock_.monotonic();
  if (seen.content && now - seen.hashed_at < rehash_after(*seen.content)) return *seen.content;
  HF_TRY(seen.content, host_.digest_file(path));
  seen.hashed_at = now;
  return *seen.content;
}

Result<FileDriver::Mark> FileDriver::mark_of(const sync::Claim& claim, Seen& seen) {
  if (seen.mark != Mark::kUnknown) return seen.mark;
  const auto text = host_.read_mark(claim.value);
  if (text) {
    const bool was_there = marks_.origin(*text, claim) == Marks::Origin::kWasThere;
    const bool is_ours = marks_.owner(*text, claim).has_value();
    seen.mark = !is_ours ? Mark::kForeign : was_there ? Mark::kOursWasThere : Mark::kOurs;
  } else if (text.error().code() == Code::kUnsupported) {
    seen.mark = Mark::kUnsupported;
  } else if (text.error().code() == Code::kPermission) {
    seen.mark = Mark::kUnreadable;
  } else {
    return fail(text.error());
  }
  return seen.mark;
}

Result<std::uint32_t> FileDriver::user_id(const std::string& user) {
  if (const auto known = users_.find(user); known != users_.end()) return known->second;
  HF_TRY(const auto id, host_.user_id(user));
  users_[user] = id;
  return id;
}

Result<std::uint32_t> FileDriver::group_id(const std::string& group) {
  if (const auto known = groups_.find(group); known != groups_.end()) return known->second;
  HF_TRY(const auto id, host_.group_id(group));
  groups_[group] = id;
  return id;
}

Result<FileDriver::Ids> FileDriver::ids_of(const FileEffective& wanted) {
  Ids ids;
  if (wanted.owner) {
    HF_TRY(ids.uid, user_id(*wanted.owner));
  }
  if (wanted.group) {
    HF_TRY(ids.gid, group_id(*wanted.group));
  }
  return ids;
}

Result<std::string> FileDriver::difference(const FileEffective& wanted, const FileInfo& info,
                                           const sync::InventoryEntry* entry, Seen& seen) {
  if (wanted.unreadable) return std::string("its secret cannot be opened");
  HF_TRY(const std::string attributes, attributes_difference(wanted, info));
  // Its mode may shut us out. Where that is the mode that is wanted, what was applied is right as far as can be seen.
  const bool was_applied =
      entry != nullptr && entry->phase == sync::InventoryPhase::kApplied && entry->effective == wanted.digest;
  const bool is_to_be_shut = was_applied && (wanted.mode & kOwnerReads) == 0;
  std::string list;
  if (info.stamp.size != wanted.size) {
    add(list, "content differs");
  } else if (const auto content = content_of(wanted.path, seen)) {
    if (*content != wanted.content_digest) add(list, "content differs");
  } else if (content.error().code() != Code::kPermission) {
    return fail(content.error());
  } else if (attributes.empty() && !is_to_be_shut) {
    add(list, "cannot be read");
  }
  if (!attributes.empty()) add(list, attributes);
  return list;
}

Result<std::string> FileDriver::attributes_difference(const FileEffective& wanted, const FileInfo& info) {
  std::string list;
  if (info.mode != wanted.mode) add(list, "mode " + octal(info.mode) + ", want " + octal(wanted.mode));
  HF_TRY(const Ids ids, ids_of(wanted));
  if (ids.uid && *ids.uid != info.uid)
    add(list, "owner " + std::to_string(info.uid) + ", want " + *wanted.owner);
  if (ids.gid && *ids.gid != info.gid)
    add(list, "group " + std::to_string(info.gid) + ", want " + *wanted.group);
  return list;
}

Result<Observed> FileDriver::observe(const sync::Claim& claim, const Effective* wanted,
                                     const sync::InventoryEntry* entry) {
  const auto info = host_.stat(claim.value);
  if (!info) {
    seen_.erase(claim.value);
    if (info.error().code() == Code::kNotFound) return Observed{.difference = "is missing"};
    return fail(info.error());
  }
  Observed observed{.present = true};
  if (info->type != FileType::kRegular) {
    seen_.erase(claim.value);
    observed.difference = "is " + std::string(noun(info->type));
    return observed;
  }
  Seen& seen = seen_at(claim.value, info->stamp);
  HF_TRY(const Mark mark, mark_of(claim, seen));
  if (mark == Mark::kUnreadable && entry == nullptr)
    return fail(Code::kPermission, claim.value + ": its mode does not let this agent read whose it is");
  observed.was_there = mark == Mark::kOursWasThere;
  observed.ours = mark == Mark::kOurs || observed.was_there || (mark != Mark::kForeign && entry != nullptr);
  if (wanted == nullptr) return observed;
  HF_TRY(observed.difference, difference(as_file(*wanted), *info, entry, seen));
  observed.matches = observed.difference.empty();
  return observed;
}

Status FileDriver::write(const FileEffective& wanted, const Place& place, const Ids& ids) {
  assert(wanted.content);
  HF_TRY(const auto info, host_.write_file({.path = wanted.path,
                                            .content = *wanted.content,
                                            .mode = wanted.mode,
                                            .uid = ids.uid,
                                            .gid = ids.gid,
                                            .mark = marks_.make(place.claim, wanted.key, place.origin)}));
  seen_[wanted.path] = Seen{};
  seen_[wanted.path].stamp = info.stamp;
  return {};
}

Status FileDriver::mark(const FileEffective& wanted, const Place& place) {
  const auto info = host_.stat(wanted.path);
  if (!info) return fail(info.error());
  HF_TRY(const Mark mark, mark_of(place.claim, seen_at(wanted.path, info->stamp)));
  if (mark != Mark::kForeign) return {};
  return host_.write_mark(wanted.path, marks_.make(place.claim, wanted.key, place.origin));
}

/// Content only when it differs: a chmod by hand is put right without writing the file again.
Status FileDriver::make_so(const FileEffective& wanted, const Place& place) {
  users_.clear();  // names may have come to mean other numbers since
  groups_.clear();
  HF_TRY(const Ids ids, ids_of(wanted));
  const auto info = host_.stat(wanted.path);
  if (!info && info.error().code() != Code::kNotFound) return fail(info.error());
  if (!info || info->type != FileType::kRegular || info->stamp.size != wanted.size)
    return write(wanted, place, ids);
  const auto content = content_of(wanted.path, seen_at(wanted.path, info->stamp));
  if (!content && content.error().code() != Code::kPermission) return fail(content.error());
  if (!content || *content != wanted.content_digest) return write(wanted, place, ids);
  HF_CHECK(mark(wanted, place));
  const bool is_right = info->mode == wanted.mode && ids.uid.value_or(info->uid) == info->uid &&
                        ids.gid.value_or(info->gid) == info->gid;
  if (is_right) return {};
  HF_CHECK(host_.set_attributes(wanted.path, wanted.mode, ids.uid, ids.gid));
  return {};
}

Result<Driver::Progress> FileDriver::apply(const Effective& wanted, const Action& action) {
  const auto& file = as_file(wanted);
  if (file.unreadable) return fail(*file.unreadable);
  const Place place{action.claim, action.was_there ? Marks::Origin::kWasThere : Marks::Origin::kMade};
  const Status status = action.kind == ActionKind::kAdopt ? mark(file, place) : make_so(file, place);
  if (!status) return fail(status.error());
  return Progress::kDone;
}

/// Whose it is must be read before it goes; where its mode shuts us out, only its owner can open it again.
Result<Observed> FileDriver::observe_to_remove(const sync::InventoryEntry& entry) {
  HF_TRY(Observed observed, observe(entry.claim, nullptr, &entry));
  const auto& path = entry.claim.value;
  const auto is_shut = [&] {
    const auto seen = seen_.find(path);
    return seen != seen_.end() && seen->second.mark == Mark::kUnreadable;
  };
  if (!is_shut()) return observed;
  HF_TRY(const auto info, host_.stat(path));
  const auto opened = host_.set_attributes(path, info.mode | kOwnerReads, std::nullopt, std::nullopt);
  if (!opened && opened.error().code() != Code::kPermission) return fail(opened.error());
  HF_TRY(observed, observe(entry.claim, nullptr, &entry));
  observed.ours = observed.ours && !is_shut();
  // Another's file stays as it was found.
  if (opened && observed.present && !observed.ours)
    HF_CHECK(host_.set_attributes(path, info.mode, std::nullopt, std::nullopt));
  return observed;
}

Result<Driver::Progress> FileDriver::remove(const sync::InventoryEntry& entry) {
  HF_TRY(const Observed observed, observe_to_remove(entry));
  if (!observed.present) return Progress::kDone;
  // The plan checked this, a while ago.
  if (!observed.ours && !base::planted("prune-what-is-not-ours")) {
    return fail(Code::kConflict,
                entry.claim.text() + ": what is there now was not made by this agent and stays");
  }
  HF_CHECK(host_.remove_file(entry.claim.value));
  seen_.erase(entry.claim.value);
  return Progress::kDone;
}

Result<Driver::Tended> FileDriver::tend(const Effective&) { return Tended{}; }

ResourceHealth FileDriver::health(const Effective& wanted) {
  const bool is_there = seen_.contains(as_file(wanted).path);
  return {.health = is_there ? sync::Health::kHealthy : sync::Health::kMissing,
          .reason = is_there ? "" : "Missing"};
}

Status FileDriver::watch(const Effective& wanted) {
  const auto& path = as_file(wanted).path;
  if (!watched_.insert(path).second) return {};
  Status status = host_.watch_path(path);
  if (!status) watched_.erase(path);
  return status;
}

void FileDriver::unwatch(const sync::Claim& claim) {
  if (watched_.erase(claim.value) > 0) host_.unwatch_path(claim.value);
  seen_.erase(claim.value);
}

/// An event about a folder is about every file in it. What a stamp said before it counts no more.
std::vector<sync::Claim> FileDriver::on_event(const base::HostEvent& event) {
  if (event.kind != base::HostEventKind::kPath) return {};
  if (event.name.empty()) {
    for (auto& [path, seen] : seen_) seen.is_young = true;
    return {};
  }
  std::vector<sync::Claim> claims{{sync::ClaimKind::kPath, event.name}};
  const std::string folder = event.name + "/";
  for (auto at = watched_.lower_bound(folder); at != watched_.end() && at->starts_with(folder); ++at) {
    claims.push_back({sync::ClaimKind::kPath, *at});
  }
  for (const auto& claim : claims) {
    if (const auto seen = seen_.find(claim.value); seen != seen_.end()) seen->second.is_young = true;
  }
  return claims;
}

}  // namespace holdfast::edge_agent
