// SPDX-License-Identifier: Apache-2.0
// holdfast edit: the object as YAML in the person's editor; what they leave there is written back. Where the
// hub or the reader refuses it, the editor opens again with the reason on top, until it is good or was left
// as it was.
#include <unistd.h>

#include <cstdlib>
#include <nlohmann/json.hpp>

#include "base/file_io.hpp"
#include "base/handle.hpp"
#include "base/limits/hub.hpp"
#include "hub/cli/commands.hpp"
#include "hub/cli/object_fields.hpp"
#include "hub/cli/shown_text.hpp"
#include "hub/cli/targets.hpp"
#include "hub/cli/write_objects.hpp"
#include "hub/cli/yaml_text.hpp"

namespace holdfast::cli {

using base::Code;
using base::fail;
using base::Json;
using base::Result;
using base::Status;

namespace {

constexpr std::string_view kHelp =
    "# Change what you like and leave the editor; leave the file as it is to change nothing.\n"
    "# Lines that begin with # are passed over.\n#\n";

Result<Targets> read_edit(const Arguments& arguments) {
  HF_TRY(auto targets, read_named_targets(arguments.one("KIND"), arguments.all("NAME")));
  if (targets.words.size() > 1) return fail(Code::kInvalid, "edit takes one name");
  return targets;
}

/// EDITOR may hold arguments ("code --wait"); it is split at spaces and started without a shell.
std::vector<std::string> editor_command(const Console& console) {
  auto text = console.variable("VISUAL");
  if (text.empty()) text = console.variable("EDITOR");
  if (text.empty()) text = "vi";
  std::vector<std::string> out;
  std::string word;
  for (const char c : text + " ") {
    if (c != ' ') {
      word += c;
    } else if (!word.empty()) {
      out.push_back(std::exchange(word, {}));
    }
  }
  return out;
}

/// A folder of our own with one file, both for this user alone; gone at the end unless kept.
class DraftFile {
 public:
  static Result<DraftFile> make(const Console& console, const std::string& name) {
    auto root = console.variable("TMPDIR");
    if (!root.starts_with('/')) root = "/tmp";
    std::string folder = root + "/holdfast-edit-XXXXXX";
    if (mkdtemp(folder.data()) == nullptr)
      return fail(base::Error::from_errno(errno, "cannot make " + folder));
    return DraftFile(folder, folder + "/" + encode_component(name) + ".yaml");
  }
  DraftFile(DraftFile&& other) noexcept
      : folder_(std::exchange(other.folder_, {})), path_(std::move(other.path_)) {}
  DraftFile& operator=(DraftFile&&) = delete;
  ~DraftFile() {
    if (folder_.empty()) return;
    unlink(path_.c_str());
    rmdir(folder_.c_str());
  }

  const std::string& path() const { return path_; }
  void keep() { folder_.clear(); }

 private:
  DraftFile(std::string folder, std::string path) : folder_(std::move(folder)), path_(std::move(path)) {}
  std::string folder_;  ///< empty: not ours to remove
  std::string path_;
};

/// What the hub keeps for itself is not offered for change.
Json editable(Json object) {
  object.erase("status");
  for (const auto* member : {"creationTimestamp", "generation", "uid", "deletionTimestamp"}) {
    object["metadata"].erase(member);
  }
  return object;
}

std::string without_comments(const std::string& text) {
  std::string out;
  std::size_t at = 0;
  while (at < text.size()) {
    const auto end = std::min(text.find('\n', at), text.size() - 1) + 1;
    if (text[at] != '#') out += text.substr(at, end - at);
    at = end;
  }
  return out;
}

std::string as_comment(const std::string& message) {
  return "# NOT WRITTEN: " + indented(safe_lines(message), "#   ") + "\n#\n";
}

class Editing {
 public:
  Editing(Invocation& invocation, const Targets& targets)
      : invocation_(invocation), type_(*targets.type), name_(targets.words.front()) {}

  Result<ExitCode> run() {
    HF_TRY(hub_, invocation_.hub());
    HF_TRY(present_, get_object(*hub_, type_, name_));
    HF_TRY(auto draft, DraftFile::make(invocation_.console(), name_));
    const auto original = yaml_text(editable(present_));
    std::string text = original;
    std::string problem;
    for (;;) {
      HF_TRY(const auto edited, open_editor(draft, text, problem));
      if (edited == original) return unchanged("nothing was changed");
      if (edited == text && !problem.empty()) return gave_up(draft, problem);
      if (const auto status = write(edited); !status) {
        problem = status.error().message();
        text = edited;
        continue;
      }
      invocation_.out() << object_name(type_, name_) << " edited\n";
      return ExitCode::kDone;
    }
  }

 private:
  Result<std::string> open_editor(const DraftFile& draft, const std::string& text,
                                  const std::string& problem) {
    const auto head = problem.empty() ? std::string() : as_comment(problem);
    HF_CHECK(base::write_file(draft.path(), std::string(kHelp) + head + text, 0600));
    auto command = editor_command(invocation_.console());
    command.push_back(draft.path());
    invocation_.out().flush();
    if (auto status = invocation_.console().run_program(command); !status) {
      return fail(std::move(status).error().with_context("the editor (EDITOR names it)"));
    }
    HF_TRY(const auto edited, base::read_file(draft.path(), base::limits::kObjectBytesMax));
    return without_comments(edited);
  }

  Status write(const std::string& edited) {
    if (edited.find_first_not_of(" \n") == std::string::npos)
      return fail(Code::kInvalid, "the file is empty");
    HF_TRY(const auto objects, read_objects(edited, "line"));
    const bool is_same =
        objects.size() == 1 && objects.front().type == &type_ && objects.front().name == name_;
    if (!is_same) {
      return fail(Code::kInvalid, "this must stay the one " + std::string(type_.kind) + " " + name_);
    }
    HF_TRY(Json next, base::parse_json(objects.front().json));
    // resourceVersion stays what was read: a change that somebody else made meanwhile is not overwritten.
    for (const auto* member : {"creationTimestamp", "generation", "uid", "deletionTimestamp"}) {
      if (const auto* value = find_at(present_, std::string("metadata/") + member))
        next["metadata"][member] = *value;
    }
    if (const auto* status = find_at(present_, "status")) next["status"] = *status;
    HF_CHECK(hub_->put(ApiPath(type_.plural).part(name_), next));
    return {};
  }

  Result<ExitCode> unchanged(const std::string& why) {
    invocation_.say("holdfast: " + why);
    return ExitCode::kDone;
  }

  Result<ExitCode> gave_up(DraftFile& draft, const std::string& problem) {
    draft.keep();
    return fail(Code::kInvalid, problem + "; what you wrote is kept in " + draft.path());
  }

  Invocation& invocation_;
  const ObjectType& type_;
  std::string name_;
  ApiClient* hub_ = nullptr;
  Json present_;
};

Result<ExitCode> edit(Invocation& invocation, const Targets& targets) {
  return Editing(invocation, targets).run();
}

}  // namespace

ExitCode run_edit(Invocation& invocation, const Arguments& arguments) {
  return carry_out<read_edit, edit>(invocation, arguments);
}

}  // namespace holdfast::cli
