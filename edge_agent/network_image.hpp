// SPDX-License-Identifier: Apache-2.0
// NetworkImage: the image of the container that owns a pod's network: the agent's own holdfast-shim and nothing else, so that no
// registry is needed for it. It is given to the engine when it is first needed, under a name by its content.
// Threads: one, the engine's.
#pragma once

#include <set>
#include <string>

#include "base/engine.hpp"
#include "edge_agent/driver.hpp"
#include "edge_agent/image_book.hpp"

namespace holdfast::edge_agent {

/// What `docker save` would write of an image of one program, /holdfast-shim.
std::string network_archive(std::string_view shim, const std::string& name);
std::string network_image_name(std::string_view shim);
/// Its first process.
inline constexpr const char* kNetworkProgram = "/holdfast-shim";
inline constexpr const char* kNetworkCommand = "pause";

class NetworkImage {
 public:
  struct Seams {
    base::Engine& engine;
    base::Clock& clock;
    DueListener on_due;
    DueAtListener on_due_at;
  };
  /// `shim`: path of holdfast-shim; read when it is first needed.
  NetworkImage(Seams seams, std::string shim) : seams_(std::move(seams)), shim_(std::move(shim)) {}
  ~NetworkImage();
  NetworkImage(const NetworkImage&) = delete;
  NetworkImage& operator=(const NetworkImage&) = delete;

  ImageLook look(const sync::Claim& asker);
  /// The engine said that it has none.
  void lost() { look_ = {}; }

 private:
  void ask(bool may_load);
  void load();
  void answer(ImageLook look);
  ImageLook failed(const base::Error& error) const;

  Seams seams_;
  std::string shim_;
  ImageLook look_;
  base::Engine::CallId call_ = 0;
  std::set<sync::Claim> askers_;
};

}  // namespace holdfast::edge_agent
