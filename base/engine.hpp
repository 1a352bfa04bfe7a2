// SPDX-License-Identifier: Apache-2.0
// The Engine seam: the containers and images of a machine, as a container engine (Docker, podman) keeps them.
// Real: base/engine/engine_client.hpp. Fake: base/fake_engine.hpp. One contract suite runs on both.
//
// Every call returns at once and ends with exactly one call of its `on_end`, on the loop's thread, never from inside
// another call of the engine, at the latest at its deadline; one that is cancelled ends with none. Inside `on_end`
// any call may be made; the engine must not be destroyed there. When the engine is destroyed, what is on its way is
// cancelled. A call that did not end well may have been carried out all the same: look, do not conclude.
//
// Errors name the call, the container or image, and what the engine itself says:
//   kUnavailable  no engine there, or it went away meanwhile
//   kTimeout      it did not answer in time
//   kNotFound     no such container or image; of `create`, no such image
//   kConflict     the name is taken; the container is not in a state for this; the image is in use
//   kNoSpace      its disk is full
//   kPermission   the socket, or the engine, does not let us
//   kUnsupported  its API is too old; of `create`, it would leave out what is asked for
//   kLimit        its answer is over a limit; as kRetry: too many calls at a time
//   kIo           it tried and failed, for example to start a program that is not in the image
//   kCorrupt      what it answered is not its API
// Threads: one, the event loop's.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "base/container.hpp"
#include "base/limits/engine.hpp"
#include "base/result.hpp"

namespace holdfast::base {

struct EngineVersion {
  std::string name;     ///< "Docker Engine - Community", "Podman Engine"; for people
  std::string version;  ///< for people
  std::string api;      ///< its newest, "1.41"
  std::string os;
  std::string architecture;
};

/// What it does of that which engines do differently.
struct EngineAbilities {
  /// Device requests and another runtime than its own are carried out; podman drops both without a word, so create() refuses them.
  bool gives_devices = false;
  bool knows_cdi = false;             ///< a device request of the driver "cdi", too
  std::vector<std::string> runtimes;  ///< that a container may ask for, sorted
  bool operator==(const EngineAbilities&) const = default;
};

/// Containers that carry all of these labels; an empty value stands for any.
using LabelFilter = std::map<std::string, std::string>;

struct LogOptions {
  std::optional<WallTime> since{};         ///< nothing older
  std::optional<std::size_t> lines_max{};  ///< the newest
  std::size_t bytes_max = limits::kEngineLogBytesMax;
};
struct ContainerLine {
  WallTime time{};
  bool is_error = false;  ///< of the standard error
  std::string text;       ///< without its end; of a line longer than the engine takes at once, a piece
  bool operator==(const ContainerLine&) const = default;
};
struct ContainerLog {
  std::vector<ContainerLine> lines;  ///< of both streams, in the order in which the engine tells them
  bool is_cut = false;               ///< there is more than bytes_max: the newest whole lines are here
};
/// Of a command.
struct ContainerOutput {
  std::string text;     ///< both streams, in the order in which the engine tells it
  bool is_cut = false;  ///< it said more than bytes_max: what it said first is here
};

/// Names one call on its way to an engine; never 0.
using EngineCallId = std::uint64_t;

struct ExecCommand {
  std::vector<std::string> argv;
  std::vector<std::pair<std::string, std::string>> env;  ///< beyond the container's
  std::string user;                                      ///< empty: the container's
  std::string working_dir;                               ///< empty: the container's
  std::chrono::milliseconds timeout{1000};
  std::size_t output_bytes_max = 4096;
  /// Once, after the call ended with kTimeout: what it started has ended after all, or nothing can be known of it any more.
  /// Until then the call can still be cancelled. With kEngineLateMax of them on their way another call ends with kLimit instead.
  std::function<void(EngineCallId)> on_late_end{};
};
struct ExecEnd {
  std::int64_t exit_code = 0;  ///< 126 or 127 where it could not be run
  ContainerOutput output;
};

/// Says which container to look at, never what happened to it: it may be spurious, never lost while the stream lives.
struct EngineEvent {
  ContainerId id;
  ContainerName name;  ///< empty where the engine does not say
};

class Engine {
 public:
  virtual ~Engine() = default;
  using CallId = EngineCallId;
  template <class T>
  using OnEnd = std::function<void(Result<T>)>;

