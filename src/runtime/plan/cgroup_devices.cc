// SPDX-License-Identifier: Apache-2.0
// Device rules: reading and checking them, dropping those without effect, and the lines of the v1 controller.
#include "runtime/plan/cgroup_devices.h"

#include <algorithm>
#include <span>

#include "estiva/base/text.h"

namespace estiva {

namespace {

using Rule = DevicePolicy::Rule;
constexpr int32_t kAny = DevicePolicy::kAny;
constexpr uint8_t kBlock = BPF_DEVCG_DEV_BLOCK;
constexpr uint8_t kChar = BPF_DEVCG_DEV_CHAR;
constexpr uint8_t kMknod = BPF_DEVCG_ACC_MKNOD;
constexpr uint8_t kRead = BPF_DEVCG_ACC_READ;
constexpr uint8_t kWrite = BPF_DEVCG_ACC_WRITE;
constexpr uint8_t kAllAccess = kMknod | kRead | kWrite;

// Making any node is harmless as long as it can't be opened; the nodes are those of config-linux.md, "Default Devices",
// with /dev/pts, and tun, which users of VPNs miss otherwise.
constexpr Rule kDefaultDevices[] = {
    {true, kChar | kBlock, kAny, kAny, kMknod},
    {true, kChar, 1, 3, kAllAccess},       // null
    {true, kChar, 1, 5, kAllAccess},       // zero
    {true, kChar, 1, 7, kAllAccess},       // full
    {true, kChar, 1, 8, kAllAccess},       // random
    {true, kChar, 1, 9, kAllAccess},       // urandom
    {true, kChar, 5, 0, kAllAccess},       // tty
    {true, kChar, 5, 1, kAllAccess},       // console
    {true, kChar, 5, 2, kAllAccess},       // ptmx
    {true, kChar, 136, kAny, kAllAccess},  // pts
    {true, kChar, 10, 200, kAllAccess},    // net/tun
};

bool covers(const Rule& outer, const Rule& inner) {
  return (outer.types & inner.types) == inner.types && (outer.major == kAny || outer.major == inner.major) &&
         (outer.minor == kAny || outer.minor == inner.minor);
}

bool overlap(const Rule& a, const Rule& b) {
  const auto meet = [](int32_t x, int32_t y) { return x == kAny || y == kAny || x == y; };
  return (a.types & b.types) != 0 && meet(a.major, b.major) && meet(a.minor, b.minor);
}

bool same_nodes(const Rule& a, const Rule& b) {
  return a.types == b.types && a.major == b.major && a.minor == b.minor;
}

std::string pointer(int32_t index, std::string_view property) {
  std::string out = text::cat("/linux/resources/devices/", index);
  if (!property.empty()) out += text::cat("/", property);
  return out;
}

Result<uint8_t> read_types(const std::string& type, int32_t index) {
  if (type.empty() || type == "a") return static_cast<uint8_t>(kBlock | kChar);
  if (type == "b") return kBlock;
  if (type == "c") return kChar;
  return Error::invalid(pointer(index, "type"), text::cat("must be a, b or c, not ", text::quote(type)));
}

Result<uint8_t> read_access(const spec::DeviceRule& rule, int32_t index) {
  // As the kernel's controller: a rule on all devices needs no letters.
  const bool all = (rule.type.empty() || rule.type == "a") && rule.major.value_or(kAny) == kAny &&
                   rule.minor.value_or(kAny) == kAny;
  if (rule.access.empty() && all) return kAllAccess;
  uint8_t access = 0;
  for (const char letter : rule.access) {
    const uint8_t bit = letter == 'r' ? kRead : letter == 'w' ? kWrite : letter == 'm' ? kMknod : 0;
    access |= bit;
    if (bit == 0) access = 0;
    if (bit == 0) break;
  }
  if (access != 0) return access;
  return Error::invalid(pointer(index, "access"),
                        text::cat("must be made of r, w and m, not ", text::quote(rule.access)));
}

// The kernel's device numbers have 12 and 20 bits (MINORBITS).
Result<int32_t> read_number(const std::optional<int64_t>& number, int64_t limit, std::string object) {
  if (!number.has_value() || *number == kAny) return kAny;
  if (*number >= 0 && *number < limit) return static_cast<int32_t>(*number);
  return Error::invalid(std::move(object),
                        text::cat("must be -1 or from 0 to ", limit - 1, ", not ", *number));
}

Result<Rule> read_rule(const spec::DeviceRule& rule, int32_t index) {
  Rule out{.allow = rule.allow, .index = index};
  out.types = TRY(read_types(rule.type, index));
  out.major = TRY(read_number(rule.major, 1 << 12, pointer(index, "major")));
  out.minor = TRY(read_number(rule.minor, 1 << 20, pointer(index, "minor")));
  out.access = TRY(read_access(rule, index));
  return out;
}

// The last rule on all nodes and accesses makes those before it meaningless: it is the default.
void take_default(DevicePolicy& policy) {
  const auto is_whole = [](const Rule& rule) {
    return rule.types == (kBlock | kChar) && rule.major == kAny && rule.minor == kAny &&
           rule.access == kAllAccess;
  };
  const auto last = std::find_if(policy.rules.rbegin(), policy.rules.rend(), is_whole);
  if (last == policy.rules.rend()) return;
  policy.allow = last->allow;
  policy.rules.erase(policy.rules.begin(), last.base());
}

// Takes from each rule the accesses that later rules decide for all its nodes. What a default device only repeats stays
// unless nothing else is left: devices.list then shows the rules as given, which the OCI validation programs check.
void drop_shadowed(std::vector<Rule>& rules) {
  for (size_t i = 0; i < rules.size(); ++i) {
    uint8_t left = rules[i].access;
    for (size_t j = i + 1; j < rules.size(); ++j) {
      if (!covers(rules[j], rules[i])) continue;
      const auto others = static_cast<uint8_t>(~rules[j].access);
      left &= others;
      if (rules[j].index >= 0 || rules[j].allow != rules[i].allow) rules[i].access &= others;
    }
    if (left == 0) rules[i].access = 0;
  }
  std::erase_if(rules, [](const Rule& rule) { return rule.access == 0; });
}

// A rule that says what the default says decides something only where an earlier one says otherwise.
void drop_repeating_default(DevicePolicy& policy) {
  std::vector<Rule> kept;
  for (const Rule& rule : policy.rules) {
    const bool matters =
        rule.allow != policy.allow || std::ranges::any_of(kept, [&](const Rule& earlier) {
          return earlier.allow != rule.allow && (earlier.access & rule.access) != 0 && overlap(earlier, rule);
        });
    if (matters) kept.push_back(rule);
  }
  policy.rules = std::move(kept);
}

// Within a run of rules that all allow or all deny the order means nothing.
void merge_runs(std::vector<Rule>& rules) {
  std::vector<Rule> merged;
  size_t run = 0;
  for (const Rule& rule : rules) {
    if (!merged.empty() && merged.back().allow != rule.allow) run = merged.size();
    const auto twin =
        std::find_if(merged.begin() + static_cast<ptrdiff_t>(run), merged.end(), [&](const Rule& other) {
          return other.major == rule.major && other.minor == rule.minor &&
                 (other.types == rule.types || other.access == rule.access);
        });
    if (twin == merged.end()) {
      merged.push_back(rule);
    } else {
      twin->types |= rule.types;
      twin->access |= rule.access;
    }
  }
  rules = std::move(merged);
}

// ---- v1 lines

std::string format_line(const Rule& rule) {
  std::string line = rule.types == kChar ? "c " : "b ";
  rule.major == kAny ? text::append(line, '*') : text::append(line, rule.major);
  line += ':';
  rule.minor == kAny ? text::append(line, '*') : text::append(line, rule.minor);
  line += ' ';
  if (rule.access & kRead) line += 'r';
  if (rule.access & kWrite) line += 'w';
  if (rule.access & kMknod) line += 'm';
  return line;
}

void add_exception(std::vector<Rule>& exceptions, const Rule& rule) {
  const auto twin =
      std::ranges::find_if(exceptions, [&](const Rule& other) { return same_nodes(other, rule); });
  if (twin == exceptions.end()) {
    exceptions.push_back(rule);
  } else {
    twin->access |= rule.access;
  }
}

// Takes the rule's accesses from the exceptions.
Result<void> remove_exceptions(std::vector<Rule>& exceptions, const Rule& rule) {
  for (Rule& exception : exceptions) {
    if (!overlap(exception, rule) || (exception.access & rule.access) == 0) continue;
    if (covers(rule, exception)) {
      exception.access &= static_cast<uint8_t>(~rule.access);
    } else {
      const bool is_default = rule.index < 0;
      return Error::unsupported(pointer(is_default ? exception.index : rule.index, ""),
                                text::cat("the cgroup v1 devices controller can't except ",
                                          is_default ? "the default device " : "", "\"", format_line(rule),
                                          "\" from \"", format_line(exception), "\""))
          .hint("split the wider rule so that none takes back a part of another");
    }
  }
  std::erase_if(exceptions, [](const Rule& one) { return one.access == 0; });
  return {};
}

// The controller wants one exception that grants reading and writing; where two grant one each, both together must.
void join_read_and_write(std::vector<Rule>& exceptions) {
  constexpr uint8_t kBoth = kRead | kWrite;
  for (size_t i = 0; i < exceptions.size(); ++i) {
    for (size_t j = 0; j < i; ++j) {
      const Rule a = exceptions[i], b = exceptions[j];
      const uint8_t alone_a = a.access & kBoth, alone_b = b.access & kBoth;
      if ((alone_a | alone_b) != kBoth || alone_a == kBoth || alone_b == kBoth || !overlap(a, b)) continue;
      Rule common = a;
      common.major = a.major == kAny ? b.major : a.major;
      common.minor = a.minor == kAny ? b.minor : a.minor;
      common.access = kBoth;
      add_exception(exceptions, common);
    }
  }
}

}  // namespace

Result<DevicePolicy> plan_devices(const std::vector<spec::DeviceRule>& rules) {
  DevicePolicy policy;
  for (size_t i = 0; i < rules.size(); ++i) {
    policy.rules.push_back(TRY(read_rule(rules[i], static_cast<int32_t>(i))));
  }
  policy.rules.insert(policy.rules.end(), std::begin(kDefaultDevices), std::end(kDefaultDevices));
  take_default(policy);
  drop_shadowed(policy.rules);
  drop_repeating_default(policy);
  merge_runs(policy.rules);
  return policy;
}

Result<std::vector<DeviceLine>> device_lines(const DevicePolicy& policy) {
  std::vector<Rule> exceptions;
  for (const Rule& rule : policy.rules) {
    for (const uint8_t type : {kBlock, kChar}) {
      if ((rule.types & type) == 0) continue;
      Rule one = rule;
      one.types = type;
      if (rule.allow != policy.allow) {
        add_exception(exceptions, one);
      } else {
        TRY(remove_exceptions(exceptions, one));
      }
    }
  }
  if (!policy.allow) join_read_and_write(exceptions);
  std::vector<DeviceLine> lines{{policy.allow, "a", "/linux/resources/devices"}};
  for (const Rule& exception : exceptions) {
    lines.push_back({!policy.allow, format_line(exception),
                     exception.index < 0 ? std::string() : pointer(exception.index, "")});
  }
  return lines;
}

}  // namespace estiva
