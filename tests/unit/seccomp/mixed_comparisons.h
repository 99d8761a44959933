// SPDX-License-Identifier: Apache-2.0
// Finds a defect of libseccomp's programs: a comparison that is reached with one word of the call loaded on one path and
// another word on another. Whoever wrote it meant one of them.
//
// libseccomp 2.5.4, gen_bpf.c: _hsh_add lets equal comparisons be one block, also if they belong to different calls
// or architectures. _gen_bpf_build_bpf gives a block its place after the first jump to it that it finds, and puts a load
// before it only if that jump comes with another word. All other jumps are not looked at.
#pragma once

#include <linux/filter.h>

#include <set>
#include <span>
#include <utility>
#include <vector>

namespace estiva {

constexpr uint32_t kMixed = 0xbad0bad0;  // no action

// The program with `return kMixed` in place of each such comparison. All jumps go forward.
inline std::vector<sock_filter> mark_mixed_comparisons(std::span<const sock_filter> program) {
  using Word = std::pair<uint32_t, uint32_t>;  // offset, mask
  std::vector<std::set<Word>> words(program.size());
  std::vector<sock_filter> marked(program.begin(), program.end());
  const auto go_on = [&](size_t to, const std::set<Word>& with) {
    if (to < words.size()) words[to].insert(with.begin(), with.end());
  };
  go_on(0, {{~0u, ~0u}});
  for (size_t at = 0; at < program.size(); ++at) {
    const sock_filter& i = program[at];
    std::set<Word> after = words[at];
    if (after.empty()) continue;  // no path leads here
    const bool compares = BPF_CLASS(i.code) == BPF_JMP && i.code != (BPF_JMP | BPF_JA);
    if (compares && after.size() > 1) marked[at] = {BPF_RET | BPF_K, 0, 0, kMixed};
    if (compares) {
      go_on(at + 1 + i.jt, after);
      go_on(at + 1 + i.jf, after);
      continue;
    }
    if (BPF_CLASS(i.code) == BPF_RET) continue;
    if (i.code == (BPF_LD | BPF_W | BPF_ABS)) after = {{i.k, ~0u}};
    if (i.code == (BPF_ALU | BPF_AND | BPF_K)) {
      std::set<Word> masked;
      for (const auto& [offset, mask] : after) masked.insert({offset, mask & i.k});
      after = masked;
    }
    go_on(at + 1 + (i.code == (BPF_JMP | BPF_JA) ? i.k : 0), after);
  }
  return marked;
}

}  // namespace estiva
