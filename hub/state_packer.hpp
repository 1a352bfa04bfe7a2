// SPDX-License-Identifier: Apache-2.0
// StatePacker: what the next message of a desired state on its way to a node holds: the header with as many bodies as
// fit, as a delta where the node can read one and its base is known; or a piece of a body that is too large for that.
// Threads: one.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "base/result.hpp"
#include "hub/context.hpp"
#include "sync/wire/messages.hpp"

namespace holdfast::hub {

class StatePacker {
 public:
  explicit StatePacker(Context& context) : context_(context) {}

  /// The header and as many bodies as fit; the node asks for the others (Need). kLimit: it does not fit at all.
  base::Result<std::string> state(NodeEntry& node, const DesiredRecord& desired);
  /// Whether all that the node asked for is too large for one message.
  base::Result<bool> needs_parts(const NodeEntry& node, const DesiredRecord& desired);
  /// The next piece; nothing: no more until the node says what it has. It stays the next until note_part().
  base::Result<std::optional<sync::Part>> next_part(NodeEntry& node, const DesiredRecord& desired);
  void note_part(NodeEntry& node, const sync::Part& part);

 private:
  base::Result<bool> is_large(const NodeEntry& node, const sync::SectionRef& ref);
  bool fits_as_delta(const NodeEntry& node, const sync::SectionRef& ref, std::size_t bytes) const;
  base::Result<sync::State> first_bodies(const NodeEntry& node, const DesiredRecord& desired,
                                         const std::vector<const sync::SectionRef*>& lacking);
  std::string encoded(const NodeEntry& node, const DesiredRecord& desired, const sync::State& state) const;
  base::Result<const sync::SectionRef*> large_one(const NodeEntry& node, const DesiredRecord& desired);
  base::Result<std::string_view> bytes_of(const base::Digest& section);

  Context& context_;
  /// Of the body that was sent a piece of last: it is not read anew for every piece.
  base::Digest read_;
  std::string bytes_;
};

}  // namespace holdfast::hub
