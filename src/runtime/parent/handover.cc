// SPDX-License-Identifier: Apache-2.0
// Standard streams, console socket, pid file.
#include "runtime/parent/handover.h"

#include <fcntl.h>
#include <sys/socket.h>
#include <sys/stat.h>

#include "estiva/base/files.h"
#include "estiva/base/sys_socket.h"
#include "estiva/base/text.h"

namespace estiva {

void give_stdio(const ProcessPlan& process) {
  if (!process.host_uid || *process.host_uid == 0) return;
  for (const int stream : {0, 1, 2}) {
    const FdView fd = FdView::of_number(stream);
    const Result<struct stat> info = sys::fstat(fd);
    if (info.ok() && S_ISFIFO(info.value().st_mode)) {
      (void)sys::fchown(fd, *process.host_uid, info.value().st_gid);
    }
  }
}

Result<Fd> connect_socket(const std::string& path, const char* what) {
  if (path.empty()) return Fd();
  Fd socket = TRY(sys::unix_socket(SOCK_STREAM));
  TRY(sys::connect_unix(socket, path).context([&] { return what; }));
  return socket;
}

Result<void> send_pidfd(FdView socket, FdView pidfd, std::string_view kind) {
  if (!socket.valid()) return {};
  return sys::send_message(socket, kind, pidfd).context([] { return "pidfd socket"; });
}

Result<PidFile> PidFile::open(const std::string& path) {
  PidFile file;
  if (path.empty()) return file;
  const std::string absolute = TRY(files::absolute(path));
  const size_t slash = absolute.rfind('/');
  file.name_ = absolute.substr(slash + 1);
  file.dir_ = TRY(sys::open(slash == 0 ? "/" : absolute.substr(0, slash), O_RDONLY | O_DIRECTORY).context([] {
    return "pid file";
  }));
  file.dir_.close_later();
  return file;
}

Result<void> PidFile::write(pid_t pid) const {
  if (!dir_.valid()) return {};
  return files::replace(dir_, name_, text::cat(pid), 0644).context([] { return "pid file"; });
}

}  // namespace estiva
