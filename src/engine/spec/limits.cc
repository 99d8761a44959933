// SPDX-License-Identifier: Apache-2.0
// --memory, --cpus, --pids-limit, --ulimit and their kind.
#include <stdlib.h>

#include <algorithm>

#include "engine/spec/make_spec.h"
#include "estiva/base/text.h"

namespace estiva::engine {

namespace {

constexpr uint64_t kPeriod = 100'000;  // microseconds
constexpr int64_t kLeastMemory = 6 << 20;

Result<std::optional<int64_t>> size_of(std::string_view option, const std::string& text) {
  if (text.empty()) return std::optional<int64_t>();
  const auto size = text::bytes(text);
  if (!size || *size < -1) return bad_option(option, text, "is no size");
  return std::optional<int64_t>(*size);
}

Result<void> set_memory(const ContainerOptions& options, spec::Resources& resources) {
  const auto limit = TRY(size_of("memory", options.memory));
  const auto swap = TRY(size_of("memory-swap", options.memory_swap));
  const auto reservation = TRY(size_of("memory-reservation", options.memory_reservation));
  if (limit && *limit > 0 && *limit < kLeastMemory)
    return bad_option("memory", options.memory, "Minimum memory limit allowed is 6MB");
  if (swap && !limit) return bad_option("memory-swap", options.memory_swap, "needs a limit of memory too");
  if (swap && *swap != -1 && *swap < *limit)
    return bad_option("memory-swap", options.memory_swap, "is smaller than the limit of memory");
  if (!limit && !reservation) return {};
  spec::Memory& memory = resources.memory.emplace();
  if (limit && *limit > 0) memory.limit = limit;
  memory.reservation = reservation;
  // As much again may be swapped, as docker has it.
  if (memory.limit) memory.swap = swap.value_or(*limit * 2);
  return {};
}

Result<void> set_cpu(const ContainerOptions& options, spec::Resources& resources) {
  spec::Cpu cpu;
  if (!options.cpus.empty()) {
    char* end = nullptr;
    const double count = ::strtod(options.cpus.c_str(), &end);
    if (*end != 0 || !(count >= 0.01) || count > 100'000)
      return bad_option("cpus", options.cpus, "is no number of CPUs, at least 0.01");
    cpu.period = kPeriod;
    cpu.quota = static_cast<int64_t>(count * static_cast<double>(kPeriod));
  }
  if (options.cpu_shares != 0) cpu.shares = options.cpu_shares;
  cpu.cpus = options.cpuset_cpus;
  cpu.mems = options.cpuset_mems;
  if (cpu != spec::Cpu()) resources.cpu = cpu;
  return {};
}

std::optional<uint64_t> limit_of(const std::string& text) {
  return text == "-1" || text == "unlimited" ? std::optional(UINT64_MAX) : text::number<uint64_t>(text);
}

Result<spec::Rlimit> parse_ulimit(const std::string& text) {
  const size_t equals = text.find('=');
  const std::vector<std::string> values =
      equals == text.npos ? Strings() : text::split(text.substr(equals + 1), ':');
  if (values.empty() || values.size() > 2 || equals == 0)
    return bad_option("ulimit", text, "is not NAME=SOFT[:HARD]");
  const auto soft = limit_of(values.front()), hard = limit_of(values.back());
  if (!soft || !hard || *soft > *hard) return bad_option("ulimit", text, "is not NAME=SOFT[:HARD]");
  std::string name = text.substr(0, equals);
  for (char& c : name) c = c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c;
  return spec::Rlimit{text::cat("RLIMIT_", name), *soft, *hard};
}

}  // namespace

Result<void> set_limits(const ContainerOptions& options, spec::Spec& spec) {
  if (!spec.linux->resources) spec.linux->resources.emplace();
  spec::Resources& resources = *spec.linux->resources;
  TRY(set_memory(options, resources));
  TRY(set_cpu(options, resources));
  if (options.pids_limit != 0) resources.pids.emplace().limit = options.pids_limit;
  for (const std::string& each : options.ulimit) spec.process->rlimits.push_back(TRY(parse_ulimit(each)));
  for (const spec::Device& device : spec.linux->devices) {
    spec::DeviceRule rule;
    rule.allow = true;
    rule.type = device.type;
    rule.major = device.major;
    rule.minor = device.minor;
    rule.access = "rwm";
    resources.devices.push_back(std::move(rule));
  }
  return {};
}

}  // namespace estiva::engine
