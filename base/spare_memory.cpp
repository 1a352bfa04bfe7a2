// SPDX-License-Identifier: Apache-2.0
#include "base/spare_memory.hpp"

#include <link.h>
#include <malloc.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cstdint>

#include "base/limits/agent.hpp"

namespace holdfast::base {

namespace {

/// Of the program and what it is linked to, the parts that nobody writes to.
int page_out(dl_phdr_info* object, std::size_t, void*) {
  const auto page = static_cast<std::uintptr_t>(::sysconf(_SC_PAGESIZE));
  for (int i = 0; i < object->dlpi_phnum; ++i) {
    const auto& part = object->dlpi_phdr[i];
    if (part.p_type != PT_LOAD || (part.p_flags & PF_W) != 0) continue;
    const std::uintptr_t begin = (object->dlpi_addr + part.p_vaddr) & ~(page - 1);
    const std::uintptr_t end = object->dlpi_addr + part.p_vaddr + part.p_memsz;
    // A kernel before 5.4 knows no such advice, and who may not write to the file is not heard: then it stays.
    ::madvise(reinterpret_cast<void*>(begin), end - begin,
              MADV_PAGEOUT);  // NOLINT(performance-no-int-to-ptr)
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
  ::dl_iterate_phdr(page_out, nullptr);
}

void SpareMemory::give_back() {
  const bool worked = trim_heap();
  if (worked || !paged_out_) page_out_code();
}

}  // namespace holdfast::base
