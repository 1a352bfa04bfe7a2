// SPDX-License-Identifier: Apache-2.0
// The pattern becomes a machine of characters and forks (Thompson); matching keeps the set of steps that it may be at.
#include "gitops/kustomize/name_pattern.hpp"

#include <algorithm>
#include <string>
#include <utility>

#include "base/limits/kustomize.hpp"
#include "sync/model/text.hpp"

namespace holdfast::gitops {

using base::Code;
using base::fail;
using base::Result;
using base::Status;

/// Builds from the end: each part is given the step that follows it, and says where it begins.
class PatternParser {
 public:
  using Step = NamePattern::Step;
  using Characters = NamePattern::Characters;

  explicit PatternParser(std::string_view text) : text_(text) {}

  Result<NamePattern> run() {
    if (text_.starts_with('^')) text_.remove_prefix(1);
    if (text_.ends_with('$') && !text_.ends_with("\\$")) text_.remove_suffix(1);
    HF_TRY(const Part whole, alternatives(0));
    if (at_ < text_.size()) return fail(Code::kInvalid, "a \")\" too many");
    NamePattern pattern;
    pattern.fits_all_ = false;
    pattern.start_ = whole.start;
    const std::size_t end = add({});
    join(whole, end);
    pattern.steps_ = std::move(steps_);
    return pattern;
  }

 private:
  /// A piece of the machine: where it begins, and which links are to lead on from it.
  struct Link {
    std::size_t step;
    bool is_other;
  };
  struct Part {
    std::size_t start = 0;
    std::vector<Link> open;
  };
  static constexpr std::size_t kDepthMax = 20;

  std::size_t add(Step step) {
    steps_.push_back(std::move(step));
    return steps_.size() - 1;
  }
  void join(const Part& part, std::size_t to) {
    for (const auto& link : part.open)
      (link.is_other ? steps_[link.step].other : steps_[link.step].next) = to;
  }
  bool is_at(char c) const { return at_ < text_.size() && text_[at_] == c; }

  Result<Part> alternatives(std::size_t depth) {
    if (depth > kDepthMax) return fail(Code::kLimit, "brackets nested deeper than 20");
    HF_TRY(Part first, sequence(depth));
    while (is_at('|')) {
      ++at_;
      HF_TRY(Part second, sequence(depth));
      const std::size_t fork = add({Step::Kind::kFork, {}, first.start, second.start});
      first.start = fork;
      first.open.insert(first.open.end(), second.open.begin(), second.open.end());
    }
    return first;
  }

  Result<Part> sequence(std::size_t depth) {
    const std::size_t empty = add({Step::Kind::kFork, {}, 0, 0});  // both ways the same: nothing is read
    Part whole{empty, {{empty, false}, {empty, true}}};
    while (at_ < text_.size() && !is_at('|') && !is_at(')')) {
      HF_TRY(Part next, repeated(depth));
      join(whole, next.start);
      whole.open = std::move(next.open);
    }
    return whole;
  }

  Result<Part> repeated(std::size_t depth) {
    HF_TRY(Part part, single(depth));
    if (is_at('{')) return fail(Code::kUnsupported, "\"{…}\" is not supported in a pattern; write it out");
    if (!is_at('*') && !is_at('+') && !is_at('?')) return part;
    const char how = text_[at_++];
    if (is_at('*') || is_at('+') || is_at('?'))
      return fail(Code::kUnsupported, "two signs of repetition after one another are not supported");
    const std::size_t fork = add({Step::Kind::kFork, {}, part.start, 0});
    if (how == '?') {
      part.start = fork;
      part.open.push_back({fork, true});
      return part;
    }
    join(part, fork);
    return Part{how == '*' ? fork : part.start, {{fork, true}}};
  }

  Result<Part> single(std::size_t depth) {
    const char c = text_[at_++];
    Characters characters;
    switch (c) {
      case '(': return group(depth);
      case '.': characters.set(); break;
      case '[': {
        HF_TRY(characters, bracket());
        break;
      }
      case '\\': {
        HF_TRY(characters, escaped());
        break;
      }
      case '*':
      case '+':
      case '?':
      case '{': return fail(Code::kInvalid, std::string("nothing stands before \"") + c + "\"");
      case '^':
      case '$': return fail(Code::kUnsupported, std::string("\"") + c + "\" is supported at the ends alone");
      default: characters.set(static_cast<unsigned char>(c));
    }
    const std::size_t step = add({Step::Kind::kCharacter, characters, 0, 0});
    return Part{step, {{step, false}}};
  }

