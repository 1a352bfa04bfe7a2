// SPDX-License-Identifier: Apache-2.0
#include "test/sim/seams.hpp"

#include <algorithm>

namespace holdfast::sim {

using base::FakeProgram;
using base::Result;
using base::Status;

// ---- store ----

namespace {

class WatchedTxn final : public sync::WriteTxn {
 public:
  WatchedTxn(sync::WriteTxn& inner, const SimStore::OnPut& on_put) : inner_(inner), on_put_(on_put) {}
  Result<std::optional<std::string>> get(sync::Table table, std::string_view key) override {
    return inner_.get(table, key);
  }
  Status scan_past(sync::Table table, std::string_view prefix, const Each& each,
                   const Damaged& damaged) override {
    return inner_.scan_past(table, prefix, each, damaged);
  }
  Status put(sync::Table table, std::string_view key, std::string_view value) override {
    on_put_(table, key, value);
    return inner_.put(table, key, value);
  }
  Status erase(sync::Table table, std::string_view key) override { return inner_.erase(table, key); }

 private:
  sync::WriteTxn& inner_;
  const SimStore::OnPut& on_put_;
};

}  // namespace

SimStore::SimStore(sync::FakeStore& inner, Fuse& fuse, OnPut on_put)
    : inner_(inner), on_put_(std::move(on_put)) {
  inner_.on_commit([&fuse] {
    if (fuse.burns()) return sync::FakeStore::AtCommit::kCrashBefore;
    if (fuse.burns()) return sync::FakeStore::AtCommit::kCrashAfter;
    return sync::FakeStore::AtCommit::kCommit;
  });
}

Status SimStore::end(Status status) {
  if (!inner_.crashed() || thrown_) return status;
  thrown_ = true;  // destructors that write on the way out see an error like any other
  throw Crash{};
}

Status SimStore::read(const std::function<Status(sync::ReadTxn&)>& work) { return end(inner_.read(work)); }
Status SimStore::write(const std::function<Status(sync::WriteTxn&)>& work) {
  return end(inner_.write([&](sync::WriteTxn& txn) {
    WatchedTxn watched(txn, on_put_);
    return work(watched);
  }));
}

// ---- host ----

template <class T>
Result<T> SimHost::done(const std::string& what, Result<T> result) {
  if (result) watcher_.after(what);
  fuse_.point();
  return result;
}

Result<base::FileInfo> SimHost::write_file(const base::FileWrite& write) {
  fuse_.point();
  watcher_.before_write(write);
  return done("write " + write.path, inner_.write_file(write));
}

Result<base::FileInfo> SimHost::set_attributes(const std::string& path, std::uint32_t mode,
                                               std::optional<std::uint32_t> uid,
                                               std::optional<std::uint32_t> gid) {
  fuse_.point();
  watcher_.before_attributes(path);
  return done("attributes " + path, inner_.set_attributes(path, mode, uid, gid));
}

Status SimHost::remove_file(const std::string& path) {
  fuse_.point();
  watcher_.before_remove(path);
  return done("remove " + path, inner_.remove_file(path));
}

Status SimHost::write_mark(const std::string& path, const std::string& mark) {
  fuse_.point();
  watcher_.before_mark(path);
  return done("mark " + path, inner_.write_mark(path, mark));
}

/// What a program does is written in its arguments: "exits" dies at once, "ends" ends well after a while, anything else runs.
Result<base::ProcessStatus> SimHost::start_process(const base::ProcessStart& start) {
  fuse_.point();
  watcher_.before_start(start);
  FakeProgram program;
  if (std::ranges::find(start.argv, "exits") != start.argv.end()) {
    program.exits_with = 1;
    program.exits_after = std::chrono::milliseconds{50};
  }
  if (std::ranges::find(start.argv, "ends") != start.argv.end()) {
    program.exits_with = 0;
    program.exits_after = std::chrono::seconds{3};
  }
  if (std::ranges::find(start.argv, "slow") != start.argv.end()) program.stop_takes = std::chrono::seconds{2};
  inner_.set_program(start.id, program);
  return done("start " + start.id.instance, inner_.start_process(start));
}

Status SimHost::stop_process(const base::ProcessId& id, std::chrono::milliseconds grace) {
  fuse_.point();
  watcher_.before_stop(id);
  return done("stop " + id.instance, inner_.stop_process(id, grace));
}

Status SimHost::forget_process(const base::ProcessId& id, bool with_logs) {
  fuse_.point();
  watcher_.before_forget(id);
  return done("forget " + id.instance, inner_.forget_process(id, with_logs));
}

Status SimHost::start_probe(const base::ProbeStart& probe) {
  base::FakeProbeAnswer answer;
  if (probe.exec) answer.ok = std::ranges::find(probe.exec->argv, "no") == probe.exec->argv.end();
  inner_.set_probe(probe.id, answer);
  return inner_.start_probe(probe);
}

// ---- link ----

Status SimLink::publish(const std::string& topic, std::string payload, sync::Delivery delivery) {
  fuse_.point();
  const std::string copy = payload;
  Status status = inner_.publish(topic, std::move(payload), delivery);
  if (status) tap_(topic, copy);
  fuse_.point();
  return status;
}

void SimLink::on_message(OnMessage listener) {
  inner_.on_message([this, listener = std::move(listener)](const std::string& topic, std::string payload) {
    if (listener) guard_([&] { listener(topic, std::move(payload)); });
  });
}

void SimLink::on_state(OnState listener) {
  inner_.on_state([this, listener = std::move(listener)](sync::LinkState state, const std::string& why) {
    if (listener) guard_([&] { listener(state, why); });
  });
}

void SimLink::on_writable(std::function<void()> listener) {
  inner_.on_writable([this, listener = std::move(listener)] {
    if (listener) guard_(listener);
  });
}

}  // namespace holdfast::sim
