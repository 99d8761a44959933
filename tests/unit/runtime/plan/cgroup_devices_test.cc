// SPDX-License-Identifier: Apache-2.0
// Device rules: the meaning of a list is told by a plain evaluator of the rules as they stand in the configuration;
// the program for v2 (run by a small interpreter) and the lines for v1 (held against a model of the kernel's devices
// controller) must say the same on every node that a rule could tell from another.
#include "runtime/plan/cgroup_devices.h"

#include <gtest/gtest.h>

#include <array>
#include <random>
#include <set>
#include <sstream>

namespace estiva {
namespace {

constexpr uint32_t kBlock = BPF_DEVCG_DEV_BLOCK, kChar = BPF_DEVCG_DEV_CHAR;
constexpr uint32_t kMknod = BPF_DEVCG_ACC_MKNOD, kRead = BPF_DEVCG_ACC_READ, kWrite = BPF_DEVCG_ACC_WRITE;

struct Request {
  uint32_t type, major, minor, access;
};

// What the kernel asks: open(2) for reading, writing or both, and mknod(2).
constexpr uint32_t kAccesses[] = {kRead, kWrite, kRead | kWrite, kMknod};

// ---- the meaning, from the configuration's own terms

std::vector<spec::DeviceRule> with_defaults(std::vector<spec::DeviceRule> rules) {
  const auto add = [&](const char* type, int64_t major, int64_t minor, const char* access) {
    rules.push_back({true, type, major, minor, access});
  };
  add("a", -1, -1, "m");
  for (const int64_t minor : {3, 5, 7, 8, 9}) add("c", 1, minor, "rwm");
  for (const int64_t minor : {0, 1, 2}) add("c", 5, minor, "rwm");
  add("c", 136, -1, "rwm");
  add("c", 10, 200, "rwm");
  return rules;
}

bool names(const spec::DeviceRule& rule, const Request& request, char letter) {
  const std::string type = rule.type.empty() ? "a" : rule.type;
  const bool all = type == "a" && rule.major.value_or(-1) == -1 && rule.minor.value_or(-1) == -1;
  if (type != "a" && type != (request.type == kChar ? "c" : "b")) return false;
  if (rule.major.value_or(-1) != -1 && *rule.major != request.major) return false;
  if (rule.minor.value_or(-1) != -1 && *rule.minor != request.minor) return false;
  return (all && rule.access.empty()) || rule.access.find(letter) != std::string::npos;
}

bool evaluate(const std::vector<spec::DeviceRule>& rules, const Request& request) {
  constexpr std::pair<char, uint32_t> kLetters[] = {{'m', kMknod}, {'r', kRead}, {'w', kWrite}};
  for (const auto& [letter, bit] : kLetters) {
    if ((request.access & bit) == 0) continue;
    bool allowed = false;
    for (const spec::DeviceRule& rule : rules) {
      if (names(rule, request, letter)) allowed = rule.allow;
    }
    if (!allowed) return false;
  }
  return true;
}

// ---- an interpreter of the instructions that the program may use

std::optional<uint64_t> alu64(int operation, uint64_t a, uint64_t b) {
  switch (operation) {
    case BPF_MOV:
      return b;
    case BPF_SUB:
      return a - b;
    case BPF_AND:
      return a & b;
    case BPF_OR:
      return a | b;
    case BPF_XOR:
      return a ^ b;
    case BPF_LSH:
      return a << b;
    case BPF_RSH:
      return a >> b;
    case BPF_ARSH:
      return static_cast<uint64_t>(static_cast<int64_t>(a) >> b);
    default:
      return std::nullopt;
  }
}

// The program's verdict; nothing for an instruction that is not expected, a read of a register that was never written
// or a missing exit.
std::optional<uint64_t> run(const std::vector<bpf_insn>& program, const Request& request) {
  const std::array<uint32_t, 3> context{request.access << 16 | request.type, request.major, request.minor};
  std::array<uint64_t, 10> registers{};
  std::array<bool, 10> written{};
  written[1] = true;
  for (const bpf_insn& insn : program) {
    const uint8_t to = insn.dst_reg, from = insn.src_reg;
    const auto immediate = static_cast<uint64_t>(static_cast<int64_t>(insn.imm));
    if (insn.code == (BPF_JMP | BPF_EXIT)) return written[0] ? std::optional(registers[0]) : std::nullopt;
    if (insn.code == (BPF_LDX | BPF_MEM | BPF_W)) {
      if (from != 1 || insn.off % 4 != 0 || insn.off > 8) return std::nullopt;
      registers[to] = context[static_cast<size_t>(insn.off / 4)];
    } else if (insn.code == (BPF_ALU | BPF_MOV | BPF_K)) {
      registers[to] = static_cast<uint32_t>(insn.imm);
    } else if (BPF_CLASS(insn.code) == BPF_ALU64) {
      const bool by_register = BPF_SRC(insn.code) == BPF_X;
      if (by_register && !written[from]) return std::nullopt;
      if (BPF_OP(insn.code) != BPF_MOV && !written[to]) return std::nullopt;
      const auto value = alu64(BPF_OP(insn.code), registers[to], by_register ? registers[from] : immediate);
      if (!value.has_value()) return std::nullopt;
      registers[to] = *value;
    } else {
      return std::nullopt;
    }
    written[to] = true;
  }
  return std::nullopt;
}

// ---- a model of the v1 controller (security/device_cgroup.c): a default and exceptions from it

struct V1Exception {
  char type;
  std::string major, minor, access;
};

struct V1Model {
  bool allow_default = false;
  std::vector<V1Exception> exceptions;

