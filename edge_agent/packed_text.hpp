// SPDX-License-Identifier: Apache-2.0
// Packed text: JSON as a record holds it, compressed where that makes it smaller. Each byte not written is one that the flash
// of a node does not wear, and sections say much the same many times. Bytes: docs/store.md.
// Threads: pure functions.
#pragma once

#include <string>
#include <string_view>

#include "base/result.hpp"

namespace holdfast::edge_agent {

/// One zstd frame that tells its length, or `text` as it is. Text that is no JSON may begin like a frame: it is not for this.
std::string pack_text(std::string_view text);
/// Reads both. kCorrupt: a damaged frame, or one of more than kFrameBytesMax.
base::Result<std::string> unpack_text(std::string_view stored);

}  // namespace holdfast::edge_agent
