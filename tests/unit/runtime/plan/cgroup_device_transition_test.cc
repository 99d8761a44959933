// SPDX-License-Identifier: Apache-2.0
// From one list of device rules to another, held against a model of the kernel's controller: the lines lead there, and
// what both lists allow is allowed after each of them.
#include <gtest/gtest.h>

#include <map>
#include <set>

#include "runtime/plan/cgroup_devices.h"

namespace estiva {
namespace {

// The controller while it denies by default: "c 1:3" to its accesses.
using Model = std::map<std::string, std::set<char>>;

void write(Model& model, const DeviceLine& line) {
  const size_t blank = line.line.rfind(' ');
  const std::string nodes = line.line.substr(0, blank);
  for (const char access : line.line.substr(blank + 1)) {
    if (line.allow) model[nodes].insert(access);
    if (!line.allow && model.contains(nodes)) model[nodes].erase(access);
  }
  if (model.contains(nodes) && model[nodes].empty()) model.erase(nodes);
}

std::vector<DeviceLine> rules(std::initializer_list<const char*> allowed) {
  std::vector<DeviceLine> lines{{false, "a", "/all"}};
  for (const char* line : allowed) lines.push_back({true, line, std::string("/") + line});
  return lines;
}

Model model_of(const std::vector<DeviceLine>& lines) {
  Model model;
  for (const DeviceLine& line : lines) {
    if (line.line != "a") write(model, line);
  }
  return model;
}

void check(const std::vector<DeviceLine>& wanted, const std::string& listed) {
  const std::vector<DeviceLine> before = listed_device_lines(listed);
  const DeviceTransition change = device_transition(wanted, listed);
  ASSERT_FALSE(change.starts_anew);
  Model now = model_of(before);
  const Model from = now, to = model_of(wanted);
  for (const DeviceLine& line : change.lines) {
    write(now, line);
    for (const auto& [nodes, accesses] : from) {
      for (const char access : accesses) {
        if (!to.contains(nodes) || !to.at(nodes).contains(access)) continue;
        EXPECT_TRUE(now.contains(nodes) && now.at(nodes).contains(access)) << line.line;
      }
    }
  }
  EXPECT_EQ(now, to);
}

TEST(DeviceTransition, LeadsThereAndNeverRefusesWhatBothAllow) {
  const std::string listed = "c *:* m\nb *:* m\nc 1:3 rwm\nc 10:237 r\n";
  check(rules({"c *:* m", "b *:* m", "c 1:3 rwm", "c 10:237 r"}), listed);
  check(rules({"c 1:3 rw", "c 10:237 rw", "b 8:* r"}), listed);
  check(rules({"c 1:3 rwm"}), listed);
  check(rules({"c 1:5 r"}), "");
}

TEST(DeviceTransition, NothingChangesNothing) {
  EXPECT_TRUE(device_transition(rules({"c 1:3 rwm"}), "c 1:3 rwm\n").lines.empty());
}

TEST(DeviceTransition, ANewLineHasTheNameOfItsRule) {
  const DeviceTransition change = device_transition(rules({"c 1:3 rwm", "c 1:5 r"}), "c 1:3 rwm\n");
  ASSERT_EQ(change.lines.size(), 1u);
  EXPECT_EQ(change.lines[0].object, "/c 1:5 r");
}

TEST(DeviceTransition, AnotherDefaultStartsAnew) {
  EXPECT_TRUE(device_transition(rules({"c 1:3 rwm"}), "a *:* rwm\n").starts_anew);
  EXPECT_TRUE(device_transition({{true, "a", ""}}, "c 1:3 rwm\n").starts_anew);
  EXPECT_EQ(device_transition({{true, "a", ""}}, "c 1:3 rwm\n").lines.size(), 1u);
}

}  // namespace
}  // namespace estiva
