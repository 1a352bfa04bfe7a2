// SPDX-License-Identifier: Apache-2.0
// The seams as a program in the simulator sees them: the fakes, watched. Each call that changes something is a
// point at which the program may die, is shown to the invariants first, and stands in the trace.
// Threads: one.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "base/fake_host.hpp"
#include "sync/link/fake_link.hpp"
#include "sync/store/fake_store.hpp"
#include "test/sim/fuse.hpp"

namespace holdfast::sim {

/// A store whose machine went down ends the program at once instead of letting it see errors. Each record is shown before
/// it is put.
class SimStore final : public sync::Store {
 public:
  using OnPut = std::function<void(sync::Table table, std::string_view key, std::string_view value)>;
  SimStore(sync::FakeStore& inner, Fuse& fuse, OnPut on_put);
  base::Status read(const std::function<base::Status(sync::ReadTxn&)>& work) override;
  base::Status write(const std::function<base::Status(sync::WriteTxn&)>& work) override;

 private:
  base::Status end(base::Status status);
  sync::FakeStore& inner_;
  OnPut on_put_;
  bool thrown_ = false;
};

/// Who looks over an agent's shoulder.
class HostWatcher {
 public:
  virtual ~HostWatcher() = default;
  virtual void before_write(const base::FileWrite& write) = 0;
  virtual void before_mark(const std::string& path) = 0;
  virtual void before_attributes(const std::string& path) = 0;
  virtual void before_remove(const std::string& path) = 0;
  virtual void before_start(const base::ProcessStart& start) = 0;
  virtual void before_stop(const base::ProcessId& id) = 0;
  virtual void before_forget(const base::ProcessId& id) = 0;
  /// Done, and successfully.
  virtual void after(const std::string& what) = 0;
};

class SimHost final : public base::Host {
 public:
  SimHost(base::FakeHost& inner, Fuse& fuse, HostWatcher& watcher)
      : inner_(inner), fuse_(fuse), watcher_(watcher) {}

  base::Result<base::FileInfo> stat(const std::string& path) override { return inner_.stat(path); }
  base::Result<std::string> read_file(const std::string& path, std::size_t bytes_max) override {
    return inner_.read_file(path, bytes_max);
  }
  base::Result<base::Digest> digest_file(const std::string& path) override {
    return inner_.digest_file(path);
  }
  base::Result<base::FileInfo> write_file(const base::FileWrite& write) override;
  base::Result<base::FileInfo> set_attributes(const std::string& path, std::uint32_t mode,
                                              std::optional<std::uint32_t> uid,
                                              std::optional<std::uint32_t> gid) override;
  base::Status remove_file(const std::string& path) override;
  base::Result<std::string> read_mark(const std::string& path) override { return inner_.read_mark(path); }
  base::Status write_mark(const std::string& path, const std::string& mark) override;
  base::Result<std::uint32_t> user_id(const std::string& user) override { return inner_.user_id(user); }
  base::Result<std::uint32_t> group_id(const std::string& group) override { return inner_.group_id(group); }
  base::Status watch_path(const std::string& path) override { return inner_.watch_path(path); }
  void unwatch_path(const std::string& path) override { inner_.unwatch_path(path); }
  base::Result<base::ProcessStatus> start_process(const base::ProcessStart& start) override;
  base::Result<base::ProcessStatus> process(const base::ProcessId& id) override { return inner_.process(id); }
  base::Result<std::vector<base::ProcessStatus>> processes() override { return inner_.processes(); }
  base::Status stop_process(const base::ProcessId& id, std::chrono::milliseconds grace) override;
  base::Status forget_process(const base::ProcessId& id, bool with_logs) override;
  base::Status start_probe(const base::ProbeStart& probe) override;
  void cancel_probe(const std::string& id) override { inner_.cancel_probe(id); }
  std::string boot_id() override { return inner_.boot_id(); }
  void on_event(OnEvent listener) override { inner_.on_event(std::move(listener)); }

 private:
  template <class T>
  base::Result<T> done(const std::string& what, base::Result<T> result);

  base::FakeHost& inner_;
  Fuse& fuse_;
  HostWatcher& watcher_;
};

/// A link whose callbacks run under the box's guard, and whose messages are shown.
class SimLink final : public sync::Link {
 public:
  using Guard = std::function<void(const std::function<void()>&)>;
  using Tap = std::function<void(const std::string& topic, const std::string& payload)>;
  SimLink(sync::FakeBroker& broker, std::string client_id, Fuse& fuse, Guard guard, Tap tap)
      : inner_(broker, std::move(client_id)), fuse_(fuse), guard_(std::move(guard)), tap_(std::move(tap)) {}

  void start() override { inner_.start(); }
  void stop() override { inner_.stop(); }
  sync::LinkState state() const override { return inner_.state(); }
  base::Status publish(const std::string& topic, std::string payload, sync::Delivery delivery) override;
  void subscribe(const std::string& filter) override { inner_.subscribe(filter); }
  void set_will(const std::string& topic, std::string payload) override {
    inner_.set_will(topic, std::move(payload));
  }
  void set_reconnect_window(std::chrono::milliseconds window) override {
    inner_.set_reconnect_window(window);
  }
  void on_message(OnMessage listener) override;
  void on_state(OnState listener) override;
  void on_writable(std::function<void()> listener) override;

 private:
  sync::FakeLink inner_;
  Fuse& fuse_;
  Guard guard_;
  Tap tap_;
};

}  // namespace holdfast::sim
