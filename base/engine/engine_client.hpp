// SPDX-License-Identifier: Apache-2.0
// EngineClient: the Engine seam on a real engine, over the Unix socket that dockerd and `podman system service` serve.
// The version of its API is asked before the first call, and again after the engine was away: it may be another by then.
// Threads: the event loop's.
#pragma once

#include <chrono>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/engine.hpp"
#include "base/engine/api_version.hpp"
#include "base/engine/exchange.hpp"
#include "base/event_loop.hpp"

namespace holdfast::base {

class EngineClient final : public Engine {
 public:
  /// Loop and clock outlive it. Nothing is connected before the first call.
  EngineClient(EventLoop& loop, const Clock& clock, std::string socket_path);
  /// Of several places the first that is there at each call: an engine may be installed later, or be exchanged.
  EngineClient(EventLoop& loop, const Clock& clock, std::vector<std::string> socket_paths);
  ~EngineClient() override;
  EngineClient(const EngineClient&) = delete;
  EngineClient& operator=(const EngineClient&) = delete;

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

 private:
  /// kDevices: an engine that leaves them out without a word is not asked.
  enum class Needs { kNothing, kDevices };
  struct Question {
    EngineRequest request;
    std::function<std::string(EngineMake)> write_body{};  ///< absent: that of `request`
    Exchange::Deadlines deadlines{};
    std::function<void()> on_sent{};
    Needs needs = Needs::kNothing;
    /// Takes the body of an answer that is no refusal; absent: it is collected.
    std::function<Status(std::string_view)> on_body{};
    /// The body that was collected, or the error that names the call. It may ask on under the same id, or forget it.
    std::function<void(Result<std::string>)> on_answer;
  };
  struct Call {
    std::string name;  ///< "start container 4f3c12ab90de"
    Question question;
    std::unique_ptr<Exchange> exchange{};
    int status = 0;
    bool is_late = false;
    std::string body{};
    std::unique_ptr<EventLoop::Timer> timer{};  ///< of the call as a whole, where it has one
  };
  struct ExecRun;

  CallId begin(std::string name);
  /// The call is over; what is given back has to live until its callbacks have returned.
  Call forget(CallId id);
  /// Forgets it and tells, from the loop.
  void fail_later(CallId id, Error error, std::function<void(Error)> tell);
  template <class T, class Read>
  CallId ask_once(std::string name, EngineRequest request, std::chrono::milliseconds timeout, Read read,
                  OnEnd<T> on_end, Needs needs = Needs::kNothing,
                  std::function<std::string(EngineMake)> write_body = {});
  CallId change(std::string name, EngineRequest request, std::chrono::milliseconds timeout,
                OnEnd<void> on_end);
  /// Asks, for a call that has begun; before the first, for the version.
  void ask(CallId id, Question question);
  void learn_version(CallId id);
  void go_on(CallId id);
  void send(CallId id);
  Status on_body(CallId id, std::string_view bytes);
  void on_exchange_end(CallId id, const Status& status);
  /// Takes the body.
  static Result<std::string> outcome(Call& call, const Status& status);

  // engine_client_output.cpp
  void exec_start(const std::shared_ptr<ExecRun>& run);
  void exec_look(const std::shared_ptr<ExecRun>& run);
  void exec_end(const std::shared_ptr<ExecRun>& run, Result<ExecEnd> end);
  void exec_late(const std::shared_ptr<ExecRun>& run);

  EventLoop& loop_;
  const Clock& clock_;
  std::string socket_path() const;

  std::vector<std::string> socket_paths_;  ///< at least one
  std::size_t late_ = 0;                   ///< commands beyond their timeout
  std::optional<ApiVersion> api_;
  EngineMake make_ = EngineMake::kDocker;  ///< learnt with api_
  std::map<CallId, Call> calls_;
  CallId last_call_ = 0;
  std::vector<Call> cancelled_;  ///< until the loop is out of their callbacks
  std::unique_ptr<EventLoop::Timer> sweep_;
};

}  // namespace holdfast::base
