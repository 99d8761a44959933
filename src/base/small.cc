// SPDX-License-Identifier: Apache-2.0
// What a clone of ours would keep while it waits: the pages of the stack and the heap that it was born with, and those
// of the program that have been used. The latter come back from the file when they are needed.
#include "estiva/base/small.h"

#include <errno.h>
#include <fcntl.h>
#include <link.h>
#include <poll.h>
#include <stdio.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cstdint>
#include <iterator>

namespace estiva::small {

namespace {

struct Range {
  uintptr_t start, size;
};

struct Ranges {
  Range entries[16];
  size_t count = 0;
};

uintptr_t page_of(uintptr_t address) { return address & ~(static_cast<uintptr_t>(::getpagesize()) - 1); }

// Of the program, and of its libraries where it has some: what the loader maps and nobody writes to.
int add_read_only(struct dl_phdr_info* object, size_t, void* target) {
  Ranges& ranges = *static_cast<Ranges*>(target);
  for (int i = 0; i < object->dlpi_phnum; ++i) {
    const ElfW(Phdr)& segment = object->dlpi_phdr[i];
    if (segment.p_type != PT_LOAD || (segment.p_flags & PF_W) != 0) continue;
    if (ranges.count == std::size(ranges.entries)) return 1;  // the others stay
    const uintptr_t start = page_of(object->dlpi_addr + segment.p_vaddr);
    ranges.entries[ranges.count++] = {start, object->dlpi_addr + segment.p_vaddr + segment.p_memsz - start};
  }
  return 0;
}

void give_up(const Range& range) {
  (void)::madvise(reinterpret_cast<void*>(range.start), range.size, MADV_DONTNEED);
}

// The strings of the environment: whole pages of them.
void give_up_environment() {
  if (environ == nullptr || *environ == nullptr) return;
  char** last = environ;
  while (last[1] != nullptr) ++last;
  const auto page = static_cast<uintptr_t>(::getpagesize());
  const uintptr_t start = page_of(reinterpret_cast<uintptr_t>(*environ) + page - 1);
  const uintptr_t end = page_of(reinterpret_cast<uintptr_t>(*last));
  if (start < end) give_up({start, end - start});
}

// What the stack has been used for below this frame, and the heap but for what the C library keeps of this thread at
// its start.
__attribute__((noinline)) void give_up_data() {
  const auto page = static_cast<uintptr_t>(::getpagesize());
  constexpr uintptr_t kDeepest = 1 << 20;
  const uintptr_t here = page_of(reinterpret_cast<uintptr_t>(__builtin_frame_address(0))) - 2 * page;
  give_up({here - kDeepest, kDeepest});
  constexpr uintptr_t kLargest = 1 << 30;
  const uintptr_t heap = page_of(reinterpret_cast<uintptr_t>(__builtin_thread_pointer())) + 2 * page;
  const uintptr_t end = page_of(reinterpret_cast<uintptr_t>(::sbrk(0)));
  if (heap < end && end - heap < kLargest) give_up({heap, end - heap});
}

#if defined(__x86_64__)
__attribute__((always_inline)) inline long direct(long number, long a, long b, long c) {
  long result;
  register long none asm("r10") = 0;
  asm volatile("syscall"
               : "=a"(result)
               : "a"(number), "D"(a), "S"(b), "d"(c), "r"(none)
               : "rcx", "r11", "memory");
  return result;
}
#else
// Right, but larger.
inline long direct(long number, long a, long b, long c) {
  const long result = ::syscall(number, a, b, c, 0L);
  return result < 0 ? -errno : result;
}
#endif

// All of the program that is in memory during the wait: one page, as it asks the kernel itself.
__attribute__((noinline, aligned(512))) void wait_alone(const Ranges& program, struct pollfd* end) {
  for (size_t i = 0; i < program.count; ++i) {
    const Range& range = program.entries[i];
    (void)direct(SYS_madvise, static_cast<long>(range.start), static_cast<long>(range.size), MADV_DONTNEED);
  }
  while (direct(SYS_ppoll, reinterpret_cast<long>(end), 1, 0) == -EINTR) {
  }
}

// With a page that is missed the kernel maps those around it, 64 KiB or more, as far as the mapping goes: so the code of
// the wait gets a mapping of its own, by a flag in which it differs.
void part_code_of_wait() {
  (void)::madvise(reinterpret_cast<void*>(page_of(reinterpret_cast<uintptr_t>(&wait_alone))),
                  static_cast<size_t>(::getpagesize()), MADV_DONTDUMP);
}

}  // namespace

void wait_for_end(FdView pidfd) {
  Ranges program;
  (void)::dl_iterate_phdr(add_read_only, &program);
  struct pollfd end = {pidfd.number(), POLLIN, 0};
  give_up_environment();
  give_up_data();
  part_code_of_wait();
  wait_alone(program, &end);
}

bool read_text(FdView dir, const char* name, char* buffer, size_t size) {
  const Fd file(::openat(dir.number(), name, O_RDONLY | O_CLOEXEC));
  const ssize_t length = file.valid() ? ::read(file.number(), buffer, size - 1) : -1;
  buffer[length > 0 ? length : 0] = '\0';
  return length > 0;
}

bool replace(FdView dir, const char* temporary, const char* name, std::string_view data) {
  const Fd file(
      ::openat(dir.number(), temporary, O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW | O_CLOEXEC, 0600));
  return file.valid() &&
         ::write(file.number(), data.data(), data.size()) == static_cast<ssize_t>(data.size()) &&
         ::renameat(dir.number(), temporary, dir.number(), name) == 0;
}

}  // namespace estiva::small
