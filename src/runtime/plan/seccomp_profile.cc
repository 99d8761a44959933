// SPDX-License-Identifier: Apache-2.0
// What of a seccomp profile is known without a table of names: actions, rules, and the calls that i386 multiplexes.
#include "runtime/plan/seccomp_profile.h"

#include <errno.h>
#include <linux/audit.h>
#include <linux/seccomp.h>

#include <algorithm>

namespace estiva::seccomp {

namespace {

using Operator = spec::SeccompOperator;

constexpr uint32_t kSocketcall = 102, kIpc = 117;

// Calls of socketcall(2) and ipc(2) on i386, by libseccomp's number: -100 - N and -200 - N for the Nth of each
// (linux/net.h, linux/ipc.h); with the number of the call by itself, where there is one (Linux 4.3 and 5.1).
struct Multiplexed {
  int number;
  int by_itself;
};
constexpr Multiplexed kByItself[] = {
    {-101, 359}, {-102, 361}, {-103, 362}, {-104, 363}, {-106, 367}, {-107, 368}, {-108, 360},
    {-111, 369}, {-112, 371}, {-113, 373}, {-114, 366}, {-115, 365}, {-116, 370}, {-117, 372},
    {-118, 364}, {-119, 337}, {-120, 345}, {-202, 393}, {-203, 394}, {-211, 400}, {-212, 401},
    {-213, 399}, {-214, 402}, {-221, 397}, {-222, 398}, {-223, 395}, {-224, 396},
};

// The same rule where the first argument says which call is meant. What the profile demands of the call's own first
// argument can't be checked there, it is in memory: libseccomp leaves it out.
uint32_t multiplexed_rule(Profile& profile, uint32_t index, uint64_t which) {
  Rule rule = profile.rules[index];
  std::erase_if(rule.comparisons, [](const Comparison& c) { return c.argument == 0; });
  rule.comparisons.insert(rule.comparisons.begin(), {0, Operator::kEq, which, ~uint64_t{0}});
  profile.rules.push_back(std::move(rule));
  return static_cast<uint32_t>(profile.rules.size() - 1);
}

void add_multiplexed(Profile& profile, Abi& abi, int number, uint32_t rule) {
  const bool socket = number <= -100 && number >= -120;
  const bool ipc = number <= -200 && number >= -224;
  if (socket || ipc) {
    const uint64_t which = static_cast<uint64_t>(-number - (socket ? 100 : 200));
    abi.entries.push_back({socket ? kSocketcall : kIpc, multiplexed_rule(profile, rule, which)});
  }
  const auto direct = std::ranges::find(kByItself, number, &Multiplexed::number);
  if (direct != std::end(kByItself)) number = direct->by_itself;
  abi.entries.push_back({static_cast<uint32_t>(number), rule});
}

Comparison comparison_of(const spec::SeccompArg& arg) {
  Comparison comparison = {static_cast<uint8_t>(arg.index), arg.op, arg.value, ~uint64_t{0}};
  if (arg.op == Operator::kMaskedEq) {
    comparison.mask = arg.value;
    comparison.value = arg.value_two.value_or(0) & arg.value;
  }
  return comparison;
}

}  // namespace

uint32_t action_value(spec::SeccompAction action, const std::optional<uint32_t>& errno_ret) {
  const uint32_t data = errno_ret.value_or(EPERM) & SECCOMP_RET_DATA;
  switch (action) {
    case spec::SeccompAction::kKill:
    case spec::SeccompAction::kKillThread:
      return SECCOMP_RET_KILL_THREAD;
    case spec::SeccompAction::kKillProcess:
      return SECCOMP_RET_KILL_PROCESS;
    case spec::SeccompAction::kTrap:
      return SECCOMP_RET_TRAP;
    case spec::SeccompAction::kErrno:
      return SECCOMP_RET_ERRNO | data;
    case spec::SeccompAction::kTrace:
      return SECCOMP_RET_TRACE | data;
    case spec::SeccompAction::kAllow:
      return SECCOMP_RET_ALLOW;
    case spec::SeccompAction::kLog:
      return SECCOMP_RET_LOG;
    case spec::SeccompAction::kNotify:
      return SECCOMP_RET_USER_NOTIF;
  }
  return SECCOMP_RET_KILL_PROCESS;
}

std::vector<Rule> rules_of(const spec::SeccompSyscall& call, uint32_t action) {
  Rule all = {action, {}};
  std::vector<Rule> each;
  bool repeated = false;
  for (const spec::SeccompArg& arg : call.args) {
    const Comparison comparison = comparison_of(arg);
    repeated = repeated || std::ranges::any_of(all.comparisons, [&](const Comparison& c) {
                 return c.argument == comparison.argument;
               });
    all.comparisons.push_back(comparison);
    each.push_back({action, {comparison}});
  }
  if (repeated) return each;
  std::ranges::sort(all.comparisons, {}, &Comparison::argument);
  return {all};
}

void add_call(Profile& profile, Abi& abi, int number, uint32_t rule) {
  if (number < 0 && abi.machine == AUDIT_ARCH_I386) return add_multiplexed(profile, abi, number, rule);
  abi.entries.push_back({static_cast<uint32_t>(number), rule});
}

void note_newest(Abi& abi, int number) {
  if (number > 0) abi.newest = std::max(abi.newest.value_or(0), static_cast<uint32_t>(number));
}

bool wants_enosys(uint32_t default_action) {
  const uint32_t action = default_action & SECCOMP_RET_ACTION_FULL;
  return action != SECCOMP_RET_ALLOW && action != SECCOMP_RET_LOG && action != SECCOMP_RET_TRACE;
}

}  // namespace estiva::seccomp
