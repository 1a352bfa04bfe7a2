// SPDX-License-Identifier: Apache-2.0
// NodeBook: every Node with what the hub knows of it: its labels, its last report, whether it is there, what
// was sent and what it proved to hold.
// Threads: one.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.hpp"
#include "base/digest.hpp"
#include "base/limits/wire.hpp"
#include "base/result.hpp"
#include "hub/objects.hpp"
#include "sync/model/ids.hpp"
#include "sync/model/snapshot.hpp"
#include "sync/store/store.hpp"
#include "sync/wire/messages.hpp"

namespace holdfast::hub {

/// Whether nothing may be heard of it or told to it: a person revoked it, or two machines were it.
bool is_cut_off(const base::Json& node);

enum class Presence { kUnknown, kOnline, kOffline };

/// Where one application stands with one node, as the hub decided it.
struct Placing {
  base::Digest wanted;  ///< section in force for this node; none: nothing can be said
  bool is_sealing =
      false;  ///< its secrets are being sealed: what it holds is not what is wanted, whatever that will be
  bool leaving = false;
  bool orphaned = false;  ///< keeps what it has, though nothing places it there any more for sure
  /// "ClaimConflict", "Unschedulable", "RenderError", "TooLarge", "TooManyApplications", "TooManyRemovals",
  /// "Orphaned", "Waiting"; empty: all is well.
  std::string reason;
  std::string message;
  bool is_failure() const { return !reason.empty() && reason != "Orphaned" && reason != "Waiting"; }
};

/// Where the hub stands in what it sends in parts; all of it may be lost, the node's next word begins it anew.
struct PartStream {
  base::Digest digest{};  ///< of the section; none: nothing is sent
  std::uint32_t acknowledged = 0;
  std::uint32_t sent = 0;
  bool provenance_sent = false;
};

/// The way of one desired state to the node: said again until the node acknowledges it.
struct Sending {
  bool wanted = false;
  std::uint32_t attempts = 0;
  std::set<base::Digest> needed;  ///< bodies that the node asked for
  bool whole = false;             ///< the node could not read a delta of it: no more of them
  std::map<base::Digest, base::Digest> provenances;  ///< of the bodies that were sent, not in parts
  // Of bodies that are too large for one message.
  std::map<base::Digest, std::uint32_t> have;  ///< bytes so far, as the node said
  PartStream stream;
  bool parts_due = false;  ///< the node waits for pieces, not for the header
  bool is_asked = false;   ///< a header was sent since it last said what it has
  /// The next thing to send is the header: it makes the node say where to go on.
  void end_parts() {
    parts_due = false;
    stream = {};
  }
};
/// A report that the hub lacks: asked for again until it comes.
struct Asking {
  bool snapshot = false;
  bool abilities = false;
  bool proof = false;
  bool sealing = false;
  bool hello = false;
  std::uint32_t attempts = 0;
  bool wanted() const { return snapshot || abilities || proof || sealing || hello; }
};

struct NodeEntry {
  sync::NodeUid uid;
  std::string name;
  ObjectPtr object;
  bool revoked = false;     ///< or cut off as a clone
  std::string clone;        ///< why it is cut off as a clone; empty: it is not
  std::string fingerprint;  ///< of its hardware, hex, at least the first eight bytes; empty: not known
  std::map<std::string, std::string> labels;  ///< a person's and those made from facts

  std::optional<sync::Snapshot> snapshot;
  std::string snapshot_bytes;
  base::Digest snapshot_digest;
  std::vector<std::string> abilities;
  base::Digest abilities_digest;
  bool report_is_stored = true;
  std::string hello_bytes;  ///< the last that came whole, which its beacons are deltas on

  Presence presence = Presence::kUnknown;
  std::optional<base::WallTime> last_seen;
  bool last_seen_is_stored = true;

  /// Since it came, or this hub began to listen, it said which generation it holds; nothing is sent before: it may be more
  /// than this hub knows of.
  bool is_heard = false;
  bool lacks_bodies = false;     ///< it said that it holds the header in force, and not all that it names
  bool is_offered_anew = false;  ///< the header in force, which it holds and could not verify
  /// Version of the trust document that it holds, as it last said (0: it cannot say); none: it was never asked.
  std::optional<std::uint64_t> trust;
  bool holds_trust(std::uint64_t version) const { return trust && *trust >= version; }
  /// When it was sent a newer one; it may be on its way for a while.
  std::optional<base::MonotonicTime> trust_sent;
  sync::Generation reported;     ///< accepted, as the node last said
  base::Digest accepted_header;  ///< proven: digest of a header that this hub signed
  base::Digest applied_header;   ///< the same, all health gates passed
  std::string ahead;             ///< why its generation is not believed; empty: all is well
  /// Newer than what this hub made, by the hub's own signature on it (hub/epochs.hpp).
  std::optional<sync::DesiredHeader> proven;
  bool was_heard = false;       ///< since this hub's start it said which generation it holds
  bool was_in_step = false;     ///< since this hub's start the node held what the hub had made last
  bool raises_epoch = false;    ///< the next desired state begins an epoch above the proven one
  std::string refused;          ///< what it refused
  std::string problem;          ///< why its next desired state could not be made; empty: all is well
  std::set<base::Digest> held;  ///< bodies it is believed to hold
  /// Of those that this hub sent: the provenance that went along. A later commit may have changed it in the header.
  std::map<base::Digest, base::Digest> provenances;
  std::map<sync::ApplicationUid, Placing> placings;
  Sending sending;
  sync::Generation needed_of;          ///< whose bodies it last asked for
  base::MonotonicTime next_need_at{};  ///< before that it is not answered at once if it begins again
  Asking asking;

