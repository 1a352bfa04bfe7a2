// SPDX-License-Identifier: Apache-2.0
#include "gitops/kustomize/replacement_changes.hpp"

#include <algorithm>
#include <charconv>
#include <nlohmann/json.hpp>
#include <optional>
#include <utility>

#include "base/limits/documents.hpp"
#include "gitops/kustomize/target_match.hpp"
#include "gitops/yaml_scalar.hpp"
#include "sync/model/text.hpp"

namespace holdfast::gitops {
namespace {

using base::Code;
using base::fail;
using base::Json;
using base::Result;
using base::Status;
using sync::in_quotes;
using Parts = std::vector<std::string>;

/// Exact, unlike the target of a patch; as it is or was.
bool is_selected(const BuiltResource& resource, const TargetSelector& selector) {
  const auto fits = [](const std::string& wanted, const std::string& is) {
    return wanted.empty() || wanted == is;
  };
  return resource.was([&](const BuiltId& id) {
    return fits(selector.group, id.group) && fits(selector.version, id.version) &&
           fits(selector.kind, id.kind) && fits(selector.name, id.name) && fits(selector.ns, id.ns);
  });
}

std::string text_of(const Json& value) {
  return value.is_string() ? value.get<std::string>() : base::canonical_json(value);
}

std::vector<std::string> split_by(const std::string& text, const std::string& delimiter) {
  std::vector<std::string> out;
  std::size_t from = 0;
  for (auto at = text.find(delimiter); at != std::string::npos; at = text.find(delimiter, from)) {
    out.push_back(text.substr(from, at - from));
    from = at + delimiter.size();
  }
  out.push_back(text.substr(from));
  return out;
}

std::string joined_by(const std::vector<std::string>& parts, const std::string& delimiter) {
  std::string out;
  for (std::size_t i = 0; i < parts.size(); ++i) out.append(i == 0 ? "" : delimiter).append(parts[i]);
  return out;
}

/// "[name=web]": the member, and what it must be. An empty member: the element itself.
struct ElementKey {
  std::string member;
  std::string value;
};
std::optional<ElementKey> element_key(const std::string& part) {
  if (!part.starts_with('[') || !part.ends_with(']')) return std::nullopt;
  const auto equals = part.find('=');
  if (equals == std::string::npos) return std::nullopt;
  return ElementKey{part.substr(1, equals - 1), part.substr(equals + 1, part.size() - equals - 2)};
}

bool has_key(const Json& element, const ElementKey& key) {
  if (key.member.empty()) return !element.is_structured() && text_of(element) == key.value;
  if (!element.is_object()) return false;
  const auto member = element.find(key.member);
  return member != element.end() && !member->is_structured() && text_of(*member) == key.value;
}

/// The places that a path leads to.
class Lookup {
 public:
  Lookup(const Parts& parts, bool create) : parts_(parts), create_(create) {}

  Result<std::vector<Json*>> run(Json& root) {
    std::vector<Json*> at{&root};
    for (std::size_t i = 0; i < parts_.size(); ++i) {
      std::vector<Json*> next;
      for (Json* value : at) HF_CHECK(step(*value, parts_[i], next));
      at = std::move(next);
    }
    return at;
  }

 private:
  Status step(Json& value, const std::string& part, std::vector<Json*>& out) const {
    const auto key = element_key(part);
    if (value.is_null() && create_) value = key ? Json::array() : Json::object();
    if (key) return elements(value, *key, out);
    if (value.is_array()) return place(value, part, out);
    if (!value.is_object()) return {};
    if (part == "*") {
      for (auto& member : value) out.push_back(&member);
      return {};
    }
    if (!value.contains(part) && !create_) return {};
    out.push_back(&value[part]);
    return {};
  }

  Status elements(Json& list, const ElementKey& key, std::vector<Json*>& out) const {
    if (!list.is_array()) return {};
    const auto before = out.size();
    for (auto& element : list) {
      if (has_key(element, key)) out.push_back(&element);
    }
    if (out.size() > before || !create_) return {};
    list.push_back(key.member.empty() ? Json(key.value) : Json{{key.member, key.value}});
    out.push_back(&list.back());
    return {};
  }

