// SPDX-License-Identifier: Apache-2.0
#include "sync/link/fake_link.hpp"

#include <algorithm>
#include <utility>

#include "base/limits/wire.hpp"
#include "sync/link/topic_filter.hpp"

namespace holdfast::sync {

using base::Code;
using base::fail;
using std::chrono::milliseconds;

// ---- FakeBroker: time ----

std::optional<base::MonotonicTime> FakeBroker::next_due() const {
  if (events_.empty()) return std::nullopt;
  return events_.begin()->first.first;
}

std::size_t FakeBroker::step(base::MonotonicTime now) {
  std::size_t ran = 0;
  for (; !events_.empty() && events_.begin()->first.first <= now; ++ran) {
    const auto what = std::move(events_.begin()->second);
    events_.erase(events_.begin());
    what();
  }
  return ran;
}

void FakeBroker::at(base::MonotonicTime when, std::function<void()> what) {
  events_.emplace(std::pair(when, ++order_), std::move(what));
}

void FakeBroker::after(milliseconds delay, std::function<void()> what) {
  at(clock_.monotonic() + delay, std::move(what));
}

milliseconds FakeBroker::delay() {
  const auto spread = static_cast<std::uint64_t>((faults_.delay_max - faults_.delay_min).count());
  return faults_.delay_min + milliseconds(random_.below(spread + 1));
}

base::MonotonicTime FakeBroker::in_order(base::MonotonicTime& last) {
  last = std::max(last, clock_.monotonic() + delay());
  return last;
}

// ---- FakeBroker: sessions ----

FakeBroker::Session* FakeBroker::find(const std::string& client_id, Number number) {
  const auto found = sessions_.find(client_id);
  return found != sessions_.end() && found->second.number == number ? &found->second : nullptr;
}

void FakeBroker::attempt(FakeLink& link) {
  if (!up_) {
    link.failed("connection refused");
  } else if (partitioned_.contains(link.client_id_)) {
    // The attempt costs what a real one does before it is given up.
    const std::weak_ptr<const bool> alive = link.alive_;
    after(base::limits::kConnectTimeout, [alive, &link, number = link.attempt_] {
      if (!alive.expired() && link.started_ && link.attempt_ == number) link.failed("no answer in time");
    });
  } else {
    accept(link);
  }
}

void FakeBroker::accept(FakeLink& link) {
  if (sessions_.contains(link.client_id_))
    cut(link.client_id_, "taken over by another with the same client id");
  Session& session = sessions_[link.client_id_];
  session.number = ++numbers_;
  session.link = &link;
  session.filters = link.filters_;
  session.will = link.will_;
  const std::string client_id = link.client_id_;
  const Number number = session.number;
  link.connected(number);
  for (const auto& [topic, payload] : retained_) {
    Session* const still = find(client_id, number);
    if (still == nullptr) return;
    deliver(client_id, *still, {topic, payload, Delivery::kRetained});
  }
}

// The client's end is gone: with a goodbye, or because its process ended (which its kernel tells the broker).
void FakeBroker::detach(const std::string& client_id, Number number, bool goodbye) {
  Session* const session = find(client_id, number);
  if (session == nullptr) return;
  session->link = nullptr;
  if (session->silent) return;  // nobody hears it; the keep-alive ends it
  if (goodbye) session->will.reset();
  // A goodbye comes after what was said before it; a death may lose that.
  at(goodbye ? in_order(session->last_up) : clock_.monotonic(), [this, client_id, number] {
    if (find(client_id, number) != nullptr) cut(client_id, "gone");
  });
}

void FakeBroker::cut(const std::string& client_id, const std::string& why) {
  const auto node = sessions_.extract(client_id);
  if (node.empty()) return;
  const Session& session = node.mapped();
  if (session.will) route({session.will->first, session.will->second, Delivery::kRetained});
  if (session.link != nullptr) session.link->failed(why);
}

void FakeBroker::give_up(const std::string& client_id, Number number, Number silence) {
  const Session* const session = find(client_id, number);
  if (session != nullptr && session->silent && session->silence == silence)
    cut(client_id, "the keep-alive passed");
}

void FakeBroker::silence(Session& session, const std::string& client_id) {
  session.silent = true;
  session.silence = ++numbers_;
  after(keep_alive_, [this, client_id, number = session.number, silence = session.silence] {
    give_up(client_id, number, silence);
  });
}

void FakeBroker::partition(const std::string& client_id) {
  if (!partitioned_.insert(client_id).second) return;
  const auto found = sessions_.find(client_id);
  if (found != sessions_.end()) silence(found->second, client_id);
}

void FakeBroker::heal(const std::string& client_id) {
  partitioned_.erase(client_id);
  const auto found = sessions_.find(client_id);
  if (found == sessions_.end()) return;
  Session& session = found->second;
  session.silent = false;
  for (auto& what : std::exchange(session.parked, {})) at(in_order(session.last_down), std::move(what));
  if (session.link == nullptr) {
    session.silent = true;  // its process ended meanwhile: now the broker learns it
    after(milliseconds(0), [this, client_id, number = session.number] {
      if (find(client_id, number) != nullptr) cut(client_id, "gone");
    });
  }
}

void FakeBroker::down() {
  up_ = false;
  retained_.clear();
  for (auto& [client_id, session] : std::exchange(sessions_, {})) {
    if (session.link == nullptr) continue;
    const std::weak_ptr<const bool> alive = session.link->alive_;
    after(milliseconds(0), [alive, link = session.link, number = session.number] {
      if (!alive.expired() && link->up_ && link->session_ == number)
        link->failed("the broker closed the connection");
    });
  }
}

// ---- FakeBroker: messages ----

void FakeBroker::send(const std::string& client_id, Number number, Message message) {
  Session* const session = find(client_id, number);
  if (session == nullptr) return;  // the broker is gone and the client does not know it yet
  at(in_order(session->last_up),
     [this, client_id, number, message = std::move(message)] { take(client_id, number, message); });
}

void FakeBroker::take(const std::string& client_id, Number number, const Message& message) {
  Session* const session = find(client_id, number);
  if (session == nullptr) return;
  if (session->silent) {
    session->parked.push_back([this, client_id, number, message] { take(client_id, number, message); });
    return;
  }
  ++published_;
  if (message.delivery == Delivery::kAtMostOnce) ++published_at_most_once_;
  at(in_order(session->last_down), [this, client_id, number] { acknowledge(client_id, number); });
  route(message);
}

void FakeBroker::route(const Message& message) {
  const bool retain = message.delivery == Delivery::kRetained;
  if (retain && message.payload.empty()) retained_.erase(message.topic);
  if (retain && !message.payload.empty()) retained_[message.topic] = message.payload;
  for (auto& [client_id, session] : sessions_) deliver(client_id, session, message);
}

void FakeBroker::deliver(const std::string& client_id, Session& to, const Message& message) {
  const bool wanted = std::ranges::any_of(
      to.filters, [&](const std::string& filter) { return topic_matches(filter, message.topic); });
  if (!wanted || chance(faults_.loss)) return;
  const auto hand = [this, client_id, number = to.number, message] { hand_over(client_id, number, message); };
  const auto late = [&] { return clock_.monotonic() + delay() + random_.jitter(faults_.reorder_max); };
  at(chance(faults_.reorder) ? late() : in_order(to.last_down), hand);
  if (chance(faults_.duplicate)) at(late(), hand);
}

void FakeBroker::hand_over(const std::string& client_id, Number number, const Message& message) {
  Session* const session = find(client_id, number);
  if (session == nullptr || session->link == nullptr) return;
  if (session->silent) {
    session->parked.push_back([this, client_id, number, message] { hand_over(client_id, number, message); });
    return;
  }
  ++delivered_;
  // A copy: a listener may end its link (a crash that the simulator stages).
  if (const auto listener = session->link->on_message_) listener(message.topic, message.payload);
}

void FakeBroker::acknowledge(const std::string& client_id, Number number) {
  Session* const session = find(client_id, number);
  if (session == nullptr || session->link == nullptr) return;
  if (session->silent) {
    session->parked.push_back([this, client_id, number] { acknowledge(client_id, number); });
    return;
  }
  session->link->acknowledged();
}

std::optional<std::string> FakeBroker::retained(const std::string& topic) const {
  const auto found = retained_.find(topic);
  if (found == retained_.end()) return std::nullopt;
  return found->second;
}

// ---- FakeLink ----

FakeLink::FakeLink(FakeBroker& broker, std::string client_id)
    : broker_(broker), client_id_(std::move(client_id)) {}

FakeLink::~FakeLink() { broker_.detach(client_id_, session_, false); }

void FakeLink::start() {
  if (started_) return;
  started_ = true;
  try_after(milliseconds(0));
}

void FakeLink::stop() {
  started_ = false;
  ++attempt_;
  up_ = false;
  broker_.detach(client_id_, session_, true);
}

void FakeLink::try_after(milliseconds delay) {
  const std::weak_ptr<const bool> alive = alive_;
  broker_.after(delay, [this, alive, number = ++attempt_] {
    if (!alive.expired() && started_ && attempt_ == number) broker_.attempt(*this);
  });
}

base::Status FakeLink::publish(const std::string& topic, std::string payload, Delivery delivery) {
  if (payload.size() > base::limits::kPacketBytesMax) {
    return fail(Code::kLimit, topic + ": a message of " + std::to_string(payload.size()) + " bytes");
  }
  if (!up_ || in_flight_ == base::limits::kInFlightMax) {
    refused_ = true;
    return fail(Code::kUnavailable, up_ ? "too many messages on their way" : "the broker is not reached");
  }
  ++in_flight_;
  broker_.send(client_id_, session_, {topic, std::move(payload), delivery});
  return {};
}

void FakeLink::connected(FakeBroker::Number number) {
  up_ = true;
  session_ = number;
  in_flight_ = 0;
  const std::weak_ptr<const bool> alive = alive_;
  if (const auto listener = on_state_) listener(LinkState::kUp, "connected");
  if (!alive.expired()) offer_room();
}

void FakeLink::failed(const std::string& why) {
  up_ = false;
  if (started_) try_after(std::max(broker_.random_.jitter(window_), milliseconds(1)));
  if (const auto listener = on_state_) listener(LinkState::kDown, why);
}

void FakeLink::acknowledged() {
  if (in_flight_ == base::limits::kInFlightMax) refused_ = true;
  --in_flight_;
  offer_room();
}

void FakeLink::offer_room() {
  if (!up_ || !refused_) return;
  refused_ = false;
  if (const auto listener = on_writable_) listener();
}

}  // namespace holdfast::sync
