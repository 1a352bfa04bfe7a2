// SPDX-License-Identifier: Apache-2.0
#include "edge_agent/data_folder.hpp"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "base/file_io.hpp"
#include "base/json.hpp"
#include "base/limits/documents.hpp"

namespace holdfast::edge_agent {

using base::Code;
using base::fail;
using base::Json;
using base::Result;

std::string encode_node_file(const NodeFile& node) {
  return base::canonical_json(Json{
      {"fleet", node.fleet.str()},
      {"uid", node.uid.str()},
      {"name", node.name},
      {"hub", node.hub},
      {"recoveryKey", node.recovery_key.hex()},
      {"markKey", base::to_hex({reinterpret_cast<const char*>(node.mark_key.data()), node.mark_key.size()})},
  });
}

Result<NodeFile> decode_node_file(std::string_view bytes) {
  HF_TRY(const Json json, base::parse_json(bytes));
  std::string fleet;
  std::string uid;
  std::string recovery;
  std::string mark;
  NodeFile node;
  HF_CHECK(base::ObjectReader(json, "node.json")
               .required("fleet", fleet)
               .required("uid", uid)
               .required("name", node.name)
               .required("hub", node.hub)
               .required("recoveryKey", recovery)
               .required("markKey", mark)
               .finish_open());
  node.fleet = sync::FleetId(fleet);
  node.uid = sync::NodeUid(uid);
  HF_TRY(node.recovery_key, base::PublicKey::from_hex(recovery));
  HF_TRY(const std::string raw, base::from_hex(mark));
  if (raw.size() != node.mark_key.size())
    return fail(Code::kCorrupt, "node.json: markKey is not 32 bytes of hex");
  std::ranges::copy(raw, reinterpret_cast<char*>(node.mark_key.data()));
  return node;
}

bool DataFolder::enrolled() const {
  return base::read_file(node_file(), base::limits::kJsonBytesMax).has_value();
}

Result<NodeFile> DataFolder::load_node() const {
  auto bytes = base::read_file(node_file(), base::limits::kJsonBytesMax);
  if (!bytes && bytes.error().code() == Code::kNotFound) {
    return fail(Code::kNotFound,
                root_ + ": this node is not enrolled; paste the line that `holdfast token create` " +
                    "prints (holdfast-agent enroll --hub … --data " + root_ + ")");
  }
  if (!bytes) return fail(std::move(bytes).error());
  auto node = decode_node_file(*bytes);
  if (!node) return fail(std::move(node).error().with_context(node_file()));
  return node;
}

Result<sync::TrustDocument> DataFolder::load_trust(const NodeFile& node) const {
  HF_TRY(const auto bytes, base::read_file(trust_file(), base::limits::kJsonBytesMax));
  HF_TRY(const auto sealed, sync::decode_trust(bytes));
  auto trust = sync::verify_trust(sealed, node.recovery_key);
  if (!trust) return fail(std::move(trust).error().with_context(trust_file()));
  return trust;
}

NodeIdentity identity_of(const NodeFile& node, const sync::TrustDocument& trust) {
  return {node.fleet, node.uid, node.name, trust.signing_keys, node.mark_key};
}

}  // namespace holdfast::edge_agent
