// SPDX-License-Identifier: Apache-2.0
//
// System calls without a C library, for the programs whose own start-up must
// not show in a measurement: a static glibc program spends 0.3 ms before main.
// A result below zero is a negated errno.
#pragma once

#include <asm/unistd.h>
#include <stddef.h>
#include <stdint.h>

#ifndef __x86_64__
#error "the benchmark's own programs are written for x86-64"
#endif

struct kernel_call {
  long number, a, b, c, d, e;
};

static inline long call_kernel(struct kernel_call call) {
  long result;
  register long r10 __asm__("r10") = call.d;
  register long r8 __asm__("r8") = call.e;
  __asm__ volatile("syscall"
                   : "=a"(result)
                   : "0"(call.number), "D"(call.a), "S"(call.b), "d"(call.c), "r"(r10), "r"(r8)
                   : "rcx", "r11", "memory");
  return result;
}

#define SYS_PICK(_1, _2, _3, _4, _5, _6, NAME, ...) NAME
#define SYS0(n) SYS5(n, 0, 0, 0, 0, 0)
#define SYS1(n, a) SYS5(n, a, 0, 0, 0, 0)
#define SYS2(n, a, b) SYS5(n, a, b, 0, 0, 0)
#define SYS3(n, a, b, c) SYS5(n, a, b, c, 0, 0)
#define SYS4(n, a, b, c, d) SYS5(n, a, b, c, d, 0)
#define SYS5(n, a, b, c, d, e) \
  call_kernel((struct kernel_call){__NR_##n, (long)(a), (long)(b), (long)(c), (long)(d), (long)(e)})
// SYS(name, arguments...)
#define SYS(...) SYS_PICK(__VA_ARGS__, SYS5, SYS4, SYS3, SYS2, SYS1, SYS0)(__VA_ARGS__)

// The kernel's entry: argc and argv lie on the stack, which a C function can't see.
#define ENTRY(function)                              \
  __asm__(                                           \
      ".globl _start\n_start:\n\tmov %rsp, %rdi\n\t" \
      "and $-16, %rsp\n\tcall " #function "\n")

static inline size_t length(const char* text) {
  size_t n = 0;
  while (text[n]) n++;
  return n;
}

static inline int equal(const char* a, const char* b) {
  while (*a && *a == *b) a++, b++;
  return *a == *b;
}

// The compiler may call these two by itself.
void* memset(void* to, int byte, size_t n) {
  for (size_t i = 0; i < n; i++) ((volatile char*)to)[i] = (char)byte;
  return to;
}

void* memcpy(void* to, const void* from, size_t n) {
  for (size_t i = 0; i < n; i++) ((volatile char*)to)[i] = ((const char*)from)[i];
  return to;
}
