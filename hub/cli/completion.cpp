// SPDX-License-Identifier: Apache-2.0
#include "hub/cli/completion.hpp"

#include "hub/cli/command_table.hpp"
#include "hub/cli/commands.hpp"
#include "hub/cli/object_types.hpp"

namespace holdfast::cli {

using base::Result;

namespace {

/// What the scripts of both shells have in common: POSIX functions over the table.
///   _holdfast_takes COMMAND      sets flags, places ("type name* words:…")
///   _holdfast_value COMMAND OPT  sets place: what the option's value is; fails for a flag
///   _holdfast_offer PLACE TYPE   prints what there is for a place
/// `holdfast_config` holds the --config that was typed, if any.
constexpr std::string_view kOffer = R"sh(
_holdfast_names() {
  if [ -n "$holdfast_config" ]; then
    holdfast --config "$holdfast_config" get "$1" -o name 2>/dev/null
  else
    holdfast get "$1" -o name 2>/dev/null
  fi | while IFS= read -r line; do
    line="${line##*/}"
    # A shell may expand what it is offered: only what can be a name gets there.
    case "$line" in ''|*[!A-Za-z0-9._-]*) ;; *) printf '%s\n' "$line" ;; esac
  done
}

_holdfast_offer() {
  case "$1" in
    words:*) printf '%s\n' "${1#words:}" | tr ' ' '\n' ;;
    type) printf '%s\n' "$holdfast_types" | tr ' ' '\n' ;;
    name) [ -z "$2" ] || _holdfast_names "$2" ;;
    application) _holdfast_names applications ;;
    node) _holdfast_names nodes ;;
  esac
}
)sh";

constexpr std::string_view kBash = R"sh(
_holdfast() {
  local cur="${COMP_WORDS[COMP_CWORD]}" command="" place="" value="" type="" index=0 flags="" places="" i word
  local holdfast_config=""
  for ((i = 1; i < COMP_CWORD; i++)); do
    word="${COMP_WORDS[i]}"
    if [ "$word" = --config ]; then
      holdfast_config="${COMP_WORDS[i + 1]}"; value=file; ((i++)); [ "$i" -ge "$COMP_CWORD" ] || value=""
      continue
    fi
    if [ "${word#-}" != "$word" ]; then
      if _holdfast_value "$command" "$word"; then
        value="$place"; ((i++)); [ "$i" -ge "$COMP_CWORD" ] || value=""
      fi
      continue
    fi
    if _holdfast_is_command "${command:+$command }$word"; then
      command="${command:+$command }$word"
    else
      [ "$index" -ne 0 ] || type="$word"
      ((index++))
    fi
  done
  _holdfast_takes "$command"
  if [ -n "$value" ]; then
    place="$value"
  elif [ "${cur#-}" != "$cur" ]; then
    place="words:$flags --config --help"
  else
    set -- $places
    while [ "$index" -gt 0 ] && [ $# -gt 0 ]; do
      case "$1" in *\*) break ;; *) shift ;; esac
      index=$((index - 1))
    done
    place="${1%\*}"; place="${place//,/ }"
  fi
  case "$place" in
    file) COMPREPLY=($(compgen -f -- "$cur")); compopt -o filenames 2>/dev/null ;;
    folder) COMPREPLY=($(compgen -d -- "$cur")); compopt -o filenames 2>/dev/null ;;
    *) COMPREPLY=($(compgen -W "$(_holdfast_offer "$place" "$type")" -- "$cur")) ;;
  esac
}
complete -F _holdfast holdfast
)sh";

constexpr std::string_view kZsh = R"sh(
_holdfast() {
  local command="" place="" value="" type="" flags="" places="" word
  local holdfast_config=""
  local -i index=0 i
  for ((i = 2; i < CURRENT; i++)); do
    word="${words[i]}"
    if [[ "$word" == --config ]]; then
      holdfast_config="${words[i + 1]}"; value=file; ((i++)); ((i >= CURRENT)) || value=""
      continue
    fi
    if [[ "$word" == -* ]]; then
      if _holdfast_value "$command" "$word"; then
        value="$place"; ((i++)); ((i >= CURRENT)) || value=""
      fi
      continue
    fi
    if _holdfast_is_command "${command:+$command }$word"; then
      command="${command:+$command }$word"
    else
      ((index != 0)) || type="$word"
      ((index++))
    fi
  done
  _holdfast_takes "$command"
  if [[ -n "$value" ]]; then
    place="$value"
  elif [[ "${words[CURRENT]}" == -* ]]; then
    place="words:$flags --config --help"
  else
    local -a all=(${=places})
    while ((index > 0 && $#all > 0)); do
      [[ "${all[1]}" == *\* ]] && break
      shift all
      ((index--))
    done
    place="${all[1]%\*}"; place="${place//,/ }"
  fi
  case "$place" in
    file) _files ;;
    folder) _files -/ ;;
    *) compadd -- ${(f)"$(_holdfast_offer "$place" "$type")"} ;;
  esac
}
compdef _holdfast holdfast
)sh";

