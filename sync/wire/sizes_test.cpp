// SPDX-License-Identifier: Apache-2.0
// Bytes on the wire of what happens most: an equal join, one image changed, one status changed. Sizes of frames, not
// times; MQTT and TLS come on top.
#include <gtest/gtest.h>

#include "base/fake_random.hpp"
#include "sync/model/kinds.hpp"
#include "sync/model/section.hpp"
#include "sync/model/snapshot.hpp"
#include "sync/wire/messages.hpp"
#include "sync/wire/state_base.hpp"

namespace holdfast::sync {
namespace {

using base::Digest;

constexpr std::size_t kApplications = 12;
constexpr std::size_t kStatuses = 9;

std::string uid_of(std::size_t i) {
  return Digest::of("application " + std::to_string(i)).hex().substr(0, 36);
}
std::string commit_of(int number) {
  return Digest::of("commit " + std::to_string(number)).hex().substr(0, 40);
}

SectionBody body_of(std::size_t i, const std::string& image, int commit) {
  const std::string name = "camera-" + std::to_string(i);
  const std::string manifest = R"({"apiVersion":"holdfast.dev/v1","kind":"Process","metadata":{"name":")" +
                               name + R"(","labels":{"app":")" + name +
                               R"(","team":"vision"}},"spec":{"command":["/usr/bin/grabber","--image",)" +
                               R"("registry.example.com/vision/)" + name + image +
                               R"("],"args":["--fps","30","--port","80)" + std::to_string(10 + i) +
                               R"("],"readinessProbe":{"httpGet":{"port":8080}}}})";
  const auto resource = parse_resource(std::string_view(manifest));
  EXPECT_TRUE(resource) << resource.error().message();
  SectionBody body;
  body.bytes = encode_section({{}, {*resource}});
  body.digest = Digest::of(body.bytes);
  body.provenance = encode_provenance({{resource->key, "https://git.example.com/fleet.git",
                                        Revision(commit_of(commit)), "apps/" + name + "/all.yaml", 1}});
  return body;
}

struct Desired {
  DesiredHeader header;
  SignedHeader sealed;
  std::vector<SectionBody> bodies;
};

/// `images[i]` is what application i runs. Applications are sorted by their uids, so they come as uids have it.
Desired desired(std::uint64_t sequence, const std::map<std::string, std::pair<std::string, int>>& images) {
  base::FakeRandom random(1);
  const auto key = base::SigningKey::generate(random);
  Desired out;
  out.header = {FleetId("f1ee7000-0000-4000-8000-000000000000"),
                NodeUid("5e0d8f6c-9a9e-4b53-a6ee-0a8bff1c2d33"),
                {1, sequence},
                kDesiredSchema,
                {},
                {}};
  for (const auto& [uid, image] : images) {
    std::size_t number = 0;
    while (uid_of(number) != uid) ++number;
    auto body = body_of(number, image.first, image.second);
    SectionRef ref;
    ref.application = ApplicationUid(uid);
    ref.name = "camera-" + std::to_string(number);
    ref.revision = Revision(commit_of(image.second));
    ref.digest = body.digest;
    ref.provenance = Digest::of(body.provenance);
    out.header.sections.push_back(ref);
    out.bodies.push_back(std::move(body));
  }
  out.sealed = sign_header(out.header, key);
  return out;
}

std::string tagged(int number) { return ":1.4." + std::to_string(number); }
std::string pinned(int number) { return "@sha256:" + Digest::of("image " + std::to_string(number)).hex(); }

/// Twelve applications of one commit; then one image changes with the next.
struct OneImageChanged {
  explicit OneImageChanged(std::string (*image)(int)) {
    std::map<std::string, std::pair<std::string, int>> images;
    for (std::size_t i = 0; i < kApplications; ++i) images[uid_of(i)] = {image(static_cast<int>(i)), 1};
    before = desired(16, images);
    images[uid_of(5)] = {image(99), 2};
    after = desired(17, images);
    while (after.bodies[changed].digest == before.bodies[changed].digest) ++changed;
  }
  FrameBase base() const {
    const StateBase name{state_base_header(Digest::of(before.sealed.bytes)),
                         {{static_cast<std::uint16_t>(changed), true}}};
    const auto& body = before.bodies[changed];
    return {encode_state_base(name),
            *state_base_bytes(
                name, before.sealed, before.header.sections, [&](const SectionRef&) { return body.bytes; },
                [&](const SectionRef&) { return body.provenance; })};
  }
  State state() const { return {after.sealed, {after.bodies[changed]}}; }

