// SPDX-License-Identifier: Apache-2.0
// Stands in for the sources of a target that has none yet (cmake/holdfast.cmake).
// Threads: none.
