// SPDX-License-Identifier: Apache-2.0
// Removes a cgroup: at once where it is empty, else when the kernel says that its last process has left.
#include <errno.h>
#include <fcntl.h>

#include <algorithm>

#include "estiva/base/sys_process.h"
#include "estiva/base/sys_socket.h"
#include "estiva/base/text.h"
#include "runtime/cgroup/deadline.h"
#include "runtime/cgroup/manager.h"
#include "runtime/cgroup/tree.h"

namespace estiva::cgroup {

namespace {

// Between the end of a process as its pidfd shows it and its leaving the cgroup there is nothing to wait on.
constexpr int kNoEventWait = 1;  // ms

Result<void> wait_event_v2(const std::string& directory, const Deadline& deadline) {
  Result<Fd> file = sys::open(directory + "/cgroup.events", O_RDONLY);
  if (!file.ok() && vanished(file.error())) return {};
  const Fd events = TRY(std::move(file));
  char buffer[256];
  Result<size_t> size = sys::read(events, buffer, sizeof buffer);
  if (!size.ok() && vanished(size.error())) return {};
  const bool has_processes = flag(std::string_view(buffer, TRY(std::move(size))), "populated");
  struct pollfd wait {};
  wait.fd = events.number();
  wait.events = POLLPRI;
  const int left = deadline.remaining();
  TRY(sys::poll({&wait, 1}, has_processes ? left : std::min(left, kNoEventWait)));
  return {};
}

Result<void> wait_process(pid_t pid, const Deadline& deadline) {
  Result<Fd> pidfd = sys::pidfd_open(pid);
  if (!pidfd.ok() && pidfd.error().errnum() == ESRCH) return {};
  const Fd process = TRY(std::move(pidfd));
  struct pollfd wait {};
  wait.fd = process.number();
  wait.events = POLLIN;
  TRY(sys::poll({&wait, 1}, deadline.remaining()));
  return {};
}

Result<void> wait_change(const CgroupRecord& here, const Deadline& deadline) {
  if (here.hierarchies.front().unified) {
    return wait_event_v2(here.hierarchies.front().mount_point + here.path, deadline);
  }
  for (const pid_t pid : TRY(processes(here))) TRY(wait_process(pid, deadline));
  TRY(sys::poll({}, std::min(deadline.remaining(), kNoEventWait)));
  return {};
}

// The letter of proc_pid_stat(5), or '?'. The name before it may contain anything, so from its last ")".
char state_of(pid_t pid) {
  const Result<std::string> stat = read_small(FdView::cwd(), text::cat("/proc/", pid, "/stat"));
  const size_t name_end = stat.ok() ? stat.value().rfind(')') : std::string::npos;
  if (name_end == std::string::npos || name_end + 2 >= stat.value().size()) return '?';
  return stat.value()[name_end + 2];
}

Result<void> still_populated(const CgroupRecord& here, int timeout_ms) {
  constexpr size_t kNamed = 10;
  const std::vector<pid_t> remaining = TRY(processes(here));
  std::string list;
  bool stuck = false;
  for (size_t i = 0; i < std::min(remaining.size(), kNamed); ++i) {
    const char state = state_of(remaining[i]);
    stuck |= state == 'D';
    text::append(list, text::cat(i == 0 ? "" : ", ", remaining[i], " (", state, ")"));
  }
  if (remaining.size() > kNamed) text::append(list, text::cat(" and ", remaining.size() - kNamed, " more"));
  if (list.empty()) list = "none that this pid namespace shows";
  return Error(Code::kState, text::cat("the cgroup ", here.hierarchies.front().mount_point, here.path,
                                       " still has processes after ", timeout_ms, " ms: ", list))
      .hint(stuck ? "state D waits in the kernel, mostly for a device or a network file system" : "");
}

Result<void> destroy_in(const RecordedHierarchy& hierarchy, const std::string& path, const Deadline& deadline,
                        int timeout_ms) {
  const CgroupRecord here{.path = path, .hierarchies = {hierarchy}, .created = {}};
  for (;;) {
    const bool last = deadline.passed();
    if (TRY(remove_tree(hierarchy.mount_point + path))) return {};
    if (last) return still_populated(here, timeout_ms);
    TRY(wait_change(here, deadline));
  }
}

}  // namespace

Result<void> destroy(const CgroupRecord& record, int timeout_ms) {
  if (record.path.empty()) return {};
  const Deadline deadline(timeout_ms);
  for (const RecordedHierarchy& hierarchy : record.hierarchies) {
    TRY(destroy_in(hierarchy, record.path, deadline, timeout_ms).context([] {
      return std::string("cgroup");
    }));
  }
  const auto is_leaf = [&](const std::string& made) {
    return std::ranges::any_of(record.hierarchies, [&](const RecordedHierarchy& one) {
      return made == one.mount_point + record.path;
    });
  };
  // A parent with other children stays, for them.
  for (auto made = record.created.rbegin(); made != record.created.rend(); ++made) {
    if (!is_leaf(*made)) (void)sys::unlinkat(FdView::cwd(), *made, AT_REMOVEDIR);
  }
  return {};
}

}  // namespace estiva::cgroup
