// SPDX-License-Identifier: Apache-2.0
// Result and Error: how every fallible function of Holdfast answers.
// An Error says what is wrong (code), what the caller should do about it (disposition) and, in one
// sentence a person can act on, where. Exceptions of libraries are caught inside their adapter and
// become an Error there. This file is the one place that knows which `expected` is in use.
// Threads: plain values.
#pragma once

#include <string>
#include <string_view>
#include <tl/expected.hpp>
#include <utility>

namespace holdfast::base {

/// What is wrong, coarse enough to switch on.
enum class Code {
  kInvalid,      ///< the input is wrong: bad syntax, unknown field, bad value
  kNotFound,     ///< the thing asked for does not exist
  kConflict,     ///< somebody else changed or claims it
  kLimit,        ///< over a limit of base/limits/
  kPermission,   ///< not allowed: authentication, ACL, file mode, a path out of the root
  kUnavailable,  ///< the other side cannot be reached or is not ready
  kTimeout,      ///< a deadline passed
  kCorrupt,      ///< stored or received bytes do not check
  kTooNew,       ///< made by a newer version; never treated as corruption
  kNoSpace,      ///< disk full or read-only
  kUnsupported,  ///< this build, kernel or host cannot do it
  kIo,           ///< any other failure of the operating system
  kInternal,     ///< a defect of Holdfast
};

/// What the caller should do next.
enum class Disposition {
  kRetry,    ///< passing: try again with backoff
  kWait,     ///< an event will tell; do not try before it
  kStalled,  ///< nothing helps until a person or Git changes something
};

std::string_view to_string(Code code);
std::string_view to_string(Disposition disposition);

/// The disposition that fits a code unless the place knows better.
Disposition default_disposition(Code code);

class [[nodiscard]] Error {
 public:
  Error(Code code, std::string message)
      : code_(code), disposition_(default_disposition(code)), message_(std::move(message)) {}
  Error(Code code, Disposition disposition, std::string message)
      : code_(code), disposition_(disposition), message_(std::move(message)) {}

  /// From `errno` of the call that just failed; maps ENOENT, EACCES, ENOSPC, EROFS and friends to codes.
  static Error from_errno(int errno_value, std::string_view what);

  Code code() const { return code_; }
  Disposition disposition() const { return disposition_; }
  const std::string& message() const { return message_; }

  /// Prefixes where it happened: `error.with_context("apps/cameras/file.yaml:12")`.
  Error with_context(std::string_view context) &&;
  Error with_context(std::string_view context) const&;
  Error with_disposition(Disposition disposition) &&;

  bool operator==(const Error&) const = default;

 private:
  Code code_;
  Disposition disposition_;
  std::string message_;
};

template <class T>
using Result = tl::expected<T, Error>;
using Status = Result<void>;

/// `return fail(Code::kInvalid, "…");`
inline tl::unexpected<Error> fail(Error error) { return tl::unexpected<Error>(std::move(error)); }
inline tl::unexpected<Error> fail(Code code, std::string message) {
  return tl::unexpected<Error>(Error(code, std::move(message)));
}

}  // namespace holdfast::base

#define HF_CONCAT_INNER(a, b) a##b
#define HF_CONCAT(a, b) HF_CONCAT_INNER(a, b)

/// Returns the error of `expr` to the caller; goes on when it holds a value.
#define HF_CHECK(expr)                                                                                    \
  do {                                                                                                    \
    if (auto hf_status = (expr); !hf_status) return ::holdfast::base::fail(std::move(hf_status).error()); \
  } while (false)

/// `HF_TRY(auto bytes, read_file(path));` declares `bytes`, or returns the error to the caller.
#define HF_TRY(decl, expr) HF_TRY_INNER(HF_CONCAT(hf_result_, __LINE__), decl, expr)
#define HF_TRY_INNER(tmp, decl, expr)                              \
  auto tmp = (expr);                                               \
  if (!tmp) return ::holdfast::base::fail(std::move(tmp).error()); \
  decl = *std::move(tmp)
