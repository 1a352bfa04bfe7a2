// SPDX-License-Identifier: Apache-2.0
#include "base/engine/engine_client.hpp"

#include <unistd.h>

#include <algorithm>
#include <memory>
#include <utility>

#include "base/engine/container_json.hpp"
#include "base/engine/engine_answers.hpp"
#include "base/engine/engine_error.hpp"
#include "base/engine/engine_events.hpp"
#include "base/limits/engine.hpp"

namespace holdfast::base {
namespace {

using std::chrono::milliseconds;

constexpr int kRefused = 400;

std::string of(const ContainerId& id) { return " container " + brief(id); }

Status ignore(std::string_view /*body*/) { return {}; }

/// Until it is written, and no longer: there may be secrets in it.
struct KeptSpec {
  explicit KeptSpec(ContainerSpec the_spec) : spec(std::move(the_spec)) {}
  ~KeptSpec() { wipe_secrets(spec); }
  KeptSpec(const KeptSpec&) = delete;
  KeptSpec& operator=(const KeptSpec&) = delete;
  ContainerSpec spec;
};

}  // namespace

EngineClient::EngineClient(EventLoop& loop, const Clock& clock, std::string socket_path)
    : EngineClient(loop, clock, std::vector<std::string>{std::move(socket_path)}) {}

EngineClient::EngineClient(EventLoop& loop, const Clock& clock, std::vector<std::string> socket_paths)
    : loop_(loop),
      clock_(clock),
      socket_paths_(std::move(socket_paths)),
      sweep_(loop.timer([this] { cancelled_.clear(); })) {}

EngineClient::~EngineClient() = default;

std::string EngineClient::socket_path() const {
  for (const auto& path : socket_paths_) {
    if (::access(path.c_str(), F_OK) == 0) return path;
  }
  return socket_paths_.front();
}

// ---- the life of a call ----

EngineClient::CallId EngineClient::begin(std::string name) {
  const CallId id = ++last_call_;
  calls_[id].name = std::move(name);
  return id;
}

EngineClient::Call EngineClient::forget(CallId id) {
  auto node = calls_.extract(id);
  if (node.empty()) return {};
  if (node.mapped().is_late) --late_;
  return std::move(node.mapped());
}

void EngineClient::cancel(CallId call) {
  auto node = calls_.extract(call);
  if (node.empty()) return;
  if (node.mapped().is_late) --late_;
  if (node.mapped().exchange) node.mapped().exchange->abandon();
  if (node.mapped().timer) node.mapped().timer->cancel();
  cancelled_.push_back(std::move(node.mapped()));
  sweep_->set(milliseconds(0));
}

void EngineClient::fail_later(CallId id, Error error, std::function<void(Error)> tell) {
  Call& call = calls_.at(id);
  Error named = std::move(error).with_context(call.name);
  call.timer = loop_.timer([this, id, named = std::move(named), tell = std::move(tell)] {
    const Call kept = forget(id);
    tell(named);
  });
  call.timer->set(milliseconds(0));
}

// ---- asking ----

void EngineClient::ask(CallId id, Question question) {
  Call& call = calls_.at(id);
  call.question = std::move(question);
  if (calls_.size() - late_ > limits::kEngineCallsMax) {
    auto on_answer = call.question.on_answer;
    call.timer = loop_.timer([on_answer, name = call.name] {
      on_answer(fail(Error(Code::kLimit, Disposition::kRetry,
                           name + ": more than " + std::to_string(limits::kEngineCallsMax) +
                               " calls to the container engine at a time")));
    });
    call.timer->set(milliseconds(0));
    return;
  }
  api_ ? go_on(id) : learn_version(id);
}

/// Now that it is known which engine there is.
void EngineClient::go_on(CallId id) {
  Call& call = calls_.at(id);
  if (call.question.needs == Needs::kNothing || make_ != EngineMake::kPodman) return send(id);
  auto on_answer = call.question.on_answer;
  call.timer = loop_.timer([on_answer, name = call.name] {
    on_answer(fail(Code::kUnsupported,
                   name + ": podman gives a container no GPU and no other runtime by this API; Docker does"));
  });
  call.timer->set(milliseconds(0));
}

void EngineClient::learn_version(CallId id) {
  Call& call = calls_.at(id);
  auto version = std::make_shared<Result<ApiVersion>>(fail(Code::kCorrupt, "no head"));
  Exchange::Listener listener;
  listener.on_head = [this, version](const HttpHead& head) {
    make_ = head.header("libpod-api-version").empty() ? EngineMake::kDocker : EngineMake::kPodman;
    *version = parse_api_version(head.header("api-version")).and_then(choose_api_version);
  };
  listener.on_body = ignore;
  listener.on_end = [this, id, version](const Status& status) {
    if (status && *version) {
      api_ = **version;
      go_on(id);
      return;
    }
    const Error& error = status ? version->error() : status.error();
    on_exchange_end(id, fail(error));
  };
  call.exchange = std::make_unique<Exchange>(loop_, socket_path(), EngineRequest{"GET", "/_ping", {}},
                                             Exchange::Deadlines{.total = limits::kEngineAskTimeout},
                                             std::move(listener));
}

void EngineClient::send(CallId id) {
  Call& call = calls_.at(id);
  call.status = 0;
  call.body.clear();
  EngineRequest request = call.question.request;
  request.target.insert(0, "/v" + to_string(*api_));
  if (call.question.write_body) request.json = std::exchange(call.question.write_body, nullptr)(make_);
  Exchange::Listener listener;
  listener.on_sent = call.question.on_sent;
  listener.on_head = [this, id](const HttpHead& head) { calls_.at(id).status = head.status; };
  listener.on_body = [this, id](std::string_view bytes) { return on_body(id, bytes); };
  listener.on_end = [this, id](const Status& status) { on_exchange_end(id, status); };
  call.exchange = std::make_unique<Exchange>(loop_, socket_path(), std::move(request),
                                             call.question.deadlines, std::move(listener));
}

Status EngineClient::on_body(CallId id, std::string_view bytes) {
  Call& call = calls_.at(id);
  if (call.status < kRefused && call.question.on_body) return call.question.on_body(bytes);
  if (call.body.size() + bytes.size() > limits::kEngineAnswerBytesMax) {
    return fail(Code::kLimit, "the container engine's answer has more than " +
                                  std::to_string(limits::kEngineAnswerBytesMax) + " bytes");
  }
  call.body.append(bytes);
  return {};
}

void EngineClient::on_exchange_end(CallId id, const Status& status) {
  Call& call = calls_.at(id);
  auto result = outcome(call, status);
  // One that was away may have come back as another.
  if (!result && result.error().code() == Code::kUnavailable) api_.reset();
  const auto on_answer = std::move(call.question.on_answer);
  on_answer(std::move(result));
}

Result<std::string> EngineClient::outcome(Call& call, const Status& status) {
  if (!status) return fail(status.error().with_context(call.name));
  if (call.status >= kRefused) return fail(engine_error(call.name, call.status, engine_message(call.body)));
  return std::move(call.body);
}

template <class T, class Read>
EngineClient::CallId EngineClient::ask_once(std::string name, EngineRequest request, milliseconds timeout,
                                            Read read, OnEnd<T> on_end, Needs needs,
                                            std::function<std::string(EngineMake)> write_body) {
  const CallId id = begin(name);
  Question question;
  question.needs = needs;
  question.request = std::move(request);
  question.write_body = std::move(write_body);
  question.deadlines.total = timeout;
  question.on_answer = [this, id, read, name = std::move(name),
                        on_end = std::move(on_end)](Result<std::string> answer) {
    Result<T> result = answer ? read(*answer) : Result<T>(fail(answer.error()));
    if (answer && !result) result = fail(std::move(result).error().with_context(name));
    const Call kept = forget(id);
    on_end(std::move(result));
  };
  ask(id, std::move(question));
  return id;
}

EngineClient::CallId EngineClient::change(std::string name, EngineRequest request, milliseconds timeout,
                                          OnEnd<void> on_end) {
  return ask_once<void>(std::move(name), std::move(request), timeout, ignore, std::move(on_end));
}

// ---- calls ----

EngineClient::CallId EngineClient::folder(OnEnd<std::string> on_end) {
  return ask_once<std::string>("folder", {"GET", "/info", {}}, limits::kEngineAskTimeout, parse_engine_folder,
                               std::move(on_end));
}

EngineClient::CallId EngineClient::version(OnEnd<EngineVersion> on_end) {
  return ask_once<EngineVersion>("version", {"GET", "/version", {}}, limits::kEngineAskTimeout,
                                 parse_engine_version, std::move(on_end));
}

EngineClient::CallId EngineClient::ping(OnEnd<void> on_end) {
  return change("ping", {"GET", "/_ping", {}}, limits::kEngineAskTimeout, std::move(on_end));
}

EngineClient::CallId EngineClient::abilities(OnEnd<EngineAbilities> on_end) {
  return ask_once<EngineAbilities>("abilities", {"GET", "/info", {}}, limits::kEngineAskTimeout,
                                   parse_engine_abilities, std::move(on_end));
}

EngineClient::CallId EngineClient::list(const LabelFilter& labels,
                                        OnEnd<std::vector<ContainerSummary>> on_end) {
  std::string target = "/containers/json?all=1";
  if (!labels.empty()) target += "&filters=" + query_escaped(to_filter_json(labels));
  return ask_once<std::vector<ContainerSummary>>("list containers", {"GET", std::move(target), {}},
                                                 limits::kEngineAskTimeout, parse_container_list,
                                                 std::move(on_end));
}

EngineClient::CallId EngineClient::inspect(const ContainerId& id, OnEnd<ContainerState> on_end) {
  return ask_once<ContainerState>("inspect" + of(id), {"GET", container_target(id, "/json"), {}},
                                  limits::kEngineAskTimeout, parse_container_state, std::move(on_end));
}

EngineClient::CallId EngineClient::create(const ContainerSpec& spec, OnEnd<ContainerId> on_end) {
  if (auto checked = check_container_spec(spec); !checked) {
    const CallId id = begin("create");
    fail_later(id, std::move(checked).error(), [on_end](Error error) { on_end(fail(std::move(error))); });
    return id;
  }
  const auto read = [](std::string_view body) {
    return parse_created_id(body).map([](std::string id) { return ContainerId(std::move(id)); });
  };
  const auto kept = std::make_shared<KeptSpec>(spec);
  return ask_once<ContainerId>("create container " + spec.name.str(),
                               {"POST", "/containers/create?name=" + query_escaped(spec.name.str()), {}},
                               limits::kEngineChangeTimeout, read, std::move(on_end),
                               wants_devices(spec) ? Needs::kDevices : Needs::kNothing,
                               [kept](EngineMake make) { return to_create_json(kept->spec, make); });
}

EngineClient::CallId EngineClient::start(const ContainerId& id, OnEnd<void> on_end) {
  return change("start" + of(id), {"POST", container_target(id, "/start"), {}}, limits::kEngineChangeTimeout,
                std::move(on_end));
}

EngineClient::CallId EngineClient::stop(const ContainerId& id, milliseconds grace, OnEnd<void> on_end) {
  const auto seconds = std::max<std::int64_t>(std::chrono::ceil<std::chrono::seconds>(grace).count(), 0);
  return change("stop" + of(id), {"POST", container_target(id, "/stop?t=" + std::to_string(seconds)), {}},
                std::max(grace, milliseconds(0)) + limits::kEngineStopMargin, std::move(on_end));
}

EngineClient::CallId EngineClient::kill(const ContainerId& id, OnEnd<void> on_end) {
  return change("kill" + of(id), {"POST", container_target(id, "/kill?signal=SIGKILL"), {}},
                limits::kEngineChangeTimeout, std::move(on_end));
}

EngineClient::CallId EngineClient::remove(const ContainerId& id, OnEnd<void> on_end) {
  return change("remove" + of(id), {"DELETE", container_target(id, "?v=1"), {}}, limits::kEngineChangeTimeout,
                std::move(on_end));
}

EngineClient::CallId EngineClient::images(OnEnd<std::vector<ImageInfo>> on_end) {
  return ask_once<std::vector<ImageInfo>>("list images", {"GET", "/images/json", {}},
                                          limits::kEngineAskTimeout, parse_image_list, std::move(on_end));
}

EngineClient::CallId EngineClient::image(const std::string& reference, OnEnd<ImageInfo> on_end) {
  return ask_once<ImageInfo>("inspect image " + reference, {"GET", image_target(reference, "/json"), {}},
                             limits::kEngineAskTimeout, parse_image_info, std::move(on_end));
}

EngineClient::CallId EngineClient::remove_image(const std::string& reference, OnEnd<void> on_end) {
  return change("remove image " + reference, {"DELETE", image_target(reference, ""), {}},
                limits::kEngineChangeTimeout, std::move(on_end));
}

EngineClient::CallId EngineClient::load_image(ReadArchive archive, OnEnd<void> on_end) {
  const CallId id = begin("load image");
  Question question;
  question.request = {"POST", "/images/load?quiet=1", {}, std::move(archive)};
  question.deadlines.silence = limits::kEngineLoadSilenceMax;
  question.on_answer = [this, id, on_end = std::move(on_end)](const Result<std::string>& answer) {
    const Call kept = forget(id);
    on_end(answer ? parse_load_lines(*answer) : Status(fail(answer.error())));
  };
  ask(id, std::move(question));
  return id;
}

EngineClient::CallId EngineClient::watch(EventListener listener) {
  const CallId id = begin("watch events");
  const auto shared = std::make_shared<EventListener>(std::move(listener));
  const auto events = std::make_shared<EngineEvents>([this, id, shared](const EngineEvent& event) {
    shared->on_event(event);
    return calls_.contains(id);
  });
  Question question;
  question.request = {"GET", events_target(clock_.wall()), {}};
  question.on_sent = [shared] { shared->on_open(); };
  question.on_body = [events](std::string_view bytes) { return events->feed(bytes); };
  question.on_answer = [this, id, shared](const Result<std::string>& answer) {
    const Error error =
        answer ? Error(Code::kUnavailable, "watch events: the container engine ended them") : answer.error();
    api_.reset();
    const Call kept = forget(id);
    shared->on_end(error);
  };
  ask(id, std::move(question));
  return id;
}

}  // namespace holdfast::base
