// SPDX-License-Identifier: Apache-2.0
#include "edge_agent/fake_pulls.hpp"

#include <cassert>
#include <memory>
#include <nlohmann/json.hpp>

#include "edge_agent/image_records.hpp"
#include "edge_agent/registry/image_archive.hpp"

namespace holdfast::edge_agent {

using base::Digest;
using nlohmann::json;

namespace {

base::ImageInfo info_of(const PulledImage& image, const std::string& name) {
  return {.id = base::ImageId("sha256:" + image.config.hex()),
          .tags = {name},
          .digests = {},
          .architecture = "amd64",
          .os = "linux",
          .size_bytes = 1};
}

}  // namespace

class FakePulls::Handle final : public RunningPull {
 public:
  explicit Handle(FakePulls& pulls) : pulls_(pulls) { ++pulls_.running; }
  ~Handle() override { --pulls_.running; }
  Handle(const Handle&) = delete;
  Handle& operator=(const Handle&) = delete;

 private:
  FakePulls& pulls_;
};

StartPull FakePulls::start() {
  return [this](const PullJob& job, PullListener listener) -> base::Result<std::unique_ptr<RunningPull>> {
    jobs.push_back(job);
    listener_ = std::move(listener);
    return std::make_unique<Handle>(*this);
  };
}

void FakePulls::fail_with(base::Code code, std::optional<std::chrono::seconds> retry_after) {
  const auto on_end = listener_.on_end;
  on_end(base::fail(code, "it is so"), retry_after);
}

Digest FakePulls::put(const std::string& bytes) {
  const auto stored = store_.put(Digest::of(bytes), bytes);
  assert(stored);
  static_cast<void>(stored);
  return Digest::of(bytes);
}

PulledImage FakePulls::end(base::FakeEngine& engine, const std::string& content) {
  const auto blob = [&](const std::string& bytes, const std::string& type) {
    return json{{"mediaType", type}, {"size", bytes.size()}, {"digest", "sha256:" + put(bytes).hex()}};
  };
  const std::string config = "config of " + content;
  const json manifest = {{"config", blob(config, "application/vnd.oci.image.config.v1+json")},
                         {"layers", {blob(content, "application/vnd.oci.image.layer.v1.tar")}}};
  PulledImage out;
  out.manifest = out.asked = put(manifest.dump());
  out.config = Digest::of(config);
  out.layers = {Digest::of(content)};
  const std::string name = image_name(jobs.back().image, out.manifest);
  auto archive = ImageArchive::open(store_, out.manifest, name);
  std::string bytes;
  for (auto got = archive->read(4'096); !got->empty(); got = archive->read(4'096)) bytes += *got;
  engine.know_archive(bytes, info_of(out, name));
  const auto on_end = listener_.on_end;
  on_end(out, std::nullopt);
  return out;
}

void FakePulls::end_present(const PulledImage& image) {
  PulledImage out = image;
  out.is_in_engine = true;
  const auto on_end = listener_.on_end;
  on_end(out, std::nullopt);
}

void FakePulls::end_there(base::FakeEngine& engine, const std::string& content) {
  PulledImage image;
  image.manifest = image.asked = Digest::of("manifest of " + content);
  image.config = Digest::of("config of " + content);
  engine.add_image(info_of(image, image_name(jobs.back().image, image.manifest)));
  end_present(image);
}

}  // namespace holdfast::edge_agent
