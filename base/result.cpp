// SPDX-License-Identifier: Apache-2.0
#include "base/result.hpp"

#include <cerrno>
#include <cstring>

namespace holdfast::base {

std::string_view to_string(Code code) {
  switch (code) {
    case Code::kInvalid: return "Invalid";
    case Code::kNotFound: return "NotFound";
    case Code::kConflict: return "Conflict";
    case Code::kLimit: return "Limit";
    case Code::kPermission: return "Permission";
    case Code::kUnavailable: return "Unavailable";
    case Code::kTimeout: return "Timeout";
    case Code::kCorrupt: return "Corrupt";
    case Code::kTooNew: return "TooNew";
    case Code::kNoSpace: return "NoSpace";
    case Code::kUnsupported: return "Unsupported";
    case Code::kIo: return "Io";
    case Code::kInternal: return "Internal";
  }
  return "Unknown";
}

std::string_view to_string(Disposition disposition) {
  switch (disposition) {
    case Disposition::kRetry: return "Retry";
    case Disposition::kWait: return "Wait";
    case Disposition::kStalled: return "Stalled";
  }
  return "Unknown";
}

Disposition default_disposition(Code code) {
  switch (code) {
    case Code::kUnavailable:
    case Code::kTimeout:
    case Code::kNoSpace:
    case Code::kIo:
    case Code::kConflict: return Disposition::kRetry;
    case Code::kNotFound: return Disposition::kWait;
    case Code::kInvalid:
    case Code::kLimit:
    case Code::kPermission:
    case Code::kCorrupt:
    case Code::kTooNew:
    case Code::kUnsupported:
    case Code::kInternal: return Disposition::kStalled;
  }
  return Disposition::kStalled;
}

namespace {

Code code_of_errno(int value) {
  switch (value) {
    case ENOENT:
    case ESRCH: return Code::kNotFound;
    case EEXIST:
    case EBUSY: return Code::kConflict;
    case EACCES:
    case EPERM:
    case ELOOP:
    case EXDEV: return Code::kPermission;
    case ENOSPC:
    case EDQUOT:
    case EROFS: return Code::kNoSpace;
    case ENOEXEC:  // for another machine
    case ENOSYS:
    case EOPNOTSUPP: return Code::kUnsupported;
    case ETIMEDOUT: return Code::kTimeout;
    case ECONNREFUSED:
    case ENETUNREACH:
    case EHOSTUNREACH:
    case EAGAIN: return Code::kUnavailable;
    case EINVAL:
    case ENAMETOOLONG:
    case ENOTDIR:
    case EISDIR: return Code::kInvalid;
    default: return Code::kIo;
  }
}

}  // namespace

Error Error::from_errno(int errno_value, std::string_view what) {
  char buffer[128] = {};
  const char* text = strerror_r(errno_value, buffer, sizeof buffer);
  return {code_of_errno(errno_value), std::string(what) + ": " + text};
}

Error Error::with_context(std::string_view context) && {
  message_.insert(0, ": ").insert(0, context);
  return std::move(*this);
}

Error Error::with_context(std::string_view context) const& { return Error(*this).with_context(context); }

Error Error::with_disposition(Disposition disposition) && {
  disposition_ = disposition;
  return std::move(*this);
}

}  // namespace holdfast::base
