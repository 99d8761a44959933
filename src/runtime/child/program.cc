// SPDX-License-Identifier: Apache-2.0
// The program: its working directory, its environment, where it is, its execution.
#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#include <algorithm>

#include "estiva/base/files.h"
#include "estiva/base/sys_process.h"
#include "estiva/base/text.h"
#include "runtime/child/steps.h"

namespace estiva::child {

namespace {

constexpr size_t kMaxPasswd = 1 << 20;  // a larger one is not searched (CVE-2026-61801)

// The sixth field of the line whose third is `uid`; "/" where there is none. Read without the name service, which
// would load code from the image (CVE-2019-14271); numbers only, whatever names the file has (CVE-2016-3697).
std::string home_of(const RootDir& root, uid_t uid) {
  const Result<Fd> file = root.open_at("/etc/passwd", O_RDONLY | O_NONBLOCK | O_NOCTTY);
  if (!file.ok()) return "/";
  const Result<struct stat> info = sys::fstat(file.value());
  if (!info.ok() || !S_ISREG(info.value().st_mode) || info.value().st_size > static_cast<off_t>(kMaxPasswd)) return "/";
  const Result<std::string> content = files::read_fd(file.value(), kMaxPasswd);
  if (!content.ok()) return "/";
  for (const std::string& line : text::split(content.value(), '\n')) {
    const std::vector<std::string> fields = text::split(line, ':');
    if (fields.size() >= 6 && text::number<uid_t>(fields[2]) == uid && fields[5].starts_with('/')) return fields[5];
  }
  return "/";
}

// chdir and then the question where we are: a directory outside the root is "(unreachable)" (CVE-2024-21626).
Result<void> enter_directory(const std::string& path) {
  TRY(sys::chdir(path));
  const std::string where = TRY(sys::getcwd());
  if (where.starts_with('/')) return {};
  return Error::invalid("/process/cwd", "is outside the container's root");
}

std::string search_path(const std::vector<std::string>& env) {
  for (const std::string& entry : env) {
    if (entry.starts_with("PATH=")) return entry.substr(5);
  }
  return "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";
}

// 0, or the errno of why it can't be executed.
int executable(const std::string& path) {
  const Result<struct stat> info = sys::fstatat(FdView::cwd(), path, 0);
  if (!info.ok()) return info.error().errnum();
  if (!S_ISREG(info.value().st_mode)) return EACCES;
  return ::faccessat(AT_FDCWD, path.c_str(), X_OK, AT_EACCESS) == 0 ? 0 : errno;
}

// Engines read these words: "executable file not found" and "no such file or directory" are 127 to their users,
// "permission denied" is 126.
Error not_executable(const std::string& name, int errnum) {
  return Error::system(text::cat("exec ", text::quote(name)), errnum).object("/process/args/0");
}

}  // namespace

Result<void> prepare_environment(Context& c) {
  c.env = c.plan.process->env;
  if (c.plan.process->home_missing) {
    std::erase(c.env, "HOME=");
    c.env.push_back(text::cat("HOME=", home_of(c.root, c.plan.process->uid)));
  }
  return {};
}

Result<void> find_program(Context& c) {
  TRY(enter_directory(c.plan.process->cwd).context([] { return "/process/cwd"; }));
  const std::string& name = c.plan.process->args[0];
  if (name.find('/') != std::string::npos) {
    if (const int errnum = executable(name); errnum != 0) return not_executable(name, errnum);
    c.program = name;
    return {};
  }
  int last = ENOENT;
  for (const std::string& directory : text::split(search_path(c.env), ':')) {
    const std::string path = text::cat(directory.empty() ? "." : directory, "/", name);
    const int errnum = executable(path);
    if (errnum == 0) {
      c.program = path;
      return {};
    }
    if (errnum == EACCES) last = EACCES;
  }
  if (last == EACCES) return not_executable(name, last);
  return Error::invalid("/process/args/0", text::cat("exec ", text::quote(name), ": executable file not found in $PATH"));
}

Error execute(const Context& c) {
  std::vector<char*> argv, envp;
  for (const std::string& arg : c.plan.process->args) argv.push_back(const_cast<char*>(arg.c_str()));
  for (const std::string& entry : c.env) envp.push_back(const_cast<char*>(entry.c_str()));
  argv.push_back(nullptr);
  envp.push_back(nullptr);
  Result<void> done = sys::execve(c.program, argv.data(), envp.data());
  return not_executable(c.program, done.error().errnum());
}

}  // namespace estiva::child
