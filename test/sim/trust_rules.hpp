// SPDX-License-Identifier: Apache-2.0
// TrustRules: whom one node may believe. They are shown each trust document that it takes and each desired state that it
// stores, and know of the fleet's keys by themselves. Threads: one.
#pragma once

#include <string>
#include <string_view>

#include "edge_agent/data_folder.hpp"
#include "sync/wire/trust.hpp"
#include "test/sim/judge.hpp"

namespace holdfast::sim {

class TrustRules {
 public:
  TrustRules(edge_agent::NodeFile node, Judge& judge) : node_(std::move(node)), judge_(judge) {}

  /// The first one is what enrolment gave.
  void took(std::string_view encoded);
  /// A record of the header that is about to be stored.
  void storing_header(std::string_view record);
  const sync::TrustDocument& document() const { return document_; }

 private:
  edge_agent::NodeFile node_;
  Judge& judge_;
  sync::TrustDocument document_;
};

}  // namespace holdfast::sim
