// SPDX-License-Identifier: Apache-2.0
// FakeBoards: machines as the files of their kernels, each a small table of path and content, made of documented paths (docs/facts.md).
// FakeBoard writes one below a folder, where tests can then change what it tells.
// Threads: one.
#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace holdfast::edge_agent {

using BoardFiles = std::vector<std::pair<std::string, std::string>>;

BoardFiles jetson_agx_orin();    ///< JetPack 6.2
BoardFiles jetson_agx_xavier();  ///< JetPack 5.1.2
BoardFiles jetson_nano();        ///< JetPack 4.6.1
BoardFiles raspberry_pi_4();
BoardFiles raspberry_pi_5();
BoardFiles x86_gateway();
BoardFiles x86_with_nvidia_cards(int count);  ///< the gateway, with cards beside its own GPU

/// Gone with its folder when it is destroyed.
class FakeBoard {
 public:
  /// Below `folder`, which is there.
  FakeBoard(const std::string& folder, const BoardFiles& files);
  ~FakeBoard();
  FakeBoard(const FakeBoard&) = delete;
  FakeBoard& operator=(const FakeBoard&) = delete;

  const std::string& root() const { return root_; }
  void put(const std::string& path, std::string_view content) const;
  void remove(const std::string& path) const;

 private:
  std::string root_;
};

}  // namespace holdfast::edge_agent
