// SPDX-License-Identifier: Apache-2.0
// Freezes and thaws a cgroup, and tells whether it is populated or frozen.
#include <errno.h>
#include <fcntl.h>

#include <algorithm>

#include "estiva/base/files.h"
#include "estiva/base/sys_socket.h"
#include "estiva/base/text.h"
#include "runtime/cgroup/deadline.h"
#include "runtime/cgroup/manager.h"
#include "runtime/cgroup/tree.h"

namespace estiva::cgroup {

namespace {

// Below a vanished cgroup's path nothing can be frozen.
Result<std::string> read_if_there(const std::string& path) {
  Result<std::string> content = read_small(FdView::cwd(), path);
  if (!content.ok() && vanished(content.error())) return std::string();
  return content;
}

Error not_frozen(const std::string& directory, int timeout_ms) {
  return Error(Code::kState, text::cat("the cgroup ", directory, " is not frozen after ", timeout_ms, " ms"))
      .hint("a process of it may be waiting in the kernel (state D)");
}

// cgroup.events wakes poll(2) with POLLPRI; what was read before tells of which change.
Result<bool> wait_frozen_v2(const std::string& directory, const Deadline& deadline) {
  const Fd events = TRY(sys::open(directory + "/cgroup.events", O_RDONLY));
  for (;;) {
    char buffer[256];
    const size_t size = TRY(sys::pread(events, buffer, sizeof buffer, 0));
    if (flag(std::string_view(buffer, size), "frozen")) return true;
    if (deadline.passed()) return false;
    struct pollfd wait {};
    wait.fd = events.number();
    wait.events = POLLPRI;
    TRY(sys::poll({&wait, 1}, deadline.remaining()));
  }
}

Result<bool> freeze_v2(const std::string& directory, const Deadline& deadline) {
  TRY(files::write_kernel(FdView::cwd(), directory + "/cgroup.freeze", "1"));
  return wait_frozen_v2(directory, deadline);
}

// The v1 freezer tells nobody when it is done, so it is asked, at growing intervals. A task that sleeps in vfork(2) for
// a frozen child holds it up for ever; thawing for a moment lets both go on.
Result<bool> freeze_v1(const std::string& directory, const Deadline& deadline) {
  const std::string file = directory + "/freezer.state";
  constexpr int kFirstWait = 1, kLongestWait = 16, kRoundsUntilThaw = 20;  // milliseconds; a count
  int wait = kFirstWait;
  for (int round = 1;; ++round) {
    TRY(files::write_kernel(FdView::cwd(), file, "FROZEN"));
    const std::string state = TRY(read_small(FdView::cwd(), file));
    if (text::trim(state) == "FROZEN") return true;
    if (deadline.passed()) return false;
    if (round % kRoundsUntilThaw == 0) TRY(files::write_kernel(FdView::cwd(), file, "THAWED"));
    TRY(sys::poll({}, std::min(wait, deadline.remaining())));
    wait = std::min(wait * 2, kLongestWait);
  }
}

const RecordedHierarchy* freezer_of(const CgroupRecord& record) {
  const auto unified = std::ranges::find_if(record.hierarchies, &RecordedHierarchy::unified);
  if (unified != record.hierarchies.end()) return &*unified;
  const auto v1 = std::ranges::find_if(record.hierarchies, &RecordedHierarchy::freezer);
  return v1 == record.hierarchies.end() ? nullptr : &*v1;
}

// Linux (seen with 6.18) may leave "frozen 1" in cgroup.events when processes die while their cgroup is thawed, so that
// word counts only where this cgroup or a parent was told to freeze.
Result<bool> frozen_v2(const std::string& mount_point, const std::string& path) {
  if (!flag(TRY(read_if_there(text::cat(mount_point, path, "/cgroup.events"))), "frozen")) return false;
  for (std::string at = path; !at.empty(); at.erase(at.rfind('/'))) {
    const std::string asked = TRY(read_if_there(text::cat(mount_point, at, "/cgroup.freeze")));
    if (text::trim(asked) == "1") return true;
  }
  return false;
}

Result<void> write_if_there(const std::string& path, std::string_view value) {
  Result<void> written = files::write_kernel(FdView::cwd(), path, value);
  if (!written.ok() && vanished(written.error())) return {};
  return written;
}

}  // namespace

Result<bool> populated(const CgroupRecord& record) {
  if (record.path.empty()) return false;
  bool v1 = false;
  for (const RecordedHierarchy& hierarchy : record.hierarchies) {
    v1 |= !hierarchy.unified;
    if (!hierarchy.unified) continue;
    const std::string events = TRY(read_if_there(hierarchy.mount_point + record.path + "/cgroup.events"));
    if (flag(events, "populated")) return true;
  }
  return v1 && !TRY(processes(record)).empty();
}

Result<bool> frozen(const CgroupRecord& record) {
  if (record.path.empty()) return false;
  for (const RecordedHierarchy& hierarchy : record.hierarchies) {
    const std::string directory = hierarchy.mount_point + record.path;
    if (hierarchy.unified && TRY(frozen_v2(hierarchy.mount_point, record.path))) return true;
    if (!hierarchy.freezer) continue;
    const std::string state = TRY(read_if_there(directory + "/freezer.state"));
    if (!state.empty() && text::trim(state) != "THAWED") return true;
  }
  return false;
}

Result<void> freeze(const CgroupRecord& record, int timeout_ms) {
  if (record.path.empty()) return Error(Code::kUnsupported, "a container without a cgroup can't be frozen");
  const RecordedHierarchy* hierarchy = freezer_of(record);
  if (hierarchy == nullptr) return Error(Code::kUnsupported, "no cgroup hierarchy has a freezer");
  const std::string directory = hierarchy->mount_point + record.path;
  const Deadline deadline(timeout_ms);
  Result<bool> done = hierarchy->unified ? freeze_v2(directory, deadline) : freeze_v1(directory, deadline);
  if (done.ok() && done.value()) return {};
  // What can't be seen to be frozen is not left so.
  Result<void> thawed = thaw(record);
  Error error = done.ok() ? not_frozen(directory, timeout_ms) : std::move(done).error();
  if (thawed.ok()) return error;
  return std::move(error).hint(text::cat("and it may stay frozen: ", thawed.error().to_string()));
}

Result<void> thaw(const CgroupRecord& record) {
  if (record.path.empty()) return {};
  for (const RecordedHierarchy& hierarchy : record.hierarchies) {
    const std::string directory = hierarchy.mount_point + record.path;
    if (hierarchy.unified) TRY(write_if_there(directory + "/cgroup.freeze", "0"));
    if (hierarchy.freezer) TRY(write_if_there(directory + "/freezer.state", "THAWED"));
  }
  return {};
}

}  // namespace estiva::cgroup
