// SPDX-License-Identifier: Apache-2.0
// Gives a container's init a cgroup of its own to manage, below the one that has the limits. The host side, before the
// init does anything that its image or a hook could see.
#include "runtime/cgroup/subtree.h"

#include <errno.h>
#include <fcntl.h>

#include <algorithm>

#include "estiva/base/files.h"
#include "estiva/base/sys.h"
#include "estiva/base/text.h"
#include "runtime/cgroup/manager.h"
#include "runtime/cgroup/tree.h"

namespace estiva::cgroup {

namespace {

// cgroup-v2.rst, "Model of Delegation"; the kernel lists the files since 4.15.
constexpr std::string_view kDelegatedFiles = "cgroup.procs\ncgroup.threads\ncgroup.subtree_control\n";

// One that was there may be frozen: the init would stop in it for ever.
Result<void> make_way(const RecordedHierarchy& unified, const std::string& top, const std::string& below) {
  for (const std::string& directory : way_down(unified.mount_point + top, below)) {
    Result<void> made = sys::mkdirat(FdView::cwd(), directory, 0755);
    if (!made.ok() && made.error().errnum() != EEXIST) return made;
  }
  const CgroupRecord here{.path = top + below, .hierarchies = {unified}, .created = {}};
  if (TRY(frozen(here)))
    return Error(Code::kState, text::cat("the cgroup ", unified.mount_point, here.path, " is frozen"));
  return {};
}

// A group with processes can't hand controllers down (cgroups(7), "no internal processes"), so the init goes first.
Result<void> hand_down(const std::string& top, const std::string& below) {
  const std::string all = TRY(read_small(FdView::cwd(), top + "/cgroup.controllers"));
  std::vector<std::string> controllers;
  for (const std::string& one : text::split(text::trim(all), ' ')) {
    if (!one.empty()) controllers.push_back("+" + one);
  }
  if (controllers.empty()) return {};
  std::vector<std::string> way = way_down(top, below);
  way.insert(way.begin(), top);
  way.pop_back();
  for (const std::string& directory : way) enable_below(directory, controllers);
  return {};
}

}  // namespace

Result<void> give_to(uid_t owner, FdView cgroup_dir) {
  constexpr gid_t kKeep = static_cast<gid_t>(-1);
  TRY(sys::fchownat(cgroup_dir, "", owner, kKeep, AT_EMPTY_PATH));
  Result<std::string> listed = read_small(FdView::cwd(), "/sys/kernel/cgroup/delegate");
  const std::string names = listed.ok() ? std::move(listed).value() : std::string(kDelegatedFiles);
  for (const std::string& name : text::split(text::trim(names), '\n')) {
    Result<void> given = sys::fchownat(cgroup_dir, name, owner, kKeep, AT_SYMLINK_NOFOLLOW);
    if (!given.ok() && given.error().errnum() != ENOENT) return given;
  }
  return {};
}

void enable_below(const std::string& directory, const std::vector<std::string>& controllers) {
  const std::string file = directory + "/cgroup.subtree_control";
  if (files::write_kernel(FdView::cwd(), file, text::join(controllers, " ")).ok() || controllers.size() == 1)
    return;
  for (const std::string& one : controllers) (void)files::write_kernel(FdView::cwd(), file, one);
}

std::vector<std::string> way_down(const std::string& top, std::string_view path) {
  std::vector<std::string> out;
  for (size_t slash = path.find('/', 1);; slash = path.find('/', slash + 1)) {
    out.push_back(text::cat(top, path.substr(0, slash)));
    if (slash == std::string::npos) return out;
  }
}

Result<void> delegate(const CgroupRecord& record, const CgroupPlan& plan, pid_t init) {
  const auto unified = std::ranges::find_if(record.hierarchies, &RecordedHierarchy::unified);
  if (unified == record.hierarchies.end()) return Error(Code::kInternal, "no cgroup2 to delegate a part of");
  const std::string top = unified->mount_point + record.path;
  const auto noun = [&] { return text::cat("delegated cgroup ", top, plan.delegated); };
  TRY(make_way(*unified, record.path, plan.delegated).context(noun));
  const Fd directory = TRY(sys::open(top + plan.delegated, O_PATH | O_DIRECTORY).context(noun));
  TRY(files::write_kernel(directory, "cgroup.procs", text::cat(init)).context(noun));
  TRY(hand_down(top, plan.delegated).context(noun));
  if (plan.delegated_owner.value_or(0) == 0) return {};
  return give_to(*plan.delegated_owner, directory).context(noun);
}

}  // namespace estiva::cgroup
