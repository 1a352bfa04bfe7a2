// SPDX-License-Identifier: Apache-2.0
#include "base/engine/engine_error.hpp"

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "base/json.hpp"
#include "base/limits/engine.hpp"

namespace holdfast::base {
namespace {

struct Row {
  const char* name;
  int status;
  std::string message;
  Code code;
};

TEST(EngineError, SaysWhatDockerAndPodmanMean) {
  const std::vector<Row> rows = {
      {"bad parameter", 400, "invalid mount config", Code::kInvalid},
      {"not allowed", 403, "authorization denied by plugin", Code::kPermission},
      {"no such container", 404, "No such container: abc", Code::kNotFound},
      {"Docker, name taken", 409, "Conflict. The container name \"/x\" is already in use", Code::kConflict},
      {"podman, name taken", 500,
       "creating container storage: the container name \"x\" is already in use by 12: that name is already "
       "in use",
       Code::kConflict},
      {"podman, it runs", 500, "cannot remove container 12 as it is running: container state improper",
       Code::kConflict},
      {"disk full", 500, "write /var/lib/docker/tmp/x: no space left on device", Code::kNoSpace},
      {"disk full, in another status", 400, "no space left on device", Code::kInvalid},
      {"no such program", 500, "OCI runtime create failed: exec: \"x\": not found", Code::kIo},
      {"not implemented", 501, "", Code::kUnsupported},
      {"not ready", 503, "", Code::kUnavailable},
  };
  for (const Row& row : rows) {
    const Error error = engine_error("start container 4f3c", row.status, row.message);
    EXPECT_EQ(to_string(error.code()), to_string(row.code)) << row.name;
  }
}

TEST(EngineError, NamesCallStatusAndTheEnginesOwnWords) {
  EXPECT_EQ(engine_error("start container 4f3c", 500, "it is broken").message(),
            "start container 4f3c: the container engine answers 500: it is broken");
  EXPECT_EQ(engine_error("ping", 503, "").message(), "ping: the container engine answers 503");
}

TEST(EngineError, ItsWordsAreOneShortLineOfText) {
  EXPECT_EQ(engine_message(R"({"message":"no such\nimage\u0007","response":404})"), "no such image");
  EXPECT_EQ(engine_message(R"({"error":"x"})"), R"({"error":"x"})");
  EXPECT_EQ(engine_message("404 page not found\n"), "404 page not found");
  EXPECT_EQ(engine_message("caf\xe9"), "caf?");
  EXPECT_EQ(engine_message(""), "");
  std::string fits(limits::kEngineMessageBytesMax, 'x');
  EXPECT_EQ(engine_message(fits), fits);
  EXPECT_EQ(engine_message(fits + "y"), fits + "…");
  // Cut between characters, never within one.
  fits.back() = '\xc3';
  EXPECT_EQ(engine_message(fits + "\xa9 and more"),
            std::string(limits::kEngineMessageBytesMax - 1, 'x') + "…");
}

}  // namespace
}  // namespace holdfast::base
