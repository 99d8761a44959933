// SPDX-License-Identifier: Apache-2.0
// From ranges of system call numbers to a binary search for each machine.
#include "runtime/plan/seccomp_filter.h"

#include <linux/seccomp.h>

#include <cstddef>

#include "runtime/plan/seccomp_ranges.h"
#include "runtime/plan/seccomp_tests.h"

namespace estiva::seccomp {

namespace {

// A range with exceptions: single numbers inside it. One comparison for each, a range of its own would take two.
struct Spotted {
  Range range;
  std::vector<Range> spots;
};

constexpr size_t kMaxSpots = 3;  // they are looked at one after another

std::vector<Spotted> spotted(const Ranges& ranges) {
  std::vector<Spotted> result;
  for (size_t i = 0; i < ranges.size(); ++i) {
    Spotted next = {ranges[i], {}};
    const auto spot = [&] {
      return i + 2 < ranges.size() && ranges[i + 2].leaf == next.range.leaf &&
             ranges[i + 2].first - ranges[i + 1].first == 1;
    };
    for (; next.spots.size() < kMaxSpots && spot(); i += 2) next.spots.push_back(ranges[i + 1]);
    const bool goes_on = spot();
    result.push_back(std::move(next));
    if (goes_on) --i;  // what comes after the last exception is also the beginning of the next
  }
  return result;
}

class Writer {
 public:
  Writer(const Table& table, const std::vector<sock_filter>& tail)
      : table_(table), out_(tail), written_(table.leaves.size()) {
    if (!tail.empty()) tail_ = out_.position();
  }
  std::vector<sock_filter> write();

 private:
  Target leaf(uint32_t index);
  Target make_leaf(const Leaf& leaf);
  Target search(std::span<const Spotted> ranges);
  Target search(const Ranges& ranges) { return search(spotted(ranges)); }
  Target machine(const Machine& machine);
  Target by_x32(Target x32, Target x86_64) {
    const Target target = out_.branch(BPF_JGE, kX32Bit, x32, x86_64);
    return out_.load(offsetof(struct seccomp_data, nr), target);
  }
  // With the system call's number at hand; where it does not matter it is not loaded.
  Target with_number(Target target) {
    return target.returns ? target : out_.load(offsetof(struct seccomp_data, nr), target);
  }

  const Table& table_;
  Emitter out_;
  std::vector<std::optional<Target>> written_;  // leaves
  Target tail_ = {true, SECCOMP_RET_KILL_PROCESS};
};

Target Writer::leaf(uint32_t index) {
  if (!written_[index]) written_[index] = make_leaf(table_.leaves[index]);
  return *written_[index];
}

Target Writer::make_leaf(const Leaf& leaf) {
  switch (leaf.kind) {
    case Leaf::Kind::kDecision:
      return test_rules(out_, leaf.decision);
    case Leaf::Kind::kByX32:
      return by_x32(this->leaf(leaf.x32), this->leaf(leaf.x86_64));
    case Leaf::Kind::kContinue:
      return tail_;
  }
  return tail_;
}

Target Writer::search(std::span<const Spotted> ranges) {
  const size_t middle = ranges.size() / 2;
  if (middle == 0) {
    Target target = leaf(ranges[0].range.leaf);
    const std::vector<Range>& spots = ranges[0].spots;
    for (auto spot = spots.rbegin(); spot != spots.rend(); ++spot)
      target = out_.branch(BPF_JEQ, spot->first, leaf(spot->leaf), target);
    return target;
  }
  const Target above = search(ranges.subspan(middle));
  const Target below = search(ranges.first(middle));
  return out_.branch(BPF_JGE, ranges[middle].range.first, above, below);
}

Target Writer::machine(const Machine& machine) {
  Target target = search(machine.ranges);
  if (machine.both_x86) {
    const Target upper = search(machine.upper);
    if (!target.returns) target = out_.mask(~kX32Bit, target);
    target = out_.branch(BPF_JGE, kNoCall, upper, target);
  }
  return with_number(target);
}

std::vector<sock_filter> Writer::write() {
  const std::vector<Machine>& machines = table_.machines;
  std::vector<Target> targets(machines.size());
  for (size_t i = machines.size(); i-- > 0;) targets[i] = machine(machines[i]);
  Target target = leaf(table_.otherwise);
  for (size_t i = machines.size(); i-- > 0;)
    target = out_.branch(BPF_JEQ, machines[i].machine, targets[i], target);
  out_.load(offsetof(struct seccomp_data, arch), target);
  return out_.take();
}

}  // namespace

std::optional<std::vector<sock_filter>> compile_filter(const Profile& profile) {
  const std::optional<Table> table = make_table(profile);
  if (!table) return std::nullopt;
  return Writer(*table, {}).write();
}

std::vector<sock_filter> with_enosys(const Profile& profile, const std::vector<sock_filter>& filter) {
  const Table table = make_newest_table(profile);
  return Writer(table, filter).write();
}

}  // namespace estiva::seccomp
