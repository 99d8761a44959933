// SPDX-License-Identifier: Apache-2.0
// From one list of the v1 devices controller to another without a moment in which a device that both allow is denied:
// a container reads /dev/null while its rules are changed. Pure.
#include <algorithm>
#include <map>

#include "estiva/base/text.h"
#include "runtime/plan/cgroup_devices.h"

namespace estiva {

namespace {

constexpr std::string_view kAccess = "rwm";

// "c 1:3" to its accesses.
using Exceptions = std::map<std::string, std::string>;

Exceptions exceptions_of(const std::vector<DeviceLine>& lines) {
  Exceptions out;
  for (const DeviceLine& line : lines) {
    const size_t blank = line.line.rfind(' ');
    if (line.line == "a" || blank == std::string::npos) continue;
    out[line.line.substr(0, blank)] += line.line.substr(blank + 1);
  }
  return out;
}

std::string without(std::string_view from, std::string_view taken) {
  std::string out;
  for (const char one : kAccess) {
    if (from.find(one) != std::string_view::npos && taken.find(one) == std::string_view::npos) out += one;
  }
  return out;
}

// The lines, one way, for the accesses that `more` has and `less` has not.
void add_difference(const Exceptions& more, const Exceptions& less, bool allow,
                    std::vector<DeviceLine>& lines) {
  for (const auto& [nodes, access] : more) {
    const auto there = less.find(nodes);
    const std::string rest = without(access, there == less.end() ? "" : there->second);
    if (!rest.empty()) lines.push_back({allow, text::cat(nodes, " ", rest), ""});
  }
}

}  // namespace

std::vector<DeviceLine> listed_device_lines(std::string_view devices_list) {
  const std::vector<std::string> listed = text::split(text::trim(devices_list), '\n');
  if (listed[0].starts_with("a ")) return {{true, "a", ""}};
  std::vector<DeviceLine> lines{{false, "a", ""}};
  for (const std::string& line : listed) {
    if (!line.empty()) lines.push_back({true, line, ""});
  }
  return lines;
}

DeviceTransition device_transition(const std::vector<DeviceLine>& wanted, std::string_view devices_list) {
  const std::vector<DeviceLine> now = listed_device_lines(devices_list);
  if (wanted[0].allow || now[0].allow) return {wanted, true};
  DeviceTransition out;
  // What is new comes first, and keeps the name of its rule.
  const Exceptions have = exceptions_of(now), want = exceptions_of(wanted);
  add_difference(want, have, true, out.lines);
  for (DeviceLine& line : out.lines) {
    const std::string nodes = line.line.substr(0, line.line.rfind(' ') + 1);
    const auto rule = std::ranges::find_if(
        wanted, [&](const DeviceLine& one) { return one.line.starts_with(nodes) && !one.object.empty(); });
    if (rule != wanted.end()) line.object = rule->object;
  }
  add_difference(have, want, false, out.lines);
  return out;
}

}  // namespace estiva