/// In the lists of places a space parts them; within one, a comma.
std::string place_of(Completes completes, std::string_view words, char separator) {
  switch (completes) {
    case Completes::kNothing: return "none";
    case Completes::kType: return "type";
    case Completes::kName: return "name";
    case Completes::kApplication: return "application";
    case Completes::kNode: return "node";
    case Completes::kFile: return "file";
    case Completes::kFolder: return "folder";
    case Completes::kWords: break;
  }
  std::string out = "words:";
  for (const char c : words) out += c == ' ' ? separator : c;
  return out;
}

std::string joined(const std::string& a, std::string_view b) {
  return a.empty() ? std::string(b) : a + " " + std::string(b);
}

std::string types_line() {
  std::string out;
  for (const auto& type : object_types()) out = joined(out, type.plural);
  return "holdfast_types='" + out + "'\n";
}

/// First words, and after "token" and "rollout" the second ones.
std::string words_after(std::string_view first) {
  std::string out;
  for (const auto& command : commands()) {
    const auto space = command.name.find(' ');
    std::string_view word;
    if (first.empty()) {
      word = command.name.substr(0, space);
    } else if (command.name.substr(0, space) == first && space != std::string_view::npos) {
      word = command.name.substr(space + 1);
    }
    const bool is_known = (" " + out + " ").find(" " + std::string(word) + " ") != std::string::npos;
    if (!word.empty() && !is_known) out = joined(out, word);
  }
  return out;
}

std::string with_commas(std::string text) {
  for (char& c : text) c = c == ' ' ? ',' : c;
  return text;
}

std::string takes_case(const CommandSpec& command) {
  std::string flags;
  std::string places;
  for (const auto& option : command.options) {
    flags = joined(flags, option.name);
    if (!option.short_name.empty()) flags = joined(flags, option.short_name);
  }
  for (const auto& positional : command.positionals) {
    places = joined(places, place_of(positional.completes, positional.words, ',') +
                                (positional.count == Count::kMany ? "*" : ""));
  }
  return "    '" + std::string(command.name) + "') flags='" + flags + "'; places='" + places + "' ;;\n";
}

std::string takes_function() {
  std::string out = "_holdfast_takes() {\n  case \"$1\" in\n    '') flags='--version'; places='words:" +
                    with_commas(words_after("")) + "' ;;\n";
  std::string groups;
  for (const auto& command : commands()) {
    out += takes_case(command);
    const auto space = command.name.find(' ');
    const std::string first(command.name.substr(0, space));
    if (space == std::string_view::npos || groups.find(" " + first + " ") != std::string::npos) continue;
    groups += " " + first + " ";
    out += "    '" + first + "') flags=''; places='words:" + with_commas(words_after(first)) + "' ;;\n";
  }
  return out + "    *) flags=''; places='' ;;\n  esac\n}\n\n";
}

std::string is_command_function() {
  std::string names;
  for (const auto& command : commands()) {
    const auto space = command.name.find(' ');
    if (space != std::string_view::npos) {
      const auto group = "'" + std::string(command.name.substr(0, space)) + "'";
      if (names.find(group) == std::string::npos) names += (names.empty() ? "" : "|") + group;
    }
    names += (names.empty() ? "'" : "|'") + std::string(command.name) + "'";
  }
  return "_holdfast_is_command() {\n  case \"$1\" in\n    " + names +
         ") return 0 ;;\n  esac\n  return 1\n}\n\n";
}

std::string value_function() {
  std::string out = "_holdfast_value() {\n  case \"$1:$2\" in\n";
  for (const auto& command : commands()) {
    for (const auto& option : command.options) {
      if (option.value.empty()) continue;
      const auto prefix = "'" + std::string(command.name) + ":";
      out += "    " + prefix + std::string(option.name) + "'";
      if (!option.short_name.empty()) out += "|" + prefix + std::string(option.short_name) + "'";
      out += ") place='" + place_of(option.completes, option.words, ' ') + "' ;;\n";
    }
  }
  return out + "    *) return 1 ;;\n  esac\n  return 0\n}\n";
}

std::string common_part() {
  return types_line() + "\n" + takes_function() + is_command_function() + value_function() +
         std::string(kOffer);
}

Result<std::string> read_completion(const Arguments& arguments) { return arguments.one("SHELL"); }

Result<ExitCode> completion(Invocation& invocation, const std::string& shell) {
  invocation.out() << (shell == "zsh" ? zsh_completion() : bash_completion());
  return ExitCode::kDone;
}

}  // namespace

std::string bash_completion() {
  return "# bash completion for holdfast: source <(holdfast completion bash)\n" + common_part() +
         std::string(kBash);
}

std::string zsh_completion() {
  return "#compdef holdfast\n# zsh completion for holdfast: source <(holdfast completion zsh)\n" +
         common_part() + std::string(kZsh);
}

ExitCode run_completion(Invocation& invocation, const Arguments& arguments) {
  return carry_out<read_completion, completion>(invocation, arguments);
}

}  // namespace holdfast::cli
