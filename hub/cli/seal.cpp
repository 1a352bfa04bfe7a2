// SPDX-License-Identifier: Apache-2.0
// holdfast seal: Secrets in, SealedSecrets out. Values go nowhere but into what is sealed.
#include <nlohmann/json.hpp>

#include "base/file_io.hpp"
#include "base/limits/documents.hpp"
#include "gitops/document.hpp"
#include "gitops/sealed_secret.hpp"
#include "hub/cli/commands.hpp"
#include "hub/cli/object_fields.hpp"
#include "hub/cli/yaml_text.hpp"

namespace holdfast::cli {

using base::Code;
using base::fail;
using base::Json;
using base::Result;

namespace {

constexpr const char* kSealingKeyPath = "/apis/holdfast.dev/v1/sealingkey";

struct SealOptions {
  std::vector<std::string> files;
  std::string key;
  bool is_json = false;
};

Result<SealOptions> read_seal(const Arguments& arguments) {
  SealOptions out{arguments.all("--filename"), arguments.one("--key"), arguments.one("--output") == "json"};
  if (out.files.empty()) return fail(Code::kInvalid, "-f: is missing; give a file, or - for standard input");
  return out;
}

/// 64 hex digits as they are, else the first line of a file.
Result<base::SealingPublicKey> read_key(const std::string& typed) {
  if (auto key = base::SealingPublicKey::from_hex(typed)) return key;
  auto text = base::read_file(typed, base::limits::kJsonBytesMax);
  if (!text) return fail(std::move(text).error().with_context("--key"));
  auto key = base::SealingPublicKey::from_hex(text->substr(0, text->find_first_of("\r\n")));
  if (!key) return fail(std::move(key).error().with_context("--key: " + typed));
  return key;
}

Result<base::SealingPublicKey> given_key(Invocation& invocation, const SealOptions& options) {
  if (!options.key.empty()) return read_key(options.key);
  HF_TRY(auto* hub, invocation.hub());
  HF_TRY(const auto answer, hub->get_raw(kSealingKeyPath));
  return base::SealingPublicKey::from_hex(text_at(answer, "publicKey"));
}

/// One to which something can be sealed: not all 32 bytes are.
Result<base::SealingPublicKey> sealing_key(Invocation& invocation, const SealOptions& options) {
  HF_TRY(const auto key, given_key(invocation, options));
  if (!base::seal(key, "", "a").empty()) return key;
  return fail(Code::kInvalid,
              "--key: this is no sealing key, nothing could be sealed to it; the hub's is sealing.pub in its "
              "data folder");
}

Result<base::ClearText> read_secrets(Invocation& invocation, const std::string& file) {
  if (file != "-") {
    HF_TRY(auto text, base::read_file(file, base::limits::kManifestFileBytesMax));
    return base::ClearText(std::move(text));
  }
  HF_TRY(auto text, read_input(invocation.console(), base::limits::kManifestFileBytesMax));
  return base::ClearText(std::move(text));
}

/// All Secrets of one file, sealed. Errors name file and line, never a value.
Result<std::vector<Json>> seal_file(std::string_view text, const std::string& file,
                                    const base::SealingPublicKey& key) {
  std::vector<Json> out;
  const auto documents = gitops::read_yaml(text);  // JSON is YAML
  if (documents.problem)
    return fail(Code::kInvalid,
                file + ":" + std::to_string(documents.problem->line) + ": not readable as YAML");
  for (const auto& document : documents.list) {
    HF_TRY(const auto object, base::parse_json(document.json));
    const auto secret = object.is_object()
                            ? gitops::parse_plain_secret(object)
                            : Result<gitops::PlainSecret>(fail(Code::kInvalid, "not a Secret"));
    if (!secret)
      return fail(base::Error(secret.error()).with_context(file + ":" + std::to_string(document.line)));
    out.push_back(gitops::sealed_secret(*secret, key));
  }
  if (out.empty()) return fail(Code::kInvalid, file + ": holds no Secret");
  return out;
}

Result<ExitCode> seal(Invocation& invocation, const SealOptions& options) {
  HF_TRY(const auto key, sealing_key(invocation, options));
  std::vector<Json> all;
  for (const auto& file : options.files) {
    HF_TRY(const auto text, read_secrets(invocation, file));
    HF_TRY(auto some, seal_file(text.view(), file == "-" ? "standard input" : file, key));
    for (auto& object : some) all.push_back(std::move(object));
  }
  std::string out;
  for (const auto& object : all) {
    if (options.is_json)
      out += json_text(object);
    else
      out += (all.size() > 1 ? "---\n" : "") + yaml_text(object);
  }
  if (options.is_json && all.size() > 1)
    out = json_text({{"apiVersion", "v1"}, {"kind", "List"}, {"items", all}});
  invocation.out() << out;
  return ExitCode::kDone;
}

}  // namespace

ExitCode run_seal(Invocation& invocation, const Arguments& arguments) {
  return carry_out<read_seal, seal>(invocation, arguments);
}

}  // namespace holdfast::cli
