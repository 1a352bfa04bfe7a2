// SPDX-License-Identifier: Apache-2.0
// The order of the steps is kustomize's: resources, generators, components, then what changes them: patches, namespace, names, labels,
// annotations, JSON patches, replicas, images, replacements. Hashes and references come last, when everything is together.
#include "gitops/kustomize/build.hpp"

#include <algorithm>
#include <iterator>
#include <nlohmann/json.hpp>
#include <optional>
#include <utility>

#include "base/limits/documents.hpp"
#include "base/limits/kustomize.hpp"
#include "gitops/json_text.hpp"
#include "gitops/kustomize/build_room.hpp"
#include "gitops/kustomize/built_resource.hpp"
#include "gitops/kustomize/generators.hpp"
#include "gitops/kustomize/image_changes.hpp"
#include "gitops/kustomize/kustomization.hpp"
#include "gitops/kustomize/label_changes.hpp"
#include "gitops/kustomize/name_changes.hpp"
#include "gitops/kustomize/name_references.hpp"
#include "gitops/kustomize/patch_changes.hpp"
#include "gitops/kustomize/replacement_changes.hpp"
#include "gitops/kustomize/repository_path.hpp"
#include "gitops/manifest_finding.hpp"
#include "gitops/manifest_path.hpp"

namespace holdfast::gitops {
namespace {

using base::Code;
using base::Error;
using base::fail;
using base::Json;
using base::Result;
using base::Status;
namespace limits = base::limits;

/// A kustomization while it is worked on.
struct Frame {
  std::string folder;
  std::string file;
  Json document;
  std::uint32_t line = 1;
  FieldLines lines;
  Kustomization says;
};

class Builder {
 public:
  explicit Builder(const ReadItem& read) : read_(read) {}

  KustomizeBuild run(const std::string& folder) {
    KustomizeBuild out;
    ResourceMap all;
    if (const auto whole = build(folder, all); !whole) {
      report(folder, whole.error());
    }
    if (!findings_.has_errors()) out.list = documents(all);
    out.findings = std::move(findings_).take();
    return out;
  }

 private:
  /// An error that stands in the findings already: whoever gets it goes back without a word.
  static Error told() { return {Code::kInvalid, ""}; }

  void report(const std::string& file, const Error& error) {
    if (!error.message().empty())
      findings_.add({Severity::kError, shown_path(file), 0, "", "", error.message()});
  }

  /// What an entry of a kustomization met.
  Error tell(const Frame& frame, const Error& error) {
    if (error.message().empty()) return error;
    auto [field, message] = split_field_message(error.message());
    findings_.add({Severity::kError, frame.file, line_of(frame.document, frame.lines, field, frame.line), "",
                   field.text(), std::move(message)});
    return told();
  }

  Status build(const std::string& folder, ResourceMap& all) {
    HF_TRY(const bool is_there, has_kustomization(read_, folder));
    if (!is_there) return fail(Code::kNotFound, "there is no kustomization.yaml in it");
    HF_CHECK(enter(folder, false, all));
    add_name_hashes(all);
    HF_CHECK(fix_name_references(all));
    std::erase_if(all, [](const BuiltResource& resource) { return is_local(*resource.object); });
    return {};
  }

  /// What kustomize leaves out of what it prints: a resource that only others read.
  static bool is_local(const Json& object) {
    const auto annotations = object.at("metadata").find("annotations");
    if (annotations == object.at("metadata").end() || !annotations->is_object()) return false;
    const auto local = annotations->find("config.kubernetes.io/local-config");
    return local != annotations->end() && *local != "false";
  }

  // ---- reading ----

  Result<TreeItem> item(const std::string& path) {
    HF_TRY(auto item, read_(path));
    if (item.kind == TreeItem::Kind::kFile) HF_CHECK(room_.read_file(item.content.size()));
    return item;
  }

  Result<std::string> file_beside(const Frame& frame, const std::string& path) {
    HF_TRY(const std::string whole, path_beside(frame.folder, path));
    HF_TRY(auto found, item(whole));
    if (found.kind == TreeItem::Kind::kFile) return std::move(found.content);
    return fail(Code::kNotFound,
                shown_path(whole) + (found.kind == TreeItem::Kind::kFolder ? " is a folder; a file is wanted"
                                                                           : " is not there; mend the path"));
  }

