// SPDX-License-Identifier: Apache-2.0
// holdfast describe
#include <algorithm>
#include <iterator>
#include <nlohmann/json.hpp>

#include "hub/cli/commands.hpp"
#include "hub/cli/description.hpp"
#include "hub/cli/object_table.hpp"
#include "hub/cli/targets.hpp"

namespace holdfast::cli {

using base::Json;
using base::Result;

namespace {

Result<Targets> read_describe(const Arguments& arguments) {
  return read_named_targets(arguments.one("KIND"), arguments.all("NAME"));
}

struct Fetched {
  Json object;
  Json resources = Json::object({{"items", Json::array()}});
  Json events = Json::object({{"items", Json::array()}});
};

Result<Fetched> fetch(ApiClient& hub, const ObjectType& type, const std::string& name) {
  Fetched out;
  HF_TRY(out.object, get_object(hub, type, name));
  if (type.plural == kNodes || type.plural == kApplications) {
    HF_TRY(out.resources, hub.get(ApiPath(kResources).query(type.singular, name)));
  }
  if (type.plural != kEvents) {
    const auto about = "involvedObject.kind=" + std::string(type.kind) + ",involvedObject.name=" + name;
    HF_TRY(out.events, hub.get(ApiPath(kEvents).query("fieldSelector", about)));
  }
  // What nodes say of it is an event of the node.
  if (type.plural == kApplications) {
    const auto of_nodes = "involvedObject.kind=Node,application=" + name;
    HF_TRY(const auto told, hub.get(ApiPath(kEvents).query("fieldSelector", of_nodes)));
    auto all = items_of(out.events);
    std::ranges::copy(items_of(told), std::back_inserter(all));
    out.events = Json{{"items", std::move(all)}};
  }
  return out;
}

Result<ExitCode> describe(Invocation& invocation, const Targets& targets) {
  HF_TRY(auto* hub, invocation.hub());
  bool is_first = true;
  for (const auto& name : targets.words) {
    HF_TRY(const auto fetched, fetch(*hub, *targets.type, name));
    const DescriptionParts parts{fetched.object, fetched.resources, fetched.events};
    const auto now = invocation.console().clock.wall();
    invocation.out() << (is_first ? "" : "\n\n")
                     << describe_object(*targets.type, parts, invocation.style(), now);
    is_first = false;
  }
  return ExitCode::kDone;
}

}  // namespace

ExitCode run_describe(Invocation& invocation, const Arguments& arguments) {
  return carry_out<read_describe, describe>(invocation, arguments);
}

}  // namespace holdfast::cli
