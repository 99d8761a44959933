// SPDX-License-Identifier: Apache-2.0
// The program: its working directory, its environment, where it is, its execution.
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include <algorithm>

#include "estiva/base/files.h"
#include "estiva/base/sys_process.h"
#include "estiva/base/text.h"
#include "runtime/child/steps.h"

namespace estiva::child {

namespace {

constexpr size_t kMaxPasswd = 1 << 20;  // a larger one is not searched (CVE-2026-61801)

// What an image can bring about by the way its files are; anything else is a failure of the host.
bool of_the_image(int errnum) {
  constexpr int kErrors[] = {ENOENT, ENOTDIR, EACCES, ELOOP, ENAMETOOLONG, ENXIO, ENODEV};
  return std::ranges::find(kErrors, errnum) != std::end(kErrors);
}

// The sixth field of the line whose third is `uid`; "/" where there is none. Read without the name service, which
// would load code from the image (CVE-2019-14271); numbers only, whatever names the file has (CVE-2016-3697).
Result<std::string> home_of(const RootDir& root, uid_t uid) {
  Result<Fd> opened = root.open_at("/etc/passwd", O_RDONLY | O_NONBLOCK | O_NOCTTY);
  if (!opened.ok() && of_the_image(opened.error().errnum())) return std::string("/");
  const Fd file = TRY(std::move(opened));
  const struct stat info = TRY(sys::fstat(file));
  if (!S_ISREG(info.st_mode) || info.st_size > static_cast<off_t>(kMaxPasswd)) return std::string("/");
  const std::string content = TRY(files::read_fd(file, kMaxPasswd));
  for (const std::string& line : text::split(content, '\n')) {
    const std::vector<std::string> fields = text::split(line, ':');
    if (fields.size() >= 6 && text::number<uid_t>(fields[2]) == uid && fields[5].starts_with('/'))
      return fields[5];
  }
  return std::string("/");
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
// "permission denied" is 126. In lower case, as Go says them: docker's client compares so.
Error not_executable(const std::string& name, int errnum) {
  std::string reason = strerrordesc_np(errnum) ?: "unknown error";
  if (reason[0] >= 'A' && reason[0] <= 'Z') reason[0] = static_cast<char>(reason[0] - 'A' + 'a');
  return Error::invalid("/process/args/0", text::cat("exec ", text::quote(name), ": ", reason));
}

}  // namespace

Result<void> prepare_environment(Context& c) {
  c.env = c.plan.process->env;
  if (c.plan.process->home_missing) {
    std::erase(c.env, "HOME=");
    c.env.push_back(
        text::cat("HOME=", TRY(home_of(c.root, c.plan.process->uid).context([] { return "/etc/passwd"; }))));
  }
  return {};
}

// chdir and then the question where we are: a directory outside the root is "(unreachable)" (CVE-2024-21626).
Result<bool> enter_working_directory(const Context& c) {
  const std::string& path = c.plan.process->cwd;
  if (path == "/") return true;  // it is there since the root was entered
  Result<void> entered = sys::chdir(path);
  if (!entered.ok() && (entered.error().errnum() == EACCES || entered.error().errnum() == EPERM))
    return false;
  if (!entered.ok()) return std::move(entered).error().object("/process/cwd");
  const std::string where = TRY(sys::getcwd());
  if (where.starts_with('/')) return true;
  return Error::invalid("/process/cwd", "is outside the container's root");
}

Result<void> find_program(Context& c) {
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
    if (!of_the_image(errnum)) return not_executable(path, errnum);
    if (errnum == EACCES) last = EACCES;
  }
  if (last == EACCES) return not_executable(name, last);
  return Error::invalid("/process/args/0",
                        text::cat("exec ", text::quote(name), ": executable file not found in $PATH"));
}

Error execute(Context& c) {
  // As the container sees it, which only the last of our processes knows.
  if (c.plan.process->listens) c.env.push_back(text::cat("LISTEN_PID=", sys::getpid()));
  std::vector<char*> argv, envp;
  for (const std::string& arg : c.plan.process->args) argv.push_back(const_cast<char*>(arg.c_str()));
  for (const std::string& entry : c.env) envp.push_back(const_cast<char*>(entry.c_str()));
  argv.push_back(nullptr);
  envp.push_back(nullptr);
  Result<void> done = sys::execve(c.program, argv.data(), envp.data());
  return not_executable(c.program, done.error().errnum());
}

}  // namespace estiva::child
