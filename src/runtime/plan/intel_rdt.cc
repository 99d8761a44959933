// SPDX-License-Identifier: Apache-2.0
// linux.intelRdt: which resctrl group the container is in and what that allows (config-linux.md, "IntelRdt").
#include <algorithm>

#include "estiva/base/text.h"
#include "runtime/plan/parts.h"

namespace estiva::plan {

namespace {

Error bad(std::string_view property, std::string message) {
  return Error::invalid(text::cat("/linux/intelRdt/", property), std::move(message));
}

// What the kernel puts beside the groups.
constexpr std::string_view kReserved[] = {".", "..", "info", "mon_data", "mon_groups"};

Result<void> check_clos(const std::string& name) {
  const bool reserved = std::ranges::find(kReserved, name) != std::end(kReserved);
  if (!reserved && name.find('/') == std::string::npos && name.find('\n') == std::string::npos) return {};
  return bad("closID", text::cat(text::quote(name), " is no name of a group"))
      .hint("\"/\" is the root group");
}

Result<void> check_line(const std::string& line, std::string_view property, std::string_view start) {
  if (line.find('\n') != std::string::npos) return bad(property, "has more than one line");
  if (line.starts_with(start) && line.find(':') != std::string::npos) return {};
  return bad(property, text::cat(text::quote(line), " does not start with ", text::quote(start)));
}

// With both, the memory bandwidth in l3CacheSchema gives way to memBwSchema.
Result<std::string> l3_lines(const spec::IntelRdt& rdt) {
  std::string out;
  for (const std::string& line : text::split(rdt.l3_cache_schema, '\n')) {
    const std::string_view trimmed = text::trim(line);
    if (trimmed.empty()) continue;
    if (trimmed.find(':') == std::string::npos)
      return bad("l3CacheSchema", text::cat(text::quote(line), " has no resource before a \":\""));
    if (trimmed.starts_with("MB:") && !rdt.mem_bw_schema.empty()) continue;
    out += text::cat(trimmed, "\n");
  }
  return out;
}

}  // namespace

Result<std::string> plan_schemata(const spec::IntelRdt& rdt) {
  std::string out = TRY(l3_lines(rdt));
  if (!rdt.mem_bw_schema.empty()) {
    TRY(check_line(rdt.mem_bw_schema, "memBwSchema", "MB:"));
    out += text::cat(rdt.mem_bw_schema, "\n");
  }
  for (size_t i = 0; i < rdt.schemata.size(); ++i) {
    TRY(check_line(rdt.schemata[i], text::cat("schemata/", i), ""));
    out += text::cat(rdt.schemata[i], "\n");
  }
  return out;
}

Result<std::optional<RdtStep>> plan_rdt(const Input& in) {
  if (!in.linux.intel_rdt) return std::optional<RdtStep>();
  const spec::IntelRdt& rdt = *in.linux.intel_rdt;
  RdtStep step;
  step.schemata = TRY(plan_schemata(rdt));
  if (rdt.clos_id.empty()) {
    step.group = in.options.id;
    step.may_make = step.must_make = true;
  } else if (rdt.clos_id != "/") {
    step.group = rdt.clos_id;
    step.may_make = !step.schemata.empty();
  }
  TRY(check_clos(step.group));
  if (rdt.enable_monitoring) step.monitor = in.options.id;
  return std::optional<RdtStep>(std::move(step));
}

}  // namespace estiva::plan
