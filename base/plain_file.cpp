// SPDX-License-Identifier: Apache-2.0
#include "base/plain_file.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstdio>

#include "base/handle.hpp"

namespace holdfast::base {
namespace {

Error cannot(std::string_view verb, const std::string& path) {
  return Error::from_errno(errno, "cannot " + std::string(verb) + " '" + path + "'");
}

Status write_all(const Fd& file, const std::string& path, std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t n = ::write(file.get(), bytes.data(), bytes.size());
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) return fail(cannot("write", path));
    bytes.remove_prefix(static_cast<std::size_t>(n));
  }
  return {};
}

}  // namespace

Result<std::string> read_plain_file(const std::string& path, std::size_t bytes_max) {
  const Fd file(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY));
  if (!file) return fail(cannot("read", path));
  std::string content;
  std::array<char, 4096> buffer{};
  while (true) {
    const ssize_t n = ::read(file.get(), buffer.data(), buffer.size());
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) return fail(cannot("read", path));
    if (n == 0) return content;
    if (content.size() + static_cast<std::size_t>(n) > bytes_max) {
      return fail(Code::kLimit, "'" + path + "' is larger than " + std::to_string(bytes_max) + " bytes");
    }
    content.append(buffer.data(), static_cast<std::size_t>(n));
  }
}

Status write_control_file(const std::string& path, std::string_view text) {
  const Fd file(::open(path.c_str(), O_WRONLY | O_CLOEXEC));
  if (!file) return fail(cannot("write", path));
  return write_all(file, path, text);
}

Status replace_plain_file(const std::string& path, std::string_view content) {
  const std::string temporary = path + ".tmp";
  Status written;
  {
    const Fd file(::open(temporary.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0600));
    if (!file) return fail(cannot("write", path));
    written = write_all(file, path, content);
  }
  if (written && std::rename(temporary.c_str(), path.c_str()) != 0) written = fail(cannot("write", path));
  if (!written) ::unlink(temporary.c_str());
  return written;
}

}  // namespace holdfast::base
