// SPDX-License-Identifier: Apache-2.0
#include "hub/cli/command_line.hpp"

#include <CLI/CLI.hpp>
#include <algorithm>
#include <deque>
#include <map>

#include "base/typed_words.hpp"
#include "base/version.hpp"
#include "hub/cli/command_table.hpp"
#include "hub/cli/shown_text.hpp"

namespace holdfast::cli {

namespace {

/// Where CLI11 puts what it finds for one command.
struct Filling {
  const CommandSpec* spec = nullptr;
  CLI::App* app = nullptr;
  std::map<std::string_view, std::vector<std::string>> values;
  std::map<std::string_view, bool> flags;
};

void add_positional(const PositionalSpec& spec, Filling& filling) {
  auto* option =
      filling.app->add_option(std::string(spec.name), filling.values[spec.name], std::string(spec.help));
  option->type_name("")->type_size(1)->allow_extra_args(spec.count == Count::kMany);
  switch (spec.count) {
    case Count::kOne: option->required()->expected(1); break;
    case Count::kOptional: option->expected(1); break;
    case Count::kMany: option->expected(0, -1); break;
  }
}

void add_option(const OptionSpec& spec, Filling& filling) {
  const auto names = spec.short_name.empty() ? std::string(spec.name)
                                             : std::string(spec.short_name) + "," + std::string(spec.name);
  if (spec.value.empty()) {
    filling.app->add_flag(names, filling.flags[spec.name], std::string(spec.help));
    return;
  }
  auto* option = filling.app->add_option(names, filling.values[spec.name], std::string(spec.help));
  option->type_name(std::string(spec.value))->type_size(1)->expected(1);
  option->multi_option_policy(spec.is_repeated ? CLI::MultiOptionPolicy::TakeAll
                                               : CLI::MultiOptionPolicy::TakeLast);
  option->allow_extra_args(false);
}

CLI::App* parent_of(CLI::App& root, std::string_view first_word, std::string_view group) {
  const auto known = root.get_subcommands([&](const CLI::App* app) { return app->get_name() == first_word; });
  if (!known.empty()) return known.front();
  auto* made = root.add_subcommand(std::string(first_word), std::string(group_summary(first_word)));
  made->require_subcommand(1)->fallthrough()->group(std::string(group));
  return made;
}

void add_command(const CommandSpec& spec, CLI::App& root, Filling& filling) {
  const auto space = spec.name.find(' ');
  CLI::App* parent =
      space == std::string_view::npos ? &root : parent_of(root, spec.name.substr(0, space), spec.group);
  const auto own = space == std::string_view::npos ? spec.name : spec.name.substr(space + 1);
  filling.spec = &spec;
  filling.app = parent->add_subcommand(std::string(own), std::string(spec.summary));
  filling.app->group(std::string(parent == &root ? spec.group : "Commands"))->fallthrough();
  filling.app->footer("Example:\n  " + std::string(spec.example));
  if (spec.takes_anything) {
    filling.app->allow_extras()->fallthrough(false);
    return;
  }
  for (const auto& positional : spec.positionals) add_positional(positional, filling);
  for (const auto& option : spec.options) add_option(option, filling);
}

std::vector<std::string> split_words(std::string_view text) {
  std::vector<std::string> out;
  while (!text.empty()) {
    const auto space = text.find(' ');
    out.emplace_back(text.substr(0, space));
    text = space == std::string_view::npos ? std::string_view() : text.substr(space + 1);
  }
  return out;
}

base::Status check_words(std::string_view name, std::string_view words, const Arguments& arguments) {
  if (words.empty()) return {};
  const auto known = split_words(words);
  for (const auto& given : arguments.all(name)) {
    if (std::ranges::find(known, given) != known.end()) continue;
    std::string list;
    for (const auto& word : known) list += (list.empty() ? "" : ", ") + word;
    return base::fail(base::Code::kInvalid, std::string(name) + ": \"" + given + "\" is not one of " + list);
  }
  return {};
}

base::Result<Arguments> arguments_of(const Filling& filling) {
  Arguments out;
  for (const auto& [name, values] : filling.values) out.put(name, values);
  for (const auto& [name, given] : filling.flags) {
    if (given) out.put(name, {"true"});
  }
  for (const auto& spec : filling.spec->options) HF_CHECK(check_words(spec.name, spec.words, out));
  for (const auto& spec : filling.spec->positionals) HF_CHECK(check_words(spec.name, spec.words, out));
  return out;
}

class Parser {
 public:
  Parser() {
    root_.require_subcommand(1);
    root_.set_version_flag("--version", "holdfast " + std::string(base::kVersion));
    root_
        .add_option("--config", client_file_,
                    "Client file: which hub, and who asks (HOLDFAST_CONFIG, ~/.config/holdfast/client.yaml)")
        ->type_name("FILE");
    root_.footer("Exit codes: 0 done, 1 failed, 2 used wrongly, 3 not (yet) true.");
    for (const auto& spec : commands()) add_command(spec, root_, fillings_.emplace_back());
  }

  ExitCode run(std::vector<std::string> words, Console& console) {
    if (words.empty()) {
      console.out << root_.help();
      return ExitCode::kUsedWrongly;
    }
    std::ranges::reverse(words);  // as CLI11 wants them
    try {
      root_.parse(words);
    } catch (const CLI::ParseError& error) {
      return answer(error, console);
    }
    for (const auto& filling : fillings_) {
      if (filling.app->parsed()) return run_command(filling, console);
    }
    return ExitCode::kUsedWrongly;  // CLI11 requires a command
  }

 private:
  ExitCode run_command(const Filling& filling, Console& console) const {
    Invocation invocation(console, std::string(filling.spec->name), client_file_);
    const auto arguments = arguments_of(filling);
    if (!arguments) return invocation.used_wrongly(arguments.error());
    return filling.spec->run(invocation, *arguments);
  }

  /// Help and version are no errors.
  ExitCode answer(const CLI::ParseError& error, Console& console) const {
    if (error.get_exit_code() == 0) {
      root_.exit(error, console.out, console.err);
      return ExitCode::kDone;
    }
    auto message = std::string(error.what());
    if (const auto rest = root_.remaining(); root_.get_subcommands().empty() && !rest.empty()) {
      message = "there is no command \"" + rest.front() + "\"";
    }
    std::string at;
    for (const auto* app = &root_; app != nullptr;) {
      const auto parsed = app->get_subcommands();
      app = parsed.empty() ? nullptr : parsed.front();
      if (app != nullptr) at += " " + app->get_name();
    }
    console.err << "holdfast: " << safe_lines(message) << "\nSee `holdfast" << at << " --help`.\n";
    return ExitCode::kUsedWrongly;
  }

  CLI::App root_{"Holdfast: commit to Git, and every node holds fast to it.", "holdfast"};
  std::string client_file_;
  std::deque<Filling> fillings_;
};

}  // namespace

ExitCode run_command_line(const std::vector<std::string>& words, Console& console) {
  if (const auto checked = base::check_typed_words(words); !checked) {
    console.err << "holdfast: " << checked.error().message() << "\n";
    return ExitCode::kUsedWrongly;
  }
  return Parser().run(words, console);
}

}  // namespace holdfast::cli
