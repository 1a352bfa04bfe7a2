// SPDX-License-Identifier: Apache-2.0
// Secrets in Git, and new keys to which they are sealed.
#include "test/sim/canary.hpp"
#include "test/sim/workload.hpp"

namespace holdfast::sim {

using std::chrono::milliseconds;

/// One with a value that was never there, and a file that it is in.
void Workload::put_secret(FolderModel& folder) {
  const std::string name = "pw";
  folder.secrets[name] = seal_secret(name, canary(++secrets_), world_.hub->sealing_key());
  auto path = "/srv/secret/" + name_of(folder);
  folder.files["secret"] = {path, folder.secrets[name].value, 0600, name};
}

void Workload::change_secret() {
  const std::string application = any_application();
  // Where a fact could place it, it is refused.
  if (world_.oracle.applications().at(application).reads_facts()) return;
  auto& folder = repository_["apps/" + application];
  if (!folder.secrets.empty() && chance(25)) {
    folder.secrets.clear();
    folder.files.erase("secret");
    return commit("removes the secret of " + name_of(folder));
  }
  put_secret(folder);
  commit("secret of " + name_of(folder));
}

void Workload::rotate_sealing_key() {
  if (chance(70)) return any_node().rotate_sealing_key();
  world_.hub->stop_for(milliseconds(1 + below(5'000)));
  world_.hub->rotate_sealing_key();
  world_.trace.add("hub", "has another sealing key");
}

}  // namespace holdfast::sim
