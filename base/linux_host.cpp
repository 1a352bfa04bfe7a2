// SPDX-License-Identifier: Apache-2.0
#include "base/linux_host.hpp"

#include "base/account_names.hpp"
#include "base/limits/agent.hpp"
#include "base/process_identity.hpp"

namespace holdfast::base {

Result<std::unique_ptr<LinuxHost>> LinuxHost::create(EventLoop& loop, Options options) {
  HF_TRY(Beneath beneath,
         Beneath::open(options.root, options.use_openat2 ? PathWalk::kBest : PathWalk::kByHand));
  if (!options.own_folder.empty()) HF_CHECK(beneath.forbid(options.own_folder));
  std::unique_ptr<LinuxHost> host(new LinuxHost(loop, std::move(options), std::move(beneath)));
  HF_CHECK(host->open());
  return host;
}

LinuxHost::LinuxHost(EventLoop& loop, Options options, Beneath beneath)
    : loop_(loop),
      options_(std::move(options)),
      boot_id_(options_.boot_id ? *options_.boot_id : read_boot_id()),
      files_(std::move(beneath)),
      probes_(loop, options_.use_pidfd, [this](const std::string& id, bool ok, const std::string& detail) {
        tell(HostEventKind::kProbe, id, ok, detail);
      }) {}

LinuxHost::~LinuxHost() {
  if (watch_) loop_.unwatch(watch_->fd());
}

Status LinuxHost::open() {
  HF_TRY(watch_, FileWatch::create(files_.beneath()));
  HF_CHECK(loop_.watch(watch_->fd(), Ready::kRead, [this](Ready) {
    for (const std::string& path : watch_->take_changes()) tell(HostEventKind::kPath, path);
  }));
  ProcessHost::Options options;
  options.run_dir = options_.run_dir;
  options.log_dir = options_.log_dir;
  options.shim_path = options_.shim_path;
  options.boot_id = boot_id_;
  options.use_pidfd = options_.use_pidfd;
  options.use_cgroups = options_.use_cgroups;
  HF_TRY(processes_, ProcessHost::open(loop_, std::move(options), [this](const std::string& instance) {
           tell(HostEventKind::kProcess, instance);
         }));
  return {};
}

void LinuxHost::tell(HostEventKind kind, const std::string& name, bool ok, const std::string& detail) {
  if (!listener_) return;
  const OnEvent listener = listener_;  // it may set another one
  listener(HostEvent{kind, name, ok, detail});
}

// ---- files ----

Result<FileInfo> LinuxHost::stat(const std::string& path) { return files_.stat(path); }
Result<std::string> LinuxHost::read_file(const std::string& path, std::size_t bytes_max) {
  return files_.read(path, bytes_max);
}
Result<Digest> LinuxHost::digest_file(const std::string& path) { return files_.digest(path); }
Result<FileInfo> LinuxHost::write_file(const FileWrite& write) { return files_.write(write); }
Result<FileInfo> LinuxHost::set_attributes(const std::string& path, std::uint32_t mode,
                                           std::optional<std::uint32_t> uid,
                                           std::optional<std::uint32_t> gid) {
  return files_.set_attributes(path, mode, uid, gid);
}
Status LinuxHost::remove_file(const std::string& path) { return files_.remove(path); }
Result<std::string> LinuxHost::read_mark(const std::string& path) { return files_.read_mark(path); }
Status LinuxHost::write_mark(const std::string& path, const std::string& mark) {
  return files_.write_mark(path, mark);
}
Status LinuxHost::watch_path(const std::string& path) { return watch_->watch(path); }
void LinuxHost::unwatch_path(const std::string& path) { watch_->unwatch(path); }

Result<std::string> LinuxHost::account_file(const std::string& path) {
  HF_TRY(const FileInfo info, files_.stat(path));
  CachedFile& cached = accounts_[path];
  if (cached.stamp != info.stamp) {
    HF_TRY(cached.text, files_.read(path, limits::kAccountFileBytesMax));
    cached.stamp = info.stamp;
  }
  return cached.text;
}

Result<std::uint32_t> LinuxHost::user_id(const std::string& user) {
  if (is_number(user)) return parse_id(user);
  auto passwd = account_file("/etc/passwd");
  if (!passwd) return fail(std::move(passwd).error().with_context("user '" + user + "'"));
  return user_id_in(*passwd, user);
}

Result<std::uint32_t> LinuxHost::group_id(const std::string& group) {
  if (is_number(group)) return parse_id(group);
  auto groups = account_file("/etc/group");
  if (!groups) return fail(std::move(groups).error().with_context("group '" + group + "'"));
  return group_id_in(*groups, group);
}

// ---- processes and probes ----

Result<ProcessStatus> LinuxHost::start_process(const ProcessStart& start) { return processes_->start(start); }
Result<ProcessStatus> LinuxHost::process(const ProcessId& id) { return processes_->status(id); }
Result<std::vector<ProcessStatus>> LinuxHost::processes() { return processes_->all(); }
Status LinuxHost::stop_process(const ProcessId& id, std::chrono::milliseconds grace) {
  return processes_->stop(id, grace);
}
Status LinuxHost::forget_process(const ProcessId& id, bool with_logs) {
  return processes_->forget(id, with_logs);
}
Status LinuxHost::start_probe(const ProbeStart& probe) { return probes_.start(probe); }
void LinuxHost::cancel_probe(const std::string& id) { probes_.cancel(id); }

}  // namespace holdfast::base
