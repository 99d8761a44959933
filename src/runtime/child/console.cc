// SPDX-License-Identifier: Apache-2.0
// The terminal: a pair from the container's own devpts. Everything after the first open is by descriptor, so no
// name in the image can stand for something else (CVE-2025-52565, CVE-2026-88264).
#include <errno.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <sys/mount.h>
#include <unistd.h>

#include "estiva/base/sys_mount.h"
#include "estiva/base/sys_socket.h"
#include "estiva/base/text.h"
#include "runtime/child/mount_calls.h"
#include "runtime/child/steps.h"

namespace estiva::child {

namespace {

Result<Fd> open_master(const Context& c) {
  Result<Fd> opened = c.root.open_at("/dev/pts/ptmx", O_RDWR | O_NOCTTY, RootDir::Links::kRefuse);
  if (!opened.ok() && opened.error().errnum() == ENOENT) {
    return Error::invalid("/process/terminal", "the container has no /dev/pts/ptmx")
        .hint("mount a devpts on /dev/pts");
  }
  Fd master = TRY(std::move(opened));
  if (TRY(sys::fstatfs(master)).f_type != DEVPTS_SUPER_MAGIC) {
    return Error::invalid("/process/terminal", "/dev/pts/ptmx is not of a devpts");
  }
  TRY(sys::tty_unlock(master));
  return master;
}

// Over /dev/console, made where missing; never through a link.
Result<void> mount_on_console(const Context& c, const Fd& terminal) {
  const RootDir::Parent parent = TRY(c.root.open_parent("/dev/console"));
  Result<Fd> made = sys::openat(parent.dir, parent.name, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW, 0600);
  if (!made.ok() && made.error().errnum() != EEXIST) return std::move(made).error();
  const Fd target = TRY(sys::openat(parent.dir, parent.name, O_PATH | O_NOFOLLOW));
  const struct stat info = TRY(sys::fstat(target));
  if (S_ISLNK(info.st_mode))
    return Error::invalid("/process/terminal", "/dev/console is a symbolic link in the image");
  if (!c.plan.new_mount_api) return bind_path(descriptor_path(terminal), false, target);
  const Fd tree = TRY(sys::open_tree(terminal, "", AT_EMPTY_PATH | OPEN_TREE_CLONE));
  return sys::move_mount(tree, "", target, "", MOVE_MOUNT_F_EMPTY_PATH | MOVE_MOUNT_T_EMPTY_PATH);
}

}  // namespace

Result<void> open_terminal(Context& c, bool is_console) {
  if (!c.plan.process || !c.plan.process->terminal) return {};
  const Fd master = TRY(open_master(c));
  c.terminal = TRY(sys::tty_peer(master, O_RDWR | O_NOCTTY));
  if (c.plan.process->console_size) {
    struct winsize size = {};
    size.ws_row = static_cast<unsigned short>(c.plan.process->console_size->height);
    size.ws_col = static_cast<unsigned short>(c.plan.process->console_size->width);
    TRY(sys::tty_set_size(master, size).context([] { return "/process/consoleSize"; }));
  }
  TRY(sys::fchown(c.terminal, c.plan.process->uid, TRY(sys::fstat(c.terminal)).st_gid));
  if (is_console) TRY(mount_on_console(c, c.terminal).context([] { return "/dev/console"; }));
  const std::string name = text::cat("/dev/pts/", TRY(sys::tty_number(master)));
  TRY(sys::send_message(c.console_socket, name, master).context([] { return "console socket"; }));
  c.console_socket.reset();
  return {};
}

Result<void> use_terminal(const Context& c) {
  if (!c.terminal.valid()) return {};
  TRY(sys::tty_make_controlling(c.terminal));
  for (const int stream : {0, 1, 2}) TRY(sys::dup_onto(c.terminal, stream));
  return {};
}

}  // namespace estiva::child
