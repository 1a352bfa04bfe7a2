// SPDX-License-Identifier: Apache-2.0
// Fuzzes the reader of an engine's answers, and of the frames that a body may be: the first byte is the size of the
// pieces. What comes of the whole and of the pieces must be the same.
// Threads: one.
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <optional>
#include <string>
#include <string_view>

#include "base/engine/http_stream.hpp"
#include "base/engine/output_frames.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size);

namespace {

using holdfast::base::Code;
using holdfast::base::HttpHead;
using holdfast::base::HttpStream;
using holdfast::base::OutputFrames;
using holdfast::base::OutputStream;

struct Outcome {
  std::optional<HttpHead> head;
  std::string body;
  std::optional<Code> error;
  std::string output;  ///< where the body is frames
  std::optional<Code> frames_error;
  bool operator==(const Outcome&) const = default;
};

Outcome read(std::string_view bytes, std::size_t piece) {
  Outcome out;
  HttpStream stream;
  OutputFrames frames([&](OutputStream, std::string_view output) { out.output += output; });
  while (!bytes.empty() && !out.error) {
    const auto fed = stream.feed(bytes.substr(0, piece));
    if (!fed) out.error = fed.error().code();
    const std::string body = stream.take_body();
    out.body += body;
    if (!out.frames_error) {
      const auto framed = frames.feed(body);
      if (!framed) out.frames_error = framed.error().code();
    }
    bytes.remove_prefix(std::min(piece, bytes.size()));
  }
  if (const auto closed = stream.close(); !closed && !out.error) out.error = closed.error().code();
  if (stream.head() != nullptr) out.head = *stream.head();
  return out;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  const std::string_view bytes(reinterpret_cast<const char*>(data) + 1, size - 1);
  const Outcome whole = read(bytes, std::max<std::size_t>(bytes.size(), 1));
  if (whole.body.size() > bytes.size() || whole.output.size() > whole.body.size()) std::abort();
  if (!(whole == read(bytes, std::size_t{data[0]} + 1))) std::abort();
  return 0;
}
