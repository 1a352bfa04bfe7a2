// SPDX-License-Identifier: Apache-2.0
// Rendition: one revision of one application, read from Git, checked, and rendered for nodes: once for all nodes
// between which its templates see no difference. Only the bytes of the last rendering are kept.
// Threads: one.
#pragma once

#include <map>
#include <set>
#include <string>
#include <vector>

#include "base/digest.hpp"
#include "base/json.hpp"
#include "base/result.hpp"
#include "base/sealing.hpp"
#include "base/signing.hpp"
#include "gitops/finding.hpp"
#include "gitops/git_source.hpp"
#include "gitops/render.hpp"
#include "hub/application_record.hpp"
#include "hub/secret_book.hpp"
#include "sync/model/claim.hpp"
#include "sync/model/desired_state.hpp"
#include "sync/model/section.hpp"

namespace holdfast::hub {

/// Why an application with Secrets is not given to anybody.
inline constexpr const char* kSecretByFacts =
    "it holds a Secret, and its placement reads labels from facts, which a node says of itself: it could "
    "place the "
    "Secret onto itself; place it by labels that a person, Git or the token gives";

/// A section as one node would get it.
struct RenderedSection {
  gitops::Findings findings;  ///< errors: nothing else is to be used, but `claims` as far as they are known
  base::Digest digest;
  base::Digest provenance;
  std::vector<sync::Claim> claims;     ///< sorted
  std::vector<std::string> abilities;  ///< that an agent must have; sorted
  std::size_t bytes = 0;
  std::string too_large;                  ///< why no node can be given it; empty: it can
  std::string too_large_for_one_message;  ///< the same of a node that takes no parts
  bool has_secrets = false;
  std::vector<base::Digest>
      unsealed;  ///< versions of Secrets that are not sealed for this node yet: redacted
  bool is_good() const { return !gitops::has_errors(findings); }
};

/// Plain Secrets in Git, where the Project allows them: sealed to the hub as soon as they are read, like those that come
/// sealed. Their version is a signature's digest: nobody else can make it, so no guess can be compared with it.
struct PlainSealing {
  bool is_allowed = false;
  const base::SigningKey* version_key = nullptr;
  base::SealingPublicKey hub_key{};
};

class Rendition {
 public:
  /// An error says that Git could not give it; what is wrong with the manifests is in findings().
  static base::Result<Rendition> load(gitops::GitSource& git, const RevisionPlace& place,
                                      const PlainSealing& plain = {});
  bool allows_plain_secrets() const { return allows_plain_secrets_; }

  const RevisionPlace& place() const { return place_; }
  const gitops::Findings& findings() const { return findings_; }
  bool is_good() const { return !gitops::has_errors(findings_); }
  /// What no node could do under this policy, of all that is the same for every node.
  gitops::Findings findings_under(const sync::SectionPolicy& policy) const;
  std::size_t manifests() const { return for_nodes_.list.size() + for_hub_.size(); }
  bool has_node_manifests() const { return !for_nodes_.list.empty(); }
  /// Applications and the like, which the hub keeps for itself.
  const std::vector<gitops::Manifest>& for_hub() const { return for_hub_; }

  /// `values` as they are for a node; this fills in what is the application's. The reference lives until the
  /// next call.
  const RenderedSection& section(const sync::SectionPolicy& policy, gitops::TemplateValues values,
                                 const NodeSealing& sealing = {});
  /// REQUIRES: section() of the same arguments is good.
  base::Result<sync::SectionBody> body(const sync::SectionPolicy& policy, gitops::TemplateValues values,
                                       const NodeSealing& sealing = {});
  bool has_secrets() const { return !secrets_.empty(); }
  /// nullptr: there is none of this version.
  const gitops::SealedSecret* secret(const base::Digest& version) const;
  std::set<base::Digest> secret_versions() const;
  std::uint64_t renderings() const { return renderings_; }

 private:
  explicit Rendition(RevisionPlace place) : place_(std::move(place)) {}
  /// The body stays in body_, for whoever asks for it next.
  RenderedSection render(const sync::SectionPolicy& policy, const gitops::TemplateValues& values,
                         const NodeSealing& sealing);
  const RenderedSection& rendered(const sync::SectionPolicy& policy, gitops::TemplateValues& values,
                                  const NodeSealing& sealing);
  /// Puts in what was sealed for the node; notes what was not.
  base::Status fill_secret(sync::Resource& resource, const NodeSealing& sealing, RenderedSection& out) const;

  RevisionPlace place_;
  bool allows_plain_secrets_ = false;
  gitops::Findings findings_;
  gitops::Manifests for_nodes_;
  std::vector<gitops::Manifest> for_hub_;
  sync::SectionPolicy policy_;                                   // of everything in the cache
  std::map<base::Digest, const gitops::SealedSecret*> secrets_;  // of for_nodes_
  std::map<std::string, RenderedSection> cache_;  // by the values that the templates read, and the node's key
  sync::SectionBody body_;                        // one a node would fill the memory of a large fleet
  std::uint64_t renderings_ = 0;
};

}  // namespace holdfast::hub
