// SPDX-License-Identifier: Apache-2.0
#include "hub/backup.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <filesystem>
#include <functional>
#include <limits>
#include <nlohmann/json.hpp>
#include <optional>

#include "base/file_io.hpp"
#include "base/handle.hpp"
#include "base/json.hpp"
#include "base/limits/backup.hpp"
#include "base/limits/documents.hpp"
#include "base/version.hpp"
#include "hub/pki.hpp"
#include "hub/recovery.hpp"
#include "sync/model/fields.hpp"
#include "sync/store/lmdb_store.hpp"
#include "sync/store/store_file.hpp"

namespace holdfast::hub {

using base::Code;
using base::fail;
using base::Json;
using base::Result;
using base::Status;
namespace fs = std::filesystem;
namespace limits = base::limits;

namespace {

constexpr std::string_view kLockName = "lock";  ///< of base::DirectoryLock
constexpr std::string_view kSetAsideName = "before-restore-";
constexpr std::uint64_t kNoLimit = std::numeric_limits<std::uint64_t>::max();

// ---- copying ----

Status write_all(const base::Fd& out, std::string_view bytes, const std::string& path) {
  while (!bytes.empty()) {
    const auto put = ::write(out.get(), bytes.data(), bytes.size());
    if (put < 0 && errno == EINTR) continue;
    if (put < 0) return fail(base::Error::from_errno(errno, path));
    bytes.remove_prefix(static_cast<std::size_t>(put));
  }
  return {};
}

using Piece = std::function<Status(std::string_view)>;

/// A regular file in pieces; what it is, as a backup names it.
Result<BackupFile> read_pieces(const std::string& root, const std::string& name, std::uint64_t bytes_max,
                               const Piece& each) {
  const std::string path = root + "/" + name;
  const base::Fd in(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK));
  struct stat info{};
  if (!in || ::fstat(in.get(), &info) != 0) return fail(base::Error::from_errno(errno, path));
  if (!S_ISREG(info.st_mode)) return fail(Code::kInvalid, path + ": not a regular file");
  BackupFile file{.name = name, .mode = info.st_mode & 0777U};
  base::Hasher hasher;
  std::array<char, 65'536> piece{};
  for (;;) {
    const auto got = ::read(in.get(), piece.data(), piece.size());
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return fail(base::Error::from_errno(errno, path));
    if (got == 0) break;
    const std::string_view bytes(piece.data(), static_cast<std::size_t>(got));
    hasher.update(bytes);
    file.bytes += bytes.size();
    if (file.bytes > bytes_max)
      return fail(Code::kLimit, path + ": more than " + std::to_string(bytes_max) +
                                    " bytes, too many for a file of a hub; move it away");
    HF_CHECK(each(bytes));
  }
  file.sha256 = hasher.finish();
  return file;
}

Result<BackupFile> look_at(const std::string& root, const std::string& name) {
  return read_pieces(root, name, kNoLimit, [](std::string_view) { return Status(); });
}

/// Durable when it returns; `mode` where it is not to have the one that it has.
Result<BackupFile> copy(const std::string& from, const std::string& to, const std::string& name,
                        std::uint64_t bytes_max, std::optional<std::uint32_t> mode = std::nullopt) {
  const std::string path = to + "/" + name;
  HF_CHECK(base::remove_file(path));
  const base::Fd out(::open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600));
  if (!out) return fail(base::Error::from_errno(errno, path));
  HF_TRY(auto file, read_pieces(from, name, bytes_max,
                                [&](std::string_view bytes) { return write_all(out, bytes, path); }));
  if (::fchmod(out.get(), mode.value_or(file.mode)) != 0 || ::fsync(out.get()) != 0)
    return fail(base::Error::from_errno(errno, path));
  return file;
}

bool is_same_content(const BackupFile& a, const BackupFile& b) {
  return a.bytes == b.bytes && a.sha256 == b.sha256;
}

// ---- what belongs to a backup ----

