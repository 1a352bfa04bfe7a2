// SPDX-License-Identifier: Apache-2.0
// Context: what the parts of the Controller share: the seams, the books and the queue. Each part reads and
// writes the books and puts keys into the queue.
// Threads: one.
#pragma once

#include <string>

#include "hub/application_book.hpp"
#include "hub/base_book.hpp"
#include "hub/controller.hpp"
#include "hub/desired_book.hpp"
#include "hub/event_intake.hpp"
#include "hub/event_log.hpp"
#include "hub/metrics.hpp"
#include "hub/node_book.hpp"
#include "hub/secret_book.hpp"
#include "hub/source_book.hpp"
#include "hub/work_queue.hpp"

namespace holdfast::hub {

struct Context {
  Context(Controller::Seams given, Objects& given_objects, ControllerOptions given_options);

  Controller::Seams seams;
  Objects& objects;
  ControllerOptions options;
  ApplicationBook applications;
  NodeBook nodes;
  DesiredBook desired;
  BaseBook bases;
  SourceBook sources;
  SecretBook secrets;
  EventLog events;
  EventIntake intake;
  WorkQueue queue;
  Counters counters;
  /// Applications that were deleted and that some node's desired state still names, by uid.
  std::map<sync::ApplicationUid, std::string> gone;
  /// Who is to be sent what, and when; emptied as far as the link takes it.
  WorkQueue outgoing;
  bool last_seen_is_stored = true;  ///< of all nodes

  /// By which this hub knows its own signature.
  std::vector<base::PublicKey> signing_keys() const;
  base::MonotonicTime now() const { return seams.clock.monotonic(); }
  void look_at(const ApplicationEntry& application) { push(KeyKind::kApplication, application.uid.str()); }
  void look_at(const NodeEntry& node) { push(KeyKind::kNode, node.uid.str()); }
  /// For counters that nobody knows any more: above all that were counted up.
  base::Status lift_counters();
  void look_at_all_nodes();
  void look_at_all_applications();
  /// Statuses follow within limits::kRollupSpacing, so that many reports make one status.
  void show(const ApplicationEntry& application);
  void show_all_applications();
  void show(const NodeEntry& node) { push(KeyKind::kNodeStatus, node.uid.str()); }
  void push(KeyKind kind, const std::string& id) { queue.push({kind, id}, now()); }

  /// Shown in its status, and told as an event when it is new or says something else; with no message it is over.
  void set_condition(ApplicationEntry& application, std::string_view type, const std::string& message);
  /// Looks at it again later: something of it could not be stored.
  void look_again_later(const ApplicationEntry& application, const base::Error& error);
  void tell(const ApplicationEntry& about, sync::EventType type, std::string reason, std::string message);
  void tell(const NodeEntry& about, sync::EventType type, std::string reason, std::string message,
            std::string application = {});
};

/// Whether this application may hold plain Secrets, as its Project says.
PlainSealing plain_sealing_of(const Context& context, const ApplicationEntry& application);
/// For whom a rendering for `node` is sealed.
NodeSealing sealing_of(const Context& context, const NodeEntry& node);
/// What templates read of a node and of the application.
gitops::TemplateValues template_values(const NodeEntry& node, const ApplicationEntry& application);

}  // namespace holdfast::hub
