// SPDX-License-Identifier: Apache-2.0
#include "sync/model/volume_spec.hpp"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <set>
#include <string_view>

#include "base/limits/model.hpp"
#include "sync/model/claim.hpp"
#include "sync/model/container_fields.hpp"
#include "sync/model/fields.hpp"
#include "sync/model/ids.hpp"
#include "sync/model/quantity.hpp"
#include "sync/model/secret.hpp"
#include "sync/model/text.hpp"
#include "sync/model/volume_fields.hpp"
#include "sync/model/words.hpp"

namespace holdfast::sync {
namespace {

using base::Code;
using base::fail;
using base::Json;
using base::ObjectReader;
using base::Result;
using base::Status;
namespace limits = base::limits;

// ---- paths ----

std::string_view without_last_slashes(std::string_view path) {
  while (path.size() > 1 && path.ends_with('/')) path.remove_suffix(1);
  return path;
}

/// In a container; a folder may be written with a slash at the end.
Result<std::string> parse_mount_path(std::string_view path) {
  if (path.find(':') != std::string_view::npos) {
    return fail(Code::kInvalid, in_quotes(path) + " holds a ':', which engines do not take");
  }
  return normal_path(without_last_slashes(path));
}

Result<std::string> parse_host_path(std::string_view path) {
  const std::string_view folder = without_last_slashes(path);
  if (folder == "/") return std::string(folder);
  return normal_path(folder);
}

/// Beneath a volume: "a/b".
Result<std::string> parse_relative_path(std::string_view path) {
  if (path.empty() || path.front() == '/') {
    return fail(Code::kInvalid, in_quotes(path) + " must be relative, such as \"conf/app.yaml\"");
  }
  HF_TRY(const std::string normal, normal_path("/" + std::string(without_last_slashes(path))));
  return normal.substr(1);
}

// ---- configMap, secret ----

/// A number as Kubernetes takes it, or octal digits in quotes: a bare 0400 is 256 to some readers of YAML and 400 to others.
Result<std::uint32_t> parse_mode(const Json& value, const std::string& where) {
  std::uint32_t mode = 0;
  if (!value.is_string()) {
    HF_CHECK(number_field(mode, 0, 0777)(value, where));
    return mode;
  }
  const auto& text = value.get_ref<const std::string&>();
  const bool octal = (text.size() == 3 || text.size() == 4) &&
                     std::all_of(text.begin(), text.end(), [](char c) { return c >= '0' && c <= '7'; });
  for (const char c : octal ? std::string_view(text) : std::string_view()) {
    mode = mode * 8 + static_cast<std::uint32_t>(c - '0');
  }
  if (octal && mode <= 0777) return mode;
  return fail(Code::kInvalid,
              in_quotes(text) + " must be octal from \"0000\" to \"0777\", or a number from 0 to 511");
}

Result<KeyToPath> parse_item(const Json& value, const std::string& where) {
  KeyToPath item;
  ObjectReader in(value, where);
  in.required("key", item.key)
      .required("path", text_field(item.path, parse_relative_path))
      .optional("mode", document_field(item.mode, parse_mode));
  HF_CHECK(in.finish());
  HF_CHECK(check_data_key(item.key, where + ".key"));
  return item;
}

Status check_items(const std::vector<KeyToPath>& items, const std::string& where) {
  std::set<std::string_view> paths;
  for (const auto& item : items) {
    if (paths.insert(item.path).second) continue;
    return fail(Code::kInvalid, where + ": the path " + in_quotes(item.path) + " is there twice; remove one");
  }
  return {};
}

Result<DataVolume> read_data(const Json& value, const std::string& where, DataVolume::Kind kind) {
  DataVolume data;
  data.kind = kind;
  const std::string name = kind == DataVolume::Kind::kSecret ? "secretName" : "name";
  ObjectReader in(value, where);
  in.required(name, data.name)
      .each("items", document_elements(data.items, limits::kVolumeItemsMax, parse_item))
      .optional("defaultMode", document_field(data.default_mode, parse_mode))
      .optional("optional", data.optional);
  HF_CHECK(in.finish());
  HF_CHECK(check_name(data.name, where + "." + name));
  HF_CHECK(check_items(data.items, where + ".items"));
  return data;
}

Result<DataVolume> parse_config_map_volume(const Json& value, const std::string& where) {
  return read_data(value, where, DataVolume::Kind::kConfigMap);
}

Result<DataVolume> parse_secret_volume(const Json& value, const std::string& where) {
  return read_data(value, where, DataVolume::Kind::kSecret);
}

// ---- emptyDir, hostPath ----

Result<bool> parse_medium(std::string_view medium) {
  if (medium.empty()) return false;
  if (medium == "Memory") return true;
  return fail(Code::kUnsupported,
              in_quotes(medium) + " is not supported; write Memory, or take it out for the disk");
}

Result<EmptyDirVolume> parse_empty_dir(const Json& value, const std::string& where) {
  EmptyDirVolume folder;
  ObjectReader in(value, where);
  in.optional("medium", text_field(folder.in_memory, parse_medium))
      .optional("sizeLimit", memory_field(folder.bytes_max, 0));
  HF_CHECK(in.finish());
  if (folder.bytes_max && !folder.in_memory) {
    return fail(
        Code::kUnsupported,
        where + ".sizeLimit: nothing measures a folder on the disk; write medium: Memory, or take it out");
  }
  if (folder.bytes_max == 0U) return fail(Code::kInvalid, where + ".sizeLimit: must be more than 0");
  return folder;
}

constexpr Words<HostPathType, 7> kHostPathTypes{{{{HostPathType::kDirectoryOrCreate, "DirectoryOrCreate"},
                                                  {HostPathType::kDirectory, "Directory"},
                                                  {HostPathType::kFileOrCreate, "FileOrCreate"},
                                                  {HostPathType::kFile, "File"},
                                                  {HostPathType::kSocket, "Socket"},
                                                  {HostPathType::kCharDevice, "CharDevice"},
                                                  {HostPathType::kBlockDevice, "BlockDevice"}}}};

Result<HostPathType> parse_host_path_type(std::string_view word) {
  if (word.empty()) return HostPathType::kUnchecked;
  return kHostPathTypes.parse(word, "");
}

Result<HostPathVolume> parse_host_path_volume(const Json& value, const std::string& where) {
  HostPathVolume path;
  ObjectReader in(value, where);
  in.required("path", text_field(path.path, parse_host_path))
      .optional("type", text_field(path.type, parse_host_path_type));
  HF_CHECK(in.finish());
  return path;
}

}  // namespace

Result<VolumeSpec> parse_volume(const Json& value, const std::string& where) {
  VolumeSpec volume;
  ObjectReader in(value, where);
  HF_CHECK(apply_rules(kVolumeFields, value, where, in));
  in.required("name", volume.name)
      .optional("configMap", document_field(volume.source, parse_config_map_volume))
      .optional("secret", document_field(volume.source, parse_secret_volume))
      .optional("emptyDir", document_field(volume.source, parse_empty_dir))
      .optional("hostPath", document_field(volume.source, parse_host_path_volume));
  HF_CHECK(in.finish());
  HF_CHECK(check_short_name(volume.name, where + ".name"));
  const int sources =
      int{in.has("configMap")} + int{in.has("secret")} + int{in.has("emptyDir")} + int{in.has("hostPath")};
  if (sources == 1) return volume;
  return fail(Code::kInvalid,
              where + ": exactly one of configMap, secret, emptyDir and hostPath must be given");
}

Result<VolumeMount> parse_volume_mount(const Json& value, const std::string& where) {
  VolumeMount mount;
  ObjectReader in(value, where);
  HF_CHECK(apply_rules(kVolumeMountFields, value, where, in));
  in.required("name", mount.volume)
      .required("mountPath", text_field(mount.path, parse_mount_path))
      .optional("subPath", text_field(mount.sub_path, parse_relative_path))
      .optional("readOnly", mount.read_only);
  HF_CHECK(in.finish());
  return mount;
}

}  // namespace holdfast::sync
