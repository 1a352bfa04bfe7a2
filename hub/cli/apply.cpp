// SPDX-License-Identifier: Apache-2.0
// holdfast apply
#include <iterator>
#include <nlohmann/json.hpp>

#include "base/file_io.hpp"
#include "base/limits/documents.hpp"
#include "hub/cli/commands.hpp"
#include "hub/cli/write_objects.hpp"

namespace holdfast::cli {

using base::Code;
using base::fail;
using base::Result;

namespace {

struct ApplyOptions {
  std::vector<std::string> files;
};

Result<ApplyOptions> read_apply(const Arguments& arguments) {
  ApplyOptions out{arguments.all("--filename")};
  if (out.files.empty()) return fail(Code::kInvalid, "-f: is missing; give a file, or - for standard input");
  return out;
}

Result<std::vector<WrittenObject>> read_file(Invocation& invocation, const std::string& file) {
  if (file == "-") {
    HF_TRY(const auto text, read_input(invocation.console(), base::limits::kManifestFileBytesMax));
    return read_objects(text, "standard input");
  }
  HF_TRY(const auto text, base::read_file(file, base::limits::kManifestFileBytesMax));
  return read_objects(text, file);
}

std::string_view word(Written written) {
  switch (written) {
    case Written::kCreated: return "created";
    case Written::kConfigured: return "configured";
    case Written::kUnchanged: return "unchanged";
  }
  return "";
}

base::Status check_kind(const WrittenObject& object) {
  if (object.type->is_written_by_hub) {
    return fail(Code::kInvalid,
                object.where + ": " + std::string(object.type->plural) + " are written by the hub only");
  }
  if (object.type->plural != kEnrollmentTokens) return {};
  return fail(Code::kInvalid,
              object.where + ": a token is told once, to whoever makes it; use `holdfast token create`");
}

/// Nothing is written before all files were read; then one that is refused does not keep back the others.
Result<ExitCode> apply(Invocation& invocation, const ApplyOptions& options) {
  std::vector<WrittenObject> objects;
  for (const auto& file : options.files) {
    HF_TRY(auto some, read_file(invocation, file));
    for (auto& object : some) {
      HF_CHECK(check_kind(object));
      objects.push_back(std::move(object));
    }
  }
  HF_TRY(auto* hub, invocation.hub());
  auto code = ExitCode::kDone;
  for (const auto& object : objects) {
    const auto written = write_object(*hub, object);
    if (!written && written.error().code() == Code::kUnavailable) return fail(written.error());
    if (written) {
      invocation.out() << object_name(*object.type, object.name) << " " << word(*written) << "\n";
    } else {
      code = invocation.failed(written.error());
    }
  }
  return code;
}

}  // namespace

ExitCode run_apply(Invocation& invocation, const Arguments& arguments) {
  return carry_out<read_apply, apply>(invocation, arguments);
}

}  // namespace holdfast::cli
