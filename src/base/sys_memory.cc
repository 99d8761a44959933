// SPDX-License-Identifier: Apache-2.0
// System calls on the memory of this process.
#include "estiva/base/sys_memory.h"

#include <errno.h>
#include <link.h>
#include <stdint.h>
#include <sys/auxv.h>
#include <sys/mman.h>

namespace estiva::sys {

Result<void*> map_memory(size_t size) {
  void* memory =
      ::mmap(nullptr, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_POPULATE, -1, 0);
  if (memory == MAP_FAILED) return Error::system("mmap", errno);
  return memory;
}

Result<void> map_over(void* address, size_t size, int protection, FdView file, off_t offset) {
  constexpr int kFlags = MAP_PRIVATE | MAP_FIXED;
  if (::mmap(address, size, protection, kFlags, file.number(), offset) == MAP_FAILED)
    return Error::system("mmap", errno);
  return {};
}

Result<void> move_mapping(void* from, size_t size, void* to) {
  if (::mremap(from, size, size, MREMAP_MAYMOVE | MREMAP_FIXED, to) == MAP_FAILED)
    return Error::system("mremap", errno);
  return {};
}

Result<void> protect_memory(void* address, size_t size, int protection) {
  if (::mprotect(address, size, protection) < 0) return Error::system("mprotect", errno);
  return {};
}

void forget_memory(void* address, size_t size) {
  const uintptr_t page = ::getauxval(AT_PAGESZ);
  const uintptr_t begin = (reinterpret_cast<uintptr_t>(address) + page - 1) / page * page;
  const uintptr_t end = (reinterpret_cast<uintptr_t>(address) + size) / page * page;
  if (begin < end) (void)::madvise(reinterpret_cast<void*>(begin), end - begin, MADV_DONTNEED);
}

void forget_program() {
  const auto* headers = reinterpret_cast<const ElfW(Phdr)*>(::getauxval(AT_PHDR));
  const size_t count = ::getauxval(AT_PHNUM);
  if (headers == nullptr) return;
  // PT_PHDR's own address, less what the file says, is where the program was loaded; without one (static), the headers
  // stand behind the file's header.
  uintptr_t base = reinterpret_cast<uintptr_t>(headers) - sizeof(ElfW(Ehdr));
  for (size_t i = 0; i < count; ++i)
    if (headers[i].p_type == PT_PHDR) base = reinterpret_cast<uintptr_t>(headers) - headers[i].p_vaddr;
  const uintptr_t page = ::getauxval(AT_PAGESZ);
  for (size_t i = 0; i < count; ++i) {
    // What may have been written to (relocations too) is not in the file.
    if (headers[i].p_type != PT_LOAD || (headers[i].p_flags & PF_W) != 0) continue;
    const uintptr_t begin = (base + headers[i].p_vaddr) / page * page;
    const uintptr_t end = (base + headers[i].p_vaddr + headers[i].p_memsz + page - 1) / page * page;
    (void)::madvise(reinterpret_cast<void*>(begin), end - begin, MADV_DONTNEED);
  }
}

}  // namespace estiva::sys