/// The files directly in `folder` that are in a backup, as it names them. The store has a way of its own.
Result<std::vector<std::string>> names_in(const std::string& folder, const std::string& prefix = "") {
  std::vector<std::string> out;
  std::error_code problem;
  for (fs::directory_iterator entry(folder, problem), end; !problem && entry != end;
       entry.increment(problem)) {
    const auto name = entry->path().filename().string();
    if (is_left_out_of_backup(name)) continue;
    std::error_code gone;
    if (entry->symlink_status(gone).type() != fs::file_type::regular) continue;
    if (!is_backup_name(prefix + name))
      return fail(Code::kInvalid, folder + "/" + name + ": no file of a hub is called so; move it away");
    out.push_back(prefix + name);
  }
  if (problem) return fail(base::Error::from_errno(problem.value(), folder));
  std::ranges::sort(out);
  return out;
}

Result<std::vector<std::string>> names_of(const DataFolder& folder) {
  HF_TRY(auto out, names_in(folder.root()));
  if (is_there(folder.old_cas())) {
    HF_TRY(const auto old, names_in(folder.old_cas(), std::string(kBackupOldCasName) + "/"));
    out.insert(out.end(), old.begin(), old.end());
  }
  if (out.size() + 1 > limits::kBackupFilesMax)  // and the store
    return fail(Code::kLimit,
                folder.root() + ": more than " + std::to_string(limits::kBackupFilesMax) + " files");
  return out;
}

/// Nothing: one went while they were copied.
Result<std::optional<std::vector<BackupFile>>> copy_files(const DataFolder& folder, const std::string& to) {
  HF_TRY(const auto names, names_of(folder));
  std::vector<BackupFile> out;
  for (const auto& name : names) {
    auto file = copy(folder.root(), to, name, limits::kBackupFileBytesMax);
    if (!file && file.error().code() == Code::kNotFound && !is_there(folder.root() + "/" + name))
      return std::nullopt;
    if (!file) return fail(std::move(file).error());
    out.push_back(*std::move(file));
  }
  return out;
}

Result<bool> are_unchanged(const DataFolder& folder, const std::vector<BackupFile>& files) {
  HF_TRY(const auto names, names_of(folder));
  if (!std::ranges::equal(names, files, {}, {}, &BackupFile::name)) return false;
  for (const auto& file : files) {
    const auto now = look_at(folder.root(), file.name);
    if (!now || *now != file) return false;
  }
  return true;
}

/// Of a turn that is not to count.
Status remove_files(const DataFolder& folder) {
  HF_TRY(const auto names, names_of(folder));
  for (const auto& name : names) HF_CHECK(base::remove_file(folder.root() + "/" + name));
  return {};
}

/// A key and its certificate may be renewed while they are read: then all of it is read again.
Result<std::vector<BackupFile>> copy_one_moment(const DataFolder& folder, const std::string& to) {
  for (int turn = 0; turn < limits::kBackupTurnsMax; ++turn) {
    HF_TRY(auto files, copy_files(folder, to));
    HF_TRY(const bool is_whole, files ? are_unchanged(folder, *files) : Result<bool>(false));
    if (!is_whole) {
      HF_CHECK(remove_files(DataFolder(to)));
      continue;
    }
    HF_CHECK(sync::sync_folder_of(to + "/" + std::string(kBackupOldCasName) + "/."));
    HF_CHECK(sync::sync_folder_of(to + "/."));
    return *std::move(files);
  }
  return fail(Code::kConflict,
              folder.root() + ": its files changed each time that they were copied; try again");
}

Result<sync::FleetId> fleet_of(const DataFolder& folder) {
  HF_TRY(const auto text, base::read_file(folder.hub_file(), limits::kJsonBytesMax));
  HF_TRY(const Json json, base::parse_json(text));
  sync::FleetId fleet;
  HF_CHECK(
      base::ObjectReader(json, folder.hub_file()).required("fleet", sync::id_field(fleet)).finish_open());
  return fleet;
}

