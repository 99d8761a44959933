// SPDX-License-Identifier: Apache-2.0
// Instructions of a seccomp program. They are written from the end to the beginning, so that the target of every jump is
// known when the jump is made: jumps go forward only. Pure.
#pragma once

#include <linux/filter.h>

#include <cstddef>
#include <cstdint>
#include <vector>

namespace estiva::seccomp {

// Where to go on: at a position, counted in instructions from the end, or with the return of an action, whose place is
// chosen when it is needed.
struct Target {
  bool returns;
  uint32_t value;  // action or position
  bool operator==(const Target&) const = default;
};

constexpr Target returning(uint32_t action) { return {true, action}; }

class Emitter {
 public:
  // `tail`: the end of the program, written already.
  explicit Emitter(const std::vector<sock_filter>& tail) : code_(tail.rbegin(), tail.rend()) {}

  // The instruction that was written last: the first of the program so far.
  Target position() const { return {false, static_cast<uint32_t>(code_.size() - 1)}; }

  // These return where the new instructions begin. `comparison` is BPF_JEQ, BPF_JGT or BPF_JGE.
  Target branch(uint16_t comparison, uint32_t value, Target yes, Target no);
  // Of struct seccomp_data.
  Target load(size_t offset, Target then);
  Target mask(uint32_t value, Target then);

  std::vector<sock_filter> take() const { return {code_.rbegin(), code_.rend()}; }

 private:
  struct Return {
    uint32_t action;
    uint32_t position;
  };
  Target emit(int code, uint32_t k, size_t yes = 0, size_t no = 0);
  // How far an instruction that is written next has to jump.
  size_t distance(uint32_t position) const { return code_.size() - 1 - position; }
  uint32_t near(Target target, size_t room);
  void lead_to(Target target);

  std::vector<sock_filter> code_;  // last instruction first
  std::vector<Return> returns_;    // the nearest of each action
};

}  // namespace estiva::seccomp
