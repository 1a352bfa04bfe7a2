// SPDX-License-Identifier: Apache-2.0
// UnitStory: a node with systemd, and applications with units for tests of what becomes of them: "camera.service", whose
// whole file is ours, and "ssh.service", which the distribution brings.
// Threads: one.
#pragma once

#include <string>
#include <vector>

#include "base/json.hpp"
#include "edge_agent/fake_node.hpp"

namespace holdfast::edge_agent {

inline const std::string kInstall = "\n[Install]\nWantedBy=multi-user.target\n";

std::string service(const std::string& program, const std::string& more = "");

/// Enabled and running where `more` does not say otherwise.
std::string spec(const std::string& unit, const std::string& content, const base::Json& more);
std::string spec(const std::string& unit, const std::string& content);

FakeApp camera(const std::string& content = service("/bin/camera"));

/// `more`: members of its spec.
FakeApp ssh(const std::string& more);

struct UnitStory {
  void want(const FakeApp& app) {
    node.desire({app});
    node.pass(std::chrono::seconds(5));
  }
  void want_nothing() {
    node.desire({}, {removal_of(FakeApp("app"), sync::RemovalMode::kPrune, true)});
    node.pass(std::chrono::seconds(5));
  }
  std::vector<std::string> changes() { return node.units.changes(); }
  sync::ResourceStatus camera_status() { return node.resource("Unit/camera"); }
  FakeNode node;
};

}  // namespace holdfast::edge_agent
