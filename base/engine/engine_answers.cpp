// SPDX-License-Identifier: Apache-2.0
#include "base/engine/engine_answers.hpp"

#include <algorithm>
#include <array>
#include <nlohmann/json.hpp>

#include "base/engine/engine_error.hpp"
#include "base/json.hpp"
#include "base/limits/engine.hpp"
#include "base/time_text.hpp"

namespace holdfast::base {
namespace {

JsonLimits answer_limits() {
  JsonLimits limits = default_json_limits();
  limits.bytes_max = limits::kEngineAnswerBytesMax;
  limits.integers = JsonIntegers::kRounded;  // "timeNano" of each event
  return limits;
}

Result<Json> parsed(std::string_view text) {
  auto json = parse_json(text, answer_limits());
  if (!json) {
    const Code code = json.error().code() == Code::kLimit ? Code::kLimit : Code::kCorrupt;
    return fail(code, "the container engine's answer: " + json.error().message());
  }
  return json;
}

/// What is not of its shape is the engine's fault, not the caller's.
template <class T>
Result<T> shaped(Result<T> value) {
  if (value || value.error().code() != Code::kInvalid) return value;
  return fail(Code::kCorrupt, "the container engine's answer: " + value.error().message());
}

ContainerName name_from(std::string_view text) {
  if (text.starts_with('/')) text.remove_prefix(1);
  return ContainerName(text);
}

/// Podman has words of its own.
ContainerPhase phase_of(std::string_view text) {
  struct Word {
    std::string_view text;
    ContainerPhase phase;
  };
  constexpr std::array kWords{
      Word{"created", ContainerPhase::kCreated},       Word{"configured", ContainerPhase::kCreated},
      Word{"initialized", ContainerPhase::kCreated},   Word{"running", ContainerPhase::kRunning},
      Word{"stopping", ContainerPhase::kRunning},      Word{"paused", ContainerPhase::kPaused},
      Word{"restarting", ContainerPhase::kRestarting}, Word{"removing", ContainerPhase::kRemoving},
      Word{"exited", ContainerPhase::kExited},         Word{"stopped", ContainerPhase::kExited},
  };
  const auto found = std::ranges::find(kWords, text, &Word::text);
  return found == kWords.end() ? ContainerPhase::kDead : found->phase;
}

/// "0001-01-01T00:00:00Z" is never.
std::optional<WallTime> time_of(const std::string& text) {
  const auto time = parse_rfc3339(text);
  if (!time || *time <= WallTime{}) return std::nullopt;
  return *time;
}

Result<ContainerSummary> read_summary(const Json& json, const std::string& where) {
  ContainerSummary out;
  std::string id;
  std::string image_id;
  std::string state;
  std::vector<std::string> names;
  ObjectReader in(json, where);
  in.required("Id", id).optional("Names", names).optional("Image", out.image).optional("ImageID", image_id);
  in.optional("Labels", out.labels).required("State", state);
  HF_CHECK(in.finish_open());
  out.id = ContainerId(std::move(id));
  out.image_id = ImageId(std::move(image_id));
  out.phase = phase_of(state);
  // One that is linked to has more names, each with a slash in it.
  const auto own = std::ranges::find_if(names, [](const std::string& name) { return name.rfind('/') == 0; });
  if (own != names.end()) out.name = name_from(*own);
  return out;
}

/// A machine that lost its power while it ran. podman says "created" with exit code 0 then, other engines "exited" with 0: neither
/// tells how it ended, nor when; it was not before it began.
void read_lost_end(ContainerState& out) {
  if (!out.started) return;
  // The clock may have been set back while it ran, so that one that has exited may have done so before it began.
  const bool is_lost = out.phase == ContainerPhase::kCreated
                           ? !out.finished || *out.finished < *out.started
                           : out.phase == ContainerPhase::kExited && !out.finished;
  if (!is_lost) return;
  out.phase = ContainerPhase::kExited;
  out.exit_code = kExitCodeUnknown;
  out.finished = out.started;
}

Status read_run(const Json& json, const std::string& where, ContainerState& out) {
  std::string status;
  std::string started;
  std::string finished;
  ObjectReader in(json, where);
  in.required("Status", status).optional("ExitCode", out.exit_code).optional("OOMKilled", out.out_of_memory);
  in.optional("Error", out.error).optional("Pid", out.pid);
  in.optional("StartedAt", started).optional("FinishedAt", finished);
  HF_CHECK(in.finish_open());
  out.phase = phase_of(status);
  out.started = time_of(started);
  out.finished = time_of(finished);
  read_lost_end(out);
  return {};
}

Status read_networks(const Json& json, const std::string& where, ContainerState& out) {
  ObjectReader in(json, where);
  in.optional("Networks", [&](const Json& networks, const std::string& at) -> Status {
    if (!networks.is_object()) return fail(Code::kInvalid, at + ": must be an object");
    for (const auto& [name, network] : networks.items()) {
      std::string address;
      ObjectReader one(network, at + "." + name);
      one.optional("IPAddress", address);
      HF_CHECK(one.finish_open());
      if (!address.empty()) out.addresses.push_back(std::move(address));
    }
    return {};
  });
  return in.finish_open();
}

Result<ImageInfo> read_image(const Json& json, const std::string& where) {
  ImageInfo out;
  std::string id;
  std::int64_t size = 0;
  ObjectReader in(json, where);
  in.required("Id", id).optional("RepoTags", out.tags).optional("RepoDigests", out.digests);
  in.optional("Architecture", out.architecture).optional("Os", out.os).optional("Size", size);
  in.optional("Config", [&](const Json& config, const std::string& at) -> Status {
    if (config.is_null()) return {};
    ObjectReader one(config, at);
    one.optional("User", out.user);
    return one.finish_open();
  });
  HF_CHECK(in.finish_open());
  // An image without a name has this one in Docker's list.
  std::erase(out.tags, "<none>:<none>");
  out.id = ImageId(std::move(id));
  out.size_bytes = static_cast<std::uint64_t>(std::max<std::int64_t>(size, 0));
  return out;
}

template <class T, class Read>
Result<std::vector<T>> read_list(std::string_view text, std::size_t count_max, std::string_view what,
                                 Read read) {
  HF_TRY(const Json json, parsed(text));
  if (!json.is_array()) return fail(Code::kCorrupt, "the container engine's answer is no list");
  if (json.size() > count_max) {
    return fail(Code::kLimit,
                "the container engine has more than " + std::to_string(count_max) + " " + std::string(what));
  }
  std::vector<T> out;
  out.reserve(json.size());
  for (std::size_t i = 0; i < json.size(); ++i) {
    HF_TRY(auto one, shaped(read(json[i], "[" + std::to_string(i) + "]")));
    out.push_back(std::move(one));
  }
  return out;
}

/// Of "exec_create: sh" and "health_status: healthy" the first word.
bool says_nothing(std::string_view action) {
  constexpr std::array<std::string_view, 14> kQuiet{
      "exec",   "exec_create", "exec_start",   "exec_detach", "exec_die",       "exec_died", "top",
      "attach", "detach",      "archive-path", "copy",        "extract-to-dir", "resize",    "health_status"};
  return std::ranges::find(kQuiet, action.substr(0, action.find(':'))) != kQuiet.end();
}

}  // namespace

Result<EngineVersion> parse_engine_version(std::string_view text) {
  HF_TRY(const Json json, parsed(text));
  EngineVersion out;
  ObjectReader in(json, "");
  in.required("ApiVersion", out.api).optional("Version", out.version);
  in.optional("Os", out.os).optional("Arch", out.architecture);
  in.each("Components", [&](const Json& component, const std::string& where) -> Status {
    ObjectReader one(component, where);
    std::string name;
    one.optional("Name", name);
    if (out.name.empty()) out.name = std::move(name);
    return one.finish_open();
  });
  if (auto status = shaped(Result<void>(in.finish_open())); !status) return fail(status.error());
  return out;
}

/// Podman's answer has the form of Docker's, and names its Buildah beside.
Result<EngineAbilities> parse_engine_abilities(std::string_view text) {
  HF_TRY(const Json json, parsed(text));
  EngineAbilities out;
  std::string buildah;
  std::vector<std::string> cdi_folders;
  ObjectReader in(json, "");
  in.optional("BuildahVersion", buildah).optional("CDISpecDirs", cdi_folders);
  in.optional("Runtimes", [&](const Json& runtimes, const std::string& at) -> Status {
    if (!runtimes.is_object()) return fail(Code::kInvalid, at + ": must be an object");
    for (const auto& [name, runtime] : runtimes.items()) out.runtimes.push_back(name);
    return {};
  });
  if (auto status = shaped(Result<void>(in.finish_open())); !status) return fail(status.error());
  out.gives_devices = buildah.empty();
  out.knows_cdi = out.gives_devices && !cdi_folders.empty();
  return out;
}

Result<std::string> parse_engine_folder(std::string_view text) {
  HF_TRY(const Json json, parsed(text));
  std::string out;
  ObjectReader in(json, "");
  in.optional("DockerRootDir", out);
  if (auto status = shaped(Result<void>(in.finish_open())); !status) return fail(status.error());
  return out;
}

Result<std::vector<ContainerSummary>> parse_container_list(std::string_view text) {
  return read_list<ContainerSummary>(text, limits::kEngineContainersMax, "containers", read_summary);
}

Result<ContainerState> parse_container_state(std::string_view text) {
  HF_TRY(const Json json, parsed(text));
  ContainerState out;
  std::string id;
  std::string name;
  std::string image;
  ObjectReader in(json, "");
  in.required("Id", id).required("Name", name).optional("Image", image);
  in.required("State",
              [&](const Json& state, const std::string& where) { return read_run(state, where, out); });
  in.optional("Config", [&](const Json& config, const std::string& where) {
    ObjectReader one(config, where);
    one.optional("Labels", out.labels);
    return one.finish_open();
  });
  in.optional("NetworkSettings", [&](const Json& networks, const std::string& where) {
    return read_networks(networks, where, out);
  });
  HF_CHECK(shaped(Result<void>(in.finish_open())));
  out.id = ContainerId(std::move(id));
  out.name = name_from(name);
  out.image_id = ImageId(std::move(image));
  return out;
}

Result<std::vector<ImageInfo>> parse_image_list(std::string_view text) {
  return read_list<ImageInfo>(text, limits::kEngineImagesMax, "images", read_image);
}

Result<ImageInfo> parse_image_info(std::string_view text) {
  HF_TRY(const Json json, parsed(text));
  return shaped(read_image(json, ""));
}

Result<std::string> parse_created_id(std::string_view text) {
  HF_TRY(const Json json, parsed(text));
  std::string id;
  ObjectReader in(json, "");
  in.required("Id", id);
  HF_CHECK(shaped(Result<void>(in.finish_open())));
  if (id.empty()) return fail(Code::kCorrupt, "the container engine's answer: Id is empty");
  return id;
}

Result<ExecState> parse_exec_state(std::string_view text) {
  HF_TRY(const Json json, parsed(text));
  ExecState out;
  ObjectReader in(json, "");
  in.required("Running", out.is_running).optional("ExitCode", out.exit_code);
  HF_CHECK(shaped(Result<void>(in.finish_open())));
  return out;
}

Status parse_load_lines(std::string_view text) {
  while (!text.empty()) {
    const auto end = text.find('\n');
    const std::string_view line = text.substr(0, end);
    text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
    const auto json = parse_json(line);
    if (!json || !json->is_object()) continue;  // words for people
    const auto error = json->find("error");
    if (error == json->end() || !error->is_string()) continue;
    // Docker has no status for it any more by then.
    return fail(engine_error("load image", 500, engine_message(error->get_ref<const std::string&>())));
  }
  return {};
}

Result<std::optional<EngineEvent>> parse_engine_event(std::string_view line) {
  HF_TRY(const Json json, parsed(line));
  std::string type;
  std::string action;
  std::string id;
  std::map<std::string, std::string> attributes;
  ObjectReader in(json, "");
  in.required("Type", type).required("Action", action);
  in.required("Actor", [&](const Json& actor, const std::string& where) {
    ObjectReader one(actor, where);
    one.required("ID", id).optional("Attributes", attributes);
    return one.finish_open();
  });
  HF_CHECK(shaped(Result<void>(in.finish_open())));
  if (type != "container" || says_nothing(action)) return std::nullopt;
  const auto name = attributes.find("name");
  return EngineEvent{ContainerId(std::move(id)),
                     name == attributes.end() ? ContainerName() : ContainerName(name->second)};
}

}  // namespace holdfast::base
