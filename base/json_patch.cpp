// SPDX-License-Identifier: Apache-2.0
#include "base/json_patch.hpp"

#include <algorithm>
#include <charconv>
#include <iterator>
#include <nlohmann/json.hpp>
#include <optional>
#include <utility>

#include "base/limits/documents.hpp"
#include "base/limits/kustomize.hpp"

namespace holdfast::base {
namespace {

using Pointer = std::vector<std::string>;

constexpr std::string_view kOperations = "add, remove, replace, move, copy or test";

bool is_one_of(std::string_view op, std::initializer_list<std::string_view> list) {
  return std::find(list.begin(), list.end(), op) != list.end();
}

/// For messages.
std::string shown(std::string_view pointer) {
  constexpr std::size_t kShownMax = 200;
  if (pointer.empty()) return "the whole document";
  return "\"" + std::string(pointer.substr(0, kShownMax)) + "\"";
}

Status check_text(const Json& operation, const char* name) {
  const auto member = operation.find(name);
  if (member == operation.end()) return fail(Code::kInvalid, std::string(name) + ": is missing");
  if (!member->is_string()) return fail(Code::kInvalid, std::string(name) + ": must be a string");
  return {};
}

Status check_operation(const Json& operation) {
  if (!operation.is_object()) return fail(Code::kInvalid, "must be an object with op and path");
  HF_CHECK(check_text(operation, "op"));
  const auto& op = operation.at("op").get_ref<const std::string&>();
  if (!is_one_of(op, {"add", "remove", "replace", "move", "copy", "test"}))
    return fail(Code::kInvalid, "op: must be " + std::string(kOperations));
  HF_CHECK(check_text(operation, "path"));
  const auto path = parse_json_pointer(operation.at("path").get_ref<const std::string&>());
  if (!path) return fail(Code::kInvalid, "path: " + path.error().message());
  if (is_one_of(op, {"move", "copy"})) {
    HF_CHECK(check_text(operation, "from"));
    const auto from = parse_json_pointer(operation.at("from").get_ref<const std::string&>());
    if (!from) return fail(Code::kInvalid, "from: " + from.error().message());
  } else if (op != "remove" && !operation.contains("value")) {
    return fail(Code::kInvalid, "value: is missing; write null where that is meant");
  }
  for (const auto& [name, value] : operation.items()) {
    if (!is_one_of(name, {"op", "path", "from", "value"}))
      return fail(Code::kInvalid, "unknown field \"" + name + "\"");
  }
  return {};
}

/// Where `place` stops in a list; "-" only where something is put in.
Result<std::size_t> index_in(const Json& list, const std::string& part, bool may_be_end) {
  if (part == "-" && may_be_end) return list.size();
  std::size_t index = 0;
  const auto [stop, problem] = std::from_chars(part.data(), part.data() + part.size(), index);
  const bool is_number = problem == std::errc{} && stop == part.data() + part.size() && !part.empty();
  if (!is_number || (part.size() > 1 && part[0] == '0'))
    return fail(Code::kInvalid, "\"" + part + "\" is no place in a list");
  if (index < list.size() || (may_be_end && index == list.size())) return index;
  return fail(Code::kNotFound, "the list has only " + std::to_string(list.size()) + " elements");
}

Result<Json*> child_of(Json& parent, const std::string& part) {
  if (parent.is_array()) {
    HF_TRY(const std::size_t index, index_in(parent, part, false));
    return &parent[index];
  }
  if (!parent.is_object()) return fail(Code::kNotFound, "there is a plain value before \"" + part + "\"");
  const auto member = parent.find(part);
  if (member == parent.end()) return fail(Code::kNotFound, "there is no \"" + part + "\"");
  return &*member;
}

Result<Json*> find(Json& document, const Pointer& pointer, std::size_t parts) {
  Json* at = &document;
  for (std::size_t i = 0; i < parts; ++i) {
    HF_TRY(at, child_of(*at, pointer[i]));
  }
  return at;
}

struct Size {
  std::size_t values = 0;
  std::size_t depth = 0;
  std::size_t bytes = 0;  ///< of texts and names
};

/// REQUIRES: within limits::kJsonDepthMax deep, as all that stands in a document is.
Size size_of(const Json& value) {
  Size size{1, 0, value.is_string() ? value.get_ref<const std::string&>().size() : 0};
  if (!value.is_structured()) return size;
  for (const auto& child : value.items()) {
    const Size beneath = size_of(child.value());
    size.values += beneath.values;
    size.depth = std::max(size.depth, beneath.depth);
    size.bytes += beneath.bytes + (value.is_object() ? child.key().size() : 0);
  }
  ++size.depth;
  return size;
}

class Patching {
 public:
  explicit Patching(Json& document) : document_(document), size_(size_of(document)) {}

  Status run(const Json& operation) {
    const auto& op = operation.at("op").get_ref<const std::string&>();
    HF_TRY(const Pointer path, parse_json_pointer(operation.at("path").get_ref<const std::string&>()));
    if (op == "test") return test(path, operation.at("value"));
    if (op == "remove") return remove(path);
    if (op == "replace") return replace(path, operation.at("value"));
    if (op == "add") return add(path, operation.at("value"));
    HF_TRY(const Pointer from, parse_json_pointer(operation.at("from").get_ref<const std::string&>()));
    HF_TRY(const Json* const source, find(document_, from, from.size()));
    Json value = *source;
    if (op == "copy") return add(path, std::move(value));
    const bool into_itself = from.size() < path.size() && std::equal(from.begin(), from.end(), path.begin());
    if (into_itself) return fail(Code::kInvalid, "cannot be moved into itself");
    if (from == path) return {};
    HF_CHECK(remove(from));
    return add(path, std::move(value));
  }

