// SPDX-License-Identifier: Apache-2.0
// From entries to ranges. The kernel knows x86-64 and x32 as one machine, so the two share one table.
#include "runtime/plan/seccomp_ranges.h"

#include <errno.h>
#include <linux/audit.h>
#include <linux/seccomp.h>

#include <algorithm>

namespace estiva::seccomp {

namespace {

constexpr uint32_t kUpperX32 = kNoCall | kX32Bit;  // ENOSYS for what is newer goes by that bit also up there
constexpr uint32_t kSkipped = 0xffffffff;          // what a tracer sets to skip a call (seccomp(2))

// Each call has one number, or its others are known here (add_call). Elsewhere only libseccomp knows which calls an older
// one stands for.
bool numbers_are_known(uint32_t machine) {
  constexpr uint32_t kKnown[] = {
      AUDIT_ARCH_X86_64,    AUDIT_ARCH_I386,        AUDIT_ARCH_AARCH64, AUDIT_ARCH_ARM,
      AUDIT_ARCH_RISCV64,   AUDIT_ARCH_LOONGARCH64, AUDIT_ARCH_MIPS64,  AUDIT_ARCH_MIPSEL64,
      AUDIT_ARCH_MIPS64N32, AUDIT_ARCH_MIPSEL64N32,
  };
  return std::ranges::find(kKnown, machine) != std::end(kKnown);
}

// `leaf` from `first` on, whatever was there.
void set_from(Ranges& ranges, uint32_t first, uint32_t leaf) {
  while (!ranges.empty() && ranges.back().first >= first) ranges.pop_back();
  if (ranges.empty() || ranges.back().leaf != leaf) ranges.push_back({first, leaf});
}

// Both tables side by side.
template <typename Leaf>
Ranges join(const Ranges& a, const Ranges& b, Leaf&& leaf) {
  Ranges joined;
  for (size_t i = 0, j = 0; i < a.size() && j < b.size();) {
    set_from(joined, std::max(a[i].first, b[j].first), leaf(a[i].leaf, b[j].leaf));
    const uint64_t next_a = i + 1 < a.size() ? a[i + 1].first : ~uint64_t{0};
    const uint64_t next_b = j + 1 < b.size() ? b[j + 1].first : ~uint64_t{0};
    if (next_a <= next_b) ++i;
    if (next_b <= next_a) ++j;
  }
  return joined;
}

class Builder {
 public:
  // `whole`: the profile, else only what is newer than it.
  Builder(const Profile& profile, bool whole) : profile_(profile), whole_(whole) {
    enosys_ = constant(SECCOMP_RET_ERRNO | ENOSYS);
    default_ = whole ? constant(profile.default_action) : intern({Leaf::Kind::kContinue, {}, 0, 0});
    stranger_ = whole ? constant(SECCOMP_RET_KILL_THREAD) : default_;
    table_.otherwise = stranger_;
  }

  // False where only libseccomp knows.
  bool add(const Abi& abi);
  bool add_x86(const Abi* x86_64, const Abi* x32);
  Table take() { return std::move(table_); }

 private:
  uint32_t intern(Leaf leaf) {
    const auto known = std::ranges::find(table_.leaves, leaf);
    if (known != table_.leaves.end()) return static_cast<uint32_t>(known - table_.leaves.begin());
    table_.leaves.push_back(std::move(leaf));
    return static_cast<uint32_t>(table_.leaves.size() - 1);
  }
  uint32_t constant(uint32_t action) { return intern({Leaf::Kind::kDecision, {action, {}, true}, 0, 0}); }
  uint32_t upper(const Abi& abi) const { return abi.newest ? enosys_ : default_; }

  std::optional<Ranges> ranges_of(const Abi& abi);
  bool set_calls(Ranges& ranges, const Abi& abi);
  void alone(Ranges& ranges, const Abi& x86_64);