Status make_new_folder(const std::string& to) {
  std::error_code problem;
  if (fs::exists(to, problem) && !fs::is_empty(to, problem))
    return fail(Code::kConflict, to + " is there and not empty: give each backup a folder of its own");
  HF_CHECK(base::make_private_directory(to));
  return base::make_private_directory(to + "/" + std::string(kBackupOldCasName));
}

// ---- restoring ----

enum class Phase { kSetAside, kCopying };

struct Restoring {
  Phase phase = Phase::kSetAside;
  std::string set_aside;  ///< its name in the data folder
  sync::FleetId fleet;
};

std::string marker_of(const DataFolder& folder) { return folder.root() + "/restoring"; }

Status write_marker(const DataFolder& folder, const Restoring& restoring) {
  const Json json{{"phase", restoring.phase == Phase::kCopying ? "copying" : "set-aside"},
                  {"setAside", restoring.set_aside},
                  {"fleet", restoring.fleet.str()}};
  return base::write_file(marker_of(folder), base::canonical_json(json), 0600);
}

Result<std::optional<Restoring>> read_marker(const DataFolder& folder) {
  HF_TRY(const auto text, read_if_there(marker_of(folder)));
  if (!text) return std::nullopt;
  HF_TRY(const Json json, base::parse_json(*text));
  Restoring out;
  std::string phase;
  HF_CHECK(base::ObjectReader(json, marker_of(folder))
               .required("phase", phase)
               .required("setAside", out.set_aside)
               .required("fleet", sync::id_field(out.fleet))
               .finish());
  if (!out.set_aside.starts_with(kSetAsideName) || out.set_aside.find('/') != std::string::npos)
    return fail(Code::kCorrupt, marker_of(folder) + ": setAside is no name that a restore gives");
  out.phase = phase == "copying" ? Phase::kCopying : Phase::kSetAside;
  return out;
}

Result<std::string> free_name(const DataFolder& folder) {
  for (int n = 1; n <= limits::kRestoresKeptMax; ++n) {
    auto name = std::string(kSetAsideName) + std::to_string(n);
    if (!is_there(folder.root() + "/" + name)) return name;
  }
  return fail(Code::kLimit, folder.root() + "/" + std::string(kSetAsideName) + "1 to -" +
                                std::to_string(limits::kRestoresKeptMax) +
                                " are there from restores before: remove what is not needed any more");
}

/// What was moved before is not there any more. Nothing is ever put in the place of what was set aside.
Status move(const std::string& from, const std::string& to) {
  if (!is_there(from)) return {};
  if (is_there(to)) return fail(Code::kConflict, to + " is there already, and " + from + " is another");
  if (::rename(from.c_str(), to.c_str()) == 0) return {};
  return fail(base::Error::from_errno(errno, "moving " + from + " to " + to));
}

/// What a backup replaces, so that nothing is lost by putting back the wrong one. The store last: while it is there, so is a hub.
Status set_aside(const DataFolder& folder, const std::string& to) {
  HF_CHECK(base::make_private_directory(to));
  HF_TRY(const auto names, names_in(folder.root()));
  for (const auto& name : names) HF_CHECK(move(folder.root() + "/" + name, to + "/" + name));
  HF_CHECK(move(folder.old_cas(), to + "/" + std::string(kBackupOldCasName)));
  HF_CHECK(move(folder.store(), to + "/" + std::string(kBackupStoreName)));
  HF_CHECK(base::remove_file(folder.store() + "-lock"));  // LMDB's table of readers, of another file
  HF_CHECK(sync::sync_folder_of(to + "/."));
  return sync::sync_folder_of(folder.root() + "/.");
}

