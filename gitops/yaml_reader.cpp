// SPDX-License-Identifier: Apache-2.0
// read_yaml: the grammar is yaml-cpp's event parser; what is kept is decided in DocumentTree. yaml-cpp has no
// limits of its own but one: it throws at 500 levels, so its recursion does not exhaust the stack. Its
// exceptions end here.
#include <yaml-cpp/depthguard.h>
#include <yaml-cpp/eventhandler.h>
#include <yaml-cpp/exceptions.h>
#include <yaml-cpp/parser.h>

#include <algorithm>
#include <exception>
#include <istream>
#include <streambuf>
#include <unordered_map>

#include "base/json.hpp"
#include "base/limits/documents.hpp"
#include "gitops/document.hpp"
#include "gitops/document_tree.hpp"
#include "gitops/yaml_scalar.hpp"
#include "sync/model/text.hpp"

namespace holdfast::gitops {
namespace {

namespace limits = base::limits;
using sync::in_quotes;

std::uint32_t line_of(const YAML::Mark& mark) {
  return mark.is_null() ? 0 : static_cast<std::uint32_t>(std::max(mark.line, 0)) + 1;
}

/// A stream over text that stays where it is.
class ViewBuffer final : public std::streambuf {
 public:
  explicit ViewBuffer(std::string& text) { setg(text.data(), text.data(), text.data() + text.size()); }
};

// ---- tags ----

constexpr std::string_view kPlainTag =
    "?";  // what yaml-cpp calls a plain scalar, list or mapping without a tag
constexpr std::string_view kQuotedTag = "!";  // and a quoted or block scalar
constexpr std::string_view kCorePrefix = "tag:yaml.org,2002:";

enum class Tag { kNone, kQuoted, kString, kNull, kBool, kInt, kFloat, kList, kMap, kOther };

Tag tag_of(std::string_view tag) {
  if (tag.empty() || tag == kPlainTag) return Tag::kNone;
  if (tag == kQuotedTag) return Tag::kQuoted;
  if (!tag.starts_with(kCorePrefix)) return Tag::kOther;
  const std::string_view name = tag.substr(kCorePrefix.size());
  if (name == "str") return Tag::kString;
  if (name == "null") return Tag::kNull;
  if (name == "bool") return Tag::kBool;
  if (name == "int") return Tag::kInt;
  if (name == "float") return Tag::kFloat;
  if (name == "seq") return Tag::kList;
  if (name == "map") return Tag::kMap;
  return Tag::kOther;
}

bool fits(Tag tag, ScalarKind kind) {
  switch (tag) {
    case Tag::kNull: return kind == ScalarKind::kNull;
    case Tag::kBool: return kind == ScalarKind::kBool;
    case Tag::kInt: return kind == ScalarKind::kInt;
    case Tag::kFloat: return kind == ScalarKind::kFloat || kind == ScalarKind::kInt;
    case Tag::kNone: return true;
    default: return false;
  }
}

std::string unknown_tag(std::string_view tag) {
  return "the tag " + in_quotes(tag) + " is not supported; write the value without it";
}

/// From yaml-cpp's events to the tree of one document.
class Handler final : public YAML::EventHandler {
 public:
  explicit Handler(DocumentTree& tree) : tree_(tree) {}

  void OnDocumentStart(const YAML::Mark&) override {}
  void OnDocumentEnd() override {}
  void OnNull(const YAML::Mark& mark, YAML::anchor_t anchor) override {
    keep(anchor, tree_.scalar(line_of(mark), "null", std::nullopt));
  }
  void OnAlias(const YAML::Mark& mark, YAML::anchor_t anchor) override {
    const auto known = anchors_.find(anchor);
    if (known == anchors_.end()) return tree_.fail(line_of(mark), "an alias of a key; write the value out");
    tree_.alias(line_of(mark), known->second);
  }
  void OnScalar(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                const std::string& value) override {
    if (!tree_.problem()) keep(anchor, scalar(line_of(mark), tag, value));
  }
  void OnSequenceStart(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                       YAML::EmitterStyle::value) override {
    if (tag_of(tag) != Tag::kNone && tag_of(tag) != Tag::kList) tree_.fail(line_of(mark), unknown_tag(tag));
    keep(anchor, tree_.open_list(line_of(mark)));
  }
  void OnSequenceEnd() override { tree_.close(); }
  void OnMapStart(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                  YAML::EmitterStyle::value) override {
    if (tag_of(tag) != Tag::kNone && tag_of(tag) != Tag::kMap) tree_.fail(line_of(mark), unknown_tag(tag));
    keep(anchor, tree_.open_map(line_of(mark)));
  }
  void OnMapEnd() override { tree_.close(); }

