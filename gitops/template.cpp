// SPDX-License-Identifier: Apache-2.0
#include "gitops/template.hpp"

#include <algorithm>
#include <utility>

#include "base/limits/model.hpp"
#include "gitops/template_values.hpp"
#include "sync/model/text.hpp"

namespace holdfast::gitops {
namespace {

using base::Code;
using base::fail;
using base::Result;
using base::Status;
using sync::in_quotes;

constexpr std::string_view kOpen = "{{";
constexpr std::string_view kClose = "}}";
constexpr std::string_view kNames =
    ".node.name, .node.labels.KEY, .node.facts.KEY, .app.name and .app.revision";

constexpr std::size_t kKeyLengthMax = base::limits::kNameLengthMax + 1 + base::limits::kLabelLengthMax;

bool is_word(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' || c == '-';
}

bool is_space(char c) { return c == ' ' || c == '\t' || c == '\n' || c == '\r'; }

/// Reads what stands between {{ and }}. Takes from the front of `rest`, which is all text after the "{{".
class Reader {
 public:
  explicit Reader(std::string_view& rest) : start_(rest), rest_(rest) {}

  Result<TemplateExpression> read() {
    if (rest_.starts_with("-")) return fail(wrong("trimming with {{- is not supported; write {{"));
    skip_space();
    HF_TRY(TemplateExpression expression, operand());
    if (expression.name != TemplateName::kLiteral && expression.key.size() > kKeyLengthMax) {
      return fail(
          wrong("no label and no fact has a key of more than " + std::to_string(kKeyLengthMax) + " bytes"));
    }
    skip_space();
    if (take("|")) HF_CHECK(default_of(expression));
    skip_space();
    if (take(kClose)) return expression;
    if (rest_.starts_with("-}}")) return fail(wrong("trimming with -}} is not supported; write }}"));
    if (rest_.starts_with("|")) return fail(wrong("only one | default \"…\" may follow a name"));
    if (rest_.find(kClose) == std::string_view::npos) return fail(wrong("the closing }} is missing"));
    return fail(wrong("after a name only | default \"…\" may follow"));
  }

 private:
  void skip_space() {
    while (!rest_.empty() && is_space(rest_.front())) rest_.remove_prefix(1);
  }
  bool take(std::string_view token) {
    if (!rest_.starts_with(token)) return false;
    rest_.remove_prefix(token.size());
    return true;
  }
  std::string word() {
    const auto end = std::find_if_not(rest_.begin(), rest_.end(), is_word);
    const auto size = static_cast<std::size_t>(end - rest_.begin());
    std::string out(rest_.substr(0, size));
    rest_.remove_prefix(size);
    return out;
  }

  Result<TemplateExpression> operand() {
    if (rest_.starts_with('"') || rest_.starts_with('`')) {
      HF_TRY(std::string text, literal());
      return TemplateExpression{TemplateName::kLiteral, std::move(text), std::nullopt};
    }
    if (rest_.starts_with('.')) return path();
    const std::string name = word();
    if (name == "index") return index();
    if (name.empty()) return fail(wrong("a name is missing; there are " + std::string(kNames)));
    return fail(wrong("the function " + in_quotes(name) + " is not supported; there are names (" +
                      std::string(kNames) + "), index and default"));
  }

  /// ".node.labels.site"
  Result<TemplateExpression> path() {
    std::vector<std::string> parts;
    while (take(".")) parts.push_back(word());
    if (rest_.starts_with('/')) {
      return fail(wrong("a key with dots or slashes is written {{ index .node.labels \"KEY\" }}"));
    }
    return named(parts);
  }

  Result<TemplateExpression> named(const std::vector<std::string>& parts) {
    const auto is = [&](std::size_t size, std::string_view first, std::string_view second) {
      return parts.size() == size && parts[0] == first && parts[1] == second;
    };
    if (is(2, "node", "name")) return TemplateExpression{TemplateName::kNodeName, "", std::nullopt};
    if (is(2, "app", "name")) return TemplateExpression{TemplateName::kAppName, "", std::nullopt};
    if (is(2, "app", "revision")) return TemplateExpression{TemplateName::kAppRevision, "", std::nullopt};
    if (is(3, "node", "labels") && !parts[2].empty()) {
      return TemplateExpression{TemplateName::kNodeLabel, parts[2], std::nullopt};
    }
    if (is(3, "node", "facts") && !parts[2].empty()) {
      return TemplateExpression{TemplateName::kNodeFact, parts[2], std::nullopt};
    }
    if (parts.size() > 3 && parts[0] == "node" && (parts[1] == "labels" || parts[1] == "facts")) {
      return fail(wrong("a key with dots or slashes is written {{ index .node." + parts[1] + " \"KEY\" }}"));
    }
    return fail(wrong("no such name; there are " + std::string(kNames)));
  }

  /// index .node.labels "a.b/c"
  Result<TemplateExpression> index() {
    skip_space();
    const bool labels = take(".node.labels");
    if (!labels && !take(".node.facts"))
      return fail(wrong("index takes .node.labels or .node.facts, then a key in quotes"));
    skip_space();
    if (!rest_.starts_with('"') && !rest_.starts_with('`')) return fail(wrong("index takes a key in quotes"));
    HF_TRY(std::string key, literal());
    return TemplateExpression{labels ? TemplateName::kNodeLabel : TemplateName::kNodeFact, std::move(key),
                              std::nullopt};
  }

  Status default_of(TemplateExpression& expression) {
    skip_space();
    const std::string name = word();
    if (name != "default") {
      return fail(wrong("the function " + in_quotes(name) +
                        " is not supported; after | only default \"…\" may follow"));
    }
    skip_space();
    if (!rest_.starts_with('"') && !rest_.starts_with('`'))
      return fail(wrong("default takes a text in quotes"));
    HF_TRY(expression.fallback, literal());
    return {};
  }

