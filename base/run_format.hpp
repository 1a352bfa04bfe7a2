// SPDX-License-Identifier: Apache-2.0
// What stands in a process's run folder, between the agent (base/run_folder.hpp) and its holdfast-shim
// (base/shim/): the one channel that outlives either of them. Plain constants: the shim has no C++ library.
//
//   lock        flock()ed by the shim as long as it lives, from before its first instruction
//   start       what to run: written by the agent, renamed into place
//   state       what became of it: written by the shim, renamed into place
//   state.next  room for the next `state`, taken beforehand so that a full disk cannot lose an exit
//   stop        that and how to end it: written by the agent, renamed into place, then SIGTERM to the shim; the
//               signal carries the grace as its value too, for when the disk had no room for the record
//   output      FIFO, standard output and error of the workload
//
// A record is lines of key=value; in values "\n" stands for a newline and "\\" for a backslash. The first
// line names record and version, the last is "end": a record without it counts as missing.
//
//   holdfast-start 1                       holdfast-state 1                     holdfast-stop 1
//   run=<nonce of this start>              run=<the same>                       run=<the same>
//   boot=<boot id>                         phase=running|exited                 grace=<milliseconds>
//   mark=<ownership mark>                  boot=<boot id>                       end
//   spec=<spec digest>                     shim=<pid> <start time>
//   unenforced=<limit and why>             pid=<pid> <start time>
//   uid=<n> gid=<n> groups=<n,n>  *        started=<milliseconds since 1970>
//   cwd=<folder>                           ended=<milliseconds since 1970>
//   cgroup=<folder>               **       exit=<code> <signal>
//   late-cgroup=<folder>          **       detail=<for a person>
//   arg=<one of argv>             **       end
//   env=<NAME=value>              **
//   end
//   (* each its own line, only when the user is to change; ** any number)
//
// Log segments: <log folder>/<instance>/<sequence, 10 digits>.log. A line is "<ms since 1970> <tag> <text>":
// tag `o` a line of output, `p` a piece of a line that goes on in the next, `-` a remark of the shim.
// Threads: constants.
#pragma once

#include <cstddef>

namespace holdfast::base::run_format {

inline constexpr char kLockFile[] = "lock";
inline constexpr char kStartFile[] = "start";
inline constexpr char kStateFile[] = "state";
inline constexpr char kStateNextFile[] = "state.next";
inline constexpr char kStopFile[] = "stop";
inline constexpr char kOutputFifo[] = "output";

inline constexpr char kStartHeader[] = "holdfast-start 1";
inline constexpr char kStateHeader[] = "holdfast-state 1";
inline constexpr char kStopHeader[] = "holdfast-stop 1";
inline constexpr char kEnd[] = "end";

/// Descriptors that the shim is started with.
inline constexpr int kReportFd = 3;  ///< one line: "ok" or "error <errno> <text>"; then closed
inline constexpr int kLockFd = 4;    ///< the lock, already held

inline constexpr std::size_t kStateBytesMax = 4096;
inline constexpr std::size_t kStartBytesMax = 512U << 10U;
inline constexpr std::size_t kCgroupsMax = 3;
inline constexpr std::size_t kNonceBytesMax = 64;
inline constexpr std::size_t kCgroupPathBytesMax = 512;

inline constexpr std::size_t kSegmentDigits = 10;
inline constexpr char kSegmentSuffix[] = ".log";

/// As a shell tells them.
inline constexpr int kExitNotExecutable = 126;
inline constexpr int kExitNotFound = 127;

inline constexpr char kDefaultPath[] = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

}  // namespace holdfast::base::run_format
