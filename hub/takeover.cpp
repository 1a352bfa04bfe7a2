// SPDX-License-Identifier: Apache-2.0
#include "hub/takeover.hpp"

#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <utility>

#include "base/limits/hub.hpp"
#include "base/log.hpp"

namespace holdfast::hub {

using base::Code;
using base::fail;
using base::Status;
namespace limits = base::limits;

namespace {

constexpr std::string_view kDisconnect{"\xe0\x00", 2};
constexpr std::size_t kAnswerBytes = 4;  ///< CONNACK
constexpr const char* kNotEnded = "a session at the broker could not be ended";

void append_text(std::string& out, std::string_view text) {
  out += static_cast<char>(text.size() >> 8U);
  out += static_cast<char>(text.size() & 0xffU);
  out += text;
}

}  // namespace

std::string connect_packet(const std::string& client_id, const TakeoverOptions& options) {
  constexpr char kLevel = 4;                             // 3.1.1
  constexpr char kFlags = static_cast<char>(0xc2);       // user, password, clean session
  constexpr std::string_view kKeepAlive("\x00\x3c", 2);  // 60 s
  std::string rest;
  append_text(rest, "MQTT");
  rest += kLevel;
  rest += kFlags;
  rest += kKeepAlive;
  append_text(rest, client_id);
  append_text(rest, options.user);
  append_text(rest, options.password);
  std::string out = "\x10";
  for (std::size_t left = rest.size(); true;) {
    const auto low = static_cast<unsigned char>(left & 0x7fU);
    left >>= 7U;
    out += static_cast<char>(left > 0 ? low | 0x80U : low);
    if (left == 0) break;
  }
  return out + rest;
}

Takeover::Takeover(base::EventLoop& loop, TakeoverOptions options)
    : loop_(loop), options_(std::move(options)), timer_(loop.timer([this] {
        // Either nothing was asked yet, or no answer came in time.
        const bool was_asked = static_cast<bool>(socket_);
        close();
        if (was_asked) return give_up_or_wait({base::Code::kTimeout, "the broker did not answer"});
        next();
      })) {}

Takeover::~Takeover() { close(); }

void Takeover::end_session(const sync::NodeUid& uid) {
  waiting_.push_back(uid);
  if (waiting_.size() == 1) next();
}

void Takeover::next() {
  if (waiting_.empty() || socket_) return;
  const auto asked = ask(waiting_.front());
  if (asked) return timer_->set(limits::kTakeoverTimeout);
  close();
  give_up_or_wait(asked.error());
}

void Takeover::give_up_or_wait(const base::Error& why) {
  if (++attempts_ < limits::kTakeoverAttemptsMax) return timer_->set(limits::kTakeoverTimeout);
  base::log::failure(kNotEnded, waiting_.front().str(), why);
  waiting_.pop_front();
  attempts_ = 0;
  if (!waiting_.empty()) timer_->set(std::chrono::milliseconds(0));
}

Status Takeover::ask(const sync::NodeUid& uid) {
  sockaddr_un where{};
  where.sun_family = AF_UNIX;
  if (options_.socket.size() >= sizeof where.sun_path)
    return fail(Code::kUnsupported, options_.socket + ": is too long for the name of a socket");
  std::memcpy(where.sun_path, options_.socket.data(), options_.socket.size());
  socket_ = base::Fd(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  if (!socket_) return fail(base::Error::from_errno(errno, "making a socket"));
  if (::connect(socket_.get(), reinterpret_cast<const sockaddr*>(&where), sizeof where) != 0)
    return fail(base::Error::from_errno(errno, options_.socket));
  // A new Unix socket takes this little at once.
  const auto packet = connect_packet(uid.str(), options_);
  if (::send(socket_.get(), packet.data(), packet.size(), MSG_NOSIGNAL) !=
      static_cast<ssize_t>(packet.size()))
    return fail(base::Error::from_errno(errno, options_.socket));
  return loop_.watch(socket_.get(), base::Ready::kRead, [this](base::Ready) { on_answer(); });
}

void Takeover::on_answer() {
  std::array<char, kAnswerBytes> answer{};
  const auto size = ::recv(socket_.get(), answer.data(), answer.size(), 0);
  if (size < 0 && errno == EAGAIN) return;
  const bool taken = size == static_cast<ssize_t>(kAnswerBytes) && answer[0] == 0x20 && answer[3] == 0;
  if (taken) {
    static_cast<void>(::send(socket_.get(), kDisconnect.data(), kDisconnect.size(), MSG_NOSIGNAL));
    ++ended_;
    base::log::recovered(kNotEnded, waiting_.front().str());
  } else if (++attempts_ < limits::kTakeoverAttemptsMax) {
    close();
    return timer_->set(limits::kTakeoverTimeout);
  } else {
    base::log::failure(kNotEnded, waiting_.front().str(),
                       {Code::kPermission, options_.socket + ": the broker refused it"});
  }
  waiting_.pop_front();
  attempts_ = 0;
  close();
  timer_->cancel();
  if (!waiting_.empty()) timer_->set(std::chrono::milliseconds(0));
}

void Takeover::close() {
  if (!socket_) return;
  loop_.unwatch(socket_.get());
  socket_ = base::Fd();
}

}  // namespace holdfast::hub