  /// The one document of the folder's kustomization.
  Result<Frame> open(const std::string& folder) {
    Frame frame;
    frame.folder = folder;
    std::optional<std::string> text;
    for (const auto name : kKustomizationNames) {
      HF_TRY(auto found, item(joined(folder, name)));
      if (found.kind != TreeItem::Kind::kFile) continue;
      if (text)
        return fail(Code::kConflict,
                    "there are both " + frame.file + " and " + joined(folder, name) + "; remove one");
      text = std::move(found.content);
      frame.file = joined(folder, name);
    }
    if (!text)
      return fail(Code::kNotFound,
                  shown_path(folder) + " holds no kustomization.yaml; write one, or name the files in it");
    Documents documents = read_yaml(*text);
    const bool is_one = documents.list.size() == 1;
    if (documents.problem || !is_one) {
      const std::string message =
          documents.problem ? documents.problem->message : "must hold one kustomization";
      findings_.add(
          {Severity::kError, frame.file, documents.problem ? documents.problem->line : 0, "", "", message});
      return fail(told());
    }
    frame.line = documents.list[0].line;
    frame.lines = std::move(documents.list[0].lines);
    HF_TRY(frame.document, base::parse_json(documents.list[0].json));
    auto says = read_kustomization(frame.document);
    if (!says) return fail(tell(frame, says.error()));
    frame.says = *std::move(says);
    return frame;
  }

  // ---- one kustomization ----

  Status enter(const std::string& folder, bool as_component, ResourceMap& all) {
    HF_CHECK(check_chain(folder));
    HF_CHECK(room_.enter_kustomization());
    HF_TRY(const Frame frame, open(folder));
    if (frame.says.is_component != as_component) {
      return fail(
          tell(frame, {Code::kInvalid, as_component ? "kind: must be Component, for it is named in components"
                                                    : "kind: a Component is named in components"}));
    }
    chain_.push_back(folder);
    const auto status = work(frame, all);
    chain_.pop_back();
    if (!status) return fail(tell(frame, status.error()));
    return {};
  }

  Status check_chain(const std::string& folder) const {
    if (chain_.size() >= limits::kKustomizeDepthMax)
      return fail(Code::kLimit, "kustomizations are nested deeper than " +
                                    std::to_string(limits::kKustomizeDepthMax) + "; make it flatter");
    const auto first = std::find(chain_.begin(), chain_.end(), folder);
    if (first == chain_.end()) return {};
    std::string text;
    for (auto at = first; at != chain_.end(); ++at) text += shown_path(*at) + " → ";
    return fail(Code::kInvalid, "kustomizations name one another in a circle: " + text + shown_path(folder) +
                                    "; take one of the entries out");
  }

  Status work(const Frame& frame, ResourceMap& all) {
    HF_CHECK(add_resources(frame, all));
    HF_CHECK(run_generators(frame, all));
    for (std::size_t i = 0; i < frame.says.components.size(); ++i) {
      const std::string field = "components[" + std::to_string(i) + "]: ";
      HF_CHECK(in_field(add_folder(frame, frame.says.components[i], true, all), field));
    }
    HF_CHECK(check_count(all));
    return change(frame, all);
  }

  Status change(const Frame& frame, ResourceMap& all) {
    const Kustomization& says = frame.says;
    HF_CHECK(patch_all(frame, says.strategic_patches, all));
    HF_CHECK(patch_all(frame, says.patches, all));
    HF_CHECK(take_room(says, all.size()));
    set_namespace(says.ns, all);
    change_names(says, all);
    add_labels(says, all);
    add_annotations(says, all);
    HF_CHECK(patch_all(frame, says.json_patches, all));
    HF_CHECK(change_replicas(says, all));
    change_images(says, all);
    for (const auto& entry : says.replacements) HF_CHECK(replace(frame, entry, all));
    return check_unique(all);
  }