  const Profile& profile_;
  const bool whole_;
  Table table_;
  uint32_t enosys_, default_, stranger_;  // leaves
};

// Numbers of x32 without the bit.
uint32_t plain(const Abi& abi, uint32_t number) { return abi.x32 ? number & ~kX32Bit : number; }

bool Builder::set_calls(Ranges& ranges, const Abi& abi) {
  std::vector<uint64_t> order;  // number, then place in the configuration
  order.reserve(abi.entries.size());
  for (size_t i = 0; i < abi.entries.size(); ++i)
    order.push_back(uint64_t{plain(abi, abi.entries[i].number)} << 32 | i);
  std::ranges::sort(order);
  std::vector<Entry> same;
  for (size_t i = 0; i < order.size();) {
    const uint32_t number = static_cast<uint32_t>(order[i] >> 32);
    same.clear();
    for (; i < order.size() && order[i] >> 32 == number; ++i)
      same.push_back(abi.entries[static_cast<uint32_t>(order[i])]);
    std::optional<Decision> decision = decide(profile_, abi, same);
    if (!decision) return false;
    if (number >= kNoCall) continue;
    set_from(ranges, number, intern({Leaf::Kind::kDecision, std::move(*decision), 0, 0}));
    set_from(ranges, number + 1, default_);
  }
  return true;
}

std::optional<Ranges> Builder::ranges_of(const Abi& abi) {
  Ranges ranges = {{0, default_}};
  if (whole_ && !set_calls(ranges, abi)) return std::nullopt;
  if (abi.newest) set_from(ranges, plain(abi, *abi.newest) + 1, enosys_);
  return ranges;
}

bool Builder::add(const Abi& abi) {
  if (whole_ && !numbers_are_known(abi.machine)) return false;
  std::optional<Ranges> ranges = ranges_of(abi);
  if (!ranges) return false;
  // On s390 number 0 stands for every call that the kernel does not know.
  const bool s390 = abi.machine == AUDIT_ARCH_S390 || abi.machine == AUDIT_ARCH_S390X;
  if (s390 && abi.newest && !whole_) {
    ranges->front().first = 1;
    ranges->insert(ranges->begin(), {0, enosys_});
  }
  table_.machines.push_back({abi.machine, std::move(*ranges), false, {}});
  return true;
}

// Without x32, its numbers are a stranger's.
void Builder::alone(Ranges& ranges, const Abi& x86_64) {
  set_from(ranges, kX32Bit, stranger_);
  if (x86_64.newest) set_from(ranges, kNoCall, enosys_);
  set_from(ranges, kUpperX32, stranger_);
  set_from(ranges, kSkipped, default_);
}

bool Builder::add_x86(const Abi* x86_64, const Abi* x32) {
  const Ranges strangers = {{0, stranger_}};
  std::optional<Ranges> a = x86_64 != nullptr ? ranges_of(*x86_64) : strangers;
  std::optional<Ranges> b = x32 != nullptr ? ranges_of(*x32) : strangers;
  if (!a || !b) return false;
  Machine machine = {AUDIT_ARCH_X86_64, {}, x32 != nullptr, {}};
  if (x32 == nullptr) {
    alone(*a, *x86_64);
    machine.ranges = std::move(*a);
  } else {
    machine.ranges = join(*a, *b, [&](uint32_t x, uint32_t y) {
      return x == y ? x : intern({Leaf::Kind::kByX32, {}, x, y});
    });
    set_from(machine.upper, 0, x86_64 != nullptr ? upper(*x86_64) : default_);
    set_from(machine.upper, kUpperX32, upper(*x32));
  }
  table_.machines.push_back(std::move(machine));
  return true;
}

const Abi* find_x86(const Profile& profile, bool x32) {
  const auto found = std::ranges::find_if(
      profile.abis, [&](const Abi& abi) { return abi.machine == AUDIT_ARCH_X86_64 && abi.x32 == x32; });
  return found != profile.abis.end() ? &*found : nullptr;
}

std::optional<Table> build(const Profile& profile, bool whole) {
  Builder builder(profile, whole);
  bool x86_done = false;
  for (const Abi& abi : profile.abis) {
    const bool x86 = abi.machine == AUDIT_ARCH_X86_64;
    if (x86 && x86_done) continue;
    x86_done = x86_done || x86;
    const bool added =
        x86 ? builder.add_x86(find_x86(profile, false), find_x86(profile, true)) : builder.add(abi);
    if (!added) return std::nullopt;
  }
  return builder.take();
}

}  // namespace

std::optional<Table> make_table(const Profile& profile) { return build(profile, true); }

Table make_newest_table(const Profile& profile) { return *build(profile, false); }

}  // namespace estiva::seccomp
