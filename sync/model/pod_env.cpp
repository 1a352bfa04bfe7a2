// SPDX-License-Identifier: Apache-2.0
#include "sync/model/pod_env.hpp"

#include <nlohmann/json.hpp>
#include <utility>

#include "sync/model/command.hpp"
#include "sync/model/container_fields.hpp"
#include "sync/model/fields.hpp"
#include "sync/model/ids.hpp"
#include "sync/model/labels.hpp"
#include "sync/model/quantity.hpp"
#include "sync/model/secret.hpp"
#include "sync/model/text.hpp"
#include "sync/model/words.hpp"

namespace holdfast::sync {
namespace {

using base::Code;
using base::fail;
using base::Json;
using base::ObjectReader;
using base::Result;
using base::Status;

// ---- configMapKeyRef, secretKeyRef ----

template <class Key>
Result<Key> parse_key(const Json& value, const std::string& where) {
  Key key;
  ObjectReader in(value, where);
  in.required("name", key.ref.name).required("key", key.ref.key).optional("optional", key.optional);
  HF_CHECK(in.finish());
  HF_CHECK(check_name(key.ref.name, where + ".name"));
  HF_CHECK(check_data_key(key.ref.key, where + ".key"));
  return key;
}

// ---- fieldRef ----

constexpr Words<PodField::Kind, 4> kPlainFields{{{{PodField::Kind::kName, "metadata.name"},
                                                  {PodField::Kind::kNamespace, "metadata.namespace"},
                                                  {PodField::Kind::kNodeName, "spec.nodeName"},
                                                  {PodField::Kind::kHostIp, "status.hostIP"}}}};

/// "metadata.labels['app']" → "app"; nullopt where it is not of that form.
std::optional<std::string_view> subscript(std::string_view path, std::string_view name) {
  if (!path.starts_with(name)) return std::nullopt;
  path.remove_prefix(name.size());
  if (!path.starts_with("['") || !path.ends_with("']") || path.size() < 4) return std::nullopt;
  return path.substr(2, path.size() - 4);
}

Result<PodField> keyed_field(PodField::Kind kind, std::string_view key) {
  HF_CHECK(in_field(check_label_key(key), in_quotes(key)));
  return PodField{kind, std::string(key)};
}

Result<PodField> parse_field_path(std::string_view path) {
  for (const auto& [kind, word] : kPlainFields.rows) {
    if (word == path) return PodField{kind, ""};
  }
  if (const auto key = subscript(path, "metadata.labels")) return keyed_field(PodField::Kind::kLabel, *key);
  if (const auto key = subscript(path, "metadata.annotations"))
    return keyed_field(PodField::Kind::kAnnotation, *key);
  if (path == "status.podIP" || path == "status.podIPs") {
    return fail(Code::kUnsupported,
                in_quotes(path) +
                    " is known only when the container is made; listen on 0.0.0.0, or use "
                    "hostNetwork and status.hostIP");
  }
  return fail(Code::kUnsupported,
              in_quotes(path) +
                  " is not supported; there are metadata.name, metadata.namespace, metadata.labels['KEY'], "
                  "metadata.annotations['KEY'], spec.nodeName and status.hostIP");
}

Result<PodField> parse_field_ref(const Json& value, const std::string& where) {
  PodField field;
  std::string version = "v1";
  ObjectReader in(value, where);
  in.required("fieldPath", text_field(field, parse_field_path)).optional("apiVersion", version);
  HF_CHECK(in.finish());
  if (version == "v1") return field;
  return fail(Code::kInvalid, where + ".apiVersion: must be v1");
}

// ---- resourceFieldRef ----

constexpr Words<ResourceField::Kind, 4> kResources{
    {{{ResourceField::Kind::kLimitsCpu, "limits.cpu"},
      {ResourceField::Kind::kLimitsMemory, "limits.memory"},
      {ResourceField::Kind::kRequestsCpu, "requests.cpu"},
      {ResourceField::Kind::kRequestsMemory, "requests.memory"}}}};

bool is_cpu(ResourceField::Kind kind) {
  return kind == ResourceField::Kind::kLimitsCpu || kind == ResourceField::Kind::kRequestsCpu;
}

Result<std::int64_t> divisor_of(const Json& value, const std::string&) {
  HF_TRY(const std::int64_t milli, quantity_milli_of(value));
  if (milli < 0) return fail(Code::kInvalid, "must not be negative");
  return milli == 0 ? 1'000 : milli;  // Kubernetes', for which 0 is none
}

Result<ResourceField> parse_resource_field(const Json& value, const std::string& where) {
  ResourceField field;
  ObjectReader in(value, where);
  in.required("resource",
              text_field(field.kind, [](std::string_view word) { return kResources.parse(word, ""); }))
      .optional("containerName", field.container)
      .optional("divisor", document_field(field.divisor_milli, divisor_of));
  HF_CHECK(in.finish());
  const bool fits = is_cpu(field.kind) ? field.divisor_milli == 1 || field.divisor_milli == 1'000
                                       : field.divisor_milli % 1'000 == 0;
  if (fits) return field;
  return fail(Code::kInvalid,
              where + ".divisor: must be " +
                  (is_cpu(field.kind) ? "1m or 1 for CPUs" : "a whole number for memory, such as 1Mi"));
}

// ---- env, envFrom ----

Status check_one_source(const ObjectReader& in, const std::string& where) {
  const int sources = int{in.has("configMapKeyRef")} + int{in.has("secretKeyRef")} + int{in.has("fieldRef")} +
                      int{in.has("resourceFieldRef")};
  if (sources == 1) return {};
  return fail(
      Code::kInvalid,
      where + ": exactly one of configMapKeyRef, fieldRef, resourceFieldRef and secretKeyRef must be given");
}

Status read_value_from(const Json& value, const std::string& where, PodVariable& variable) {
  ObjectReader in(value, where);
  in.optional("configMapKeyRef", document_field(variable.value, parse_key<ConfigMapKey>))
      .optional("secretKeyRef", document_field(variable.value, parse_key<SecretKey>))
      .optional("fieldRef", document_field(variable.value, parse_field_ref))
      .optional("resourceFieldRef", document_field(variable.value, parse_resource_field));
  HF_CHECK(in.finish());
  return check_one_source(in, where);
}

Status read_env_source(const Json& value, const std::string& where, EnvFrom::Kind kind, EnvFrom& out) {
  out.kind = kind;
  ObjectReader in(value, where);
  in.required("name", out.name).optional("optional", out.optional);
  HF_CHECK(in.finish());
  return check_name(out.name, where + ".name");
}

}  // namespace

Result<PodVariable> parse_pod_variable(const Json& value, const std::string& where) {
  PodVariable variable;
  std::string plain;
  ObjectReader in(value, where);
  in.required("name", variable.name).optional("value", plain);
  variable.value = std::move(plain);
  in.optional("valueFrom",
              [&](const Json& from, const std::string& at) { return read_value_from(from, at, variable); });
  HF_CHECK(in.finish());
  if (in.has("value") && in.has("valueFrom")) {
    return fail(Code::kInvalid, where + ": only one of value and valueFrom may be given");
  }
  HF_CHECK(in_field(check_env_name(variable.name), where + ".name"));
  if (const auto* text = std::get_if<std::string>(&variable.value)) {
    HF_CHECK(in_field(check_no_nul(*text), where + ".value"));
  }
  return variable;
}

Result<EnvFrom> parse_env_from(const Json& value, const std::string& where) {
  EnvFrom from;
  ObjectReader in(value, where);
  const auto source = [&from](EnvFrom::Kind kind) -> FieldRead {
    return [&from, kind](const Json& member, const std::string& at) {
      return read_env_source(member, at, kind, from);
    };
  };
  in.optional("prefix", from.prefix)
      .optional("configMapRef", source(EnvFrom::Kind::kConfigMap))
      .optional("secretRef", source(EnvFrom::Kind::kSecret));
  HF_CHECK(in.finish());
  if (in.has("configMapRef") == in.has("secretRef")) {
    return fail(Code::kInvalid, where + ": exactly one of configMapRef and secretRef must be given");
  }
  if (!from.prefix.empty()) HF_CHECK(in_field(check_env_name(from.prefix), where + ".prefix"));
  return from;
}

Status check_pod_variables(const std::vector<PodVariable>& variables, const std::string& where) {
  std::vector<std::pair<std::string_view, std::string_view>> names;
  names.reserve(variables.size());
  for (const auto& variable : variables) {
    const auto* text = std::get_if<std::string>(&variable.value);
    names.emplace_back(variable.name, text == nullptr ? std::string_view() : std::string_view(*text));
  }
  return in_field(check_environment(names), where);
}

std::string expand_variables(std::string_view text, const FindVariable& find) {
  std::string out;
  while (!text.empty()) {
    const std::size_t dollar = text.find('$');
    out += text.substr(0, dollar);
    if (dollar == std::string_view::npos) break;
    text.remove_prefix(dollar);
    const std::size_t end = text.starts_with("$(") ? text.find(')') : std::string_view::npos;
    std::size_t length = 1;
    if (text.starts_with("$$")) {
      length = 2;
      out += '$';
    } else if (end == std::string_view::npos) {
      out += '$';
    } else {
      length = end + 1;
      out += find(text.substr(2, end - 2)).value_or(std::string(text.substr(0, length)));
    }
    text.remove_prefix(length);
  }
  return out;
}

std::int64_t in_divisors(std::int64_t milli, std::int64_t divisor_milli) {
  return milli / divisor_milli + (milli % divisor_milli > 0 ? 1 : 0);
}

}  // namespace holdfast::sync
