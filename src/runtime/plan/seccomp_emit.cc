// SPDX-License-Identifier: Apache-2.0
// A conditional jump reaches 255 instructions. What is further away gets a return of its own, or a long jump.
#include "runtime/plan/seccomp_emit.h"

#include <algorithm>

namespace estiva::seccomp {

namespace {

constexpr size_t kReach = 255;

}  // namespace

Target Emitter::emit(int code, uint32_t k, size_t yes, size_t no) {
  code_.push_back({static_cast<uint16_t>(code), static_cast<uint8_t>(yes), static_cast<uint8_t>(no), k});
  return position();
}

// A position that does what `target` says, within reach also when `room` more instructions come before the jump.
uint32_t Emitter::near(Target target, size_t room) {
  if (!target.returns) {
    if (distance(target.value) + room <= kReach) return target.value;
    return emit(BPF_JMP | BPF_JA, static_cast<uint32_t>(distance(target.value))).value;
  }
  const auto known = std::ranges::find(returns_, target.value, &Return::action);
  if (known != returns_.end() && distance(known->position) + room <= kReach) return known->position;
  const uint32_t made = emit(BPF_RET | BPF_K, target.value).value;
  if (known != returns_.end()) {
    known->position = made;
  } else {
    returns_.push_back({target.value, made});
  }
  return made;
}

Target Emitter::branch(uint16_t comparison, uint32_t value, Target yes, Target no) {
  if (yes == no) return yes;
  const uint32_t yes_position = near(yes, 1);  // the other may need an instruction
  const uint32_t no_position = near(no, 0);
  return emit(BPF_JMP | BPF_K | comparison, value, distance(yes_position), distance(no_position));
}

// The instruction that is written next goes on at `target`.
void Emitter::lead_to(Target target) {
  if (target.returns) {
    emit(BPF_RET | BPF_K, target.value);
  } else if (target.value != position().value) {
    emit(BPF_JMP | BPF_JA, static_cast<uint32_t>(distance(target.value)));
  }
}

Target Emitter::load(size_t offset, Target then) {
  lead_to(then);
  return emit(BPF_LD | BPF_W | BPF_ABS, static_cast<uint32_t>(offset));
}

Target Emitter::mask(uint32_t value, Target then) {
  lead_to(then);
  return emit(BPF_ALU | BPF_AND | BPF_K, value);
}

}  // namespace estiva::seccomp
