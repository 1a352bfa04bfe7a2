// SPDX-License-Identifier: Apache-2.0
// Operations: what people ask the controller for, as routes. They are posted to the controller's loop and waited for
// with a deadline, so no API thread ever touches it.
//
//   POST applications/NAME/sync      {"revision"?,"confirmPrune"?}     POST applications/NAME/refresh
//   POST applications/NAME/rollback  {"revision"}                      GET  applications/NAME/history | diff
//   GET  nodes/NAME/why?key=File/motd                                  POST nodes/NAME/diagnose | sync
//   GET  nodes/NAME/logs?resource=&container=&since=&tailLines=&cursor=           GET  resources?node=&application=
//
// Threads: any.
#pragma once

#include <atomic>
#include <chrono>
#include <functional>
#include <future>
#include <optional>

#include "base/event_loop.hpp"
#include "hub/api/message.hpp"
#include "hub/controller.hpp"

namespace holdfast::hub {

class Operations {
 public:
  Operations(base::EventLoop& loop, Controller& controller) : loop_(loop), controller_(controller) {}

  /// nullopt: not one of these routes.
  std::optional<ApiResponse> serve(const ApiRequest& request);

  /// The loop will run no more: everybody who waits, and whoever asks from now on, is told so.
  void stop() { stopping_ = true; }

  /// Runs `work` on the loop and waits for its answer; kTimeout after the deadline.
  using Work = std::function<ApiResponse()>;
  ApiResponse on_loop(Work work);

 private:
  std::optional<ApiResponse> serve_application(const ApiRequest& request, const std::string& name,
                                               const std::string& operation);
  std::optional<ApiResponse> serve_node(const ApiRequest& request, const std::string& name,
                                        const std::string& operation);
  ApiResponse resources(const ApiRequest& request);
  /// An operation whose answer comes later, from the node.
  using Ask = std::function<void(Controller::OnAnswer)>;
  ApiResponse ask_node(Ask ask);
  ApiResponse wait_for(std::future<ApiResponse> answer, std::chrono::milliseconds longest) const;

  base::EventLoop& loop_;
  Controller& controller_;
  std::atomic<bool> stopping_ = false;
};

}  // namespace holdfast::hub
