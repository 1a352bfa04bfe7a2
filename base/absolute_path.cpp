// SPDX-License-Identifier: Apache-2.0
#include "base/absolute_path.hpp"

#include <unistd.h>

#include <array>
#include <cerrno>
#include <climits>

#include "base/json.hpp"

namespace holdfast::base {

Result<std::string> absolute_path(const std::string& path) {
  if (path.empty() || path.front() == '/') return path;
  std::array<char, PATH_MAX> here{};
  if (::getcwd(here.data(), here.size()) == nullptr)
    return fail(Error::from_errno(errno, path + ": the working folder cannot be told"));
  std::string out(here.data());
  if (!is_utf8(out))
    return fail(Code::kInvalid, path + ": the name of the working folder is not UTF-8; go to another one");
  if (out.back() != '/') out += '/';
  return out + path;
}

}  // namespace holdfast::base
