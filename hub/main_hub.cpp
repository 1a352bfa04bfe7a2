// SPDX-License-Identifier: Apache-2.0
// holdfast-hub: the controller. `serve` is all that most people need.
#include <sys/prctl.h>

#include <CLI/CLI.hpp>
#include <csignal>
#include <cstdio>

#include "base/absolute_path.hpp"
#include "base/file_io.hpp"
#include "base/limits/documents.hpp"
#include "base/log.hpp"
#include "base/system_clock.hpp"
#include "base/system_random.hpp"
#include "base/time_text.hpp"
#include "base/typed_words.hpp"
#include "base/version.hpp"
#include "hub/backup.hpp"
#include "hub/hub_options.hpp"
#include "hub/hub_program.hpp"
#include "hub/log_sink.hpp"
#include "hub/recovery.hpp"
#include "hub/rotation.hpp"
#include "hub/sealing_key_file.hpp"

namespace {

using namespace holdfast;

constexpr int kFailed = 1;
constexpr int kUsedWrongly = 2;
constexpr const char* kRotatable = "signing-key, ca or sealing-key";

/// As typed; empty where nothing was.
struct Typed {
  std::string data, listen, broker, store, config, poll, node_certificate_life, log_level;
  std::string source, path = ".", ref = "HEAD";
  std::string token_file, ssh_key_file, known_hosts_file, ca_file, username;
  std::string recovery_key, rotated, trust, readmit;
  std::string backup_to, restore_from;
  std::vector<std::string> except;
  bool drop_old = false;
  std::vector<std::string> advertise;
  bool broker_stops = false;
};

void add_options(CLI::App& serve, Typed& typed) {
  serve.add_option("--data", typed.data, "Folder of the hub's state (default /var/lib/holdfast/hub)");
  serve.add_option("--listen", typed.listen, "ADDR:PORT of the API (default 0.0.0.0:8443)");
  serve.add_option("--broker", typed.broker, "embedded[:PORT] (default, 8883) or mqtts://HOST:PORT");
  serve.add_option("--store", typed.store, "lmdb (default): the store in the hub's data folder");
  serve.add_flag("--broker-stops-with-hub", typed.broker_stops,
                 "End the embedded broker too; else it goes on running");
  serve.add_option("--advertise", typed.advertise,
                   "Name or address by which nodes reach this hub; may be repeated");
  serve.add_option("--source", typed.source,
                   "Git repository from which the hub manages itself: URL, or path of a folder");
  serve.add_option("--path", typed.path, "Folder of the Application manifests in it");
  serve.add_option("--ref", typed.ref, "Branch, tag or commit (default: the remote's HEAD)");
  serve.add_option("--source-username", typed.username, "User for --source-token-file");
  serve.add_option("--source-token-file", typed.token_file, "File with a token for https");
  serve.add_option("--source-ssh-key", typed.ssh_key_file, "Private key file for ssh");
  serve.add_option("--known-hosts", typed.known_hosts_file, "Host keys to believe for ssh; needed with ssh");
  serve.add_option("--source-ca", typed.ca_file, "CA file for https with a private CA");
  serve.add_option("--poll", typed.poll, "How often Git is asked (default 30s, jittered)");
  serve.add_option(
      "--node-certificate-life", typed.node_certificate_life,
      "How long a node's certificate holds (default 2160h, 90 days); it is renewed at two thirds");
  serve.add_option("--recovery-key", typed.recovery_key,
                   "File with the recovery key, to sign changed addresses for the nodes; it is not kept");
  serve.add_option("--config", typed.config, "JSON file with the same names; what is typed wins");
  serve.add_option("--log-level", typed.log_level, "debug, info, warn or error");
}

base::Status take_source(const Typed& typed, hub::HubOptions& out) {
  if (typed.source.empty()) return {};
  HF_TRY(const auto url, hub::read_source_url(typed.source));
  out.root = hub::RootSource{"root", url, typed.path, typed.ref};
  const bool has_access = !typed.token_file.empty() || !typed.ssh_key_file.empty() ||
                          !typed.ca_file.empty() || !typed.known_hosts_file.empty();
  if (!has_access) return {};
  out.repositories.push_back(
      {url, typed.username, typed.token_file, typed.ssh_key_file, typed.known_hosts_file, typed.ca_file});
  return {};
}

base::Result<hub::HubOptions> options_of(const Typed& typed) {
  hub::HubOptions out;
  if (!typed.config.empty()) {
    HF_TRY(const auto text, base::read_file(typed.config, base::limits::kJsonBytesMax));
    if (auto read = hub::read_config(text, out); !read) {
      return base::fail(std::move(read).error().with_context(typed.config));
    }
  }
  if (!typed.data.empty()) out.data = typed.data;
  HF_TRY(out.data, base::absolute_path(out.data));
  if (!typed.listen.empty()) HF_CHECK(hub::read_listen(typed.listen, out));
  if (!typed.store.empty()) HF_CHECK(hub::read_store(typed.store));
  if (!typed.broker.empty()) HF_CHECK(hub::read_broker(typed.broker, out));
  if (!typed.advertise.empty()) out.advertise = typed.advertise;
  HF_CHECK(hub::check_advertised(out.advertise));
  HF_CHECK(hub::check_ports_differ(out));
  out.recovery_key = typed.recovery_key;
  if (!typed.log_level.empty()) out.log_level = typed.log_level;
  if (!typed.poll.empty()) HF_CHECK(hub::read_poll(typed.poll, out));
  if (!typed.node_certificate_life.empty())
    HF_CHECK(hub::read_node_certificate_life(typed.node_certificate_life, out));
  out.broker_stops_with_hub = out.broker_stops_with_hub || typed.broker_stops;
  HF_CHECK(take_source(typed, out));
  return out;
}

int complain(const base::Error& error, int code) {
  std::fprintf(stderr, "holdfast-hub: %s\n", error.message().c_str());
  return code;
}

base::Status serve(const hub::HubOptions& options) {
  if (!options.log_level.empty()) {
    HF_TRY(const auto level, base::log::parse_level(options.log_level));
    base::log::set_level(level);
  }
  hub::use_log_sink();
  HF_TRY(const auto program, hub::HubProgram::create(options));
  return program->run();
}

void say_backup(const char* what, const hub::BackupManifest& backup) {
  std::uint64_t bytes = 0;
  for (const auto& file : backup.files) bytes += file.bytes;
  std::printf("%s: fleet %s, of %s, %zu files, %llu bytes\n", what, backup.fleet.str().c_str(),
              base::to_rfc3339_seconds(backup.made).c_str(), backup.files.size(),
              static_cast<unsigned long long>(bytes));
}

int back_up_hub(const Typed& typed) {
  const auto options = options_of(typed);
  if (!options) return complain(options.error(), kUsedWrongly);
  const auto done = hub::back_up(hub::DataFolder(options->data), typed.backup_to, base::SystemClock().wall());
  if (!done) return complain(done.error(), kFailed);
  say_backup("backed up", *done);
  return 0;
}

int restore_hub(const Typed& typed) {
  const auto options = options_of(typed);
  if (!options) return complain(options.error(), kUsedWrongly);
  const auto done = hub::restore(hub::DataFolder(options->data), typed.restore_from);
  if (!done) return complain(done.error(), kFailed);
  say_backup("restored", done->backup);
  if (!done->set_aside.empty())
    std::printf("what was there is in %s; remove it when all is well\n", done->set_aside.c_str());
  std::puts(
      "start the hub: nodes keep what they hold, and nothing is sent before every repository was fetched");
  return 0;
}

int check_store(const Typed& typed) {
  const auto options = options_of(typed);
  if (!options) return complain(options.error(), kUsedWrongly);
  if (hub::is_backup(options->data)) {
    const auto checked = hub::check_backup(options->data);
    if (!checked) return complain(checked.error(), kFailed);
    say_backup("the backup is sound", *checked);
    return 0;
  }
  const hub::DataFolder folder(options->data);
  if (const auto checked = hub::check_is_data_folder(folder); !checked)
    return complain(checked.error(), kFailed);
  if (const auto checked = hub::check_whole_store(folder); !checked)
    return complain(checked.error(), kFailed);
  std::printf("the store of the data folder %s is sound\n", folder.root().c_str());
  return 0;
}

CLI::App* add_rotate(CLI::App& app, Typed& typed) {
  auto* rotate = app.add_subcommand(
      "rotate",
      "Make a new signing key or CA for the fleet, with the hub stopped; nodes follow by themselves");
  rotate->add_option("what", typed.rotated, kRotatable)->required();
  rotate->add_option("--data", typed.data, "Folder of the hub's state");
  rotate->add_option("--recovery-key", typed.recovery_key, "File with the recovery key; not for sealing-key");
  rotate->add_flag("--drop-old", typed.drop_old,
                   "The old signing keys are known to others: nobody is to believe them any more");
  return rotate;
}

/// Nodes believe nothing by it, so it takes no recovery key.
int rotate_sealing(const Typed& typed) {
  if (typed.drop_old) {
    return complain({base::Code::kInvalid,
                     "--drop-old is for signing-key: what Git holds is sealed to the old sealing keys"},
                    kUsedWrongly);
  }
  const auto options = options_of(typed);
  if (!options) return complain(options.error(), kUsedWrongly);
  base::SystemRandom random;
  const auto key =
      hub::rotate_sealing_key(hub::DataFolder(options->data), random, base::SystemClock().wall());
  if (!key) return complain(key.error(), kFailed);
  std::printf(
      "sealing key %s is the new one; start the hub. What is sealed to the old ones is still opened; back up "
      "sealing.key anew\n",
      key->id().hex().c_str());
  return 0;
}

int rotate_keys(const Typed& typed) {
  if (typed.rotated == "sealing-key") return rotate_sealing(typed);
  if (typed.rotated != "ca" && typed.rotated != "signing-key")
    return complain({base::Code::kInvalid, "rotate: \"" + typed.rotated + "\": write " + kRotatable},
                    kUsedWrongly);
  if (typed.recovery_key.empty())
    return complain({base::Code::kInvalid, "--recovery-key is needed: it signs what nodes believe"},
                    kUsedWrongly);
  const bool is_ca = typed.rotated == "ca";
  if (is_ca && typed.drop_old) {
    return complain(
        {base::Code::kInvalid,
         "--drop-old is for signing-key: without the old CA no node that was away could show who it is"},
        kUsedWrongly);
  }
  const auto options = options_of(typed);
  if (!options) return complain(options.error(), kUsedWrongly);
  base::SystemRandom random;
  const hub::RotationOrder order{.what = is_ca ? hub::Rotated::kCa : hub::Rotated::kSigningKey,
                                 .old = typed.drop_old ? hub::OldKeys::kDrop : hub::OldKeys::kKeep,
                                 .recovery_key = typed.recovery_key};
  const auto version = hub::rotate(hub::DataFolder(options->data), order, base::SystemClock().wall(), random);
  if (!version) return complain(version.error(), kFailed);
  std::printf("trust document %llu names the new %s; start the hub, nodes follow\n",
              static_cast<unsigned long long>(*version), is_ca ? "CA" : "signing key");
  return 0;
}

CLI::App* add_recover(CLI::App& app, Typed& typed) {
  auto* recover = app.add_subcommand(
      "recover",
      "Make a hub for a fleet whose hub lost its store, or all but the recovery key; nodes come back to it "
      "by themselves and keep what they run");
  recover->add_option("--data", typed.data, "Folder of the hub's state");
  recover->add_option("--recovery-key", typed.recovery_key,
                      "File with the recovery key, where the hub's keys are lost, too");
  recover->add_option("--trust", typed.trust, "With it: trust.json from the data folder of any node");
  recover->add_option("--readmit", typed.readmit,
                      "How long nodes of the fleet are taken back that the hub does not know (default 720h)");
  recover->add_option("--except", typed.except, "spec.uid of a node that is not taken back; may be repeated");
  return recover;
}

base::Result<hub::RecoveryOrder> recovery_of(const Typed& typed) {
  hub::RecoveryOrder out{.recovery_key = typed.recovery_key, .trust = typed.trust};
  if (!typed.readmit.empty()) {
    HF_TRY(out.readmit, base::parse_duration(typed.readmit));
    if (out.readmit > base::limits::kReadmitMax)
      return base::fail(base::Code::kLimit, "--readmit: at most 17520h (2 years)");
  }
  if (typed.except.size() > base::limits::kReadmitExceptMax)
    return base::fail(base::Code::kLimit, "--except: at most 1000 uids");
  for (const auto& uid : typed.except) {
    auto node = hub::parse_node_uid(uid);
    if (!node) return base::fail(std::move(node).error().with_context("--except"));
    out.except.insert(*std::move(node));
  }
  return out;
}

int recover_hub(const Typed& typed) {
  const auto options = options_of(typed);
  if (!options) return complain(options.error(), kUsedWrongly);
  const auto order = recovery_of(typed);
  if (!order) return complain(order.error(), kUsedWrongly);
  base::SystemRandom random;
  const auto now = base::SystemClock().wall();
  const auto done = hub::recover(hub::DataFolder(options->data), *order, now, random);
  if (!done) return complain(done.error(), kFailed);
  std::printf("recovered; nodes are taken back until %s. Start the hub: the nodes come by themselves\n",
              base::to_rfc3339_seconds(now + order->readmit).c_str());
  return 0;
}

}  // namespace

