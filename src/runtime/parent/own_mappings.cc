// SPDX-License-Identifier: Apache-2.0
// Moves this process to another file of the same content. The kernel lets go of the old one only when nothing of it
// is mapped any more (replace_mm_exe_file), so every segment is mapped anew over itself: what is read or executed from
// the new file, what is written from a copy in memory.
#include "runtime/parent/own_mappings.h"

#include <elf.h>
#include <fcntl.h>
#include <linux/prctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <unistd.h>

#include <span>

#include "estiva/base/sys.h"
#include "estiva/base/sys_memory.h"
#include "estiva/base/sys_process.h"
#include "estiva/base/text.h"

// The linker's name for the start of the program in memory.
extern "C" __attribute__((visibility("hidden"))) const Elf64_Ehdr __ehdr_start;

namespace estiva {

namespace {

constexpr uintptr_t kPageMask = 4095;

struct Range {
  uintptr_t begin, end;
  void* data() const { return reinterpret_cast<void*>(begin); }
  size_t size() const { return end - begin; }
};

// In memory, in whole pages. The first segment of a position-independent program begins at address 0 of its file.
Range pages(const Elf64_Phdr& segment, size_t size) {
  const uintptr_t begin = reinterpret_cast<uintptr_t>(&__ehdr_start) + segment.p_vaddr;
  return {begin & ~kPageMask, (begin + size + kPageMask) & ~kPageMask};
}

Result<void> map_readonly(const Elf64_Phdr& segment, FdView file) {
  const Range range = pages(segment, segment.p_filesz);
  const int protection = PROT_READ | ((segment.p_flags & PF_X) != 0 ? PROT_EXEC : 0);
  const off_t offset = static_cast<off_t>(segment.p_offset & ~kPageMask);
  return sys::map_over(range.data(), range.size(), protection, file, offset);
}

// By words: what lies between variables is not memory to a sanitizer's memcpy.
__attribute__((no_sanitize_address)) void copy(const Range& from, void* to) {
  const auto* source = static_cast<const uint64_t*>(from.data());
  auto* target = static_cast<volatile uint64_t*>(to);
  for (size_t i = 0; i < from.size() / sizeof(uint64_t); ++i) target[i] = source[i];
}

Result<void> map_copy(const Elf64_Phdr& segment) {
  const Range range = pages(segment, segment.p_filesz);
  void* memory = TRY(sys::map_memory(range.size()));
  copy(range, memory);
  return sys::move_mapping(memory, range.size(), range.data());
}

// What the kernel remembers of the parts of our memory: it wants all of it back together with the file.
Result<struct prctl_mm_map> memory_layout() {
  const Fd file = TRY(sys::open("/proc/self/stat", O_RDONLY));
  char buffer[1024];
  const std::string_view text(buffer, TRY(sys::read(file, buffer, sizeof buffer)));
  // By number as in proc(5); the name, field 2, may hold blanks.
  const std::vector<std::string> fields = text::split(text.substr(text.rfind(')') + 2), ' ');
  const auto field = [&](size_t number) { return text::number<uint64_t>(fields[number - 3]).value_or(0); };
  if (fields.size() < 51 - 2) return Error(Code::kSystem, "/proc/self/stat is too short");
  struct prctl_mm_map layout = {};
  layout.start_code = field(26);
  layout.end_code = field(27);
  layout.start_stack = field(28);
  layout.start_data = field(45);
  layout.end_data = field(46);
  layout.start_brk = field(47);
  layout.brk = reinterpret_cast<uintptr_t>(::sbrk(0));
  layout.arg_start = field(48);
  layout.arg_end = field(49);
  layout.env_start = field(50);
  layout.env_end = field(51);
  return layout;
}

Result<void> map_segments(FdView file) {
  const auto* table = reinterpret_cast<const Elf64_Phdr*>(reinterpret_cast<const char*>(&__ehdr_start) +
                                                          __ehdr_start.e_phoff);
  const std::span<const Elf64_Phdr> segments(table, __ehdr_start.e_phnum);
  for (const Elf64_Phdr& segment : segments) {
    if (segment.p_type != PT_LOAD) continue;
    TRY((segment.p_flags & PF_W) != 0 ? map_copy(segment) : map_readonly(segment, file));
  }
  for (const Elf64_Phdr& segment : segments) {
    if (segment.p_type != PT_GNU_RELRO) continue;
    const Range range = pages(segment, segment.p_memsz);
    TRY(sys::protect_memory(range.data(), range.size(), PROT_READ));
  }
  return {};
}

}  // namespace

Result<void> move_to_file(FdView file) {
  const Fd opened = TRY(sys::open(text::cat("/proc/self/fd/", file.number()), O_RDONLY));
  struct prctl_mm_map layout = TRY(memory_layout());
  layout.exe_fd = static_cast<uint32_t>(opened.number());
  TRY(map_segments(opened));
  TRY(sys::prctl(PR_SET_MM, PR_SET_MM_MAP, reinterpret_cast<unsigned long>(&layout), sizeof layout));
  return {};
}

}  // namespace estiva
