// SPDX-License-Identifier: Apache-2.0
#include "hub/backup_manifest.hpp"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "base/json.hpp"
#include "base/limits/backup.hpp"
#include "sync/model/fields.hpp"

namespace holdfast::hub {

using base::Code;
using base::fail;
using base::Json;
using base::Result;
using base::Status;

namespace {

bool is_plain(std::string_view name) {
  return !name.empty() && name.size() <= base::limits::kBackupNameBytesMax && !is_left_out_of_backup(name) &&
         std::ranges::all_of(name, [](char c) { return c > 0x20 && c < 0x7f && c != '/'; });
}

}  // namespace

bool is_left_out_of_backup(std::string_view name) {
  return name.starts_with('.') || name.starts_with(kBackupStoreName) || name == "lock" ||
         name == "restoring" || name == "recovery.key" || name == kBackupManifestName;
}

bool is_backup_name(std::string_view name) {
  const auto slash = name.find('/');
  if (slash == std::string_view::npos) return name == kBackupStoreName || is_plain(name);
  return name.substr(0, slash) == kBackupOldCasName && is_plain(name.substr(slash + 1));
}

namespace {

constexpr std::int64_t kFormat = 1;
constexpr std::int64_t kModeMax = 0777;

Status read_file_entry(const Json& value, const std::string& where, std::vector<BackupFile>& out) {
  if (out.size() >= base::limits::kBackupFilesMax)
    return fail(Code::kLimit, "more than " + std::to_string(base::limits::kBackupFilesMax) + " files");
  BackupFile file;
  std::string bytes;
  std::int64_t mode = 0;
  HF_CHECK(base::ObjectReader(value, where)
               .required("name", file.name)
               .required("bytes", bytes)
               .required("mode", mode)
               .required("sha256", sync::digest_field(file.sha256))
               .finish());
  HF_TRY(file.bytes, base::from_decimal(bytes));
  if (!is_backup_name(file.name))
    return fail(Code::kInvalid, where + ".name: \"" + file.name + "\" is no name of a file in a backup");
  if (mode < 0 || mode > kModeMax) return fail(Code::kInvalid, where + ".mode: write 0 to 511");
  file.mode = static_cast<std::uint32_t>(mode);
  out.push_back(std::move(file));
  return {};
}

}  // namespace

std::string encode_backup_manifest(const BackupManifest& manifest) {
  Json files = Json::array();
  for (const auto& file : manifest.files)
    files.push_back({{"name", file.name},
                     {"bytes", base::to_decimal(file.bytes)},
                     {"mode", file.mode},
                     {"sha256", file.sha256.hex()}});
  return base::canonical_json(Json{{"format", kFormat},
                                   {"fleet", manifest.fleet.str()},
                                   {"madeMs", manifest.made.time_since_epoch().count()},
                                   {"release", manifest.release},
                                   {"files", std::move(files)}});
}

Result<BackupManifest> decode_backup_manifest(std::string_view bytes) {
  HF_TRY(const Json json, base::parse_json(bytes));
  std::int64_t format = 0;
  HF_CHECK(base::ObjectReader(json, "").required("format", format).finish_open());
  if (format > kFormat) return fail(Code::kTooNew, "made by a newer release; restore it with that one");
  BackupManifest out;
  std::int64_t made = 0;
  HF_CHECK(base::ObjectReader(json, "")
               .ignore("format")
               .required("fleet", sync::id_field(out.fleet))
               .required("madeMs", made)
               .required("release", out.release)
               .each("files",
                     [&out](const Json& value, const std::string& where) {
                       return read_file_entry(value, where, out.files);
                     })
               .finish());
  out.made = base::WallTime(std::chrono::milliseconds(made));
  return out;
}

}  // namespace holdfast::hub