int main(int argc, char** argv) {
  std::signal(SIGPIPE, SIG_IGN);
  // Whatever it is told to do, it holds the fleet's keys: no core file, and nobody of its own user looks into it.
  ::prctl(PR_SET_DUMPABLE, 0);
  CLI::App app("holdfast-hub: works out from Git what each node must hold, and tells them.");
  app.set_version_flag("--version", std::string("holdfast-hub ") + base::kVersion);
  app.require_subcommand(1);
  if (const auto checked = base::check_typed_words({argv + 1, argv + argc}); !checked)
    return complain(checked.error(), kUsedWrongly);
  Typed typed;
  add_options(*app.add_subcommand("serve", "Run the hub; makes all it needs at its first start"), typed);
  auto* check_command = app.add_subcommand(
      "check", "Read every record of the store of a hub that does not run, or of a backup");
  check_command->add_option("--data", typed.data, "Folder of the hub's state, or of a backup");
  auto* backup_command =
      app.add_subcommand("backup", "Copy keys and store as they are at one moment; the hub may run");
  backup_command->add_option("--data", typed.data, "Folder of the hub's state");
  backup_command->add_option("--to", typed.backup_to, "New folder for it; it holds the hub's private keys")
      ->required();
  auto* restore_command = app.add_subcommand(
      "restore", "Put a backup back, with the hub stopped; what is there is set aside, not lost");
  restore_command->add_option("--data", typed.data, "Folder of the hub's state");
  restore_command->add_option("--from", typed.restore_from, "Folder of the backup")->required();
  auto* rotate_command = add_rotate(app, typed);
  auto* recover_command = add_recover(app, typed);
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    if (error.get_exit_code() == 0) return app.exit(error);  // help and version
    const auto parsed = app.get_subcommands();
    const auto command = parsed.empty() ? "" : " " + parsed.front()->get_name();
    return complain(
        {base::Code::kInvalid, std::string(error.what()) + "\nSee `holdfast-hub" + command + " --help`."},
        kUsedWrongly);
  }
  if (check_command->parsed()) return check_store(typed);
  if (rotate_command->parsed()) return rotate_keys(typed);
  if (recover_command->parsed()) return recover_hub(typed);
  if (backup_command->parsed()) return back_up_hub(typed);
  if (restore_command->parsed()) return restore_hub(typed);
  const auto options = options_of(typed);
  if (!options) return complain(options.error(), kUsedWrongly);
  const auto done = serve(*options);
  return done ? 0 : complain(done.error(), kFailed);
}
