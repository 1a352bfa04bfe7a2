// SPDX-License-Identifier: Apache-2.0
#include "hub/readmission.hpp"

#include <nlohmann/json.hpp>

#include "base/log.hpp"
#include "base/time_text.hpp"
#include "hub/broker.hpp"
#include "hub/pki.hpp"
#include "hub/tables.hpp"

namespace holdfast::hub {

using base::Code;
using base::fail;
using base::Json;
using base::Result;
using base::Status;

namespace {

std::string mark_of(const sync::NodeUid& uid) { return "readmitted/" + uid.str(); }

/// A name may be another's by now: the uid tells them apart.
std::string free_name(const Objects& objects, const sync::NodeUid& uid, const std::string& name) {
  constexpr std::size_t kUidDigits = 8;
  constexpr std::size_t kNameKept = 48;
  const bool is_ours = name == kHubClientName || name == kBrokerAdminName;
  if (!is_ours && !objects.get(kNodes, name)) return name;
  return name.substr(0, kNameKept) + "-" + uid.str().substr(0, kUidDigits);
}

}  // namespace

bool Readmission::is_open_for(const sync::NodeUid& uid) const {
  if (uid.str().empty() || clock_.wall() >= recovered_.readmit_until) return false;
  return !recovered_.except.contains(uid);
}

Result<bool> Readmission::was_admitted(const sync::NodeUid& uid) const {
  HF_TRY(const auto mark, sync::read_one(store_, kMetaTable, mark_of(uid)));
  return mark.has_value();
}

Result<ObjectPtr> Readmission::admit(const sync::NodeUid& uid, const std::string& name) {
  const std::lock_guard guard(one_at_a_time_);
  if (!is_open_for(uid)) return fail(Code::kPermission, "nobody is taken back under this uid");
  HF_TRY(const bool was_here, was_admitted(uid));
  if (was_here) return fail(Code::kPermission, "it was taken back once, and is gone since");
  if (objects_.count(kNodes) >= nodes_max_)
    return fail(Code::kLimit,
                "this hub has as many nodes as it takes; `holdfast delete node` those that are gone");
  const Json node{{"apiVersion", kApiVersion},
                  {"kind", "Node"},
                  {"metadata",
                   {{"name", free_name(objects_, uid, name)},
                    {"annotations", {{kReadmittedAnnotation, base::to_rfc3339_seconds(clock_.wall())}}}}},
                  {"spec", {{"uid", uid.str()}}}};
  ObjectPtr made;
  HF_CHECK(objects_.write(Actor::kHub, [&](ObjectWriter& writer) -> Status {
    HF_TRY(made, writer.create(kNodes, node));
    return {};
  }));
  // After it: killed in between, the Node is there, and only once it was deleted would it be taken back again.
  HF_CHECK(sync::write_one(store_, kMetaTable, mark_of(uid), "1"));
  base::log::warn("a node of the fleet was taken back", {{"node", name}, {"uid", uid.str()}});
  return made;
}

}  // namespace holdfast::hub