  void write(const DeviceLine& line) {
    if (line.line == "a") {
      allow_default = line.allow;
      exceptions.clear();
      return;
    }
    std::istringstream in(line.line);
    V1Exception one{};
    std::string numbers;
    in >> one.type >> numbers >> one.access;
    one.major = numbers.substr(0, numbers.find(':'));
    one.minor = numbers.substr(numbers.find(':') + 1);
    if (line.allow != allow_default) return exceptions.push_back(one);
    std::erase_if(exceptions, [&](const V1Exception& other) {
      return other.type == one.type && other.major == one.major && other.minor == one.minor;
    });
  }

  static uint32_t bits(const V1Exception& one) {
    uint32_t out = 0;
    for (const char letter : one.access) out |= letter == 'r' ? kRead : letter == 'w' ? kWrite : kMknod;
    return out;
  }

  bool allows(const Request& request) const {
    for (const V1Exception& one : exceptions) {
      if (one.type != (request.type == kChar ? 'c' : 'b')) continue;
      if (one.major != "*" && one.major != std::to_string(request.major)) continue;
      if (one.minor != "*" && one.minor != std::to_string(request.minor)) continue;
      if (!allow_default && (request.access & ~bits(one)) == 0) return true;
      if (allow_default && (request.access & bits(one)) != 0) return false;
    }
    return allow_default;
  }
};

// ---- comparison

// Nodes with every number that the rules mention, and one that none does.
std::vector<Request> requests_for(const std::vector<spec::DeviceRule>& rules) {
  std::set<uint32_t> majors{4000}, minors{1000000};
  for (const spec::DeviceRule& rule : rules) {
    if (rule.major.value_or(-1) >= 0) majors.insert(static_cast<uint32_t>(*rule.major));
    if (rule.minor.value_or(-1) >= 0) minors.insert(static_cast<uint32_t>(*rule.minor));
  }
  std::vector<Request> out;
  for (const uint32_t major : majors) {
    for (const uint32_t minor : minors) {
      for (const uint32_t access : kAccesses) {
        out.push_back({kChar, major, minor, access});
        out.push_back({kBlock, major, minor, access});
      }
    }
  }
  return out;
}

std::string describe(const std::vector<spec::DeviceRule>& rules) {
  std::ostringstream out;
  for (const spec::DeviceRule& rule : rules) {
    out << (rule.allow ? "allow " : "deny ") << rule.type << " " << rule.major.value_or(-1) << ":"
        << rule.minor.value_or(-1) << " " << rule.access << "\n";
  }
  return out.str();
}

// True when v1 could express the list too.
bool expect_equal(const std::vector<spec::DeviceRule>& rules) {
  const std::vector<spec::DeviceRule> meaning = with_defaults(rules);
  Result<DevicePolicy> policy = plan_devices(rules);
  EXPECT_TRUE(policy.ok());
  if (!policy.ok()) return false;
  const std::vector<bpf_insn> program = device_program(policy.value());
  Result<std::vector<DeviceLine>> lines = device_lines(policy.value());
  V1Model v1;
  if (lines.ok()) {
    for (const DeviceLine& line : lines.value()) v1.write(line);
  }
  for (const Request& request : requests_for(meaning)) {
    const bool expected = evaluate(meaning, request);
    const std::optional<uint64_t> got = program.empty() ? std::optional<uint64_t>(1) : run(program, request);
    if (got != std::optional<uint64_t>(expected) || (lines.ok() && v1.allows(request) != expected)) {
      ADD_FAILURE() << describe(rules) << "type " << request.type << " " << request.major << ":"
                    << request.minor << " access " << request.access << ": expected " << expected << ", v2 "
                    << (got.has_value() ? std::to_string(*got) : "no verdict") << ", v1 "
                    << v1.allows(request);
      return lines.ok();
    }
  }
  return lines.ok();
}

std::vector<spec::DeviceRule> docker_rules() {
  return {{false, "", {}, {}, "rwm"},   {true, "c", {}, {}, "m"},    {true, "b", {}, {}, "m"},
          {true, "c", 1, 3, "rwm"},     {true, "c", 1, 8, "rwm"},    {true, "c", 1, 7, "rwm"},
          {true, "c", 5, 0, "rwm"},     {true, "c", 1, 5, "rwm"},    {true, "c", 1, 9, "rwm"},
          {true, "c", 5, 1, "rwm"},     {true, "c", 136, {}, "rwm"}, {true, "c", 5, 2, "rwm"},
          {false, "c", 10, 229, "rwm"}, {false, "c", 10, 200, "rwm"}};
}

std::string text_of(const std::vector<DeviceLine>& lines) {
  std::string out;
  for (const DeviceLine& line : lines) {
    out += (line.allow ? "allow " : "deny ") + line.line + (line.object.empty() ? "" : " <- " + line.object) +
           "\n";
  }
  return out;
}

TEST(CgroupDevices, NoRulesLeaveTheDefaultDevices) {
  EXPECT_TRUE(expect_equal({}));
  const std::string lines = text_of(device_lines(plan_devices({}).value()).value());
  EXPECT_EQ(lines,
            "deny a <- /linux/resources/devices\n"
            "allow b *:* m\n"
            "allow c *:* m\n"
            "allow c 1:3 rwm\n"
            "allow c 1:5 rwm\n"
            "allow c 1:7 rwm\n"
            "allow c 1:8 rwm\n"
            "allow c 1:9 rwm\n"
            "allow c 5:0 rwm\n"
            "allow c 5:1 rwm\n"
            "allow c 5:2 rwm\n"
            "allow c 136:* rwm\n"
            "allow c 10:200 rwm\n");
}

TEST(CgroupDevices, AnEnginesListBecomesAShortProgram) {
  EXPECT_TRUE(expect_equal(docker_rules()));
  // The verifier's time is by the instruction.
  EXPECT_LE(device_program(plan_devices(docker_rules()).value()).size(), 75u);
}

TEST(CgroupDevices, AllowAllNeedsNoProgram) {
  for (const char* access : {"rwm", ""}) {
    const DevicePolicy policy =
        plan_devices({{false, "a", {}, {}, "rwm"}, {true, "a", -1, -1, access}}).value();
    EXPECT_TRUE(policy.allows_all());
    EXPECT_TRUE(device_program(policy).empty());
    EXPECT_EQ(text_of(device_lines(policy).value()), "allow a <- /linux/resources/devices\n");
  }
}

TEST(CgroupDevices, LaterRulesWin) {
  EXPECT_TRUE(
      expect_equal({{true, "a", {}, {}, "rwm"}, {false, "b", {}, {}, "rw"}, {false, "c", 10, 229, "rwm"}}));
  EXPECT_TRUE(expect_equal({{true, "c", 10, 229, "rwm"}, {false, "a", {}, {}, "rwm"}}));
  EXPECT_TRUE(expect_equal({{true, "c", 10, 229, "rw"}, {false, "c", 10, {}, "w"}}));
  const DevicePolicy policy =
      plan_devices({{true, "a", {}, {}, "rwm"}, {false, "c", 10, 229, "rwm"}}).value();
  EXPECT_EQ(text_of(device_lines(policy).value()),
            "allow a <- /linux/resources/devices\ndeny c 10:229 rw <- /linux/resources/devices/1\n");
}

// What one rule gives for reading and another for writing, both together give for open(O_RDWR).
TEST(CgroupDevices, ReadAndWriteFromDifferentRules) {
  EXPECT_TRUE(expect_equal({{true, "c", 10, {}, "r"}, {true, "c", {}, 57, "w"}}));
  EXPECT_TRUE(expect_equal({{true, "c", 10, {}, "r"}, {true, "c", 10, 57, "w"}}));
}

// The kernel's controller ignores the numbers beside type "a"; a rule must not grow to all devices by that.
TEST(CgroupDevices, TypeAWithNumbersIsBothTypes) {
  EXPECT_TRUE(expect_equal({{false, "a", {}, {}, "rwm"}, {true, "a", 10, 229, "r"}}));
}

TEST(CgroupDevices, HighNumbers) {
  EXPECT_TRUE(expect_equal(
      {{true, "c", 4095, 1048575, "rwm"}, {true, "b", 2048, 0, "rw"}, {true, "b", 2047, {}, "r"}}));
}

TEST(CgroupDevices, V1CanNotTakeAPartBack) {
  const std::vector<spec::DeviceRule> rules{{true, "c", 10, {}, "rwm"}, {false, "c", 10, 229, "rwm"}};
  EXPECT_FALSE(expect_equal(rules));
  const Result<std::vector<DeviceLine>> lines = device_lines(plan_devices(rules).value());
  ASSERT_FALSE(lines.ok());
  EXPECT_EQ(lines.error().code(), Code::kUnsupported);
  EXPECT_EQ(lines.error().parts().object, "/linux/resources/devices/1");
}

// A default device that can't be given is no less an error: the container would miss it without a word.
TEST(CgroupDevices, V1CanNotKeepADefaultDevice) {
  const std::vector<spec::DeviceRule> rules{{true, "a", {}, {}, "rwm"}, {false, "c", 1, {}, "rw"}};
  EXPECT_FALSE(expect_equal(rules));
  const Result<std::vector<DeviceLine>> lines = device_lines(plan_devices(rules).value());
  ASSERT_FALSE(lines.ok());
  EXPECT_EQ(lines.error().parts().object, "/linux/resources/devices/1");
}

TEST(CgroupDevices, WrongRulesAreRefusedWithTheirPath) {
  const std::pair<spec::DeviceRule, const char*> kWrong[] = {
      {{true, "p", 1, 3, "rwm"}, "type"},     {{true, "c", -2, 3, "rwm"}, "major"},
      {{true, "c", 4096, 3, "rwm"}, "major"}, {{true, "c", 1, 1048576, "rwm"}, "minor"},
      {{true, "c", 1, 3, "rwx"}, "access"},   {{true, "c", 1, 3, ""}, "access"},
      {{true, "a", 1, {}, ""}, "access"},     {{true, "c", int64_t{1} << 32, 3, "r"}, "major"},
  };
  for (const auto& [rule, property] : kWrong) {
    const Result<DevicePolicy> policy = plan_devices({{false, "a", {}, {}, "rwm"}, rule});
    ASSERT_FALSE(policy.ok()) << property;
    EXPECT_EQ(policy.error().code(), Code::kInvalid);
    EXPECT_EQ(policy.error().parts().object, std::string("/linux/resources/devices/1/") + property);
  }
}

TEST(CgroupDevices, RandomListsMeanTheSameEverywhere) {
  std::mt19937 random(20261124);
  const auto pick = [&](auto... values) {
    const std::common_type_t<decltype(values)...> all[] = {values...};
    return all[random() % sizeof...(values)];
  };
  int v1_too = 0;
  constexpr int kLists = 1000;
  for (int i = 0; i < kLists && !testing::Test::HasFailure(); ++i) {
    std::vector<spec::DeviceRule> rules;
    const size_t count = random() % 9;
    for (size_t k = 0; k < count; ++k) {
      spec::DeviceRule rule;
      rule.allow = random() % 2 == 0;
      rule.type = pick("a", "b", "c", "c", "");
      rule.major = pick(-1, 1, 5, 10, 136, 2500);
      rule.minor = pick(-1, 3, 200, 1, 70000);
      rule.access = pick("rwm", "rwm", "rw", "r", "w", "m", "rm", "wm");
      if (random() % 4 == 0) rule.major.reset();
      if (random() % 4 == 0) rule.minor.reset();
      rules.push_back(rule);
    }
    v1_too += expect_equal(rules);
  }
  // Else the comparison with v1 would be an empty one.
  EXPECT_GT(v1_too, kLists / 4);
}

}  // namespace
}  // namespace estiva
