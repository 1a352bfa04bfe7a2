// SPDX-License-Identifier: Apache-2.0
// What to do when the store is damaged: copy what still reads into a fresh store, and fill the inventory
// again from the marks on the host. Corruption is never answered with an empty inventory, and nothing is
// deleted on a rebuilt one before the hub has spoken.
// Threads: one.
#pragma once

#include "edge_agent/live.hpp"
#include "edge_agent/marks.hpp"
#include "sync/store/store.hpp"

namespace holdfast::edge_agent {

/// Copies every record that can be read, by the keys that are known of it, and forbids deletes. Files and their names
/// are edge_agent/store_rescue.hpp's; afterwards a new Engine boots on what was `fresh`.
base::Status rescue_store(sync::Store& damaged, sync::Store& fresh);

/// Adds what the host shows to be ours: processes by their run folders, files where a section claims them.
base::Status rebuild_inventory(Parts& parts, base::Host& host, const Marks& marks);
/// Once the hub has spoken: tells of every process of ours that no application asks for, and of what the inventory holds for
/// an application of which nothing is known. It is left alone, for nobody said that it should go.
void tell_strays(const Parts& parts, base::Host& host, const Marks& marks);
/// The same of containers: of each resource that containers carry our mark for, and that neither inventory nor applications know.
/// REQUIRES: the cache is known.
void tell_stray_containers(const Parts& parts, const ContainerCache& cache, const Marks& marks);

}  // namespace holdfast::edge_agent