  virtual CallId version(OnEnd<EngineVersion> on_end) = 0;
  /// Where it keeps images and containers, as the machine that it runs on names it; empty: it does not say.
  virtual CallId folder(OnEnd<std::string> on_end) = 0;
  /// As cheap as a call can be: whether it answers.
  virtual CallId ping(OnEnd<void> on_end) = 0;
  virtual CallId abilities(OnEnd<EngineAbilities> on_end) = 0;

  // Containers.
  /// Running or not.
  virtual CallId list(const LabelFilter& labels, OnEnd<std::vector<ContainerSummary>> on_end) = 0;
  virtual CallId inspect(const ContainerId& id, OnEnd<ContainerState> on_end) = 0;
  /// Never started again by the engine itself. Nothing is pulled.
  virtual CallId create(const ContainerSpec& spec, OnEnd<ContainerId> on_end) = 0;
  /// Success when it runs already.
  virtual CallId start(const ContainerId& id, OnEnd<void> on_end) = 0;
  /// Its stop signal now, SIGKILL after `grace`, in whole seconds, rounded up. Ends when it does not run. Success when nothing runs.
  virtual CallId stop(const ContainerId& id, std::chrono::milliseconds grace, OnEnd<void> on_end) = 0;
  /// SIGKILL. kConflict when nothing runs.
  virtual CallId kill(const ContainerId& id, OnEnd<void> on_end) = 0;
  /// With its anonymous volumes. kConflict while it runs.
  virtual CallId remove(const ContainerId& id, OnEnd<void> on_end) = 0;
  virtual CallId logs(const ContainerId& id, const LogOptions& options, OnEnd<ContainerLog> on_end) = 0;
  /// At its timeout the call ends with kTimeout; the command is then left to itself, for no engine has a way to end it. With
  /// kUnavailable where the engine has not said by then that it runs: that tells nothing of the command.
  virtual CallId exec(const ContainerId& id, const ExecCommand& command, OnEnd<ExecEnd> on_end) = 0;

  // Images.
  virtual CallId images(OnEnd<std::vector<ImageInfo>> on_end) = 0;
  /// By reference or id.
  virtual CallId image(const std::string& reference, OnEnd<ImageInfo> on_end) = 0;
  /// Gives the next bytes of an archive, at most that many; none is the end. A local disk may be read here.
  using ReadArchive = std::function<Result<std::string>(std::size_t bytes_max)>;
  /// An archive of `docker save`. Bounded by silence (kEngineLoadSilenceMax), not as a whole.
  virtual CallId load_image(ReadArchive archive, OnEnd<void> on_end) = 0;
  /// One name of an image, and the image with its last one. kConflict while a container has it.
  virtual CallId remove_image(const std::string& reference, OnEnd<void> on_end) = 0;

  // Events.
  /// The stream of events on containers, until `on_end`: with the error that ended it, for it has no end of its own.
  /// `on_open` comes once: what changes from then on is told, so make the list now. A stream that ended is not opened
  /// again by itself.
  struct EventListener {
    std::function<void()> on_open;
    std::function<void(const EngineEvent&)> on_event;
    std::function<void(const Error&)> on_end;
  };
  virtual CallId watch(EventListener listener) = 0;

  /// Its `on_end` does not come any more; nothing where it has ended. What the engine does meanwhile is not known.
  virtual void cancel(CallId call) = 0;
};

}  // namespace holdfast::base
