// SPDX-License-Identifier: Apache-2.0
#include "edge_agent/marks.hpp"

#include "base/digest.hpp"
#include "base/limits/agent.hpp"
#include "sync/model/inventory.hpp"

namespace holdfast::edge_agent {

namespace {
constexpr std::string_view kVersion = "1 ";
}

std::string Marks::tag(const sync::Claim& claim, const sync::ResourceKey& key) const {
  const base::Mac mac = base::mac(key_, sync::mark_message(node_, claim, key));
  return base::to_hex({reinterpret_cast<const char*>(mac.data()), mac.size()});
}

std::string Marks::make(const sync::Claim& claim, const sync::ResourceKey& key) const {
  return std::string(kVersion) + key.text() + " " + tag(claim, key);
}

std::optional<sync::ResourceKey> Marks::claimed_key(std::string_view mark) const {
  if (mark.size() > base::limits::kMarkBytesMax || !mark.starts_with(kVersion)) return std::nullopt;
  mark.remove_prefix(kVersion.size());
  const auto space = mark.rfind(' ');
  if (space == std::string_view::npos) return std::nullopt;
  auto key = sync::ResourceKey::parse(mark.substr(0, space));
  if (!key) return std::nullopt;
  return *std::move(key);
}

std::optional<sync::ResourceKey> Marks::owner(std::string_view mark, const sync::Claim& claim) const {
  auto key = claimed_key(mark);
  if (!key) return std::nullopt;
  const bool is_ours = base::equal_constant_time(mark.substr(mark.rfind(' ') + 1), tag(claim, *key));
  return is_ours ? key : std::nullopt;
}

}  // namespace holdfast::edge_agent