  std::uint64_t command_counter = 0;
  /// Of reconnects; the last one that was not the shortest.
  std::chrono::milliseconds window_told = base::limits::kReconnectWindowMin;
  bool session_is_stored = true;
  /// Applications whose quarantine a person asked to lift while the node could not be told.
  std::set<sync::ApplicationUid> retries;

  /// The session of one that is revoked is ended, and it is not listened to any more.
  bool is_online() const { return presence == Presence::kOnline && !revoked; }
  bool can(std::string_view ability) const;
  /// Whether the node has proven to hold something else than this section of the hub's last word to it, and cannot be given
  /// what is in force in its place: the hub was restored from an older copy, and sending it would take away what came since.
  bool would_go_back(const sync::SectionRef& section) const;
  const sync::SectionStatus* reported_section(const sync::ApplicationUid& application) const;
  /// Labels of a person, and facts, as templates read them.
  std::map<std::string, std::string> own_labels() const;
};

class NodeBook {
 public:
  /// Counters begin above `floor`.
  explicit NodeBook(sync::Store& store, std::uint64_t floor = 0) : store_(store), floor_(floor) {}

  base::Status load();  ///< reports and counters of an earlier run
  /// True when something changed that matters to placement, or is shown.
  bool take(const ObjectPtr& object);
  void drop(const sync::NodeUid& uid);
  base::Status forget(const sync::NodeUid& uid);

  NodeEntry* find(const sync::NodeUid& uid);
  const NodeEntry* find(const sync::NodeUid& uid) const;
  NodeEntry* find_by_name(std::string_view name);
  const NodeEntry* find_by_name(std::string_view name) const;
  std::map<sync::NodeUid, NodeEntry>& all() { return entries_; }
  const std::map<sync::NodeUid, NodeEntry>& all() const { return entries_; }

  /// A part that `given` lacks stays as it was. An error leaves everything as it was. False: the same as
  /// before.
  base::Result<bool> take_report(NodeEntry& entry, const sync::SnapshotReport& given);
  /// The next counter of a signed message, stored before it is used.
  base::Result<std::uint64_t> next_command(NodeEntry& entry);
  /// The same for settings: one row of numbers for all nodes, stored many at a time, for a whole fleet may
  /// come back at once.
  base::Result<std::uint64_t> next_settings();
  /// Whether load() met counters that cannot be read: lift_counters() is due.
  bool has_lost_counters() const { return has_lost_counters_; }
  /// Counters go on above `floor`, for every node: what was handed out before is not known any more.
  base::Status lift_counters(std::uint64_t floor);
  /// What the node said of its trust document; stored with what else is dirty. False: the same as before.
  bool note_trust(NodeEntry& entry, std::uint64_t version);
  /// Remembers that the node was told this window; stored with what else is dirty.
  void note_paced(NodeEntry& entry, std::chrono::milliseconds window);
  /// Nodes of which something is stored and which take() did not bring.
  std::vector<sync::NodeUid> unclaimed() const;

  bool is_dirty() const;
  base::Status write_dirty(sync::WriteTxn& txn) const;
  void mark_clean();

 private:
  struct Stored {
    std::optional<sync::SnapshotReport> report;
    std::uint64_t command_counter = 0;
    std::chrono::milliseconds window_told = base::limits::kReconnectWindowMin;
    std::optional<std::uint64_t> trust;
  };
  base::Status save_session(const NodeEntry& entry);
  void take_session(const sync::NodeUid& uid, std::string_view value);

  sync::Store& store_;
  std::uint64_t floor_;
  bool has_lost_counters_ = false;
  std::map<sync::NodeUid, NodeEntry> entries_;
  std::map<std::string, sync::NodeUid, std::less<>> by_name_;
  std::map<sync::NodeUid, Stored> stored_;  // of entries that have not come yet
  std::uint64_t settings_counter_ = 0;
  std::uint64_t settings_reserved_ = 0;  // numbers up to here are never given again after a crash
};

/// "facts.holdfast.dev/arch": "arm64" for every fact that makes a valid label.
std::map<std::string, std::string> fact_labels(const std::map<std::string, std::string>& facts);

}  // namespace holdfast::hub
