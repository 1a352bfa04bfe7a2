// SPDX-License-Identifier: Apache-2.0
// StateBase: what a desired state that travels as a delta is made on: the header that the node accepted, and what it
// holds of some of that header's sections. Its name travels; its bytes each side puts together from what it has.
// Threads: plain values.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/digest.hpp"
#include "base/result.hpp"
#include "sync/model/desired_state.hpp"

namespace holdfast::sync {

struct StateBase {
  struct Section {
    std::uint16_t index = 0;       ///< in the header's list
    bool with_provenance = false;  ///< the very provenance that the header names follows its bytes
    bool operator==(const Section&) const = default;
  };
  std::string header;             ///< the first 8 bytes of its digest
  std::vector<Section> sections;  ///< ascending, at most kStateBaseSectionsMax
  bool operator==(const StateBase&) const = default;
};

inline constexpr std::size_t kStateBaseSectionsMax = 123;  ///< that a name has room for

std::string state_base_header(const base::Digest& header);
/// REQUIRES: at most kStateBaseSectionsMax sections, ascending.
std::string encode_state_base(const StateBase& base);
base::Result<StateBase> decode_state_base(std::string_view name);

/// What one side holds; nothing: it does not.
using HeldBytes = std::function<std::optional<std::string>(const SectionRef& ref)>;
/// Signature, header, and of each section its bytes and, where said, its provenance. Nothing where any of it is not
/// held, or all is more than limits::kDeltaBytesMax.
std::optional<std::string> state_base_bytes(const StateBase& base, const SignedHeader& header,
                                            const std::vector<SectionRef>& sections, const HeldBytes& body,
                                            const HeldBytes& provenance);

}  // namespace holdfast::sync