Status copy_back(const DataFolder& folder, const std::string& from, const BackupManifest& backup) {
  // What is here now came from a copy that did not end, perhaps of another backup.
  HF_CHECK(remove_files(folder));
  HF_CHECK(base::remove_file(folder.store()));
  HF_CHECK(base::make_private_directory(folder.old_cas()));
  for (const auto& file : backup.files) {
    HF_TRY(const auto copied, copy(from, folder.root(), file.name, kNoLimit, file.mode));
    if (!is_same_content(copied, file))
      return fail(Code::kCorrupt, from + "/" + file.name + ": changed while it was restored");
  }
  HF_CHECK(sync::sync_folder_of(folder.old_cas() + "/."));
  return sync::sync_folder_of(folder.root() + "/.");
}

Status check_same_fleet(const DataFolder& folder, const BackupManifest& backup,
                        const std::optional<Restoring>& begun) {
  if (!begun && !is_there(folder.hub_file())) return {};
  const auto fleet = begun ? Result<sync::FleetId>(begun->fleet) : fleet_of(folder);
  if (!fleet)
    return fail(fleet.error().code(),
                folder.hub_file() + ": " + fleet.error().message() +
                    "; which fleet is here cannot be told: if it is that of the backup, "
                    "move the file away and restore again");
  if (*fleet == backup.fleet) return {};
  return fail(Code::kConflict, folder.root() + " holds fleet " + fleet->str() + ", the backup is of " +
                                   backup.fleet.str() + ": restore it into another folder");
}

}  // namespace

bool is_backup(const std::string& folder) {
  return is_there(folder + "/" + std::string(kBackupManifestName));
}

Result<BackupManifest> back_up(const DataFolder& folder, const std::string& to, base::WallTime now) {
  HF_CHECK(check_store_is_there(folder));
  if (!is_there(folder.store()) || !is_there(folder.hub_file()))
    return fail(Code::kNotFound, folder.root() + " is no data folder of a hub that was ever started");
  HF_CHECK(check_no_restore_is_due(folder));
  HF_CHECK(make_new_folder(to));
  BackupManifest out{.made = now, .release = base::kVersion};
  HF_TRY(out.files, copy_one_moment(folder, to));
  HF_TRY(out.fleet, fleet_of(DataFolder(to)));
  const std::string store = to + "/" + std::string(kBackupStoreName);
  HF_CHECK(sync::copy_store(folder.store(), store));
  if (const auto sound = sync::check_store(store); !sound) {
    const std::string what = folder.store() + " is damaged, and its copy is no backup";
    return fail(with_way_out(folder, sound.error().with_context(what)));
  }
  HF_TRY(auto copied, look_at(to, std::string(kBackupStoreName)));
  out.files.push_back(std::move(copied));
  const auto text = encode_backup_manifest(out);
  HF_CHECK(decode_backup_manifest(text));  // what could not be restored is no backup
  HF_CHECK(base::write_file(to + "/" + std::string(kBackupManifestName), text, 0600));
  return out;
}

namespace {

constexpr const char* kCopyAgain = "; copy the backup again, or take another one";

Status check_backed_up(const std::string& folder, const BackupFile& file) {
  const std::string path = folder + "/" + file.name;
  const auto found = look_at(folder, file.name);
  if (!found && found.error().code() != Code::kNotFound) return fail(found.error());
  if (!found) return fail(Code::kNotFound, path + " is missing" + kCopyAgain);
  if (is_same_content(*found, file)) return {};
  return fail(Code::kCorrupt, path + ": not what was backed up" + kCopyAgain);
}

}  // namespace

Result<BackupManifest> check_backup(const std::string& folder) {
  const std::string name = folder + "/" + std::string(kBackupManifestName);
  auto text = base::read_file(name, limits::kJsonBytesMax);
  if (!text && text.error().code() == Code::kNotFound)
    return fail(Code::kNotFound, name + " is not there: no backup, or one that was not finished");
  if (!text) return fail(text.error());
  auto manifest = decode_backup_manifest(*text);
  if (!manifest && manifest.error().code() == Code::kTooNew)
    return fail(std::move(manifest).error().with_context(name));
  if (!manifest) return fail(Code::kCorrupt, name + ": " + manifest.error().message() + kCopyAgain);
  bool has_store = false;
  for (const auto& file : manifest->files) {
    HF_CHECK(check_backed_up(folder, file));
    has_store = has_store || file.name == kBackupStoreName;
  }
  if (!has_store) return fail(Code::kInvalid, name + ": there is no store in it; take another backup");
  // With the content that was backed up.
  if (auto sound = sync::check_store(folder + "/" + std::string(kBackupStoreName)); !sound)
    return fail(
        std::move(sound).error().with_context("damaged already when it was backed up, so take another one"));
  return manifest;
}

