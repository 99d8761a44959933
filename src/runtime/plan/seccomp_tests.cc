// SPDX-License-Identifier: Apache-2.0
// Arguments have 64 bits and a program loads 32 at a time: the high word decides first.
#include "runtime/plan/seccomp_tests.h"

#include <linux/seccomp.h>

#include <algorithm>
#include <bit>

namespace estiva::seccomp {

namespace {

using Operator = spec::SeccompOperator;

// ---- comparisons: of a whole argument, or of its low half for an ABI of 32 bits

struct Outcome {
  Target yes, no;
};

size_t word(const Comparison& comparison, bool high) {
  const bool second = high == (std::endian::native == std::endian::little);
  return offsetof(struct seccomp_data, args) + 8 * size_t{comparison.argument} + (second ? 4 : 0);
}

uint32_t low(uint64_t value) { return static_cast<uint32_t>(value); }
uint32_t high(uint64_t value) { return static_cast<uint32_t>(value >> 32); }

Target compare_equal(Emitter& out, const Comparison& c, bool wide, Outcome to) {
  const Target lower = out.load(word(c, false), out.branch(BPF_JEQ, low(c.value), to.yes, to.no));
  return wide ? out.load(word(c, true), out.branch(BPF_JEQ, high(c.value), lower, to.no)) : lower;
}

// `greater` is BPF_JGT or BPF_JGE.
Target compare_order(Emitter& out, const Comparison& c, bool wide, uint16_t greater, Outcome to) {
  const Target lower = out.load(word(c, false), out.branch(greater, low(c.value), to.yes, to.no));
  if (!wide) return lower;
  const Target equal = out.branch(BPF_JEQ, high(c.value), lower, to.no);
  return out.load(word(c, true), out.branch(BPF_JGT, high(c.value), to.yes, equal));
}

Target compare_masked(Emitter& out, const Comparison& c, bool wide, Outcome to) {
  Target target = to.yes;
  for (const bool upper : {false, true}) {
    const uint32_t mask = upper ? high(c.mask) : low(c.mask);
    if (mask == 0 || (upper && !wide)) continue;
    target = out.branch(BPF_JEQ, upper ? high(c.value) : low(c.value), target, to.no);
    target = out.load(word(c, upper), out.mask(mask, target));
  }
  return target;
}

Target compare(Emitter& out, const Comparison& c, bool wide, Outcome to) {
  switch (c.op) {
    case Operator::kEq:
      return compare_equal(out, c, wide, to);
    case Operator::kNe:
      return compare_equal(out, c, wide, {to.no, to.yes});
    case Operator::kGt:
      return compare_order(out, c, wide, BPF_JGT, to);
    case Operator::kGe:
      return compare_order(out, c, wide, BPF_JGE, to);
    case Operator::kLt:
      return compare_order(out, c, wide, BPF_JGE, {to.no, to.yes});
    case Operator::kLe:
      return compare_order(out, c, wide, BPF_JGT, {to.no, to.yes});
    case Operator::kMaskedEq:
      return compare_masked(out, c, wide, to);
  }
  return to.no;
}

// ---- rules

using Rules = std::span<const Rule>;

Target test_rule(Emitter& out, const Rule& rule, bool wide, Target no) {
  Target yes = returning(rule.action);
  for (size_t i = rule.comparisons.size(); i-- > 0;) yes = compare(out, rule.comparisons[i], wide, {yes, no});
  return yes;
}

// How many of the rules, from the last on, compare one argument with values that differ in the low word only.
size_t values_at_end(Rules rules, bool wide) {
  const auto value = [](const Rule& rule) {
    const bool simple = rule.comparisons.size() == 1 && rule.comparisons[0].op == Operator::kEq;
    return simple ? &rule.comparisons[0] : nullptr;
  };
  const Comparison* last = value(rules.back());
  size_t count = 0;
  for (; last != nullptr && count < rules.size(); ++count) {
    const Comparison* other = value(rules[rules.size() - 1 - count]);
    if (other == nullptr || other->argument != last->argument) break;
    if (wide && high(other->value) != high(last->value)) break;
  }
  return count;
}

Target test_values(Emitter& out, Rules rules, bool wide, Target no) {
  const Comparison& any = rules.front().comparisons[0];
  Target lower = no;
  for (size_t i = rules.size(); i-- > 0;)
    lower = out.branch(BPF_JEQ, low(rules[i].comparisons[0].value), returning(rules[i].action), lower);
  lower = out.load(word(any, false), lower);
  return wide ? out.load(word(any, true), out.branch(BPF_JEQ, high(any.value), lower, no)) : lower;
}

}  // namespace

Target test_rules(Emitter& out, const Decision& decision) {
  Target target = returning(decision.otherwise);
  Rules rules = decision.rules;
  while (!rules.empty()) {
    const size_t count = std::max<size_t>(values_at_end(rules, decision.wide), 1);
    target = count > 1 ? test_values(out, rules.last(count), decision.wide, target)
                       : test_rule(out, rules.back(), decision.wide, target);
    rules = rules.first(rules.size() - count);
  }
  return target;
}

}  // namespace estiva::seccomp
