// SPDX-License-Identifier: Apache-2.0
// Jetson releases: which L4T (Jetson Linux) a board has, and in which JetPack NVIDIA shipped it.
// Threads: plain values.
#pragma once

#include <string>
#include <string_view>

namespace holdfast::edge_agent {

/// Of /etc/nv_tegra_release, whose first line is "# R36 (release), REVISION: 4.3, GCID: …": "36.4.3". Empty: it is not that.
std::string l4t_release(std::string_view nv_tegra_release);

/// "36.4.3" → "6.2"; empty for one that is not in the table, because a guess would be believed. From NVIDIA's JetPack archive,
/// https://developer.nvidia.com/embedded/jetpack-archive (production releases).
std::string_view jetpack_of(std::string_view l4t);

}  // namespace holdfast::edge_agent