  Desired before;
  Desired after;
  std::size_t changed = 0;
};

TEST(Sizes, AnEqualJoinIsBelowTwoHundredBytes) {
  EXPECT_LE(encode_frame(encode(Hello{"0b0070f0-0000-4000-8000-000000000001",
                                      {3, 17},
                                      {3, 17},
                                      Digest::of("a"),
                                      Digest::of("b"),
                                      Digest::of("c"),
                                      false,
                                      1,
                                      2}))
                .size(),
            200U);
}

/// Beyond header and signature: what the frame has more than one of the new header and signature alone, on the same
/// base. Of it 32 bytes are the section's digest, and of a pinned image 32 more are the image's.
void expect_image_change(const OneImageChanged& change, std::size_t beyond_header_max,
                         std::size_t frame_max) {
  const auto whole = encode_frame(encode(State{change.after.sealed, change.after.bodies}));
  const auto delta = encode_frame(encode(change.state()), change.base());
  const auto header = encode_frame(encode(State{change.after.sealed, {}}), change.base());
  ASSERT_TRUE(is_delta(delta));
  EXPECT_LE(delta.size() - header.size(), beyond_header_max) << "the header takes " << header.size();
  EXPECT_LE(delta.size(), frame_max) << "of " << whole.size();
}

TEST(Sizes, OneTagOfAnImageChangedInTwelveApplications) {
  expect_image_change(OneImageChanged(tagged), 100, 350);
}

TEST(Sizes, OneDigestOfAnImageChangedInTwelveApplications) {
  expect_image_change(OneImageChanged(pinned), 130, 400);
}

TEST(Sizes, OneStatusChangedAmongNine) {
  Snapshot snapshot;
  snapshot.node = NodeUid("5e0d8f6c-9a9e-4b53-a6ee-0a8bff1c2d33");
  snapshot.accepted = snapshot.applied = {3, 17};
  snapshot.content = Digest::of("content");
  snapshot.boot_id = "0b0070f0-0000-4000-8000-000000000001";
  snapshot.agent_version = "0.1.0";
  snapshot.conditions = {{"DeletesAllowed", "True", "Proven", ""}, {"StateVerified", "True", "Verified", ""}};
  snapshot.facts = {{"arch", "arm64"}, {"kernel", "5.10.120-tegra"}, {"os", "debian-12"}};
  for (std::size_t i = 0; i < kStatuses; ++i) {
    const auto digest = Digest::of(std::to_string(i));
    SectionStatus section{
        ApplicationUid(uid_of(i)), "camera-" + std::to_string(i), digest,           digest, digest, {},
        SectionPhase::kSynced,     SyncStatus::kSynced,           Health::kHealthy, "",     "",     {}};
    section.resources.push_back({{"holdfast.dev", "Process", "default", section.name},
                                 SyncStatus::kSynced,
                                 Health::kHealthy,
                                 "",
                                 ""});
    snapshot.sections.push_back(std::move(section));
  }
  std::sort(snapshot.sections.begin(), snapshot.sections.end(),
            [](const auto& a, const auto& b) { return a.application < b.application; });
  const auto before = encode(SnapshotReport{encode_snapshot(snapshot), all_abilities()}).body;
  auto& section = snapshot.sections[4];
  section.health = section.resources[0].health = Health::kDegraded;
  section.resources[0].reason = "ProbeFailed";
  section.resources[0].message = "readiness: connection refused";
  const auto after = encode(SnapshotReport{encode_snapshot(snapshot), all_abilities()});
  const auto delta = encode_frame(after, up_base(before));
  EXPECT_LE(delta.size(), 130U) << "of " << encode_frame(after).size();
}

}  // namespace
}  // namespace holdfast::sync
