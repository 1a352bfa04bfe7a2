// SPDX-License-Identifier: Apache-2.0
// read_json: base::parse_json says whether the text is good; a second walk over the good text finds the
// lines.
#include <algorithm>
#include <charconv>
#include <cstddef>
#include <nlohmann/json.hpp>

#include "base/json.hpp"
#include "base/limits/documents.hpp"
#include "gitops/document.hpp"
#include "gitops/document_tree.hpp"

namespace holdfast::gitops {
namespace {

namespace limits = base::limits;

/// Walks over JSON that is known to be good.
class Walk {
 public:
  Walk(std::string_view text, DocumentTree& tree) : text_(text), tree_(tree) {}

  void run() {
    while (at_ < text_.size() && !tree_.problem()) step();
  }

 private:
  void step() {
    switch (text_[at_]) {
      case '\n': ++line_; break;
      case ' ':
      case '\t':
      case '\r':
      case ',':
      case ':': break;
      case '{': tree_.open_map(line_); break;
      case '[': tree_.open_list(line_); break;
      case '}':
      case ']': tree_.close(); break;
      case '"': return string();
      default: return word();
    }
    ++at_;
  }

  void string() {
    std::size_t end = at_ + 1;
    while (text_[end] != '"') end += text_[end] == '\\' ? 2 : 1;
    ++end;
    const auto value = base::parse_json(text_.substr(at_, end - at_));
    at_ = end;
    if (!value) return tree_.fail(line_, value.error().message());
    const auto& text = value->get_ref<const std::string&>();
    tree_.scalar(line_, base::canonical_json(*value), text);
  }

  /// A number, true, false or null.
  void word() {
    const std::size_t end = std::min(text_.find_first_of(" \t\r\n,]}", at_), text_.size());
    const auto value = base::parse_json(text_.substr(at_, end - at_));
    at_ = end;
    if (!value) return tree_.fail(line_, value.error().message());
    tree_.scalar(line_, base::canonical_json(*value), std::nullopt);
  }

  std::string_view text_;
  DocumentTree& tree_;
  std::size_t at_ = 0;
  std::uint32_t line_ = 1;
};

/// parse_json's errors say "JSON, byte 17: …"; people look for lines.
ReadProblem problem_of(const base::Error& error, std::string_view text) {
  constexpr std::string_view kStart = "JSON, byte ";
  std::string_view message = error.message();
  std::size_t offset = 0;
  if (!message.starts_with(kStart)) return {0, std::string(message)};
  message.remove_prefix(kStart.size());
  const auto [stop, problem] = std::from_chars(message.data(), message.data() + message.size(), offset);
  message.remove_prefix(static_cast<std::size_t>(stop - message.data()));
  if (message.starts_with(": ")) message.remove_prefix(2);
  const auto before = text.substr(0, std::min(offset, text.size()));
  const auto line = static_cast<std::uint32_t>(std::count(before.begin(), before.end(), '\n')) + 1;
  return {line, "JSON: " + std::string(message)};
}

}  // namespace

Documents read_json(std::string_view text) {
  Documents out;
  const base::JsonLimits bounds{limits::kManifestFileBytesMax, limits::kYamlDepthMax, limits::kYamlNodesMax};
  if (const auto good = base::parse_json(text, bounds); !good) {
    out.problem = problem_of(good.error(), text);
    return out;
  }
  DocumentTree::Budget budget;
  DocumentTree tree(budget);
  Walk(text, tree).run();
  auto document = tree.write();
  out.problem = tree.problem();
  if (document) out.list.push_back(*std::move(document));
  return out;
}

}  // namespace holdfast::gitops
