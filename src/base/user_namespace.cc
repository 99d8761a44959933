// SPDX-License-Identifier: Apache-2.0
// The namespace is made by a child that ends as soon as there is a descriptor of it.
#include "estiva/base/user_namespace.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/sched.h>
#include <linux/securebits.h>
#include <sched.h>
#include <signal.h>
#include <sys/fsuid.h>
#include <sys/prctl.h>
#include <unistd.h>

#include "estiva/base/files.h"
#include "estiva/base/sys_process.h"
#include "estiva/base/text.h"

namespace estiva {

namespace {

// Keeps the new namespace until the other end of the pipe is closed, be it by the parent's death.
[[noreturn]] void run_holder(sys::Pipe& pipe) {
  pipe.write.reset();
  char end;
  (void)sys::read(pipe.read, &end, 1);
  ::_exit(0);
}

Result<Fd> fill_namespace(pid_t holder, const std::string& uid_map, const std::string& gid_map) {
  // Our child, not yet waited for: its number is its own.
  const Fd dir = TRY(sys::open(text::cat("/proc/", holder), O_PATH | O_DIRECTORY));
  TRY(files::write_kernel(dir, "uid_map", uid_map));
  TRY(files::write_kernel(dir, "gid_map", gid_map));
  return sys::openat(dir, "ns/user", O_RDONLY);
}

// The call itself gives no error: the second one tells what the first one did.
bool set_file_ids(uid_t uid, gid_t gid) {
  constexpr auto kNone = static_cast<uid_t>(-1);
  (void)::setfsgid(gid);
  (void)::setfsuid(uid);
  return static_cast<uid_t>(::setfsuid(kNone)) == uid && static_cast<gid_t>(::setfsgid(kNone)) == gid;
}

}  // namespace

Result<Fd> make_user_namespace(const std::string& uid_map, const std::string& gid_map) {
  sys::Pipe pipe = TRY(sys::pipe());
  struct clone_args args = {};
  args.flags = CLONE_NEWUSER;
  args.exit_signal = SIGCHLD;
  const pid_t holder = TRY(sys::clone3(args));
  if (holder == 0) run_holder(pipe);
  Result<Fd> ns = fill_namespace(holder, uid_map, gid_map);
  pipe.write.reset();
  TRY(sys::wait_pid(holder));
  return ns;
}

Result<FileIds> FileIds::take(uid_t uid, gid_t gid) {
  const int bits = TRY(sys::prctl(PR_GET_SECUREBITS));
  // Or capabilities on files would go with the user 0.
  TRY(sys::prctl(PR_SET_SECUREBITS, static_cast<unsigned long>(bits) | SECBIT_NO_SETUID_FIXUP));
  FileIds ids(static_cast<unsigned long>(bits));
  if (!set_file_ids(uid, gid)) return Error::system("setfsuid", EPERM);
  return ids;
}

FileIds::~FileIds() {
  if (!taken_) return;
  (void)set_file_ids(::geteuid(), ::getegid());
  (void)sys::prctl(PR_SET_SECUREBITS, bits_);
}

}  // namespace estiva