  static Status place(Json& list, const std::string& part, std::vector<Json*>& out) {
    if (part == "*") {
      for (auto& element : list) out.push_back(&element);
      return {};
    }
    std::size_t index = 0;
    const auto [stop, problem] = std::from_chars(part.data(), part.data() + part.size(), index);
    if (problem != std::errc{} || stop != part.data() + part.size())
      return fail(Code::kInvalid, in_quotes(part) + " is no place in a list; write [name=…], a number or *");
    if (index < list.size()) out.push_back(&list[index]);
    return {};
  }

  const Parts& parts_;
  bool create_;
};

/// Text as a value of the type that stood there; one that is new, of the type that it reads as in YAML.
Result<Json> typed(const std::string& text, const Json& before) {
  if (before.is_string()) return Json(text);
  const auto plain = read_plain_scalar(text);
  if (!plain) return fail(plain.error());
  Json value =
      plain->kind == ScalarKind::kString ? Json(text) : base::parse_json(plain->json).value_or(Json(text));
  const bool is_same = before.is_null() || (before.is_boolean() && value.is_boolean()) ||
                       (before.is_number() && value.is_number());
  if (is_same) return value;
  return fail(Code::kInvalid, in_quotes(text) + " cannot stand where there is " +
                                  (before.is_boolean() ? "true or false" : "a number") + " now");
}

class Replacing {
 public:
  Replacing(const KustomizeReplacement& says, const std::string& where, BuildRoom& room, ResourceMap& all)
      : says_(says), where_(where), room_(room), all_(all) {}

  Status run(const std::function<void(std::string)>& warn) {
    HF_TRY(value_, source());
    for (std::size_t i = 0; i < says_.targets.size(); ++i) {
      const std::string at = where_ + ".targets[" + std::to_string(i) + "]";
      HF_TRY(const bool found, put(says_.targets[i], at));
      if (!found)
        warn(at + ".select: there is no " + gitops::text_of(says_.targets[i].select) +
             "; nothing is replaced");
    }
    return {};
  }

 private:
  Result<Json> source() const {
    const std::string at = where_ + ".source";
    const BuiltResource* found = nullptr;
    for (const auto& resource : all_) {
      if (!is_selected(resource, says_.source)) continue;
      if (found != nullptr)
        return fail(Code::kConflict, at + ": both " + found->id().brief() + " and " + resource.id().brief() +
                                         " are meant; name one");
      found = &resource;
    }
    if (found == nullptr)
      return fail(Code::kNotFound, at + ": there is no " + gitops::text_of(says_.source) + "; mend it");
    auto parts = split_field_path(says_.source_path);
    if (!parts) return fail(parts.error().code(), at + ".fieldPath: " + parts.error().message());
    Json object = *found->object;
    auto places = Lookup(*parts, false).run(object);
    if (!places) return fail(places.error().code(), at + ".fieldPath: " + places.error().message());
    if (places->size() != 1)
      return fail(Code::kNotFound, at + ".fieldPath: " + found->id().brief() +
                                       (places->empty() ? " has no " : " has more than one ") +
                                       says_.source_path);
    return part_of(*places->front(), at);
  }

  Result<Json> part_of(const Json& value, const std::string& at) const {
    const auto& [delimiter, index, create] = says_.source_options;
    if (delimiter.empty()) return value;
    if (value.is_structured()) return fail(Code::kInvalid, at + ".options.delimiter: the value is no text");
    const auto parts = split_by(text_of(value), delimiter);
    if (index >= 0 && static_cast<std::size_t>(index) < parts.size())
      return Json(parts[static_cast<std::size_t>(index)]);
    return fail(Code::kInvalid, at + ".options.index: " + in_quotes(text_of(value)) + " has " +
                                    std::to_string(parts.size()) + " parts, counted from 0");
  }

