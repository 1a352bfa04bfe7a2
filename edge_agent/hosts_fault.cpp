// SPDX-License-Identifier: Apache-2.0
#include "edge_agent/hosts_fault.hpp"

namespace holdfast::edge_agent {

using base::Code;

bool is_hosts_fault(const base::Error& error) {
  switch (error.code()) {
    case Code::kNoSpace:
    case Code::kCorrupt:
    case Code::kTimeout:
    case Code::kUnavailable:
    case Code::kIo: return true;
    // Of what may be under way at a time; a limit of what Git says is not to be retried.
    case Code::kLimit: return error.disposition() == base::Disposition::kRetry;
    default: return false;
  }
}

bool is_hosts_fault_of_pull(const base::Error& error) {
  switch (error.code()) {
    case Code::kNoSpace:
    case Code::kTimeout:
    case Code::kUnavailable:
    case Code::kIo:
    case Code::kConflict: return true;
    default: return false;
  }
}

}  // namespace holdfast::edge_agent
