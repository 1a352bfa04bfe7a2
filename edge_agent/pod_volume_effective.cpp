// SPDX-License-Identifier: Apache-2.0
#include "edge_agent/pod_volume_effective.hpp"

#include <utility>

#include "base/digest.hpp"

namespace holdfast::edge_agent {

using base::fail;
using base::Result;
using base::Status;

namespace {

class DataReader {
 public:
  DataReader(const PodId& id, const sync::DataVolume& spec, References& references, const PodContext& context)
      : id_(id), spec_(spec), references_(references), context_(context) {}

  Result<ResolvedVolume> read() {
    const bool is_secret = spec_.kind == sync::DataVolume::Kind::kSecret;
    out_.volume.kind = is_secret ? PodVolume::Kind::kSecret : PodVolume::Kind::kData;
    HF_TRY(const auto keys, is_secret ? secret_keys() : config_map_keys());
    for (const auto& item : keys) HF_CHECK(add(item, is_secret));
    out_.volume.digest = base::Digest::of(text_);
    return std::move(out_);
  }

 private:
  using Items = std::vector<sync::KeyToPath>;

  template <class Data>
  Items all_of(const Data& data) const {
    if (!spec_.items.empty()) return spec_.items;
    Items out;
    for (const auto& [key, value] : data) out.push_back({.key = key, .path = key, .mode = std::nullopt});
    return out;
  }
  Result<Items> config_map_keys() {
    HF_TRY(const auto* map, references_.find_config_map(id_.ns, spec_.name));
    if (map == nullptr) return missing("ConfigMap");
    return all_of(map->data);
  }
  Result<Items> secret_keys() {
    HF_TRY(const auto* secret, references_.find_secret(id_.ns, spec_.name));
    if (secret == nullptr) return missing("Secret");
    return all_of(secret->data);
  }
  Result<Items> missing(const std::string& kind) {
    if (spec_.optional) return Items{};
    HF_CHECK(note_missing(
        missing_reference("refers to " + kind + "/" + spec_.name + ", which its application does not have")));
    return Items{};
  }
  /// The pod waits for it; the others of its application do not.
  Status note_missing(const base::Error& error) {
    if (!is_missing_reference(error)) return fail(error);
    out_.missing = error.message();
    text_ += error.message() + '\0';
    return {};
  }

  Status add(const sync::KeyToPath& item, bool is_secret) {
    VolumeFile file{.path = item.path, .content = "", .mode = item.mode.value_or(spec_.default_mode)};
    std::string stands_for;
    if (is_secret) {
      const auto sealed = references_.sealed(id_.ns, {spec_.name, item.key});
      if (!sealed) return spec_.optional ? Status() : note_missing(sealed.error());
      if (auto opened = context_.secrets.open(*sealed)) {
        file.content = std::string(opened->view());
        stands_for = "secret " +
                     context_.marks.keyed("holdfast/secret-content/1", base::Digest::of(file.content).view());
      } else {
        out_.unreadable = opened.error();
        stands_for = "unreadable " + sealed->version.hex() + sealed->key;
      }
    } else {
      auto value = references_.value(id_.ns, {spec_.name, item.key});
      if (!value) return spec_.optional ? Status() : note_missing(value.error());
      file.content = *std::move(value);
      stands_for = base::Digest::of(file.content).hex();
    }
    text_ += file.path + '\0' + stands_for + '\0' + std::to_string(file.mode) + '\0';
    out_.volume.files.push_back(std::move(file));
    return {};
  }

  const PodId& id_;
  const sync::DataVolume& spec_;
  References& references_;
  const PodContext& context_;
  ResolvedVolume out_;
  std::string text_;
};

}  // namespace

Result<ResolvedVolume> resolve_volume(const PodId& id, const sync::VolumeSpec& spec, References& references,
                                      const PodContext& context) {
  ResolvedVolume out;
  if (const auto* data = std::get_if<sync::DataVolume>(&spec.source)) {
    HF_TRY(out, DataReader(id, *data, references, context).read());
  } else if (const auto* empty = std::get_if<sync::EmptyDirVolume>(&spec.source)) {
    out.volume.kind = empty->in_memory ? PodVolume::Kind::kMemory : PodVolume::Kind::kEmpty;
    out.volume.bytes_max = empty->bytes_max;
  } else if (const auto* host = std::get_if<sync::HostPathVolume>(&spec.source)) {
    out.volume.kind = PodVolume::Kind::kHost;
    out.volume.path = host->path;
    out.volume.type = host->type;
  }
  out.volume.name = spec.name;
  return out;
}

}  // namespace holdfast::edge_agent
