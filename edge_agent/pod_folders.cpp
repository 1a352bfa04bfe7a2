// SPDX-License-Identifier: Apache-2.0
#include "edge_agent/pod_folders.hpp"

#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <filesystem>
#include <set>

#include "base/file_io.hpp"
#include "base/log.hpp"

namespace holdfast::edge_agent {

using base::Code;
using base::Error;
using base::fail;
using base::Result;
using base::Status;
using Kind = PodVolume::Kind;
namespace fs = std::filesystem;

namespace {

constexpr const char* kData = "/..data";
constexpr const char* kSub = ".sub";  ///< behind the folder: what is mounted by subPath
constexpr ::mode_t kFolderMode = 0755;
constexpr ::mode_t kEmptyMode = 0777;
constexpr ::mode_t kSetGroup = 02000;
constexpr ::mode_t kGroupReads = 0440;

Status done(const std::error_code& error, const std::string& what) {
  if (!error) return {};
  return fail(Error::from_errno(error.value(), what));
}

Status make_folder(const std::string& path, ::mode_t mode, std::optional<std::uint32_t> group) {
  if (::mkdir(path.c_str(), mode) != 0 && errno != EEXIST) return fail(Error::from_errno(errno, path));
  if (group && ::chown(path.c_str(), static_cast<::uid_t>(-1), *group) != 0)
    return fail(Error::from_errno(errno, path));
  if (::chmod(path.c_str(), group ? mode | kSetGroup : mode) != 0)
    return fail(Error::from_errno(errno, path));
  return {};
}

Status make_folders(const std::string& path) {
  std::error_code error;
  fs::create_directories(path, error);
  return done(error, path);
}

Status remove_tree(const std::string& path) {
  std::error_code error;
  fs::remove_all(path, error);
  return done(error, path);
}

Status write_one(const std::string& folder, const VolumeFile& file, std::optional<std::uint32_t> group) {
  const std::string path = folder + "/" + file.path;
  HF_CHECK(make_folders(fs::path(path).parent_path()));
  HF_CHECK(base::write_file(path, file.content, group ? file.mode | kGroupReads : file.mode));
  if (group && ::chown(path.c_str(), static_cast<::uid_t>(-1), *group) != 0)
    return fail(Error::from_errno(errno, path));
  return {};
}

/// All of them in a new folder, or none.
Status write_all(const std::string& folder, const PodVolume& volume) {
  const std::string fresh = folder + ".new";
  HF_CHECK(remove_tree(fresh));
  HF_CHECK(make_folder(fresh, kFolderMode, volume.group));
  for (const auto& file : volume.files) HF_CHECK(write_one(fresh, file, volume.group));
  HF_CHECK(remove_tree(folder));
  std::error_code error;
  fs::rename(fresh, folder, error);
  return done(error, folder);
}

Status point(const std::string& link, const std::string& target) {
  const std::string fresh = link + ".new";
  std::error_code error;
  fs::remove(fresh, error);
  fs::create_symlink(target, fresh, error);
  HF_CHECK(done(error, fresh));
  fs::rename(fresh, link, error);
  return done(error, link);
}

std::string link_target(const std::string& link) {
  std::error_code error;
  return fs::read_symlink(link, error).string();
}

std::string data_name(const PodVolume& volume) { return ".." + volume.digest.hex(); }

/// What people see: a link for the first part of each path. What no file is beneath any more goes.
Status link_names(const std::string& folder, const PodVolume& volume) {
  std::set<std::string> names;
  for (const auto& file : volume.files) names.insert(file.path.substr(0, file.path.find('/')));
  for (const auto& name : names) {
    if (link_target(folder + "/" + name).empty()) HF_CHECK(point(folder + "/" + name, "..data/" + name));
  }
  std::error_code error;
  for (const auto& entry : fs::directory_iterator(folder, error)) {
    const std::string name = entry.path().filename();
    const bool stays = names.contains(name) || name == "..data" || name == data_name(volume);
    if (!stays) HF_CHECK(remove_tree(entry.path()));
  }
  return done(error, folder);
}

bool is_data(const PodVolume& volume) { return volume.kind == Kind::kData || volume.kind == Kind::kSecret; }

bool has_sub_paths(const PodWanted& pod, const PodVolume& volume) {
  return std::ranges::any_of(pod.containers, [&](const PodContainer& container) {
    return std::ranges::any_of(container.mounts, [&](const auto& mount) {
      return mount.volume == volume.name && !mount.sub_path.empty();
    });
  });
}

const PodVolume* volume_of(const PodWanted& pod, const std::string& name) {
  const auto found = std::ranges::find(pod.volumes, name, &PodVolume::name);
  return found == pod.volumes.end() ? nullptr : &*found;
}

}  // namespace

std::string PodFolders::folder(const PodId& pod, const PodVolume& volume) const {
  const bool in_memory = volume.kind == Kind::kSecret || volume.kind == Kind::kMemory;
  const std::string& place = in_memory && !places_.memory.empty() ? places_.memory : places_.disk;
  return place + "/" + pod.ns + "_" + pod.name + "/" + volume.name;
}

// ---- files of ConfigMaps and Secrets ----

bool PodFolders::are_right(const PodWanted& pod) const {
  return std::ranges::all_of(pod.volumes, [&](const PodVolume& volume) {
    if (!is_data(volume)) return true;
    const std::string path = folder(pod.id, volume);
    if (has_sub_paths(pod, volume) && ::access((path + kSub).c_str(), F_OK) != 0) return false;
    return link_target(path + kData) == data_name(volume) && ::access((path + kData).c_str(), F_OK) == 0;
  });
}

Status PodFolders::update_volume(const PodWanted& pod, const PodVolume& volume) const {
  const std::string path = folder(pod.id, volume);
  HF_CHECK(base::make_private_directory(fs::path(path).parent_path().parent_path()));
  HF_CHECK(make_folders(fs::path(path).parent_path()));
  HF_CHECK(make_folder(path, kFolderMode, volume.group));
  if (link_target(path + kData) != data_name(volume)) {
    HF_CHECK(write_all(path + "/" + data_name(volume), volume));
    HF_CHECK(point(path + kData, data_name(volume)));
  }
  // As it was when the pod was made; gone with a restart of the machine where it was in memory.
  if (has_sub_paths(pod, volume) && ::access((path + kSub).c_str(), F_OK) != 0)
    HF_CHECK(write_all(path + kSub, volume));
  return link_names(path, volume);
}

Status PodFolders::update(const PodWanted& pod) const {
  for (const auto& volume : pod.volumes) {
    if (!is_data(volume)) continue;
    if (places_.disk.empty()) return fail(Code::kUnsupported, "this agent has no folder for volumes");
    if (const Status status = update_volume(pod, volume); !status)
      return fail(status.error().with_context("volume " + volume.name));
  }
  return {};
}

// ---- all of them ----

/// One that is made where it is missing need not be there.
Status PodFolders::check_host_path(const PodVolume& volume) const {
  using Type = sync::HostPathType;
  struct stat info{};
  if (::stat((places_.root + volume.path).c_str(), &info) != 0) {
    const bool is_made = volume.type == Type::kDirectoryOrCreate || volume.type == Type::kFileOrCreate;
    if (is_made) return {};
    return fail(Code::kNotFound, volume.path + " is not there; make it, or write type: DirectoryOrCreate");
  }
  const auto wants = [&](bool is, const char* what) -> Status {
    if (is) return {};
    return fail(Code::kConflict, volume.path + " is no " + what + ", as its type says");
  };
  switch (volume.type) {
    case Type::kUnchecked: return {};
    case Type::kDirectory:
    case Type::kDirectoryOrCreate: return wants(S_ISDIR(info.st_mode), "directory");
    case Type::kFile:
    case Type::kFileOrCreate: return wants(S_ISREG(info.st_mode), "file");
    case Type::kSocket: return wants(S_ISSOCK(info.st_mode), "socket");
    case Type::kCharDevice: return wants(S_ISCHR(info.st_mode), "character device");
    case Type::kBlockDevice: return wants(S_ISBLK(info.st_mode), "block device");
  }
  return {};
}

Status PodFolders::make_host_path(const PodVolume& volume) const {
  using Type = sync::HostPathType;
  const std::string path = places_.root + volume.path;
  const bool is_there = ::access(path.c_str(), F_OK) == 0;
  if (!is_there && volume.type == Type::kDirectoryOrCreate) HF_CHECK(make_folders(path));
  if (!is_there && volume.type == Type::kFileOrCreate) HF_CHECK(base::write_file(path, "", 0644));
  return check_host_path(volume);
}

std::optional<PodLack> PodFolders::lack(const PodWanted& pod) const {
  for (const auto& volume : pod.volumes) {
    const auto there = volume.kind == Kind::kHost ? check_host_path(volume) : Status();
    if (!there)
      return PodLack{
          .reason = "FailedMount",
          .message = "pod " + pod.id.name + ": volume " + volume.name + ": " + there.error().message()};
  }
  return std::nullopt;
}

Status PodFolders::make_volume(const PodWanted& pod, const PodVolume& volume) const {
  if (volume.kind == Kind::kHost) return make_host_path(volume);
  if (volume.kind == Kind::kMemory && volume.bytes_max) return {};  // the engine's
  if (places_.disk.empty()) return fail(Code::kUnsupported, "this agent has no folder for volumes");
  const std::string path = folder(pod.id, volume);
  if (is_data(volume)) {
    HF_CHECK(update_volume(pod, volume));
    if (has_sub_paths(pod, volume)) return write_all(path + kSub, volume);
    return {};
  }
  HF_CHECK(base::make_private_directory(fs::path(path).parent_path().parent_path()));
  HF_CHECK(remove_tree(path));
  HF_CHECK(make_folders(fs::path(path).parent_path()));
  return make_folder(path, kEmptyMode, volume.group);
}

Status PodFolders::make(const PodWanted& pod) const {
  for (const auto& volume : pod.volumes) {
    if (const Status status = make_volume(pod, volume); !status)
      return fail(status.error().with_context("volume " + volume.name));
  }
  return {};
}

Status PodFolders::restore(const PodWanted& pod) const {
  for (const auto& volume : pod.volumes) {
    const bool is_ours = volume.kind == Kind::kEmpty || (volume.kind == Kind::kMemory && !volume.bytes_max);
    if (!is_ours || ::access(folder(pod.id, volume).c_str(), F_OK) == 0) continue;
    HF_CHECK(make_volume(pod, volume));
    // What was made in it for a mount, too: its container has that as its source.
    for (const auto& container : pod.containers) {
      for (const auto& mount : container.mounts) {
        if (mount.volume == volume.name) HF_CHECK(source(pod, volume, mount.sub_path));
      }
    }
  }
  return {};
}

// ---- what containers see ----

/// A link in a volume that containers write to may lead anywhere: what is mounted lies in the volume itself.
Result<std::string> PodFolders::source(const PodWanted& pod, const PodVolume& volume,
                                       const std::string& sub_path) const {
  const std::string whole = volume.kind == Kind::kHost ? places_.root + volume.path : folder(pod.id, volume);
  if (sub_path.empty()) return whole;
  if (is_data(volume)) return whole + kSub + "/" + sub_path;
  std::error_code error;
  const fs::path volume_path = fs::canonical(whole, error);
  HF_CHECK(done(error, whole));
  const fs::path path = volume_path / sub_path;
  if (!fs::exists(path, error)) HF_CHECK(make_folder(path, kEmptyMode, volume.group));
  const fs::path real = fs::canonical(path, error);
  HF_CHECK(done(error, path));
  const auto [end, ignored] = std::mismatch(volume_path.begin(), volume_path.end(), real.begin(), real.end());
  if (end != volume_path.end())
    return fail(Code::kPermission, "subPath " + sub_path + " leads out of its volume by a link");
  return real.string();
}

Status PodFolders::mount(const PodWanted& pod, const PodContainer& container,
                         base::ContainerSpec& spec) const {
  for (const auto& mount : container.mounts) {
    const PodVolume* volume = volume_of(pod, mount.volume);
    if (volume == nullptr) return fail(Code::kInternal, "volume " + mount.volume + " is none of this pod");
    if (volume->kind == Kind::kMemory && volume->bytes_max) {
      spec.memory_mounts.push_back(
          {.target = mount.path, .bytes_max = volume->bytes_max, .mode = kEmptyMode});
      continue;
    }
    auto from = source(pod, *volume, mount.sub_path);
    if (!from) return fail(from.error().with_context("volume " + mount.volume));
    spec.binds.push_back(
        {.source = *std::move(from), .target = mount.path, .read_only = mount.read_only || is_data(*volume)});
  }
  return {};
}

void PodFolders::remove(const PodId& pod) const {
  for (const auto* place : {&places_.disk, &places_.memory}) {
    if (place->empty()) continue;
    const Status removed = remove_tree(*place + "/" + pod.ns + "_" + pod.name);
    if (!removed) base::log::failure("the volumes of a pod cannot be removed", pod.text(), removed.error());
  }
}

std::vector<PodId> PodFolders::pods() const {
  std::set<PodId> out;
  for (const auto* place : {&places_.disk, &places_.memory}) {
    std::error_code error;
    for (const auto& entry : fs::directory_iterator(*place, error)) {
      const std::string name = entry.path().filename();
      // No namespace has one in its name.
      const auto mark = name.find('_');
      if (mark != std::string::npos) out.insert({name.substr(0, mark), name.substr(mark + 1)});
    }
  }
  return {out.begin(), out.end()};
}

}  // namespace holdfast::edge_agent
