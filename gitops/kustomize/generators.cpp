// SPDX-License-Identifier: Apache-2.0
#include "gitops/kustomize/generators.hpp"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <utility>

#include "gitops/kustomize/name_hash.hpp"
#include "sync/model/text.hpp"

namespace holdfast::gitops {
namespace {

using base::Code;
using base::fail;
using base::Json;
using base::Result;
using base::Status;
using Behavior = KustomizeGenerator::Behavior;

class Pairs {
 public:
  Pairs(const KustomizeGenerator& generator, const ReadBeside& read) : generator_(generator), read_(read) {}

  Result<std::map<std::string, std::string>> run() {
    for (std::size_t i = 0; i < generator_.envs.size(); ++i) {
      HF_CHECK(add_env(generator_.envs[i], field("envs", i)));
    }
    for (std::size_t i = 0; i < generator_.literals.size(); ++i) {
      HF_CHECK(add_literal(generator_.literals[i], field("literals", i)));
    }
    for (std::size_t i = 0; i < generator_.files.size(); ++i) {
      HF_CHECK(add_file(generator_.files[i], field("files", i)));
    }
    return std::move(pairs_);
  }

 private:
  std::string field(const char* list, std::size_t index) const {
    return generator_.where + "." + list + "[" + std::to_string(index) + "]: ";
  }

  Status add(const std::string& key, std::string value, const std::string& where) {
    const auto is_good = [](char c) {
      return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' ||
             c == '_' || c == '.';
    };
    const bool is_key =
        !key.empty() && key != "." && key != ".." && std::all_of(key.begin(), key.end(), is_good);
    if (!is_key)
      return fail(Code::kInvalid,
                  where + sync::in_quotes(key) + " is no key: letters, digits, '-', '_' and '.'");
    if (pairs_.emplace(key, std::move(value)).second) return {};
    return fail(Code::kConflict, where + "the key " + sync::in_quotes(key) + " is there twice");
  }

  static std::string without_quotes(std::string text) {
    if (text.empty() || text.front() != text.back() || (text.front() != '"' && text.front() != '\''))
      return text;
    return text.size() < 2 ? std::string() : text.substr(1, text.size() - 2);
  }

  Status add_literal(const std::string& text, const std::string& where) {
    const auto equals = text.find('=');
    if (equals == std::string::npos || equals == 0)
      return fail(Code::kInvalid, where + "must be key=value, not " + sync::in_quotes(text));
    return add(text.substr(0, equals), without_quotes(text.substr(equals + 1)), where);
  }

  Status add_file(const std::string& text, const std::string& where) {
    const auto equals = text.find('=');
    const std::string path = equals == std::string::npos ? text : text.substr(equals + 1);
    const std::string key =
        equals == std::string::npos ? text.substr(text.rfind('/') + 1) : text.substr(0, equals);
    if (path.empty() || key.empty())
      return fail(Code::kInvalid, where + "must be a path, or key=path, not " + sync::in_quotes(text));
    auto content = read_(path);
    if (!content) return fail(content.error().code(), where + content.error().message());
    return add(key, *std::move(content), where);
  }

  Status add_env(const std::string& path, const std::string& where) {
    auto content = read_(path);
    if (!content) return fail(content.error().code(), where + content.error().message());
    std::string_view text = *content;
    if (text.starts_with("\xef\xbb\xbf")) text.remove_prefix(3);
    for (auto line : sync::split(text, '\n')) {
      if (line.ends_with('\r')) line.remove_suffix(1);
      line.remove_prefix(std::min(line.find_first_not_of(" \t\r\v\f"), line.size()));
      if (line.empty() || line.front() == '#') continue;
      if (!base::is_utf8(line)) return fail(Code::kInvalid, where + "a line of the file is not UTF-8");
      const auto equals = line.find('=');
      const auto value = equals == std::string_view::npos ? std::string_view() : line.substr(equals + 1);
      HF_CHECK(add(std::string(line.substr(0, equals)), std::string(value), where));
    }
    return {};
  }

