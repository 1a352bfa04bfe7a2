// SPDX-License-Identifier: Apache-2.0
// FakeEngine: the Engine seam in memory, for tests of deciding code and the simulator. Nothing happens and nothing is
// told until deliver(); time passes on the clock it is given. Foreign hands have calls of their own ("…_by_hand"), the
// engine's misfortunes too (gone, hung, restarted, refusing). It records what was touched, so that "does nothing when
// nothing changed" can be asserted.
// Threads: one.
#pragma once

#include <chrono>
#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "base/clock.hpp"
#include "base/engine.hpp"

namespace holdfast::base {

/// How the program of one container behaves. The default runs until it is stopped and obeys at once.
struct FakeContainerProgram {
  std::optional<Error> start_error;         ///< start fails with it
  std::chrono::milliseconds stop_takes{0};  ///< from its stop signal to its end
  bool ignores_term = false;                ///< only SIGKILL ends it
  std::int64_t stop_exit_code = 143;        ///< of an obedient stop
  std::optional<std::int64_t> exits_with;   ///< ends by itself, `exits_after` its start
  std::chrono::milliseconds exits_after{0};
  std::string output;  ///< what each run logs
};

struct FakeExecAnswer {
  std::int64_t exit_code = 0;
  std::string output;
  std::chrono::milliseconds after{0};
  std::optional<Error> error{};
};

/// How often each kind of call came; a ping touches nothing.
struct EngineTouched {
  std::size_t lists = 0;
  std::size_t inspects = 0;
  std::size_t creates = 0;
  std::size_t starts = 0;
  std::size_t stops = 0;
  std::size_t kills = 0;
  std::size_t removes = 0;
  std::size_t image_looks = 0;
  std::size_t image_loads = 0;
  std::size_t image_removes = 0;
  std::size_t logs = 0;
  std::size_t execs = 0;
  std::size_t watches = 0;
  std::size_t others = 0;
  std::size_t changes() const {
    return creates + starts + stops + kills + removes + image_loads + image_removes;
  }
  bool operator==(const EngineTouched&) const = default;
};

enum class EngineCall {
  kVersion,
  kFolder,
  kPing,
  kAbilities,
  kList,
  kInspect,
  kCreate,
  kStart,
  kStop,
  kKill,
  kRemove,
  kLogs,
  kExec,
  kImages,
  kImage,
  kLoad,
  kRemoveImage,
  kWatch,
};

class FakeEngine final : public Engine {
 public:
  /// `clock` outlives it.
  explicit FakeEngine(const Clock& clock) : clock_(clock) {}

  // ---- Engine ----
  CallId version(OnEnd<EngineVersion> on_end) override;
  CallId folder(OnEnd<std::string> on_end) override;
  CallId ping(OnEnd<void> on_end) override;
  CallId abilities(OnEnd<EngineAbilities> on_end) override;
  CallId list(const LabelFilter& labels, OnEnd<std::vector<ContainerSummary>> on_end) override;
  CallId inspect(const ContainerId& id, OnEnd<ContainerState> on_end) override;
  CallId create(const ContainerSpec& spec, OnEnd<ContainerId> on_end) override;
  CallId start(const ContainerId& id, OnEnd<void> on_end) override;
  CallId stop(const ContainerId& id, std::chrono::milliseconds grace, OnEnd<void> on_end) override;
  CallId kill(const ContainerId& id, OnEnd<void> on_end) override;
  CallId remove(const ContainerId& id, OnEnd<void> on_end) override;
  CallId logs(const ContainerId& id, const LogOptions& options, OnEnd<ContainerLog> on_end) override;
  CallId exec(const ContainerId& id, const ExecCommand& command, OnEnd<ExecEnd> on_end) override;
  CallId images(OnEnd<std::vector<ImageInfo>> on_end) override;
  CallId image(const std::string& reference, OnEnd<ImageInfo> on_end) override;
  CallId load_image(ReadArchive archive, OnEnd<void> on_end) override;
  CallId remove_image(const std::string& reference, OnEnd<void> on_end) override;
  CallId watch(EventListener listener) override;
  void cancel(CallId call) override;

  // ---- time ----
  /// Lets everything happen whose time has come: programs end, calls are carried out and end, events are told; what this
  /// causes waits for the next call. Returns how many callbacks ran.
  std::size_t deliver();
  /// When deliver() has something to do next: now if something waits; nullopt if nothing ever will.
  std::optional<MonotonicTime> next_due() const;

  // ---- foreign hands ----
  void exit_by_hand(const ContainerName& name, std::int64_t code);
  void start_by_hand(const ContainerName& name);
  void rename_by_hand(const ContainerName& name, const ContainerName& to);
  /// It prints this line now.
  void say_by_hand(const ContainerName& name, std::string text);
  /// With all its traces, running or not.
  void remove_by_hand(const ContainerName& name);
  /// Another's, or ours from before; not started.
  ContainerId create_by_hand(const ContainerSpec& spec);

