// SPDX-License-Identifier: Apache-2.0
#include "edge_agent/fake_unit_story.hpp"

#include <nlohmann/json.hpp>

namespace holdfast::edge_agent {

std::string service(const std::string& program, const std::string& more) {
  return "[Service]\nExecStart=" + program + "\n" + more + kInstall;
}

std::string spec(const std::string& unit, const std::string& content, const base::Json& more) {
  base::Json out = more;
  out["name"] = unit;
  out["content"] = content;
  if (!out.contains("enabled")) out["enabled"] = true;
  if (!out.contains("state")) out["state"] = "running";
  return out.dump();
}

std::string spec(const std::string& unit, const std::string& content) {
  return spec(unit, content, base::Json::object());
}

FakeApp camera(const std::string& content) {
  return FakeApp("app").unit_spec("camera", spec("camera.service", content));
}

FakeApp ssh(const std::string& more) {
  return FakeApp("app").unit_spec("ssh", R"({"name":"ssh.service",)" + more + "}");
}

}  // namespace holdfast::edge_agent