  Result<Part> group(std::size_t depth) {
    if (text_.substr(at_).starts_with("?:")) {
      at_ += 2;
    } else if (is_at('?')) {
      return fail(Code::kUnsupported, "\"(?\" is not supported in a pattern");
    }
    HF_TRY(Part inner, alternatives(depth + 1));
    if (!is_at(')')) return fail(Code::kInvalid, "a \")\" is missing");
    ++at_;
    return inner;
  }

  Result<Characters> escaped() {
    if (at_ >= text_.size()) return fail(Code::kInvalid, "nothing stands after \"\\\"");
    const char c = text_[at_++];
    Characters out;
    const bool is_word = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
    if (!is_word) return out.set(static_cast<unsigned char>(c));
    if (c != 'd' && c != 'w') {
      return fail(Code::kUnsupported, std::string("\"\\") + c + "\" is not supported in a pattern");
    }
    for (int i = '0'; i <= '9'; ++i) out.set(static_cast<std::size_t>(i));
    if (c == 'd') return out;
    for (int i = 'a'; i <= 'z'; ++i)
      out.set(static_cast<std::size_t>(i)).set(static_cast<std::size_t>(i - 32));
    return out.set('_');
  }

  Result<Characters> bracket() {
    const bool is_not = is_at('^');
    if (is_not) ++at_;
    Characters out;
    for (bool first = true; first || !is_at(']'); first = false) {
      if (at_ >= text_.size()) return fail(Code::kInvalid, "a \"]\" is missing");
      const char from = text_[at_++];
      if (from == '[' && is_at(':')) return fail(Code::kUnsupported, "\"[:\" is not supported in a pattern");
      if (from == '\\') {
        HF_TRY(const Characters more, escaped());
        out |= more;
        continue;
      }
      char to = from;
      if (is_at('-') && at_ + 1 < text_.size() && text_[at_ + 1] != ']') {
        to = text_[at_ + 1];
        at_ += 2;
      }
      if (static_cast<unsigned char>(to) < static_cast<unsigned char>(from))
        return fail(Code::kInvalid, "a range in \"[…]\" ends before it begins");
      for (std::size_t i = static_cast<unsigned char>(from); i <= static_cast<unsigned char>(to); ++i)
        out.set(i);
    }
    ++at_;
    return is_not ? ~out : out;
  }

  std::string_view text_;
  std::size_t at_ = 0;
  std::vector<Step> steps_;
};

Result<NamePattern> NamePattern::parse(std::string_view text) {
  constexpr std::size_t kMost = base::limits::kNamePatternBytesMax;
  if (text.empty()) return NamePattern();
  if (text.size() > kMost)
    return fail(Code::kLimit, "the pattern has " + std::to_string(text.size()) + " bytes; at most " +
                                  std::to_string(kMost) + " are allowed");
  auto pattern = PatternParser(text).run();
  if (!pattern) return fail(pattern.error().code(), sync::in_quotes(text) + ": " + pattern.error().message());
  return pattern;
}

bool NamePattern::matches(std::string_view name) const {
  if (fits_all_) return true;
  std::vector<bool> now(steps_.size());
  std::vector<std::size_t> stack;
  const auto enter = [&](std::vector<bool>& set, std::size_t first) {
    stack.push_back(first);
    while (!stack.empty()) {
      const std::size_t at = stack.back();
      stack.pop_back();
      if (set[at]) continue;
      set[at] = true;
      if (steps_[at].kind != Step::Kind::kFork) continue;
      stack.push_back(steps_[at].next);
      stack.push_back(steps_[at].other);
    }
  };
  enter(now, start_);
  for (const char c : name) {
    std::vector<bool> after(steps_.size());
    for (std::size_t i = 0; i < steps_.size(); ++i) {
      const bool reads = now[i] && steps_[i].kind == Step::Kind::kCharacter &&
                         steps_[i].characters.test(static_cast<unsigned char>(c));
      if (reads) enter(after, steps_[i].next);
    }
    now = std::move(after);
  }
  return now.back();  // the end is the last step made
}

}  // namespace holdfast::gitops
