// SPDX-License-Identifier: Apache-2.0
#include "hub/context.hpp"

#include "base/limits/hub.hpp"
#include "base/log.hpp"
#include "hub/json_path.hpp"
#include "hub/resource_types.hpp"

namespace holdfast::hub {

Context::Context(Controller::Seams given, Objects& given_objects, ControllerOptions given_options)
    : seams(given),
      objects(given_objects),
      options(std::move(given_options)),
      applications(given.store),
      nodes(given.store, options.floor),
      desired(given.store, options.signing_key),
      sources(given.random, given.git, {options.repositories, options.poll_interval}),
      secrets(given.store),
      events(given_objects),
      intake(given.store, events, given.clock) {}

std::vector<base::PublicKey> Context::signing_keys() const {
  auto out = options.signing_keys;
  out.push_back(options.signing_key.public_key());
  return out;
}

base::Status Context::lift_counters() {
  const auto now = std::chrono::duration_cast<std::chrono::seconds>(seams.clock.wall().time_since_epoch());
  return nodes.lift_counters(static_cast<std::uint64_t>(std::max<std::int64_t>(now.count(), 0)));
}

void Context::look_at_all_nodes() {
  for (const auto& [uid, node] : nodes.all()) look_at(node);
}

void Context::look_at_all_applications() {
  for (const auto& [uid, application] : applications.all()) look_at(application);
}

void Context::show(const ApplicationEntry& application) {
  queue.push({KeyKind::kRollup, application.uid.str()}, now() + base::limits::kRollupSpacing);
}

void Context::show_all_applications() {
  for (const auto& [uid, application] : applications.all()) show(application);
}

void Context::tell(const ApplicationEntry& about, sync::EventType type, std::string reason,
                   std::string message) {
  static_cast<void>(
      events.record({"Application", about.name, "hub"},
                    {seams.clock.wall(), type, std::move(reason), about.name, "", std::move(message)}));
}

void Context::tell(const NodeEntry& about, sync::EventType type, std::string reason, std::string message,
                   std::string application) {
  static_cast<void>(events.record(
      {"Node", about.name, "hub"},
      {seams.clock.wall(), type, std::move(reason), std::move(application), "", std::move(message)}));
}

void Context::set_condition(ApplicationEntry& application, std::string_view type,
                            const std::string& message) {
  const auto found = application.conditions.find(type);
  if (message.empty()) {
    if (found != application.conditions.end()) application.conditions.erase(found);
    return;
  }
  if (found != application.conditions.end() && found->second == message) return;
  application.conditions.insert_or_assign(std::string(type), message);
  const auto kind = type == kRolledBack ? sync::EventType::kNormal : sync::EventType::kWarning;
  tell(application, kind, std::string(type), message);
}

void Context::look_again_later(const ApplicationEntry& application, const base::Error& error) {
  base::log::failure("an application could not be recorded", application.name, error);
  queue.push({KeyKind::kApplication, application.uid.str()}, now() + base::limits::kRetryInterval);
}

PlainSealing plain_sealing_of(const Context& context, const ApplicationEntry& application) {
  const auto project = context.objects.get(kProjects, application.spec.project);
  return {.is_allowed = project && truth_at(**project, "spec/allowPlainSecrets"),
          .version_key = &context.options.signing_key,
          .hub_key = context.options.sealing_key};
}

NodeSealing sealing_of(const Context& context, const NodeEntry& node) {
  const auto* key = context.secrets.node_key(node.uid);
  return {&context.secrets, key == nullptr ? base::SealingKeyId{} : key->id()};
}

gitops::TemplateValues template_values(const NodeEntry& node, const ApplicationEntry& application) {
  gitops::TemplateValues values;
  values.node_name = node.name;
  values.node_labels = node.own_labels();
  if (node.snapshot) values.node_facts = node.snapshot->facts;
  values.app_name = application.name;
  return values;
}

}  // namespace holdfast::hub
