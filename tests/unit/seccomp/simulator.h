// SPDX-License-Identifier: Apache-2.0
// Runs a program for seccomp(2) as the kernel would: classic BPF as far as kernel/seccomp.c lets it pass.
#pragma once

#include <linux/filter.h>
#include <linux/seccomp.h>
#include <string.h>

#include <optional>
#include <span>

namespace estiva {

// The action for a call; nothing if the program is none: it runs out, jumps too far, or has an unknown instruction.
inline std::optional<uint32_t> simulate(std::span<const sock_filter> program,
                                        const struct seccomp_data& call) {
  uint32_t accumulator = 0;
  for (size_t at = 0; at < program.size(); ++at) {
    const sock_filter& i = program[at];
    const auto jump = [&](bool holds) { at += holds ? i.jt : i.jf; };
    switch (i.code) {
      case BPF_LD | BPF_W | BPF_ABS:
        if (i.k % 4 != 0 || i.k + 4 > sizeof call) return std::nullopt;
        memcpy(&accumulator, reinterpret_cast<const char*>(&call) + i.k, 4);
        break;
      case BPF_ALU | BPF_AND | BPF_K:
        accumulator &= i.k;
        break;
      case BPF_JMP | BPF_JA:
        at += i.k;
        break;
      case BPF_JMP | BPF_JEQ | BPF_K:
        jump(accumulator == i.k);
        break;
      case BPF_JMP | BPF_JGT | BPF_K:
        jump(accumulator > i.k);
        break;
      case BPF_JMP | BPF_JGE | BPF_K:
        jump(accumulator >= i.k);
        break;
      case BPF_RET | BPF_K:
        return i.k;
      default:
        return std::nullopt;
    }
  }
  return std::nullopt;
}

}  // namespace estiva
