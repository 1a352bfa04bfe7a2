// SPDX-License-Identifier: Apache-2.0
#include "base/image_archive_contract.hpp"

#include <array>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <nlohmann/json.hpp>
#include <string_view>

#include "base/digest.hpp"
#include "base/plain_file.hpp"

namespace holdfast::base {
namespace {

constexpr std::size_t kBlock = 512;
constexpr std::size_t kProgramBytesMax = 16U << 20U;
constexpr std::string_view kProgram = "/bin/busybox";

#if defined(__aarch64__)
constexpr std::string_view kArchitecture = "arm64";
#else
constexpr std::string_view kArchitecture = "amd64";
#endif

/// The fields of a ustar header that matter here, at their places.
void put(std::string& header, std::size_t at, std::string_view text) {
  std::memcpy(header.data() + at, text.data(), text.size());
}
std::string octal(std::uint64_t value, int digits) {
  std::array<char, 32> text{};
  std::snprintf(text.data(), text.size(), "%0*llo", digits, static_cast<unsigned long long>(value));
  return text.data();
}

std::string entry(const std::string& name, char type, const std::string& link, std::string_view content) {
  std::string header(kBlock, '\0');
  put(header, 0, name);
  put(header, 100, "0000755");
  put(header, 108, "0000000");
  put(header, 116, "0000000");
  put(header, 124, octal(content.size(), 11));
  put(header, 136, octal(0, 11));
  put(header, 148, "        ");
  header[156] = type;
  put(header, 157, link);
  put(header, 257,
      std::string_view("ustar\0"
                       "00",
                       8));
  unsigned sum = 0;
  for (const char c : header) sum += static_cast<unsigned char>(c);
  put(header, 148, octal(sum, 6) + '\0');
  std::string out = header + std::string(content);
  out.resize((out.size() + kBlock - 1) / kBlock * kBlock, '\0');
  return out;
}

std::string closed(std::string tar) { return tar.append(2 * kBlock, '\0'); }

}  // namespace

std::string busybox_archive(const std::string& name) {
  const auto program = read_plain_file(std::string(kProgram), kProgramBytesMax);
  if (!program) {
    std::fprintf(stderr, "the contract suite cannot set up: %s (Debian's busybox-static)\n",
                 program.error().message().c_str());
    std::abort();
  }
  std::string layer = entry("bin/", '5', "", "") + entry("bin/busybox", '0', "", *program);
  for (const char* applet : {"cat", "echo", "env", "head", "id", "ls", "sh", "sleep", "touch", "yes"})
    layer += entry(std::string("bin/") + applet, '2', "busybox", "");
  layer += entry("opt/", '5', "", "") + entry("opt/of-the-image", '0', "", "x");
  layer = closed(std::move(layer));
  const nlohmann::json config = {
      {"architecture", kArchitecture},
      {"os", "linux"},
      {"config", {{"Env", {"PATH=/bin"}}, {"Cmd", {"sh"}}}},
      {"rootfs", {{"type", "layers"}, {"diff_ids", {"sha256:" + Digest::of(layer).hex()}}}}};
  const nlohmann::json manifest =
      nlohmann::json::array({{{"Config", "config.json"}, {"RepoTags", {name}}, {"Layers", {"layer.tar"}}}});
  return closed(entry("config.json", '0', "", config.dump()) + entry("layer.tar", '0', "", layer) +
                entry("manifest.json", '0', "", manifest.dump()));
}

}  // namespace holdfast::base
