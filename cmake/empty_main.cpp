// SPDX-License-Identifier: Apache-2.0
// The program of each target's link check (cmake/holdfast.cmake): it only has to link.
// Threads: none.
int main() { return 0; }
