// SPDX-License-Identifier: Apache-2.0
// UnitTalk: what systemd said of each unit, and the one change of each that it is being asked for. What it says comes by
// callback; whoever wants to know looks here, and is told when there is something new.
// Threads: one, the engine's.
#pragma once

#include <map>
#include <optional>
#include <string>

#include "base/clock.hpp"
#include "base/units.hpp"
#include "edge_agent/driver.hpp"
#include "edge_agent/unit_book.hpp"
#include "edge_agent/unit_step.hpp"

namespace holdfast::edge_agent {

/// What is known of a unit while this agent runs.
struct LiveUnit {
  std::optional<base::UnitState> state;
  base::MonotonicTime seen_at{};
  std::optional<base::Error> trouble;  ///< why it could not be asked for
  base::UnitManager::CallId looking = 0;
  bool is_look_due = false;             ///< something happened while it was asked for
  bool is_awaited = false;              ///< the next look is told of, whatever it shows
  base::UnitManager::CallId doing = 0;  ///< a change on its way
  base::Digest doing_for;               ///< `start` when it was asked for
  std::optional<base::Error> failed;    ///< how the last change ended, until somebody hears of it
  UnitDo last_do = UnitDo::kNothing;    ///< that change
  std::string path;                     ///< of the file that is wanted; empty: none
  std::string leaving_path;             ///< of one that is on its way out
  base::Digest start;                   ///< of what is wanted, which `progress` is about
  UnitProgress progress;
  std::string
      changing;  ///< why it is being changed; empty: nothing was done since it was last as it should be
  bool is_file_healed = false;  ///< what began meanwhile may have begun with another's content
  bool is_leaving = false;      ///< it is being given back
  std::string up_invocation;
  base::MonotonicTime up_since{};
  std::optional<std::uint32_t> restarts;
  std::uint32_t settled_restarts = 0;  ///< as many there were when it had last been up for long
  std::optional<bool> is_named_right;  ///< whether what restartOn names was there when this was first met
  /// systemd has not been told yet that a file of it is gone.
  bool is_clearing() const { return !leaving_path.empty() && (progress.is_reload_due || !changing.empty()); }
};

class UnitTalk {
 public:
  struct Seams {
    base::UnitManager* units = nullptr;  ///< none: no systemd here
    base::Clock& clock;
    UnitBook* book = nullptr;
    DueListener on_due;
  };
  explicit UnitTalk(Seams seams);
  ~UnitTalk();
  UnitTalk(const UnitTalk&) = delete;
  UnitTalk& operator=(const UnitTalk&) = delete;

  /// An error where no systemd runs.
  base::Status check_there() const;
  LiveUnit& live(const std::string& unit);
  /// nullptr: nothing is known.
  const LiveUnit* find(const std::string& unit) const;
  /// Asks where nothing is known or it is old; nullptr: not known yet. The error while there is trouble.
  base::Result<const base::UnitState*> known(const std::string& unit);
  /// Of some unit it is not known yet how it stands: its file may be about to be written.
  bool is_any_unknown() const;

  /// REQUIRES: no other change of this unit is on its way.
  void change(const std::string& unit, const UnitStep& step);
  /// What is known may be older than what was done to files; `is_awaited` until it is known anew.
  void look_again(const std::string& unit);
  void watch(const std::string& unit);
  void forget(const std::string& unit);

 private:
  void look(const std::string& unit);
  void looked(const std::string& unit, base::Result<base::UnitState> state);
  void tell(const std::string& unit, const LiveUnit& live) const;
  void on_unit_event(const base::UnitEvent& event);
  void withdraw(const std::string& unit);
  void changed(const std::string& unit, UnitDo what, const base::Status& status);

  Seams seams_;
  std::map<std::string, LiveUnit> live_;
};

}  // namespace holdfast::edge_agent