  const KustomizeGenerator& generator_;
  const ReadBeside& read_;
  std::map<std::string, std::string> pairs_;
};

void put(Json& object, const KustomizeGenerator& generator, const std::map<std::string, std::string>& pairs) {
  for (const auto& [key, value] : pairs) {
    if (generator.is_secret) {
      object["data"][key] = kustomize_base64(value);
    } else if (base::is_utf8(value)) {
      object["data"][key] = value;
    } else {
      object["binaryData"][key] = kustomize_base64(value);
    }
  }
}

/// Members of `old` that `made` does not have.
void add_missing(Json& made, const Json& old, const char* member) {
  if (!old.is_object() || !old.contains(member) || !old.at(member).is_object()) return;
  Json merged = old.at(member);
  if (made.contains(member)) merged.update(made.at(member));
  made[member] = std::move(merged);
}

/// `made` in the place of `old`, with its names, labels and annotations.
void replace(BuiltResource& old, BuiltResource made, Behavior behavior) {
  Json& object = *made.object;
  Json& metadata = object["metadata"];
  add_missing(metadata, old.object->at("metadata"), "labels");
  add_missing(metadata, old.object->at("metadata"), "annotations");
  metadata["name"] = old.name();
  if (const auto ns = old.ns(); !ns.empty()) metadata["namespace"] = ns;
  if (behavior == Behavior::kMerge) {
    add_missing(object, *old.object, "data");
    add_missing(object, *old.object, "binaryData");
  }
  made.previous = std::move(old.previous);
  made.prefixes = std::move(old.prefixes);
  made.suffixes = std::move(old.suffixes);
  made.needs_hash = made.needs_hash && old.needs_hash;
  old = std::move(made);
}

}  // namespace

Result<BuiltResource> generate(const KustomizeGenerator& generator, const ReadBeside& read) {
  HF_TRY(const auto pairs, Pairs(generator, read).run());
  Json object{{"apiVersion", "v1"},
              {"kind", generator.is_secret ? "Secret" : "ConfigMap"},
              {"metadata", {{"name", generator.name}}}};
  Json& metadata = object["metadata"];
  if (!generator.ns.empty()) metadata["namespace"] = generator.ns;
  if (!generator.options.labels.empty()) metadata["labels"] = generator.options.labels;
  if (!generator.options.annotations.empty()) metadata["annotations"] = generator.options.annotations;
  if (generator.is_secret) object["type"] = generator.type.empty() ? "Opaque" : generator.type;
  if (generator.options.immutable) object["immutable"] = true;
  put(object, generator, pairs);
  BuiltResource made;
  made.object = std::make_unique<Json>(std::move(object));
  made.needs_hash = !generator.options.no_hash;
  return made;
}

Status take_in(const KustomizeGenerator& generator, BuiltResource made, ResourceMap& all) {
  const BuiltId id = made.id();
  std::vector<BuiltResource*> known;
  for (auto& resource : all) {
    if (resource.was([&](const BuiltId& at) { return at == id; })) known.push_back(&resource);
  }
  const std::string where = generator.where + ".behavior: ";
  if (generator.behavior == Behavior::kCreate) {
    if (!known.empty())
      return fail(Code::kConflict, where + id.brief() + " is there already, in " + known[0]->file +
                                       "; write merge or replace, or another name");
    all.push_back(std::move(made));
    return {};
  }
  if (known.empty())
    return fail(Code::kNotFound, where + "there is no " + id.brief() +
                                     " to merge with or to replace; write create, or mend name or namespace");
  if (known.size() > 1)
    return fail(Code::kConflict, where + id.brief() + " may mean the one of " + known[0]->file +
                                     " or that of " + known[1]->file + "; give them different names");
  replace(*known[0], std::move(made), generator.behavior);
  return {};
}

void add_name_hashes(ResourceMap& all) {
  for (auto& resource : all) {
    if (!resource.needs_hash) continue;
    const std::string hash = name_hash(*resource.object);
    resource.store_previous();
    resource.rename(resource.name() + "-" + hash);
  }
}

}  // namespace holdfast::gitops