  // ---- the machine ----
  /// Those of podman until then.
  void set_abilities(EngineAbilities abilities) { abilities_ = std::move(abilities); }
  void add_image(const ImageInfo& image) { images_[image.id] = image; }
  /// What load_image makes of these bytes. Any others are no archive.
  void know_archive(std::string bytes, ImageInfo image) { archives_[std::move(bytes)] = std::move(image); }
  /// For the next starts of a container of this name.
  void set_program(const ContainerName& name, FakeContainerProgram program);
  /// Of the command whose arguments these are, joined by blanks; any other succeeds without a word.
  void set_exec(const std::string& command, FakeExecAnswer answer) { execs_[command] = std::move(answer); }
  /// Such calls fail with it and change nothing; nullopt ends that.
  void set_failure(EngineCall call, std::optional<Error> error);
  /// Such calls are carried out, and then fail with it: the answer was lost.
  void set_lost_answer(EngineCall call, std::optional<Error> error);
  /// No call ends before its deadline, none is carried out, no event comes. What waits goes on when it ends.
  void set_hung(bool hung) { hung_ = hung; }
  /// Nobody serves the socket: what is on its way fails, as all that comes, until it is back. Containers run on.
  void set_gone(bool gone);
  /// Each stream ends, and what it was about to tell is lost.
  void end_events();
  /// The agent is gone: its calls and streams with it. What was asked for and not carried out yet never is, or is all the
  /// same, and nobody hears of it.
  enum class Asked { kDropped, kCarriedOut };
  void agent_gone(Asked asked = Asked::kDropped);
  /// No container runs, and none is started again.
  void reboot();
  /// Called before each call that changes something, with what it is ("start hf.web"). For crashes.
  void before_change(std::function<void(const std::string&)> hook) { before_change_ = std::move(hook); }

  // ---- looking ----
  /// nullptr where there is none.
  const ContainerState* container(const ContainerName& name) const;
  const ContainerState* container(const ContainerId& id) const;
  const ContainerSpec* spec_of(const ContainerName& name) const;
  std::vector<ContainerName> names() const;
  std::set<std::string> running() const;  ///< names
  const std::map<ImageId, ImageInfo>& images_there() const { return images_; }
  bool answers() const { return !gone_ && !hung_; }
  std::size_t calls_waiting() const { return calls_.size(); }
  std::size_t streams() const { return watchers_.size(); }
  const EngineTouched& touched() const { return touched_; }
  std::size_t pings() const { return pings_; }
  /// Every change that was carried out since the last forget_touched(), e.g. "start hf.web".
  const std::vector<std::string>& changes() const { return changes_; }
  void forget_touched();

 private:
  struct Call {
    EngineCall kind = EngineCall::kPing;
    std::string name;  ///< for errors
    MonotonicTime due{};
    MonotonicTime deadline = MonotonicTime::max();
    /// False: it has begun, and waits for something else (a stop for the end).
    std::function<bool()> act;
    std::function<void(const Error&)> fail;
    bool waits = false;
  };
  struct Container {
    ContainerSpec spec;
    ContainerState state;
    FakeContainerProgram program;
    std::vector<ContainerLine> log;
    std::optional<MonotonicTime> ends_at;  ///< by itself or of its stop signal
    std::int64_t ends_with = 0;
    std::optional<MonotonicTime> kill_at;
  };

  CallId add(Call call);
  template <class T>
  void answer(EngineCall kind, const OnEnd<T>& on_end, Result<T> result);
  template <class T>
  CallId ask(EngineCall kind, std::string name, std::chrono::milliseconds timeout, OnEnd<T> on_end,
             std::function<Result<T>()> act);
  MonotonicTime due(const Call& call) const;
  bool carry_out(CallId id);
  std::optional<Error> misfortune(const Call& call) const;
  std::size_t tell_events();
  void advance();
  static std::optional<MonotonicTime> ends(const Container& container);
  Result<Container*> find(const ContainerId& id);
  Container* by_name(const ContainerName& name);
  const ImageInfo* find_image(const std::string& reference) const;
  Result<ContainerId> make(const ContainerSpec& spec);
  Status begin_run(Container& container);
  void print(Container& container, std::string_view text) const;
  Status load(const ReadArchive& archive);
  Status drop_image(const std::string& reference);
  void begin_stop(Container& container, std::chrono::milliseconds grace);
  void end_run(Container& container, std::int64_t code);
  void changing(const std::string& what);
  void by_another(const std::function<void()>& act);
  void tell(const Container& container);

  const Clock& clock_;
  EngineAbilities abilities_;
  std::map<ContainerId, Container> containers_;
  std::map<ImageId, ImageInfo> images_;
  std::map<std::string, ImageInfo> archives_;
  std::map<ContainerName, FakeContainerProgram> programs_;
  std::map<std::string, FakeExecAnswer> execs_;
  std::map<EngineCall, Error> failures_;
  std::map<EngineCall, Error> lost_;
  std::map<CallId, Call> calls_;
  std::map<CallId, EventListener> watchers_;
  std::deque<EngineEvent> events_;
  std::function<void(const std::string&)> before_change_;
  EngineTouched touched_;
  std::size_t pings_ = 0;
  std::vector<std::string> changes_;
  bool hung_ = false;
  bool gone_ = false;
  bool is_unheard_ = false;  ///< whoever asked is gone
  CallId last_call_ = 0;
  std::uint64_t agents_ = 0;
  std::uint64_t containers_made_ = 0;
};

}  // namespace holdfast::base