  /// Go's two forms: "…" with escapes, and `…` as it stands.
  Result<std::string> literal() {
    const char quote = rest_.front();
    rest_.remove_prefix(1);
    std::string out;
    while (!rest_.empty() && rest_.front() != quote) {
      const char c = rest_.front();
      rest_.remove_prefix(1);
      if (c != '\\' || quote == '`') {
        out += c;
        continue;
      }
      HF_TRY(const char escaped, escape());
      out += escaped;
    }
    if (!take(std::string_view(&quote, 1))) return fail(wrong("the closing quote is missing"));
    return out;
  }

  Result<char> escape() {
    const char c = rest_.empty() ? '\0' : rest_.front();
    if (!rest_.empty()) rest_.remove_prefix(1);
    switch (c) {
      case '"':
      case '\\': return c;
      case 'n': return '\n';
      case 't': return '\t';
      default: return fail(wrong("of escapes there are \\\", \\\\, \\n and \\t"));
    }
  }

  base::Error wrong(std::string_view message) const {
    const auto close = start_.find(kClose);
    const auto shown = close == std::string_view::npos ? start_ : start_.substr(0, close + kClose.size());
    return {Code::kInvalid,
            "template " + in_quotes(std::string(kOpen) + std::string(shown)) + ": " + std::string(message)};
  }

  std::string_view start_;
  std::string_view& rest_;
};

using Map = std::map<std::string, std::string>;

std::string names_in(const Map& map) {
  constexpr std::size_t kShownMax = 20;
  std::string out;
  std::size_t shown = 0;
  for (const auto& [key, value] : map) {
    if (shown++ == kShownMax) return out + ", … (" + std::to_string(map.size()) + " in all)";
    out.append(out.empty() ? "" : ", ").append(key);
  }
  return out.empty() ? "none" : out;
}

Result<std::string> looked_up(const TemplateExpression& expression, const Map& map, std::string_view what) {
  const auto found = map.find(expression.key);
  if (found != map.end() && (!found->second.empty() || !expression.fallback)) return found->second;
  if (expression.fallback) return *expression.fallback;
  return fail(Code::kInvalid, "template {{ " + sync::bounded_text(expression.text(), 200) +
                                  " }}: the node has no " + std::string(what) + " " +
                                  in_quotes(expression.key) + "; it has " + names_in(map) +
                                  "; where it may be missing, write | default \"…\"");
}

}  // namespace

bool has_template(std::string_view text) { return text.find(kOpen) != std::string_view::npos; }

std::string TemplateExpression::text() const {
  const bool word = !key.empty() && std::all_of(key.begin(), key.end(), is_word);
  const auto keyed = [&](std::string_view map) {
    return word ? std::string(map) + "." + key : "index " + std::string(map) + " \"" + key + "\"";
  };
  switch (name) {
    case TemplateName::kLiteral: return '"' + key + '"';
    case TemplateName::kNodeName: return ".node.name";
    case TemplateName::kNodeLabel: return keyed(".node.labels");
    case TemplateName::kNodeFact: return keyed(".node.facts");
    case TemplateName::kAppName: return ".app.name";
    case TemplateName::kAppRevision: return ".app.revision";
  }
  return {};
}

Result<std::string> value_of(const TemplateExpression& expression, const TemplateValues& values) {
  const auto or_default = [&](const std::string& value) {
    return value.empty() && expression.fallback ? *expression.fallback : value;
  };
  switch (expression.name) {
    case TemplateName::kLiteral: return or_default(expression.key);
    case TemplateName::kNodeName: return or_default(values.node_name);
    case TemplateName::kNodeLabel: return looked_up(expression, values.node_labels, "label");
    case TemplateName::kNodeFact: return looked_up(expression, values.node_facts, "fact");
    case TemplateName::kAppName: return or_default(values.app_name);
    case TemplateName::kAppRevision: return or_default(values.app_revision);
  }
  return fail(Code::kInternal, "template: a name without a value");
}

Result<Template> Template::parse(std::string_view text) {
  Template out;
  std::string_view rest = text;
  for (;;) {
    const auto open = rest.find(kOpen);
    Piece piece{std::string(rest.substr(0, open)), std::nullopt};
    if (open == std::string_view::npos) {
      out.pieces_.push_back(std::move(piece));
      return out;
    }
    rest.remove_prefix(open + kOpen.size());
    HF_TRY(piece.expression, Reader(rest).read());
    out.pieces_.push_back(std::move(piece));
  }
}

Result<std::string> Template::expand(const TemplateValues& values, std::size_t bytes_max) const {
  std::string out;
  for (const auto& piece : pieces_) {
    out += piece.text;
    if (piece.expression) {
      HF_TRY(const std::string value, value_of(*piece.expression, values));
      out += value;
    }
    if (out.size() > bytes_max) {
      return fail(Code::kLimit, "template: its values make it longer than the " + std::to_string(bytes_max) +
                                    " bytes that are left of the section's " +
                                    std::to_string(base::limits::kSectionBytesMax) +
                                    "; make it several applications");
    }
  }
  return out;
}

std::string Template::expand_with(const std::function<std::string(const TemplateExpression&)>& value) const {
  std::string out;
  for (const auto& piece : pieces_) {
    out += piece.text;
    if (piece.expression) out += value(*piece.expression);
  }
  return out;
}

std::vector<TemplateExpression> Template::expressions() const {
  std::vector<TemplateExpression> out;
  for (const auto& piece : pieces_) {
    if (piece.expression && piece.expression->name != TemplateName::kLiteral)
      out.push_back(*piece.expression);
  }
  return out;
}

}  // namespace holdfast::gitops
