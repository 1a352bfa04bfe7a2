// SPDX-License-Identifier: Apache-2.0
#include "edge_agent/container_env.hpp"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "base/digest.hpp"
#include "base/sealing.hpp"
#include "sync/model/command.hpp"

namespace holdfast::edge_agent {
namespace {

using base::fail;
using base::Result;
using base::Status;

constexpr std::int64_t kMilli = 1'000;

class EnvBuilder {
 public:
  EnvBuilder(const EnvScope& scope, References& references, const PodContext& context)
      : scope_(scope), references_(references), context_(context) {}

  Result<ContainerEnv> build() {
    for (const auto& from : scope_.container.env_from) HF_CHECK(add_all(from));
    for (const auto& variable : scope_.container.env) HF_CHECK(add(variable));
    out_.stands_for = base::Digest::of(text_).hex();
    base::wipe(text_);
    return std::move(out_);
  }

 private:
  /// The last one of a name counts.
  void set(const std::string& name, std::string value, const std::string& stands_for) {
    std::erase_if(out_.variables, [&](auto& pair) {
      if (pair.first == name) base::wipe(pair.second);
      return pair.first == name;
    });
    out_.variables.emplace_back(name, std::move(value));
    text_ += name + '\0' + stands_for + '\0';
  }
  void set_plain(const std::string& name, std::string value) {
    std::string stands_for = "=" + value;
    set(name, std::move(value), stands_for);
    base::wipe(stands_for);  // a secret may have been filled in
  }
  void set_secret(const std::string& name, const SealedValue& sealed) {
    if (auto opened = context_.secrets.open(sealed)) {
      std::string value(opened->view());
      const auto keyed = context_.marks.keyed("holdfast/secret-content/1", base::Digest::of(value).view());
      set(name, std::move(value), "secret " + keyed);
    } else {
      out_.unreadable = opened.error();
      set(name, "", "unreadable " + sealed.version.hex() + sealed.key);
    }
  }

  Status add_all(const sync::EnvFrom& from) {
    return from.kind == sync::EnvFrom::Kind::kConfigMap ? add_config_map(from) : add_secret(from);
  }
  Status add_config_map(const sync::EnvFrom& from) {
    HF_TRY(const auto* map, references_.find_config_map(scope_.id.ns, from.name));
    if (map == nullptr) return missing_from("ConfigMap", from);
    for (const auto& [key, value] : map->data) {
      if (sync::check_env_name(from.prefix + key)) set_plain(from.prefix + key, value);
    }
    return {};
  }
  Status add_secret(const sync::EnvFrom& from) {
    HF_TRY(const auto* secret, references_.find_secret(scope_.id.ns, from.name));
    if (secret == nullptr) return missing_from("Secret", from);
    for (const auto& [key, bytes] : secret->data) {
      if (!sync::check_env_name(from.prefix + key)) continue;
      HF_TRY(const auto sealed, references_.sealed(scope_.id.ns, {from.name, key}));
      set_secret(from.prefix + key, sealed);
    }
    return {};
  }
  Status missing_from(const std::string& kind, const sync::EnvFrom& from) {
    if (from.optional) return {};
    return missing(
        missing_reference("refers to " + kind + "/" + from.name + ", which its application does not have"));
  }
  /// The pod waits for it; the others of its application do not.
  Status missing(const base::Error& error) {
    if (!is_missing_reference(error)) return fail(error);
    out_.missing = error.message();
    text_ += error.message() + '\0';
    return {};
  }

  Status add(const sync::PodVariable& variable) {
    if (const auto* text = std::get_if<std::string>(&variable.value)) {
      set_plain(variable.name, sync::expand_variables(*text, [this](auto name) { return find(name); }));
    } else if (const auto* map = std::get_if<sync::ConfigMapKey>(&variable.value)) {
      auto value = references_.value(scope_.id.ns, map->ref);
      if (!value && !map->optional) return missing(value.error());
      if (value) set_plain(variable.name, *std::move(value));
    } else if (const auto* secret = std::get_if<sync::SecretKey>(&variable.value)) {
      const auto sealed = references_.sealed(scope_.id.ns, secret->ref);
      if (!sealed && !secret->optional) return missing(sealed.error());
      if (sealed) set_secret(variable.name, *sealed);
    } else if (const auto* field = std::get_if<sync::PodField>(&variable.value)) {
      out_.wants_address = out_.wants_address || field->kind == sync::PodField::Kind::kHostIp;
      set_plain(variable.name, field_value(*field));
    } else {
      set_plain(variable.name, resource_value(std::get<sync::ResourceField>(variable.value)));
    }
    return {};
  }

