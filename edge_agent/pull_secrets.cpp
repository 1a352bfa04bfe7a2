// SPDX-License-Identifier: Apache-2.0
#include "edge_agent/pull_secrets.hpp"

#include <utility>

namespace holdfast::edge_agent {

using base::Code;
using base::fail;
using base::Result;

namespace {

constexpr std::string_view kType = "kubernetes.io/dockerconfigjson";
constexpr const char* kKey = ".dockerconfigjson";

/// The value of one of them, sealed. The Secret itself is in the same section.
Result<SealedValue> sealed_config(const std::string& ns, const std::string& name, References& references) {
  HF_TRY(const auto* secret, references.find_secret(ns, name));
  const std::string at = "imagePullSecrets: Secret/" + name;
  if (secret == nullptr)
    return fail(Code::kInvalid, at + " is not in this application; put it there, or take it out of the pod");
  if (secret->type != kType)
    return fail(Code::kInvalid, at + " is of type " + secret->type + "; it must be " + std::string(kType));
  return references.sealed(ns, {name, kKey});
}

}  // namespace

Result<PullSecrets> pull_secrets_of(const std::string& ns, const std::vector<std::string>& names,
                                    const sync::ImageRef& image, References& references,
                                    const SecretOpener& secrets) {
  PullSecrets out;
  for (const std::string& name : names) {
    HF_TRY(const SealedValue sealed, sealed_config(ns, name, references));
    const auto clear = secrets.open(sealed);
    if (!clear) {
      out.unreadable = clear.error();
      continue;
    }
    auto found = credentials_for(clear->view(), image.registry);
    if (!found) return fail(std::move(found).error().with_context("imagePullSecrets: Secret/" + name));
    if (found->empty()) continue;
    return PullSecrets{*std::move(found), std::nullopt};
  }
  return out;
}

}  // namespace holdfast::edge_agent
