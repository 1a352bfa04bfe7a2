// SPDX-License-Identifier: Apache-2.0
#include "edge_agent/container_env.hpp"

#include <algorithm>
#include <functional>
#include <map>
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

/// What is compared of a variable: its name and, of one that stands in the manifest, its value. Of one that comes from a ConfigMap or Secret
/// only from which, as another value of those touches nothing that runs; all the same where the pod asks to be made anew.
class EnvBuilder {
 public:
  EnvBuilder(const EnvScope& scope, References& references, const PodContext& context)
      : scope_(scope),
        references_(references),
        context_(context),
        compares_values_(restarts_on_change(scope.pod)) {}

  Result<ContainerEnv> build() {
    for (const auto& from : scope_.container.env_from) HF_CHECK(add_all(from));
    for (const auto& variable : scope_.container.env) HF_CHECK(add(variable));
    out_.stands_for = base::Digest::of(text_).hex();
    base::wipe(text_);
    for (auto& [name, value] : compared_) base::wipe(value);
    return std::move(out_);
  }

 private:
  /// The last one of a name counts. `compared`: as others that refer to it are compared.
  void set(const std::string& name, std::string value, std::optional<std::string> compared) {
    std::erase_if(out_.variables, [&](auto& pair) {
      if (pair.first == name) base::wipe(pair.second);
      return pair.first == name;
    });
    out_.variables.emplace_back(name, std::move(value));
    compared_.erase(name);
    if (compared) compared_.emplace(name, *std::move(compared));
  }
  void compare(const std::string& name, const std::string& stands_for) {
    text_ += name + '\0' + stands_for + '\0';
  }
  void set_plain(const std::string& name, std::string value) {
    compare(name, "=" + value);
    auto compared = value;
    set(name, std::move(value), std::move(compared));
  }
  void set_literal(const std::string& name, const std::string& text) {
    const auto value = [this](auto of) { return find(of); };
    // What refers to a value that is not compared is compared as it is written.
    const auto compared = [this](auto of) -> std::optional<std::string> {
      const auto found = compared_.find(of);
      return found == compared_.end() ? std::nullopt : std::optional(found->second);
    };
    auto stands_for = sync::expand_variables(text, compared);
    compare(name, "=" + stands_for);
    set(name, sync::expand_variables(text, value), std::move(stands_for));
  }
  void set_from_map(const std::string& name, const std::string& value) {
    compares_values_ ? set_plain(name, value) : set(name, value, std::nullopt);
  }
  void set_secret(const std::string& name, const SealedValue& sealed) {
    auto opened = context_.secrets.open(sealed);
    if (!opened) out_.unreadable = opened.error();
    std::string value(opened ? opened->view() : "");
    if (!compares_values_) return set(name, std::move(value), std::nullopt);
    // A guess could be compared with less.
    const auto stands_for =
        opened ? "secret " + context_.marks.keyed("holdfast/secret-content/1", base::Digest::of(value).view())
               : "unreadable " + sealed.version.hex() + sealed.key;
    compare(name, stands_for);
    set(name, std::move(value), stands_for);
  }
  void compare_reference(const std::string& name, const std::string& what) {
    if (!compares_values_) compare(name, "from " + what);
  }

  Status add_all(const sync::EnvFrom& from) {
    const bool is_map = from.kind == sync::EnvFrom::Kind::kConfigMap;
    compare_reference(from.prefix, (is_map ? "all of ConfigMap/" : "all of Secret/") + from.name);
    return is_map ? add_config_map(from) : add_secret(from);
  }
  Status add_config_map(const sync::EnvFrom& from) {
    HF_TRY(const auto* map, references_.find_config_map(scope_.id.ns, from.name));
    if (map == nullptr) return missing_from("ConfigMap", from);
    for (const auto& [key, value] : map->data) {
      if (sync::check_env_name(from.prefix + key)) set_from_map(from.prefix + key, value);
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
    if (compares_values_) text_ += error.message() + '\0';
    return {};
  }

  Status add(const sync::PodVariable& variable) {
    const auto& name = variable.name;
    if (const auto* text = std::get_if<std::string>(&variable.value)) {
      set_literal(name, *text);
    } else if (const auto* map = std::get_if<sync::ConfigMapKey>(&variable.value)) {
      compare_reference(name, "ConfigMap/" + map->ref.name + "/" + map->ref.key);
      auto value = references_.value(scope_.id.ns, map->ref);
      if (!value && !map->optional) return missing(value.error());
      if (value) set_from_map(name, *value);
    } else if (const auto* secret = std::get_if<sync::SecretKey>(&variable.value)) {
      compare_reference(name, "Secret/" + secret->ref.name + "/" + secret->ref.key);
      const auto sealed = references_.sealed(scope_.id.ns, secret->ref);
      if (!sealed && !secret->optional) return missing(sealed.error());
      if (sealed) set_secret(name, *sealed);
    } else if (const auto* field = std::get_if<sync::PodField>(&variable.value)) {
      out_.wants_address = out_.wants_address || field->kind == sync::PodField::Kind::kHostIp;
      set_plain(name, field_value(*field));
    } else {
      set_plain(name, resource_value(std::get<sync::ResourceField>(variable.value)));
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
  bool compares_values_;
  ContainerEnv out_;
  std::map<std::string, std::string, std::less<>> compared_;
  std::string text_;
};

}  // namespace

bool restarts_on_change(const sync::PodTemplate& pod) {
  const auto annotation = pod.annotations.find(std::string(sync::kAnnotationRestartOnChange));
  return annotation != pod.annotations.end() && annotation->second == "enabled";
}

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