 private:
  std::optional<DocumentTree::Id> scalar(std::uint32_t line, const std::string& tag,
                                         const std::string& value) {
    const Tag known = tag_of(tag);
    if (!base::is_utf8(value)) {  // an escape can say what the file's bytes cannot
      tree_.fail(line, "an escape that is no Unicode character");
    } else if (known == Tag::kQuoted || known == Tag::kString) {
      return tree_.scalar(line, json_string(value), value);
    } else if (known == Tag::kOther || known == Tag::kList || known == Tag::kMap) {
      tree_.fail(line, unknown_tag(tag));
    } else {
      return plain(line, known, value);
    }
    return std::nullopt;
  }

  std::optional<DocumentTree::Id> plain(std::uint32_t line, Tag tag, const std::string& value) {
    const auto read = read_plain_scalar(value);
    if (!read) {
      tree_.fail(line, read.error().message());
    } else if (!fits(tag, read->kind)) {
      tree_.fail(line, in_quotes(value) + " does not fit its tag; remove the tag, or write !!str");
    } else if (read->kind == ScalarKind::kNull) {
      return tree_.scalar(line, read->json, std::nullopt);
    } else {
      const bool merge = value == "<<";
      return tree_.scalar(line, read->json, value,
                          merge ? DocumentTree::MergeKey::kYes : DocumentTree::MergeKey::kNo);
    }
    return std::nullopt;
  }

  void keep(YAML::anchor_t anchor, std::optional<DocumentTree::Id> id) {
    if (anchor != YAML::NullAnchor && id && !tree_.problem()) anchors_[anchor] = *id;
  }

  DocumentTree& tree_;
  std::unordered_map<YAML::anchor_t, DocumentTree::Id> anchors_;
};

// ---- what yaml-cpp would let pass ----

bool is_forbidden(char c) {
  const auto byte = static_cast<unsigned char>(c);
  return (byte < 0x20 && c != '\t' && c != '\n' && c != '\r') || byte == 0x7f;
}

std::uint32_t line_at(std::string_view text, std::size_t at) {
  return static_cast<std::uint32_t>(
             std::count(text.begin(), text.begin() + static_cast<std::ptrdiff_t>(at), '\n')) +
         1;
}

/// The first line that is not UTF-8.
std::uint32_t bad_line(std::string_view text) {
  std::uint32_t line = 1;
  for (const auto part : sync::split(text, '\n')) {
    if (!base::is_utf8(part)) return line;
    ++line;
  }
  return 0;
}

/// yaml-cpp takes the byte 4 for the end of the file, guesses UTF-16 from NULs, and repairs what is not
/// UTF-8.
std::optional<ReadProblem> check_raw(std::string_view text) {
  if (text.size() > limits::kManifestFileBytesMax) {
    return ReadProblem{0, "the file has " + std::to_string(text.size()) + " bytes; at most " +
                              std::to_string(limits::kManifestFileBytesMax) + " are allowed; split it"};
  }
  const auto forbidden = std::find_if(text.begin(), text.end(), is_forbidden);
  if (forbidden != text.end()) {
    const auto at = static_cast<std::size_t>(forbidden - text.begin());
    return ReadProblem{line_at(text, at), "the control character " +
                                              std::to_string(static_cast<unsigned char>(*forbidden)) +
                                              "; this is not text, or must be escaped in double quotes"};
  }
  if (!base::is_utf8(text)) return ReadProblem{bad_line(text), "not UTF-8; save the file as UTF-8"};
  return std::nullopt;
}

/// One document; false at the end of the file.
bool read_document(YAML::Parser& parser, DocumentTree::Budget& budget, Documents& out) {
  DocumentTree tree(budget);
  Handler handler(tree);
  const bool more = parser.HandleNextDocument(handler);
  auto document = tree.write();
  if (tree.problem()) {
    out.problem = tree.problem();
    return false;
  }
  if (document) out.list.push_back(*std::move(document));
  return more;
}

}  // namespace

Documents read_yaml(std::string_view text) {
  Documents out;
  out.problem = check_raw(text);
  if (out.problem) return out;
  try {
    std::string copy(text);  // streambuf wants to be able to write
    ViewBuffer buffer(copy);
    std::istream stream(&buffer);
    YAML::Parser parser(stream);
    DocumentTree::Budget budget;
    while (read_document(parser, budget, out)) {
    }
  } catch (const YAML::DeepRecursion& deep) {
    out.problem =
        ReadProblem{line_of(deep.mark),
                    "nested deeper than " + std::to_string(limits::kYamlDepthMax) + "; make it flatter"};
  } catch (const YAML::Exception& wrong) {
    out.problem = ReadProblem{line_of(wrong.mark), "YAML: " + wrong.msg};
  } catch (const std::exception& wrong) {
    out.problem = ReadProblem{0, std::string("YAML: ") + wrong.what()};
  }
  return out;
}

}  // namespace holdfast::gitops