 private:
  Status test(const Pointer& path, const Json& value) {
    HF_TRY(const Json* const at, find(document_, path, path.size()));
    if (*at == value) return {};
    return fail(Code::kConflict, "the test fails: the value is another one");
  }

  Status remove(const Pointer& path) {
    if (path.empty()) return fail(Code::kInvalid, "the whole document cannot be removed");
    HF_TRY(Json* const parent, find(document_, path, path.size() - 1));
    HF_TRY(const Json* const at, child_of(*parent, path.back()));
    give_room(*at);
    if (parent->is_object()) {
      parent->erase(path.back());
    } else {
      HF_TRY(const std::size_t index, index_in(*parent, path.back(), false));
      parent->erase(index);
    }
    return {};
  }

  Status replace(const Pointer& path, const Json& value) {
    HF_TRY(Json* const at, find(document_, path, path.size()));
    give_room(*at);
    HF_CHECK(take_room(path, value));
    *at = value;
    return {};
  }

  Status add(const Pointer& path, Json value) {
    HF_CHECK(take_room(path, value));
    if (path.empty()) {
      document_ = std::move(value);
      return {};
    }
    HF_TRY(Json* const parent, find(document_, path, path.size() - 1));
    if (parent->is_array()) {
      HF_TRY(const std::size_t index, index_in(*parent, path.back(), true));
      parent->insert(std::next(parent->begin(), static_cast<std::ptrdiff_t>(index)), std::move(value));
    } else if (parent->is_object()) {
      (*parent)[path.back()] = std::move(value);
    } else {
      return fail(Code::kNotFound, "there is a plain value before \"" + path.back() + "\"");
    }
    return {};
  }

  void give_room(const Json& value) {
    const Size size = size_of(value);
    size_.values -= size.values;
    size_.bytes -= size.bytes;
  }

  /// A copy of a copy doubles: 40 operations would fill the memory.
  Status take_room(const Pointer& path, const Json& value) {
    const Size size = size_of(value);
    size_.values += size.values;
    size_.bytes += size.bytes + (path.empty() ? 0 : path.back().size());
    if (size_.values > limits::kJsonValuesMax)
      return fail(Code::kLimit,
                  "the document would have more than " + std::to_string(limits::kJsonValuesMax) + " values");
    if (size_.bytes > limits::kJsonPatchedBytesMax)
      return fail(Code::kLimit, "the document would hold more than " +
                                    std::to_string(limits::kJsonPatchedBytesMax) + " bytes of text");
    if (path.size() + size.depth <= limits::kJsonDepthMax) return {};
    return fail(Code::kLimit,
                "the document would be nested deeper than " + std::to_string(limits::kJsonDepthMax));
  }

  Json& document_;
  Size size_;  ///< its depth does not count
};

Error at_operation(std::size_t index, const Error& error) {
  const std::string where = "[" + std::to_string(index) + "]";
  const bool names_member = error.message().starts_with("op:") || error.message().starts_with("path:") ||
                            error.message().starts_with("from:") || error.message().starts_with("value:");
  return {error.code(), where + (names_member ? "." : ": ") + error.message()};
}

}  // namespace

Result<Pointer> parse_json_pointer(std::string_view text) {
  Pointer out;
  if (text.empty()) return out;
  if (text.front() != '/') return fail(Code::kInvalid, "a pointer begins with \"/\"");
  std::string part;
  for (std::size_t i = 1; i < text.size(); ++i) {
    if (text[i] == '/') {
      out.push_back(std::exchange(part, {}));
    } else if (text[i] != '~') {
      part += text[i];
    } else if (i + 1 < text.size() && (text[i + 1] == '0' || text[i + 1] == '1')) {
      part += text[++i] == '0' ? '~' : '/';
    } else {
      return fail(Code::kInvalid, "\"~\" is written ~0, and \"/\" within a name ~1");
    }
  }
  out.push_back(std::move(part));
  if (out.size() > limits::kJsonDepthMax)
    return fail(Code::kLimit, "a pointer has at most " + std::to_string(limits::kJsonDepthMax) + " parts");
  return out;
}

Status check_json_patch(const Json& patch) {
  if (!patch.is_array()) return fail(Code::kInvalid, "a JSON patch is a list of operations");
  if (patch.size() > limits::kJsonPatchOperationsMax)
    return fail(Code::kLimit, "has " + std::to_string(patch.size()) + " operations; at most " +
                                  std::to_string(limits::kJsonPatchOperationsMax) + " are allowed");
  for (std::size_t i = 0; i < patch.size(); ++i) {
    if (const auto status = check_operation(patch[i]); !status) return fail(at_operation(i, status.error()));
  }
  return {};
}

Status apply_json_patch(Json& document, const Json& patch) {
  HF_CHECK(check_json_patch(patch));
  Json changed = document;
  Patching patching(changed);
  for (std::size_t i = 0; i < patch.size(); ++i) {
    const auto status = patching.run(patch[i]);
    if (status) continue;
    const std::string what = patch[i].at("op").get<std::string>() + " of " +
                             shown(patch[i].at("path").get_ref<const std::string&>());
    return fail(at_operation(i, status.error().with_context(what)));
  }
  document = std::move(changed);
  return {};
}

}  // namespace holdfast::base
