// SPDX-License-Identifier: Apache-2.0
#include "edge_agent/registry/pull_credentials.hpp"

#include <nlohmann/json.hpp>

#include "base/digest.hpp"
#include "base/json.hpp"
#include "base/limits/images.hpp"
#include "edge_agent/registry/registry_name.hpp"
#include "sync/model/text.hpp"

namespace holdfast::edge_agent {

using base::Code;
using base::fail;
using base::Json;
using base::ObjectReader;
using base::Result;
namespace limits = base::limits;

std::string PullCredentials::basic() const { return "Basic " + base::to_base64(user + ":" + password); }

namespace {

Result<PullCredentials> read_entry(const Json& value, const std::string& where) {
  PullCredentials out;
  std::string auth;
  std::string identity_token;
  HF_CHECK(ObjectReader(value, where)
               .optional("username", out.user)
               .optional("password", out.password)
               .optional("auth", auth)
               .optional("identitytoken", identity_token)
               .finish_open());
  if (!identity_token.empty())
    return fail(Code::kUnsupported,
                where + ": an identity token; write a name and a password, or an access token");
  if (out.empty() && !auth.empty()) {
    const auto clear = base::from_base64(auth);
    const auto colon = clear ? clear->find(':') : std::string::npos;
    if (colon == std::string::npos)
      return fail(Code::kInvalid, where + ".auth is not the base64 of name:password");
    out.user = clear->substr(0, colon);
    out.password = clear->substr(colon + 1);
  }
  return out;
}

}  // namespace

Result<PullCredentials> credentials_for(std::string_view docker_config, std::string_view registry) {
  base::JsonLimits bounds = base::default_json_limits();
  bounds.bytes_max = limits::kPullCredentialsBytesMax;
  const auto json = base::parse_json(docker_config, bounds);
  if (!json || !json->is_object()) return fail(Code::kInvalid, ".dockerconfigjson is not a JSON object");
  const auto auths = json->find("auths");
  if (auths == json->end() || !auths->is_object())
    return fail(Code::kInvalid, ".dockerconfigjson has no auths");
  if (auths->size() > limits::kPullCredentialsMax) {
    return fail(Code::kLimit, ".dockerconfigjson names more than " +
                                  std::to_string(limits::kPullCredentialsMax) + " registries");
  }
  for (const auto& [key, value] : auths->items()) {
    if (registry_of_key(key) == lower_ascii(registry))
      return read_entry(value, "auths[" + sync::in_quotes(key) + "]");
  }
  return PullCredentials{};
}

}  // namespace holdfast::edge_agent
