// SPDX-License-Identifier: Apache-2.0
#include "sync/model/file_spec.hpp"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "base/limits/model.hpp"
#include "sync/model/accounts.hpp"
#include "sync/model/claim.hpp"
#include "sync/model/fields.hpp"
#include "sync/model/key_ref.hpp"
#include "sync/model/text.hpp"

namespace holdfast::sync {
namespace {

using base::Code;
using base::fail;
using base::Json;
using base::ObjectReader;
using base::Result;
using base::Status;

/// YAML reads a bare 0644 as 420 or as 644, by version: only a string says what was meant.
constexpr std::string_view kModeRule =
    "must be a string of 3 or 4 octal digits, in quotes (\"0644\"): YAML reads the bare number differently";

constexpr std::uint32_t kSecretMode = 0600;

Result<std::uint32_t> parse_mode(std::string_view text) {
  const bool octal = (text.size() == 3 || text.size() == 4) &&
                     std::all_of(text.begin(), text.end(), [](char c) { return c >= '0' && c <= '7'; });
  if (!octal) return fail(Code::kInvalid, in_quotes(text) + " " + std::string(kModeRule));
  std::uint32_t mode = 0;
  for (const char c : text) mode = mode * 8 + static_cast<std::uint32_t>(c - '0');
  return mode;
}

Status read_mode(const Json& value, std::uint32_t& out) {
  if (!value.is_string()) return fail(Code::kInvalid, std::string(kModeRule));
  HF_TRY(out, parse_mode(value.get_ref<const std::string&>()));
  return {};
}

FieldRead account_field(std::optional<std::string>& out, std::string_view what) {
  return [&out, what](const Json& value, const std::string&) -> Status {
    HF_TRY(std::string account, string_of(value));
    HF_CHECK(check_account(account, what));
    out = std::move(account);
    return {};
  };
}

Status read_content_from(const Json& value, const std::string& where, FileSpec& spec) {
  ObjectReader in(value, where);
  const auto read_into = [](std::optional<KeyRef>& out) {
    return [&out](const Json& ref, const std::string& at) -> Status {
      HF_TRY(out, parse_key_ref(ref, at));
      return {};
    };
  };
  if (in.has("secretKeyRef"))
    in.required("secretKeyRef", read_into(spec.secret_key));
  else
    in.required("configMapKeyRef", read_into(spec.config_map_key));
  if (in.has("secretKeyRef") && in.has("configMapKeyRef"))
    return fail(Code::kInvalid, where + ": only one of configMapKeyRef and secretKeyRef may be given");
  return in.finish();
}

Status check(const FileSpec& spec, const std::string& where) {
  if (spec.content && spec.content->size() > base::limits::kFileContentBytesMax) {
    return fail(Code::kLimit, where + ".content: " + std::to_string(spec.content->size()) +
                                  " bytes; at most " + std::to_string(base::limits::kFileContentBytesMax) +
                                  " are allowed");
  }
  if (spec.content.has_value() != (spec.config_map_key || spec.secret_key)) return {};
  return fail(Code::kInvalid, where + ": " + (spec.content ? "only one of" : "one of") +
                                  " content and contentFrom must be given" +
                                  (spec.content ? "" : " (an empty file is content: \"\")"));
}

Result<FileSpec> read_spec(const Json& value, const std::string& where) {
  FileSpec spec;
  ObjectReader in(value, where);
  if (in.has("source")) {
    return fail(Code::kUnsupported, where +
                                        ".source: this release cannot download; put the content into "
                                        "spec.content or a ConfigMap");
  }
  in.required("path", text_field(spec.path, normal_path))
      .optional("content", spec.content)
      .optional("contentFrom",
                [&](const Json& from, const std::string& at) { return read_content_from(from, at, spec); })
      .optional("mode", [&](const Json& mode, const std::string&) { return read_mode(mode, spec.mode); })
      .optional("owner", account_field(spec.owner, "user"))
      .optional("group", account_field(spec.group, "group"));
  HF_CHECK(in.finish());
  HF_CHECK(check(spec, where));
  if (spec.secret_key && !in.has("mode")) spec.mode = kSecretMode;
  return spec;
}

}  // namespace

Result<FileSpec> parse_file_spec(const Json& object) {
  FileSpec spec;
  ObjectReader in(object, "");
  in.ignore("apiVersion").ignore("kind").ignore("metadata");
  in.required("spec", [&](const Json& value, const std::string& where) -> Status {
    HF_TRY(spec, read_spec(value, where));
    return {};
  });
  HF_CHECK(in.finish());
  return spec;
}

}  // namespace holdfast::sync
