// SPDX-License-Identifier: Apache-2.0
// HeldClaims: what nodes held rightly when an older copy took the hub's place. That hub has forgotten what people said since
// the copy was made, and forgetting is nobody's word: each of these stays until a commit or a person says after the
// restore that it goes.
// Threads: one.
#pragma once

#include <map>
#include <string>

#include "test/sim/model.hpp"

namespace holdfast::sim {

/// Whether the hub knows that an application is on a node.
enum class Standing { kPlaced, kForgotten };

class HeldClaims {
 public:
  void hold(const std::string& node, const std::string& application, const sync::Claim& claim,
            Standing standing);
  bool holds(const std::string& node, const sync::Claim& claim) const;

  /// A person's word puts the application on the node: what the next one takes away, the hub knows of.
  void placed(const std::string& node, const std::string& application);
  /// A person's word takes it from the node, or makes another thing of it.
  void said(const std::string& node, const std::string& application);
  /// A person lets the hub go on by what it knows.
  void approved(const std::string& node);
  /// A commit that can be read: it says of each claim that `folder` does not hold that it goes.
  void committed(const std::string& application, const Claims& folder);

 private:
  struct Held {
    std::string application;
    Standing standing = Standing::kPlaced;
  };
  std::map<std::string, std::map<sync::Claim, Held>> nodes_;
};

}  // namespace holdfast::sim
