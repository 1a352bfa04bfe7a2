// SPDX-License-Identifier: Apache-2.0
// UnitDriver: kind Unit. What systemd says is asked for, and comes later: until then what was applied counts as so, and
// nothing else is touched. Files are written by the FileDriver; then systemd reads them, once for all of a pass; then
// it is enabled, and started or restarted. A unit that runs with what is wanted is left alone, whoever started it and
// however often the agent was restarted since.
// Threads: one, the engine's.
#pragma once

#include <map>
#include <optional>
#include <string>

#include "base/clock.hpp"
#include "base/units.hpp"
#include "edge_agent/driver.hpp"
#include "edge_agent/file_driver.hpp"
#include "edge_agent/unit_book.hpp"
#include "edge_agent/unit_effective.hpp"
#include "edge_agent/unit_step.hpp"

namespace holdfast::edge_agent {

class UnitDriver final : public Driver {
 public:
  struct Seams {
    base::UnitManager* units = nullptr;  ///< none: no systemd here
    base::Host& host;
    base::Clock& clock;
    FileDriver& files;
    UnitBook* book = nullptr;
    DueListener on_due;
  };
  explicit UnitDriver(Seams seams);
  ~UnitDriver() override;
  UnitDriver(const UnitDriver&) = delete;
  UnitDriver& operator=(const UnitDriver&) = delete;

  base::Result<std::unique_ptr<Effective>> resolve(const sync::Resource& resource,
                                                   References& references) override;
  base::Result<Observed> observe(const sync::Claim& claim, const Effective* wanted,
                                 const sync::InventoryEntry* entry) override;
  base::Result<Progress> apply(const Effective& wanted, const Action& action) override;
  base::Result<Progress> remove(const sync::InventoryEntry& entry) override;
  base::Result<Tended> tend(const Effective& wanted) override;
  ResourceHealth health(const Effective& wanted) override;
  base::Status watch(const Effective& wanted) override;
  void unwatch(const sync::Claim& claim) override;
  std::vector<sync::Claim> on_event(const base::HostEvent& event) override;

 private:
  /// What is known of a unit while this agent runs.
  struct Live {
    std::optional<base::UnitState> state;
    base::MonotonicTime seen_at{};
    std::optional<base::Error> trouble;  ///< why it could not be asked for
    base::UnitManager::CallId looking = 0;
    bool is_look_due = false;             ///< something happened while it was asked for
    bool is_awaited = false;              ///< the next look is told of, whatever it shows
    base::UnitManager::CallId doing = 0;  ///< a change on its way
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
    bool is_clearing() const {
      return !leaving_path.empty() && (progress.is_reload_due || !changing.empty());
    }
  };

  Live& live(const std::string& unit);
  void look(const std::string& unit);
  void looked(const std::string& unit, base::Result<base::UnitState> state);
  void tell(const std::string& unit, const Live& live) const;
  bool is_any_unknown() const;
  void on_unit_event(const base::UnitEvent& event);
  /// Asks where nothing is known or it is old; nullptr: not known yet. The error while there is trouble.
  base::Result<const base::UnitState*> known(const std::string& unit);

  base::Result<Observed> observe_path(const sync::Claim& claim, const UnitEffective* wanted,
                                      const sync::InventoryEntry* entry);
  base::Result<Observed> observe_unit(const std::string& unit, const UnitEffective* wanted,
                                      const sync::InventoryEntry* entry);
  /// Before the files of its application are written.
  void meet(const UnitEffective& wanted, Live& live);
  base::Result<bool> is_file_right(const UnitEffective& wanted);
  base::Result<UnitRecord> found(const UnitEffective& wanted, const Live& live, const base::UnitState& state);
  /// What was asked for and has begun since, by whatever agent.
  static void credit(UnitRecord& record, const base::UnitState& state);
  base::Result<bool> follow_boot(const UnitEffective& wanted, UnitRecord& record,
                                 const base::UnitState& state, const sync::InventoryEntry* entry);
  base::Status follow(const UnitEffective& wanted, Live& live, const base::UnitState& state,
                      const sync::InventoryEntry* entry);
  UnitStep step_of(const UnitEffective& wanted, const Live& live) const;

  base::Result<Progress> apply_file(const UnitEffective& wanted, const Action& action);
  base::Result<Progress> apply_unit(const UnitEffective& wanted);
  void note_asked(const UnitEffective& wanted, const base::UnitState& state);
  void change(const std::string& unit, const UnitStep& step);
  void withdraw(const std::string& unit);
  void changed(const std::string& unit, UnitDo what, const base::Status& status);

  base::Result<Progress> remove_file(const sync::InventoryEntry& entry);
  base::Result<Progress> give_back(const std::string& unit);
  base::Result<std::optional<UnitWant>> want_when_left(const std::string& unit, const base::UnitState& state);
  Progress left(const std::string& unit);
  void forget(const std::string& unit);

  Seams seams_;
  std::map<std::string, Live> live_;
};

}  // namespace holdfast::edge_agent