Result<Restored> restore(const DataFolder& folder, const std::string& from) {
  std::error_code problem;
  if (fs::equivalent(from, folder.root(), problem))
    return fail(Code::kInvalid, from + " is the hub's own folder, not a backup of it");
  HF_TRY(auto backup, check_backup(from));
  HF_CHECK(base::make_private_directory(folder.root()));
  HF_TRY(const auto lock, lock_of_stopped_hub(folder));
  HF_TRY(auto begun, read_marker(folder));
  HF_CHECK(check_same_fleet(folder, backup, begun));
  if (!begun) {
    HF_CHECK(names_of(folder));  // what could not be set aside is named before the hub is kept from starting
    begun.emplace();
    begun->fleet = backup.fleet;
    HF_TRY(begun->set_aside, free_name(folder));
    HF_CHECK(write_marker(folder, *begun));
  }
  const std::string aside = folder.root() + "/" + begun->set_aside;
  if (begun->phase == Phase::kSetAside) {
    HF_CHECK(set_aside(folder, aside));
    begun->phase = Phase::kCopying;
    HF_CHECK(write_marker(folder, *begun));
  }
  HF_CHECK(copy_back(folder, from, backup));
  HF_CHECK(base::remove_file(marker_of(folder)));
  HF_CHECK(sync::sync_folder_of(folder.root() + "/."));
  // Removed only where nothing was: rmdir leaves anything else.
  const bool was_empty = ::rmdir(aside.c_str()) == 0;
  return Restored{std::move(backup), was_empty ? "" : aside};
}

Status check_is_no_agents(const std::string& folder) {
  if (!is_there(folder + "/node.json")) return {};
  return fail(Code::kConflict,
              folder + ": is the data folder of an agent; give the hub one of its own with --data");
}

Result<base::DirectoryLock> lock_of_stopped_hub(const DataFolder& folder) {
  HF_CHECK(check_is_no_agents(folder.root()));
  auto lock = base::DirectoryLock::take(folder.root());
  if (!lock && lock.error().code() == Code::kConflict)
    return fail(std::move(lock).error().with_context("stop the hub first"));
  if (!lock && lock.error().code() == Code::kNotFound)
    return fail(Code::kNotFound, folder.root() + " is not there: --data names the folder of the hub's state");
  return lock;
}

Status check_is_data_folder(const DataFolder& folder) {
  if (!is_there(folder.root())) return fail(Code::kNotFound, folder.root() + " is not there");
  if (is_there(folder.root() + "/node.json"))
    return fail(Code::kConflict, folder.root() +
                                     ": is the data folder of a node, whose agent looks at its store itself "
                                     "when it starts after a crash");
  // Whatever works in a data folder takes its lock, and no backup has one.
  if (is_there(folder.root() + "/" + std::string(kLockName))) return {};
  return fail(
      Code::kNotFound,
      folder.root() + ": " + std::string(kBackupManifestName) +
          " is missing, so it is no backup, or one that was not finished or not copied whole; and it is no "
          "data folder, for no hub was ever started in it");
}

Status check_no_restore_is_due(const DataFolder& folder) {
  if (!is_there(marker_of(folder))) return {};
  return fail(Code::kConflict, marker_of(folder) +
                                   " is there: a restore was begun and has not ended. Type the same "
                                   "`holdfast-hub restore` again");
}

}  // namespace holdfast::hub
