// SPDX-License-Identifier: Apache-2.0
#include "edge_agent/marks.hpp"

#include "base/digest.hpp"
#include "base/limits/agent.hpp"
#include "sync/model/inventory.hpp"

namespace holdfast::edge_agent {

namespace {
constexpr std::string_view kVersion = "1 ";
}

std::string Marks::tag(const sync::Claim& claim, const sync::ResourceKey& key, Origin origin) const {
  const std::string suffix = origin == Origin::kWasThere ? "\nwas there" : "";
  const base::Mac mac = base::mac(key_, sync::mark_message(node_, claim, key) + suffix);
  return base::to_hex({reinterpret_cast<const char*>(mac.data()), mac.size()});
}

std::string Marks::make(const sync::Claim& claim, const sync::ResourceKey& key, Origin origin) const {
  return std::string(kVersion) + key.text() + " " + tag(claim, key, origin);
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

bool Marks::is_of(std::string_view mark, const sync::Claim& claim, const sync::ResourceKey& key,
                  Origin origin) const {
  return base::equal_constant_time(mark.substr(mark.rfind(' ') + 1), tag(claim, key, origin));
}

std::optional<sync::ResourceKey> Marks::owner(std::string_view mark, const sync::Claim& claim) const {
  auto key = claimed_key(mark);
  if (!key) return std::nullopt;
  const bool is_ours = is_of(mark, claim, *key, Origin::kMade) || is_of(mark, claim, *key, Origin::kWasThere);
  return is_ours ? key : std::nullopt;
}

Marks::Origin Marks::origin(std::string_view mark, const sync::Claim& claim) const {
  const auto key = claimed_key(mark);
  return key && is_of(mark, claim, *key, Origin::kWasThere) ? Origin::kWasThere : Origin::kMade;
}

std::string Marks::keyed(std::string_view domain, std::string_view text) const {
  const auto hash = base::mac(key_, std::string(domain) + '\0' + std::string(text));
  return base::to_hex({reinterpret_cast<const char*>(hash.data()), hash.size()});
}

}  // namespace holdfast::edge_agent
