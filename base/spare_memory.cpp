// SPDX-License-Identifier: Apache-2.0
#include "base/spare_memory.hpp"

#include <link.h>
#include <malloc.h>
#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <charconv>
#include <cstdint>
#include <string>
#include <string_view>

#include "base/file_io.hpp"
#include "base/limits/agent.hpp"

namespace holdfast::base {

namespace {

constexpr std::size_t kStatusBytesMax = 16U << 10U;
constexpr std::size_t kKibi = 1024;

/// The number behind "name:" in a file like /proc/self/status; 0: none.
std::size_t number_of(std::string_view status, const std::string& name) {
  const auto at = status.find("\n" + name + ":");
  if (at == std::string_view::npos) return 0;
  status.remove_prefix(at + name.size() + 2);
  status.remove_prefix(std::min(status.find_first_not_of(" \t"), status.size()));
  std::size_t number = 0;
  std::from_chars(status.data(), status.data() + status.size(), number);
  return number;
}

/// `advice`, an int, for the parts of the program and of what it is linked to that nobody writes to.
int advise(dl_phdr_info* object, std::size_t, void* advice) {
  const auto page = static_cast<std::uintptr_t>(::sysconf(_SC_PAGESIZE));
  for (int i = 0; i < object->dlpi_phnum; ++i) {
    const auto& part = object->dlpi_phdr[i];
    if (part.p_type != PT_LOAD || (part.p_flags & PF_W) != 0) continue;
    const std::uintptr_t begin = (object->dlpi_addr + part.p_vaddr) & ~(page - 1);
    // Not the page of its end: should a part that is written to begin in it, that would be lost.
    const std::uintptr_t end = (object->dlpi_addr + part.p_vaddr + part.p_memsz) & ~(page - 1);
    if (end <= begin) continue;
    // A kernel before 5.4 knows no such advice, and who may not write to the file is not heard: then it stays.
    ::madvise(reinterpret_cast<void*>(begin), end - begin,  // NOLINT(performance-no-int-to-ptr)
              *static_cast<const int*>(advice));
  }
  return 0;
}

}  // namespace

bool SpareMemory::trim_heap() {
  if (::mallinfo2().fordblks <= left_ + limits::kSpareMemoryBytesMax) return false;
  ::malloc_trim(0);
  // Holes between what is in use cannot be given back.
  left_ = ::mallinfo2().fordblks;
  return true;
}

void SpareMemory::page_out_code() {
  const auto now = clock_.monotonic();
  if (paged_out_ && now - *paged_out_ < limits::kCodePageOutInterval) return;
  paged_out_ = now;
  int advice = MADV_PAGEOUT;
  ::dl_iterate_phdr(advise, &advice);
}

void SpareMemory::unmap_code() {
  const auto now = clock_.monotonic();
  if (looked_ && now - *looked_ < limits::kCodeUnmapInterval) return;
  looked_ = now;
  const auto status = read_file("/proc/self/status", kStatusBytesMax);
  if (!status || number_of(*status, "RssFile") * kKibi <= limits::kCodeMappedBytesMax) return;
  // A debugger's breakpoints would go with it.
  if (number_of(*status, "TracerPid") != 0) return;
  int advice = MADV_DONTNEED;
  ::dl_iterate_phdr(advise, &advice);
}

void SpareMemory::give_back() {
  const bool worked = trim_heap();
  if (worked || !paged_out_) page_out_code();
}

}  // namespace holdfast::base
