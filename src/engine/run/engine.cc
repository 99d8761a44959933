// SPDX-License-Identifier: Apache-2.0
// Programs that cais calls.
#include "engine/run/engine.h"

#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

#include "estiva/base/files.h"
#include "estiva/base/process.h"
#include "estiva/base/sys_process.h"
#include "estiva/base/text.h"
#include "estiva/runtime_options.h"

namespace estiva::engine {

namespace {

constexpr char kRuntime[] = "estiva";
constexpr char kUsualPath[] = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

bool is_program(const std::string& path) { return ::access(path.c_str(), X_OK) == 0; }

std::string beside(const std::string& program, std::string_view name) {
  return text::cat(program.substr(0, program.rfind('/') + 1), name);
}

}  // namespace

Strings environment() {
  Strings out;
  for (char** each = environ; *each != nullptr; ++each) out.emplace_back(*each);
  return out;
}

Result<Engine> open_engine(const std::string& root, const std::string& run_root, const std::string& storage) {
  image::Store store = TRY(image::Store::open(root, run_root));
  Containers containers(store.root(), store.run_root());
  std::string program = TRY(sys::readlinkat(FdView::cwd(), "/proc/self/exe"));
  return Engine{std::move(store), std::move(containers), std::move(program), storage, nullptr};
}

std::optional<std::string> find_in_path(const std::string& name) {
  const char* path = ::getenv("PATH");
  for (const std::string& dir : text::split(text::cat(path == nullptr ? "" : path, ":", kUsualPath), ':')) {
    const std::string found = text::cat(dir, "/", name);
    if (dir.starts_with('/') && is_program(found)) return found;
  }
  return std::nullopt;
}

Result<Strings> find_runtime(const Engine& engine, const std::string& wanted) {
  const std::string records = text::cat(engine.containers.run_root(), "/runtime");
  const auto line = [&](const std::string& path) { return Strings{path, runtime_options::kRoot, records}; };
  if (wanted.find('/') != wanted.npos) {
    const std::string path = TRY(files::absolute(wanted));
    if (is_program(path)) return line(path);
    return Error(Code::kNotFound, "is no program that can be executed")
        .object(text::cat("--runtime ", wanted));
  }
  const std::string name = wanted.empty() ? kRuntime : wanted;
  const std::string own = beside(engine.program, name);
  if (is_program(own)) return line(own);
  if (const std::optional<std::string> found = find_in_path(name)) return line(*found);
  return Error(Code::kNotFound, "is neither beside cais nor in PATH")
      .object(text::cat("--runtime ", name))
      .hint("install it, or give its path");
}

static process::Command runtime_command(const ContainerRecord& record, const Strings& arguments) {
  process::Command command;
  command.path = record.runtime.at(0);
  command.args = record.runtime;
  command.args.insert(command.args.end(), arguments.begin(), arguments.end());
  command.env = environment();
  return command;
}

Result<std::string> call_runtime(const ContainerRecord& record, const Strings& arguments, FdView lock) {
  process::Command command = runtime_command(record, arguments);
  command.lock = lock;
  return process::capture(command);
}

Result<void> beside_runtime(const ContainerRecord& record, const Strings& arguments,
                            const std::function<Result<void>()>& work) {
  const Fd null = TRY(sys::open("/dev/null", O_RDWR));
  const Result<pid_t> pid = process::spawn(runtime_command(record, arguments), {null, null, null});
  Result<void> done = work();
  if (pid.ok()) (void)sys::wait_pid(pid.value());
  return done;
}

}  // namespace estiva::engine