  Result<bool> put(const KustomizeReplacement::Target& target, const std::string& at) {
    HF_CHECK(room_.look_at(all_.size()));
    std::vector<Parts> paths;
    for (std::size_t i = 0; i < target.field_paths.size(); ++i) {
      auto parts = split_field_path(target.field_paths[i]);
      if (!parts) return fail(parts.error().code(), field(at, i) + parts.error().message());
      paths.push_back(*std::move(parts));
    }
    bool found = false;
    for (auto& resource : all_) {
      const auto fits = [&](const TargetSelector& selector) { return is_selected(resource, selector); };
      if (!fits(target.select) || std::any_of(target.reject.begin(), target.reject.end(), fits)) continue;
      found = true;
      for (std::size_t i = 0; i < paths.size(); ++i) {
        auto status = put_at(resource, target, paths[i]);
        if (status) status = resource.check_shape();
        if (!status)
          return fail(status.error().code(),
                      field(at, i) + resource.id().brief() + ": " + status.error().message());
      }
    }
    return found;
  }

  static std::string field(const std::string& at, std::size_t index) {
    return at + ".fieldPaths[" + std::to_string(index) + "]: ";
  }

  Status put_at(BuiltResource& resource, const KustomizeReplacement::Target& target, const Parts& path) {
    HF_TRY(const auto places, Lookup(path, target.options.create).run(*resource.object));
    if (places.empty())
      return fail(Code::kNotFound, "has no such field; mend the path, or write options: {create: true}");
    for (Json* place : places) {
      HF_CHECK(room_.write(weight_of(value_) + weight_of(*place)));
      HF_CHECK(set(*place, target.options));
    }
    return {};
  }

  Status set(Json& place, const ReplacementOptions& options) const {
    if (!options.delimiter.empty()) return set_part(place, options);
    if (place.is_structured() || (place.is_null() && value_.is_structured())) {
      place = value_;
    } else if (value_.is_structured()) {
      return fail(Code::kInvalid, "the source is a list or a map, and the field is neither");
    } else {
      HF_TRY(place, typed(text_of(value_), place));
    }
    return {};
  }

  Status set_part(Json& place, const ReplacementOptions& options) const {
    if (place.is_structured() || value_.is_structured())
      return fail(Code::kInvalid, "a delimiter is for texts, and this is a list or a map");
    auto parts = split_by(place.is_null() ? "" : text_of(place), options.delimiter);
    const std::string text = text_of(value_);
    if (options.index < 0) {
      parts.insert(parts.begin(), text);
    } else if (static_cast<std::size_t>(options.index) >= parts.size()) {
      parts.push_back(text);
    } else {
      parts[static_cast<std::size_t>(options.index)] = text;
    }
    HF_TRY(place, typed(joined_by(parts, options.delimiter), place));
    return {};
  }

  const KustomizeReplacement& says_;
  const std::string& where_;
  BuildRoom& room_;
  ResourceMap& all_;
  Json value_;
};

}  // namespace

Result<Parts> split_field_path(const std::string& path) {
  Parts out;
  std::string part;
  bool in_brackets = false;
  for (std::size_t i = 0; i < path.size(); ++i) {
    const char c = path[i];
    if (c == '\\' && i + 1 < path.size() && path[i + 1] == '.') {
      part += path[++i];
    } else if (c == '.' && !in_brackets) {
      if (part.empty()) return fail(Code::kInvalid, "a part of the path is empty");
      out.push_back(std::exchange(part, {}));
    } else {
      if (c == '[' && part.empty()) in_brackets = true;
      if (c == ']') in_brackets = false;
      part += c;
    }
  }
  if (in_brackets) return fail(Code::kInvalid, "a \"]\" is missing in the path");
  if (part.empty()) return fail(Code::kInvalid, "a part of the path is empty");
  out.push_back(std::move(part));
  // What it creates is as deep as it is long.
  if (out.size() <= base::limits::kJsonDepthMax / 2) return out;
  return fail(Code::kLimit,
              "a path has at most " + std::to_string(base::limits::kJsonDepthMax / 2) + " parts");
}

Status apply_replacement(const KustomizeReplacement& replacement, const std::string& where, BuildRoom& room,
                         ResourceMap& all, const std::function<void(std::string)>& warn) {
  return Replacing(replacement, where, room, all).run(warn);
}

}  // namespace holdfast::gitops