  std::optional<std::string> find(std::string_view name) const {
    const auto found =
        std::ranges::find_if(out_.variables, [&](const auto& pair) { return pair.first == name; });
    if (found == out_.variables.end()) return std::nullopt;
    return found->second;
  }

  std::string field_value(const sync::PodField& field) const {
    const auto of = [&](const sync::StringMap& map) {
      const auto found = map.find(field.key);
      return found == map.end() ? std::string() : found->second;
    };
    switch (field.kind) {
      case sync::PodField::Kind::kName: return scope_.id.name;
      case sync::PodField::Kind::kNamespace: return scope_.id.ns;
      case sync::PodField::Kind::kLabel: return of(scope_.pod.labels);
      case sync::PodField::Kind::kAnnotation: return of(scope_.pod.annotations);
      case sync::PodField::Kind::kNodeName: return context_.node_name;
      case sync::PodField::Kind::kHostIp: return std::string(kAddressPlace);
    }
    return "";
  }

  std::string resource_value(const sync::ResourceField& field) const {
    const auto& resources = named(field.container).resources;
    const auto cpu = [&](const auto& milli) { return milli ? std::int64_t{*milli} : 0; };
    const auto memory = [&](const auto& bytes) {
      return bytes ? static_cast<std::int64_t>(*bytes) * kMilli : 0;
    };
    std::int64_t milli = 0;
    switch (field.kind) {
      case sync::ResourceField::Kind::kLimitsCpu: milli = cpu(resources.cpu_milli_max); break;
      case sync::ResourceField::Kind::kRequestsCpu:
        milli = cpu(resources.cpu_milli_request ? resources.cpu_milli_request : resources.cpu_milli_max);
        break;
      case sync::ResourceField::Kind::kLimitsMemory: milli = memory(resources.memory_bytes_max); break;
      case sync::ResourceField::Kind::kRequestsMemory:
        milli = memory(resources.memory_bytes_request ? resources.memory_bytes_request
                                                      : resources.memory_bytes_max);
        break;
    }
    return std::to_string(sync::in_divisors(milli, field.divisor_milli));
  }
  const sync::ContainerSpec& named(const std::string& name) const {
    if (name.empty()) return scope_.container;
    for (const auto* list : {&scope_.pod.spec.init_containers, &scope_.pod.spec.containers}) {
      const auto found = std::ranges::find(*list, name, &sync::ContainerSpec::name);
      if (found != list->end()) return *found;
    }
    return scope_.container;
  }

  const EnvScope& scope_;
  References& references_;
  const PodContext& context_;
  ContainerEnv out_;
  std::string text_;
};

}  // namespace

Result<ContainerEnv> container_env(const EnvScope& scope, References& references, const PodContext& context) {
  return EnvBuilder(scope, references, context).build();
}

std::vector<std::string> expanded(const std::vector<std::string>& words, const ContainerEnv& env) {
  const auto find = [&](std::string_view name) -> std::optional<std::string> {
    const auto found =
        std::ranges::find_if(env.variables, [&](const auto& pair) { return pair.first == name; });
    if (found == env.variables.end()) return std::nullopt;
    return found->second;
  };
  std::vector<std::string> out;
  for (const auto& word : words) out.push_back(sync::expand_variables(word, find));
  return out;
}

namespace {

void fill(std::string& text, const std::string& address) {
  for (auto at = text.find(kAddressPlace); at != std::string::npos; at = text.find(kAddressPlace, at)) {
    text.replace(at, kAddressPlace.size(), address);
    at += address.size();
  }
}

}  // namespace

void fill_address(const std::string& address, base::ContainerSpec& spec) {
  for (auto& [name, value] : spec.env) fill(value, address);
  for (auto* words : {&spec.entrypoint, &spec.arguments}) {
    if (!*words) continue;
    for (auto& word : **words) fill(word, address);
  }
}

}  // namespace holdfast::edge_agent
