// SPDX-License-Identifier: Apache-2.0
// Finds and signals every process of a cgroup. On cgroup v2 the kernel kills them itself; else they are frozen first,
// so that none forks away, and signalled through descriptors, so that no other process is hit.
#include <errno.h>
#include <fcntl.h>

#include <algorithm>

#include "estiva/base/files.h"
#include "estiva/base/sys_process.h"
#include "estiva/base/text.h"
#include "runtime/cgroup/manager.h"
#include "runtime/cgroup/tree.h"

namespace estiva::cgroup {

namespace {

constexpr size_t kListLimit = 64 << 20;  // bytes of cgroup.procs: more than pid_max allows

Result<void> append_processes(FdView dir, std::vector<pid_t>& out) {
  Result<Fd> file = sys::openat(dir, "cgroup.procs", O_RDONLY);
  if (!file.ok() && vanished(file.error())) return {};
  Result<std::string> content = files::read_fd(TRY(std::move(file)), kListLimit);
  // A threaded cgroup lists no processes; they are in the list of the domain above.
  if (!content.ok() && (vanished(content.error()) || content.error().errnum() == EOPNOTSUPP)) return {};
  for (const std::string& line : text::split(TRY(std::move(content)), '\n')) {
    // 0: a process that our pid namespace does not see.
    const pid_t pid = text::number<pid_t>(line).value_or(0);
    if (pid > 0) out.push_back(pid);
  }
  return {};
}

// All v1 hierarchies hold the same processes; the freezer's speaks for them.
std::vector<const RecordedHierarchy*> hierarchies_to_list(const CgroupRecord& record) {
  std::vector<const RecordedHierarchy*> out;
  const RecordedHierarchy* v1 = nullptr;
  for (const RecordedHierarchy& hierarchy : record.hierarchies) {
    if (hierarchy.unified) out.push_back(&hierarchy);
    if (!hierarchy.unified && (v1 == nullptr || hierarchy.freezer)) v1 = &hierarchy;
  }
  if (v1 != nullptr) out.push_back(v1);
  return out;
}

// A process that was in the cgroup before its descriptor was opened and is after is the one that the descriptor means.
Result<void> signal_listed(const CgroupRecord& record, const std::vector<pid_t>& pids, int signal) {
  constexpr size_t kAtOnce = 256;  // descriptors
  for (size_t start = 0; start < pids.size(); start += kAtOnce) {
    std::vector<std::pair<pid_t, Fd>> open;
    for (size_t i = start; i < std::min(pids.size(), start + kAtOnce); ++i) {
      Result<Fd> pidfd = sys::pidfd_open(pids[i]);
      if (!pidfd.ok() && pidfd.error().errnum() == ESRCH) continue;
      open.emplace_back(pids[i], TRY(std::move(pidfd)));
    }
    const std::vector<pid_t> still = TRY(processes(record));
    for (const auto& [pid, pidfd] : open) {
      if (!std::ranges::binary_search(still, pid)) continue;
      Result<void> sent = sys::pidfd_send_signal(pidfd, signal);
      if (!sent.ok() && sent.error().errnum() != ESRCH) return sent;
    }
  }
  return {};
}

// Signals until no new process appears: without a freezer they may fork meanwhile.
Result<void> signal_all(const CgroupRecord& record, int signal) {
  std::vector<pid_t> done;
  constexpr int kRounds = 100;
  for (int round = 0; round < kRounds; ++round) {
    const std::vector<pid_t> now = TRY(processes(record));
    std::vector<pid_t> fresh;
    std::ranges::set_difference(now, done, std::back_inserter(fresh));
    if (fresh.empty()) return {};
    TRY(signal_listed(record, fresh, signal));
    done = now;
  }
  return Error(Code::kState,
               text::cat("processes of the cgroup ", record.path, " fork faster than they are signalled"));
}

// A cgroup below may be frozen by the container itself.
Result<void> thaw_subtree(const CgroupRecord& record) {
  TRY(thaw(record));
  for (const RecordedHierarchy& hierarchy : record.hierarchies) {
    if (!hierarchy.freezer) continue;  // what v2 froze can be killed
    TRY(visit_tree(hierarchy.mount_point + record.path, [](FdView dir) -> Result<void> {
      Result<void> thawed = files::write_kernel(dir, "freezer.state", "THAWED");
      if (!thawed.ok() && vanished(thawed.error())) return {};
      return thawed;
    }));
  }
  return {};
}

// Linux 5.14. False: the kernel has no cgroup.kill or there is no such cgroup.
Result<bool> kill_by_kernel(const CgroupRecord& record) {
  for (const RecordedHierarchy& hierarchy : record.hierarchies) {
    if (!hierarchy.unified) continue;
    Result<void> killed =
        files::write_kernel(FdView::cwd(), hierarchy.mount_point + record.path + "/cgroup.kill", "1");
    if (killed.ok()) return true;
    if (!vanished(killed.error())) return std::move(killed).error();
  }
  return false;
}

Result<void> signal_frozen(const CgroupRecord& record, int signal) {
  constexpr int kFreezeTimeout = 2000;  // ms
  const bool was_frozen = TRY(frozen(record));
  // Signalling in rounds does without; freezing only makes it certain.
  if (!was_frozen) (void)freeze(record, kFreezeTimeout);
  Result<void> sent = signal_all(record, signal);
  if (signal == SIGKILL) TRY(thaw_subtree(record));
  if (signal != SIGKILL && !was_frozen) TRY(thaw(record));
  return sent;
}

}  // namespace

Result<std::vector<pid_t>> processes(const CgroupRecord& record) {
  std::vector<pid_t> out;
  if (record.path.empty()) return out;
  for (const RecordedHierarchy* hierarchy : hierarchies_to_list(record)) {
    TRY(visit_tree(hierarchy->mount_point + record.path,
                   [&](FdView dir) { return append_processes(dir, out); }));
  }
  std::ranges::sort(out);
  out.erase(std::unique(out.begin(), out.end()), out.end());
  return out;
}

Result<void> kill_all(const CgroupRecord& record, int signal) {
  if (record.path.empty()) return {};
  const auto noun = [&] { return text::cat("cgroup ", record.path); };
  if (signal == SIGKILL && TRY(kill_by_kernel(record).context(noun))) {
    const bool v2_only = record.hierarchies.size() == 1;
    if (v2_only) return {};
    TRY(signal_all(record, signal).context(noun));
    return thaw_subtree(record).context(noun);
  }
  return signal_frozen(record, signal).context(noun);
}

}  // namespace estiva::cgroup