  /// Each resource gets at most so much of each of them, in its metadata, its selector and its templates.
  Status take_room(const Kustomization& says, std::size_t resources) {
    constexpr std::size_t kPlacesMax = 5;
    std::size_t bytes = says.ns.size() + says.name_prefix.size() + says.name_suffix.size();
    const auto add = [&](const sync::StringMap& pairs) {
      for (const auto& [key, value] : pairs) bytes += (key.size() + value.size()) * kPlacesMax;
    };
    add(says.common_labels);
    add(says.common_annotations);
    for (const auto& labels : says.labels) add(labels.pairs);
    for (const auto& image : says.images)
      bytes += image.new_name.size() + image.new_tag.size() + image.digest.size();
    const std::size_t entries = 3 + says.labels.size() + says.images.size() + says.replicas.size();
    HF_CHECK(room_.look_at(entries * resources));
    return room_.write(bytes * resources);
  }

  Status patch_all(const Frame& frame, const std::vector<KustomizePatch>& patches, ResourceMap& all) {
    for (const auto& patch : patches) {
      HF_CHECK(room_.look_at(all.size()));
      HF_CHECK(
          apply_patch(patch, [&](const std::string& path) { return file_beside(frame, path); }, room_, all));
    }
    return {};
  }

  Status replace(const Frame& frame, const KustomizeReplacementEntry& entry, ResourceMap& all) {
    const auto warn = [&](const std::string& text) { warn_of(frame, text); };
    if (entry.path.empty()) return apply_replacement(entry.replacement, entry.where, room_, all, warn);
    auto text = file_beside(frame, entry.path);
    if (!text) return fail(text.error().code(), entry.where + ".path: " + text.error().message());
    const Documents documents = read_yaml(*text);
    const std::string in_file = entry.where + ".path: " + entry.path + ": ";
    if (documents.problem)
      return fail(Code::kInvalid, in_file + "line " + std::to_string(documents.problem->line) + ": " +
                                      documents.problem->message);
    for (const auto& document : documents.list) {
      HF_TRY(const Json value, base::parse_json(document.json));
      const Json list = value.is_array() ? value : Json::array({value});
      for (const auto& one : list) {
        HF_TRY(const auto replacement, in_entry(read_replacement(one, ""), in_file));
        const auto told_there = [&](const std::string& message) { warn(in_file + message); };
        HF_CHECK(in_field(apply_replacement(replacement, "", room_, all, told_there), in_file));
      }
    }
    return {};
  }

  static Result<KustomizeReplacement> in_entry(Result<KustomizeReplacement> read, const std::string& field) {
    if (read) return read;
    return fail(read.error().code(), field + read.error().message());
  }

  void warn_of(const Frame& frame, const std::string& text) {
    auto [field, message] = split_field_message(text);
    findings_.add({Severity::kWarning, frame.file, line_of(frame.document, frame.lines, field, frame.line),
                   "", field.text(), std::move(message)});
  }

  static Status in_field(Status status, const std::string& field) {
    if (status || status.error().message().empty()) return status;
    return fail(status.error().code(), field + status.error().message());
  }

  static Status check_count(const ResourceMap& all) {
    if (all.size() <= limits::kManifestsMax) return {};
    return fail(Code::kLimit, "more than " + std::to_string(limits::kManifestsMax) +
                                  " manifests; make it several applications");
  }

  // ---- what it is made of ----

  Status add_resources(const Frame& frame, ResourceMap& all) {
    for (std::size_t i = 0; i < frame.says.resources.size(); ++i) {
      const std::string& entry = frame.says.resources[i];
      HF_CHECK(in_field(add_entry(frame, entry, all), "resources[" + std::to_string(i) + "]: "));
      HF_CHECK(check_count(all));
    }
    return check_unique(all);
  }

  Status add_entry(const Frame& frame, const std::string& entry, ResourceMap& all) {
    HF_TRY(const std::string path, path_beside(frame.folder, entry));
    HF_TRY(auto found, item(path));
    switch (found.kind) {
      case TreeItem::Kind::kFile: return add_file(path, found.content, all);
      case TreeItem::Kind::kFolder: return add_folder(frame, entry, false, all);
      case TreeItem::Kind::kNothing: break;
    }
    return fail(Code::kNotFound, shown_path(path) + " is not there; mend the path, or take the entry out");
  }

  Status add_folder(const Frame& frame, const std::string& entry, bool as_component, ResourceMap& all) {
    HF_TRY(const std::string path, path_beside(frame.folder, entry));
    HF_TRY(const auto found, item(path));
    if (found.kind != TreeItem::Kind::kFolder)
      return fail(Code::kNotFound, shown_path(path) + " is no folder");
    if (as_component) return enter(path, true, all);
    ResourceMap own;
    HF_CHECK(enter(path, false, own));
    std::move(own.begin(), own.end(), std::back_inserter(all));
    return {};
  }

