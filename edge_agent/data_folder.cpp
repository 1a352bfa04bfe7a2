// SPDX-License-Identifier: Apache-2.0
#include "edge_agent/data_folder.hpp"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "base/file_io.hpp"
#include "base/json.hpp"
#include "base/limits/documents.hpp"
#include "base/limits/wire.hpp"

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
      {"markUid", (node.mark_uid.str().empty() ? node.uid : node.mark_uid).str()},
      {"hardware", node.hardware},
  });
}

namespace {

base::Status read_mark_key(const std::string& hex, base::MacKey& out) {
  HF_TRY(const std::string raw, base::from_hex(hex));
  if (raw.size() != out.size()) return fail(Code::kCorrupt, "markKey is not 32 bytes of hex");
  std::ranges::copy(raw, reinterpret_cast<char*>(out.data()));
  return {};
}

}  // namespace

Result<NodeFile> decode_node_file(std::string_view bytes) {
  HF_TRY(const Json json, base::parse_json(bytes));
  std::string fleet;
  std::string uid;
  std::string recovery;
  std::string mark;
  std::string mark_uid;
  NodeFile node;
  HF_CHECK(base::ObjectReader(json, "node.json")
               .required("fleet", fleet)
               .required("uid", uid)
               .required("name", node.name)
               .required("hub", node.hub)
               .required("recoveryKey", recovery)
               .required("markKey", mark)
               .optional("markUid", mark_uid)
               .optional("hardware", node.hardware)
               .finish_open());
  node.fleet = sync::FleetId(fleet);
  node.uid = sync::NodeUid(uid);
  HF_TRY(node.recovery_key, base::PublicKey::from_hex(recovery));
  if (auto read = read_mark_key(mark, node.mark_key); !read)
    return fail(std::move(read).error().with_context("node.json"));
  node.mark_uid = mark_uid.empty() ? node.uid : sync::NodeUid(mark_uid);
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
  if (node) return node;
  return fail(node.error().code(), node_file() + ": " + node.error().message() +
                                       "; put the file back; if it is lost, enrol again in this " +
                                       "folder, with a token of `holdfast token create --replace NODE`");
}

Result<bool> DataFolder::load_marks(NodeFile& node) const {
  const auto bytes = base::read_file(marks_file(), base::limits::kJsonBytesMax);
  if (!bytes && bytes.error().code() == Code::kNotFound) return false;
  if (!bytes) return fail(bytes.error());
  HF_TRY(const Json json, base::parse_json(*bytes));
  std::string uid;
  std::string key;
  HF_CHECK(
      base::ObjectReader(json, marks_file()).required("uid", uid).required("markKey", key).finish_open());
  HF_CHECK(read_mark_key(key, node.mark_key));
  node.mark_uid = sync::NodeUid(uid);
  return true;
}

base::Status DataFolder::save_marks(const NodeFile& node) const {
  const Json json{
      {"uid", node.mark_uid.str()},
      {"markKey", base::to_hex({reinterpret_cast<const char*>(node.mark_key.data()), node.mark_key.size()})}};
  return base::write_file(marks_file(), base::canonical_json(json), 0600);
}

Result<sync::TrustDocument> DataFolder::load_trust(const NodeFile& node) const {
  auto trust = [&]() -> Result<sync::TrustDocument> {
    HF_TRY(const auto bytes, base::read_file(trust_file(), base::limits::kTrustBytesMax));
    HF_TRY(const auto sealed, sync::decode_trust(bytes));
    return sync::verify_trust(sealed, node.recovery_key);
  }();
  if (trust) return trust;
  const auto& message = trust.error().message();
  const bool is_named = message.find(trust_file()) != std::string::npos;
  return fail(trust.error().code(),
              (is_named ? message : trust_file() + ": " + message) +
                  "; fetch trust.json from the hub's data folder, and put it in place with " +
                  "`holdfast-agent trust FILE --data " + root_ + "`");
}

NodeIdentity identity_of(const NodeFile& node, const sync::TrustDocument& trust) {
  return {node.fleet,    node.uid, node.name,     trust.signing_keys,
          node.mark_key, 0,        node.mark_uid, trust.version};
}

}  // namespace holdfast::edge_agent
