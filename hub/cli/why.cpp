// SPDX-License-Identifier: Apache-2.0
// holdfast why
#include <nlohmann/json.hpp>

#include "hub/cli/commands.hpp"
#include "hub/cli/object_fields.hpp"
#include "hub/cli/shown_text.hpp"
#include "hub/cli/targets.hpp"

namespace holdfast::cli {

using base::Code;
using base::fail;
using base::Json;
using base::Result;

namespace {

struct WhyOptions {
  std::string node;
  std::string resource;
  bool is_json = false;
};

Result<WhyOptions> read_why(const Arguments& arguments) {
  WhyOptions out{arguments.one("NODE"), arguments.one("KIND/NAME"), arguments.one("--output") == "json"};
  if (out.resource.find('/') == std::string::npos) {
    return fail(Code::kInvalid, "\"" + out.resource + "\" must look like File/motd");
  }
  return out;
}

class Answer {
 public:
  explicit Answer(const Style& style) : style_(style) {}

  void line(const std::string& label, const std::string& value) {
    if (value.empty()) return;
    constexpr std::size_t kWidth = 14;
    out_ += style_.heading(label + ":") + std::string(kWidth - label.size() - 1, ' ') +
            indented(style_.word(safe_lines(value)), std::string(kWidth, ' ')) + "\n";
  }
  std::string take() { return std::move(out_); }

 private:
  const Style& style_;
  std::string out_;
};

std::string place(const Json& why) {
  const auto file = text_at(why, "file");
  if (file.empty()) return {};
  return file + ":" + std::to_string(number_at(why, "line")) + " of " + text_at(why, "source");
}

std::string commit(const Json& why) {
  auto out = text_at(why, "commit");
  if (const auto author = text_at(why, "author"); !author.empty()) out += " by " + author;
  if (const auto subject = text_at(why, "subject"); !subject.empty()) out += ": " + subject;
  return out;
}

std::string text_of(const Json& why, const Style& style) {
  Answer out(style);
  out.line("Resource", text_at(why, "resource") + " on " + text_at(why, "node"));
  out.line("Application", text_at(why, "application"));
  out.line("From", place(why));
  out.line("Commit", commit(why));
  out.line("Sync", text_at(why, "sync"));
  out.line("Health", text_at(why, "health"));
  out.line("Phase", text_at(why, "phase"));
  out.line("Reason", text_at(why, "reason"));
  out.line("Message", text_at(why, "message"));
  out.line("Blocked by", text_at(why, "blockedBy"));
  out.line("Next", text_at(why, "next"));
  return out.take();
}

Result<ExitCode> why(Invocation& invocation, const WhyOptions& options) {
  HF_TRY(auto* hub, invocation.hub());
  HF_TRY(const auto answer,
         hub->get(ApiPath(kNodes).part(options.node).part("why").query("key", options.resource)));
  if (options.is_json) {
    invocation.out() << json_text(answer);
    return ExitCode::kDone;
  }
  bool is_first = true;
  for (const auto& item : list_at(answer, "items")) {
    invocation.out() << (is_first ? "" : "\n") << text_of(item, invocation.style());
    is_first = false;
  }
  if (!is_first) return ExitCode::kDone;
  return fail(Code::kNotFound, "node " + options.node + " has no " + options.resource +
                                   ", and no application in force brings it there");
}

}  // namespace

ExitCode run_why(Invocation& invocation, const Arguments& arguments) {
  return carry_out<read_why, why>(invocation, arguments);
}

}  // namespace holdfast::cli
