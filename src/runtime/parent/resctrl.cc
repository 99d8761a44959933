// SPDX-License-Identifier: Apache-2.0
// Groups of the resctrl file system: made, compared, joined, removed.
#include "runtime/parent/resctrl.h"

#include <errno.h>
#include <fcntl.h>

#include <map>

#include "estiva/base/files.h"
#include "estiva/base/identity.h"
#include "estiva/base/text.h"
#include "estiva/base/undo.h"
#include "runtime/parent/mountinfo.h"
#include "runtime/parent/status.h"

namespace estiva::resctrl {

namespace {

constexpr const char* kObject = "/linux/intelRdt";
constexpr size_t kMaxFile = 1 << 20;

std::string parent_of(const std::string& path) { return path.substr(0, path.rfind('/')); }

// Bit masks are hexadecimal, with or without leading zeros; percentages are compared in the same way.
std::string normalised(std::string_view value) {
  value = text::trim(value);
  while (value.size() > 1 && value[0] == '0') value.remove_prefix(1);
  std::string out(value);
  for (char& c : out) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  }
  return out;
}

// "L3:0=7f0;1=1f": by "L3:0" and "L3:1".
std::map<std::string, std::string> domains(std::string_view lines) {
  std::map<std::string, std::string> values;
  for (const std::string& line : text::split(lines, '\n')) {
    const size_t colon = line.find(':');
    if (colon == std::string::npos) continue;
    const std::string_view resource = text::trim(std::string_view(line).substr(0, colon));
    for (const std::string& domain : text::split(line.substr(colon + 1), ';')) {
      const size_t equals = domain.find('=');
      if (equals == std::string::npos) continue;
      values[text::cat(resource, ":", text::trim(std::string_view(domain).substr(0, equals)))] =
          normalised(std::string_view(domain).substr(equals + 1));
    }
  }
  return values;
}

// Why the kernel refused the last write. Only the root group has it.
std::string last_status(const std::string& group) {
  Result<std::string> status = files::read_all(FdView::cwd(), group + "/info/last_cmd_status", kMaxFile);
  if (!status.ok())
    status = files::read_all(FdView::cwd(), parent_of(group) + "/info/last_cmd_status", kMaxFile);
  const std::string_view text = status.ok() ? text::trim(status.value()) : "";
  return text == "ok" ? "" : std::string(text);
}

Result<void> write_schemata(const std::string& group, const std::string& lines) {
  Result<void> written = files::write_kernel(FdView::cwd(), group + "/schemata", lines);
  if (written.ok()) return {};
  return std::move(written).error().message(last_status(group)).object(text::cat(kObject, "/schemata"));
}

Result<void> check_present(const RdtStep& step, const std::string& group) {
  if (step.schemata.empty()) return {};
  const std::string present = TRY(files::read_all(FdView::cwd(), group + "/schemata", kMaxFile));
  if (satisfies(present, step.schemata)) return {};
  return Error::invalid(text::cat(kObject, "/closID"),
                        text::cat(text::quote(group), " exists and allows something else"))
      .hint("a group that is there has to have the schemata that the container asks for");
}

Error missing_group(const std::string& group) {
  return Error::invalid(text::cat(kObject, "/closID"), text::cat(text::quote(group), " is not there"))
      .hint("without schemata the group has to be made beforehand");
}

// True: it was made. An error of mkdir(2) is ENOSPC where the processor has no class of service left.
Result<bool> make_group(const RdtStep& step, const std::string& group) {
  if (!step.may_make) return false;
  Result<void> made = sys::mkdirat(FdView::cwd(), group, 0755);
  if (made.ok()) return true;
  if (made.error().errnum() == EEXIST && !step.must_make) return false;
  Error error = std::move(made).error().object(kObject);
  if (error.errnum() == ENOSPC) return std::move(error).hint("no class of service is left");
  return error;
}

Result<void> remove_directory(const std::string& path) {
  Result<void> removed = sys::unlinkat(FdView::cwd(), path, AT_REMOVEDIR);
  if (!removed.ok() && removed.error().errnum() == ENOENT) return {};
  return removed;
}

// Another container may have joined a group that has a name of its own.
bool in_use(const std::string& group) {
  const Result<std::string> tasks = files::read_all(FdView::cwd(), group + "/tasks", kMaxFile);
  if (!tasks.ok()) return false;
  for (const std::string& line : text::split(tasks.value(), '\n')) {
    const auto pid = text::number<pid_t>(line);
    if (pid && process_start_time(*pid).ok()) return true;
  }
  return false;
}

}  // namespace

bool satisfies(std::string_view present, std::string_view wanted) {
  const std::map<std::string, std::string> have = domains(present);
  for (const auto& [domain, value] : domains(wanted)) {
    const auto found = have.find(domain);
    if (found == have.end() || found->second != value) return false;
  }
  return true;
}

Result<ResctrlRecord> locate(const std::optional<RdtStep>& step) {
  ResctrlRecord record;
  if (!step) return record;
  const std::optional<std::string> root = TRY(mountinfo::find_type("resctrl"));
  if (!root) {
    return Error::unsupported(kObject, "no resctrl file system is mounted")
        .hint("mount -t resctrl resctrl /sys/fs/resctrl, on a processor with RDT");
  }
  record.group = step->group.empty() ? *root : text::cat(*root, "/", step->group);
  record.shared = !step->must_make;
  record.made = step->may_make && !sys::fstatat(FdView::cwd(), record.group, 0).ok();
  if (!step->monitor.empty()) record.monitor = text::cat(record.group, "/mon_groups/", step->monitor);
  return record;
}

Result<void> make(const RdtStep& step, ResctrlRecord& record) {
  record.made = TRY(make_group(step, record.group));
  Undo no_group([&] {
    if (record.made) (void)remove_directory(record.group);
  });
  if (record.made) {
    if (!step.schemata.empty()) TRY(write_schemata(record.group, step.schemata));
  } else {
    const Result<struct stat> there = sys::fstatat(FdView::cwd(), record.group, 0);
    if (!there.ok() && there.error().errnum() == ENOENT) return missing_group(record.group);
    TRY(check_present(step, record.group).context([] { return kObject; }));
  }
  if (!record.monitor.empty()) {
    Result<void> made = sys::mkdirat(FdView::cwd(), record.monitor, 0755);
    if (!made.ok()) return std::move(made).error().object(text::cat(kObject, "/enableMonitoring"));
  }
  no_group.dismiss();
  return {};
}

Result<void> join(const ResctrlRecord& record, pid_t pid) {
  if (record.group.empty()) return {};
  const std::string number = text::cat(pid);
  Result<void> joined = files::write_kernel(FdView::cwd(), record.group + "/tasks", number);
  if (joined.ok() && !record.monitor.empty())
    joined = files::write_kernel(FdView::cwd(), record.monitor + "/tasks", number);
  if (joined.ok()) return {};
  return std::move(joined).error().object(kObject);
}

Result<std::string> update(const ResctrlRecord& record, const std::string& lines) {
  std::string before = TRY(files::read_all(FdView::cwd(), record.group + "/schemata", kMaxFile));
  TRY(write_schemata(record.group, lines));
  return before;
}

Result<void> remove(const ResctrlRecord& record) {
  if (!record.monitor.empty()) TRY(remove_directory(record.monitor).context([] { return "resctrl"; }));
  if (!record.made) return {};
  // The tasks of a group that is removed go to the root group, and lose their limits.
  if (record.shared && in_use(record.group)) return {};
  return remove_directory(record.group).context([] { return "resctrl"; });
}

}  // namespace estiva::resctrl
