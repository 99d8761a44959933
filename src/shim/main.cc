// SPDX-License-Identifier: Apache-2.0
// Entry of cais-shim: reads its file, goes into the background, says once whether the container was created.
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "config.h"
#include "estiva/base/files.h"
#include "estiva/base/sys.h"
#include "estiva/base/sys_process.h"
#include "estiva/base/text.h"
#include "shim/init.h"
#include "shim/shim.h"

namespace estiva::shim {

namespace {

constexpr int kOut = 1;

void report(const Report& report) {
  const Result<std::string> text = key_values::write(kReportKeys, &report);
  if (text.ok()) (void)sys::write_all(FdView::of_number(kOut), text.value());
}

int refuse(const Error& error) {
  report({.pid = 0, .error = one_line(error.to_string()), .warning = ""});
  return 1;
}

Result<Conf> read_conf(const char* directory) {
  TRY(sys::chdir(directory));
  const std::string text = TRY(files::read_all(FdView::cwd(), kConfFile, kMaxRecord));
  Conf conf;
  TRY(key_values::parse(kConfKeys, &conf, text, key_values::Unknown::kRefuse).context([] {
    return std::string(kConfFile);
  }));
  if (conf.version != Conf().version) return Error::invalid(kConfFile, "is of another version of cais");
  if (conf.id.empty()) return Error::invalid(kConfFile, "has no id");
  if (conf.runtime.empty() || !conf.runtime[0].starts_with('/'))
    return Error::invalid(kConfFile, "has no absolute path of a runtime");
  if (!conf.bundle.starts_with('/')) return Error::invalid(kConfFile, "has no absolute path of a bundle");
  return conf;
}

// Standard streams of whoever called belong to it alone.
Result<void> leave_streams(std::initializer_list<int> numbers) {
  const Fd null = TRY(sys::open("/dev/null", O_RDWR));
  for (const int number : numbers) TRY(sys::dup_onto(null, number));
  return {};
}

// The runtime and the container never get them, and with this process they go.
Result<void> keep_held(const Conf& conf) {
  for (const std::string& each : conf.held) {
    const std::optional<HeldNumber> held = parse_held(each);
    if (!held) return Error::invalid(kConfFile, "holds what is no descriptor");
    TRY(sys::set_close_on_exec(FdView::of_number(held->number), true));
  }
  return {};
}

int live(Conf conf) {
  Result<void> left = leave_streams({STDIN_FILENO, STDERR_FILENO});
  if (!left.ok()) return refuse(left.error());
  Shim shim(std::move(conf));
  const Result<Report> created = shim.create();
  if (!created.ok()) {
    shim.abandon();
    return refuse(created.error());
  }
  report(created.value());
  left = leave_streams({STDOUT_FILENO});
  const Result<int> status = shim.serve();
  return status.ok() ? status.value() : 1;
}

Result<int> start(const char* directory) {
  Conf conf = TRY(read_conf(directory));
  TRY(keep_held(conf));
  struct clone_args arguments = {};
  arguments.exit_signal = SIGCHLD;
  if (TRY(sys::clone3(arguments)) != 0) return 0;
  TRY(sys::setsid());
  return live(std::move(conf));
}

}  // namespace

}  // namespace estiva::shim

int main(int argc, char** argv) {
  if (argc == 2 && ::strcmp(argv[1], "--version") == 0) {
    const std::string text = "cais-shim " PACKAGE_VERSION "\n";
    (void)estiva::sys::write_all(estiva::FdView::of_number(estiva::shim::kOut), text);
    return 0;
  }
  const std::string_view name = argc > 0 ? argv[0] : "";
  if (argc > 1 && name.ends_with(estiva::shim::kInitName))
    return estiva::shim::run_init({argv + 1, static_cast<size_t>(argc) - 1});
  if (argc != 2) {
    const std::string_view usage = "usage: cais-shim DIR (started by cais; cais-shim(8))\n";
    (void)estiva::sys::write_all(estiva::FdView::of_number(STDERR_FILENO), usage);
    return 2;
  }
  const estiva::Result<int> status = estiva::shim::start(argv[1]);
  return status.ok() ? status.value() : estiva::shim::refuse(status.error());
}
