# SPDX-License-Identifier: Apache-2.0
# Sourced in the root by what may leave nothing behind outside build/: a compiler cache that is there already is
# used, otherwise one is kept in build/.
if [ -z "${CCACHE_DIR-}" ] && [ ! -d "${XDG_CACHE_HOME:-${HOME:-/root}/.cache}/ccache" ]; then
  export CCACHE_DIR=$PWD/build/ccache
fi
# A clone in another folder compiles the same: paths below the root count as relative ones.
export CCACHE_BASEDIR=$PWD CCACHE_NOHASHDIR=1
# Precompiled headers (the sanitizer build) are told apart by what is in them.
export CCACHE_SLOPPINESS=pch_defines,time_macros,include_file_mtime,include_file_ctime