  Status add_file(const std::string& path, const std::string& text, ResourceMap& all) {
    const auto name = std::string_view(path).substr(path.rfind('/') + 1);
    if (std::find(kKustomizationNames.begin(), kKustomizationNames.end(), name) != kKustomizationNames.end())
      return fail(Code::kInvalid, shown_path(path) + " is a kustomization; name its folder");
    Documents documents = is_json_name(name) ? read_json(text) : read_yaml(text);
    if (documents.problem) {
      findings_.add({Severity::kError, path, documents.problem->line, "", "", documents.problem->message});
      return fail(told());
    }
    for (auto& document : documents.list) HF_CHECK(add_document(path, std::move(document), all));
    return {};
  }

  Status add_document(const std::string& path, Document document, ResourceMap& all) {
    HF_TRY(Json value, base::parse_json(document.json));
    if (!is_manifest_list(value)) return add_resource(path, std::move(document), std::move(value), all);
    for (auto& element : elements_of(value, document.lines, "items")) {
      HF_CHECK(add_resource(path, {"", element.line, std::move(element.lines)}, *element.value, all));
    }
    return {};
  }

  Status add_resource(const std::string& path, Document document, Json value, ResourceMap& all) {
    BuiltResource resource;
    resource.object = std::make_unique<Json>(std::move(value));
    if (const auto shape = resource.check_shape(); !shape) {
      findings_.add(
          {Severity::kError, path, document.line, brief_of(*resource.object), "", shape.error().message()});
      return fail(told());
    }
    resource.source = std::make_unique<Json>(*resource.object);
    resource.file = path;
    resource.line = document.line;
    resource.lines = std::move(document.lines);
    all.push_back(std::move(resource));
    return {};
  }

  Status run_generators(const Frame& frame, ResourceMap& all) {
    for (const auto& generator : frame.says.generators) {
      HF_CHECK(room_.look_at(all.size()));
      HF_TRY(auto made,
             generate(generator, [&](const std::string& path) { return file_beside(frame, path); }));
      made.file = frame.file;
      const auto field = split_field_message(generator.where + ": ").field;
      made.line = line_of(frame.document, frame.lines, field, frame.line);
      HF_CHECK(take_in(generator, std::move(made), all));
    }
    return {};
  }

  // ---- the end ----

  /// kustomize writes long base64 in lines, which counts for hashes; what reads it here wants it whole.
  static void join_lines(Json& object, const char* member) {
    if (!object.contains(member) || !object[member].is_object()) return;
    for (auto& value : object[member]) {
      if (value.is_string()) std::erase(value.get_ref<std::string&>(), '\n');
    }
  }

  static std::vector<BuiltDocument> documents(const ResourceMap& all) {
    std::vector<BuiltDocument> out;
    out.reserve(all.size());
    for (const auto& resource : all) {
      Json& object = *resource.object;
      Json& metadata = object["metadata"];
      // As kustomize, which takes the annotations out that it made on the way.
      if (metadata.contains("annotations") && metadata["annotations"].empty()) metadata.erase("annotations");
      if (resource.text("kind") == "Secret") join_lines(object, "data");
      join_lines(object, "binaryData");
      FieldLines lines;
      if (resource.source) lines = carried_lines(*resource.source, resource.lines, resource.line, object);
      out.push_back({resource.file, {base::canonical_json(object), resource.line, std::move(lines)}});
    }
    return out;
  }

  const ReadItem& read_;
  BuildRoom room_;
  FindingList findings_;
  std::vector<std::string> chain_;  // folders, from the first to where the build is
};

}  // namespace

Result<bool> has_kustomization(const ReadItem& read, const std::string& folder) {
  for (const auto name : kKustomizationNames) {
    HF_TRY(const auto found, read(joined(folder, name)));
    if (found.kind == TreeItem::Kind::kFile) return true;
  }
  return false;
}

KustomizeBuild build_kustomization(const ReadItem& read, const std::string& folder) {
  return Builder(read).run(folder);
}

}  // namespace holdfast::gitops
