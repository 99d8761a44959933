// SPDX-License-Identifier: Apache-2.0
// The rules of one system call, by the rules of libseccomp: the first without comparisons wins over all others, also
// over those before it.
#include "runtime/plan/seccomp_rules.h"

#include <algorithm>

namespace estiva::seccomp {

namespace {

using Operator = spec::SeccompOperator;

constexpr size_t kMaxRules = 64;  // each is compared with each

// The same rule for an ABI whose arguments have 32 bits; comparisons that always hold are left out.
Rule normalised(const Rule& rule, bool wide) {
  Rule result = {rule.action, {}};
  for (Comparison comparison : rule.comparisons) {
    if (!wide) {
      comparison.value = static_cast<uint32_t>(comparison.value);
      comparison.mask = static_cast<uint32_t>(comparison.mask);
    }
    if (comparison.op != Operator::kMaskedEq || comparison.mask != 0)
      result.comparisons.push_back(comparison);
  }
  return result;
}

// The least and the greatest value for which a comparison can hold. One that never holds counts as one that does for the
// value at its edge: libseccomp sees no contradiction in two of them either.
struct Interval {
  uint64_t low, high;
};

Interval interval_of(const Comparison& comparison) {
  const uint64_t value = comparison.value;
  const uint64_t greatest = ~uint64_t{0};
  switch (comparison.op) {
    case Operator::kEq:
      return {value, value};
    case Operator::kLt:
      return {0, value == 0 ? 0 : value - 1};
    case Operator::kLe:
      return {0, value};
    case Operator::kGt:
      return {value == greatest ? greatest : value + 1, greatest};
    case Operator::kGe:
      return {value, greatest};
    case Operator::kNe:
    case Operator::kMaskedEq:
      return {0, greatest};
  }
  return {0, greatest};
}

// No value passes both comparisons.
bool contradict(const Comparison& a, const Comparison& b) {
  if (a.op == Operator::kNe || b.op == Operator::kNe)
    return a.value == b.value && (a.op == Operator::kEq || b.op == Operator::kEq);
  if (a.op == Operator::kMaskedEq || b.op == Operator::kMaskedEq) {
    const bool exact = (a.op == Operator::kMaskedEq || a.op == Operator::kEq) &&
                       (b.op == Operator::kMaskedEq || b.op == Operator::kEq);
    return exact && ((a.value ^ b.value) & a.mask & b.mask) != 0;
  }
  const Interval x = interval_of(a), y = interval_of(b);
  return std::max(x.low, y.low) > std::min(x.high, y.high);
}

// No call passes both rules.
bool exclude_each_other(const Rule& a, const Rule& b) {
  return std::ranges::any_of(a.comparisons, [&](const Comparison& x) {
    return std::ranges::any_of(
        b.comparisons, [&](const Comparison& y) { return x.argument == y.argument && contradict(x, y); });
  });
}

using Comparisons = std::span<const Comparison>;

// All but the last are equalities: in libseccomp's tree the rule is one path, not several that meet again.
bool is_path(Comparisons comparisons) {
  return std::ranges::all_of(comparisons.first(comparisons.size() - 1), [](const Comparison& c) {
    return c.op == Operator::kEq || c.op == Operator::kMaskedEq;
  });
}

bool share_argument(Comparisons a, Comparisons b) {
  return std::ranges::any_of(a, [&](const Comparison& x) {
    return std::ranges::any_of(b, [&](const Comparison& y) { return x.argument == y.argument; });
  });
}

// Two branches of libseccomp's tree begin with the high word of one argument, and the first of them goes on to the second
// also when it holds the low word by then. libseccomp 2.5.4 forgets to load the high word again if that is after a
// comparison for less.
bool loses_high_word(const Comparison& a, const Comparison& b) {
  const auto is_less = [](const Comparison& c) { return c.op == Operator::kLt || c.op == Operator::kLe; };
  const auto is_order = [&](const Comparison& c) {
    return is_less(c) || c.op == Operator::kGt || c.op == Operator::kGe;
  };
  return (is_less(a) || is_less(b)) && is_order(a) && is_order(b) && a.value >> 32 != b.value >> 32;
}

// libseccomp keeps both rules as they are, added in this order. It looks for the later one also further down in the path
// of the earlier one and the other way round, and takes what it finds there for a rule that the other makes needless.
bool stay_apart(const Rule& earlier, const Rule& later) {
  Comparisons a = earlier.comparisons, b = later.comparisons;
  if (!share_argument(a, b)) return true;
  const bool simple = a.size() == 1 && b.size() == 1;
  if (!simple && (!is_path(a) || !is_path(b))) return false;
  while (!a.empty() && !b.empty() && a.front() == b.front()) {
    a = a.subspan(1);
    b = b.subspan(1);
  }
  if (a.empty() || b.empty()) return true;
  if (a.front().argument == b.front().argument) return !loses_high_word(a.front(), b.front());
  if (!share_argument(a, b)) return true;
  return a.front().argument < b.front().argument && earlier.action != later.action;
}

}  // namespace

bool can_express(std::span<const Rule> rules) {
  for (size_t later = 0; later < rules.size(); ++later) {
    for (size_t earlier = 0; earlier < later; ++earlier) {
      const Rule &a = rules[earlier], &b = rules[later];
      if (a.action != b.action && !exclude_each_other(a, b)) return false;
      if (!stay_apart(a, b)) return false;
    }
  }
  return true;
}

std::optional<Decision> decide(const Profile& profile, const Abi& abi, std::span<const Entry> entries) {
  Decision decision = {profile.default_action, {}, true};
  bool always = false;
  for (const Entry& entry : entries) {
    Rule rule = normalised(profile.rules[entry.rule], abi.wide);
    always = rule.comparisons.empty();
    if (always) {
      decision.otherwise = rule.action;
      break;
    }
    if (std::ranges::find(decision.rules, rule) != decision.rules.end()) continue;
    if (decision.rules.size() == kMaxRules) return std::nullopt;
    decision.rules.push_back(std::move(rule));
  }
  if (!can_express(decision.rules)) return std::nullopt;
  if (always) decision.rules.clear();
  decision.wide = abi.wide || decision.rules.empty();
  return decision;
}

}  // namespace estiva::seccomp
