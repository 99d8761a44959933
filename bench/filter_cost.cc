// SPDX-License-Identifier: Apache-2.0
// filter_cost CONFIG.JSON [ROUNDS]: what the seccomp filter of a bundle costs, made by us and made by libseccomp alone, as
// runc and crun do it: microseconds to compile and to load, instructions. Every load is in a fresh process.
#include <linux/seccomp.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <time.h>
#include <unistd.h>

#include <algorithm>
#include <functional>

#include "estiva/base/files.h"
#include "estiva/base/sys_process.h"
#include "estiva/spec/spec.h"
#include "runtime/parent/libseccomp.h"
#include "runtime/parent/seccomp.h"

using namespace estiva;

namespace {

using Program = std::vector<sock_filter>;

[[noreturn]] void die(const Error& error) {
  fprintf(stderr, "filter_cost: %s\n", error.to_string().c_str());
  ::exit(1);
}

template <typename T>
T must(Result<T> result) {
  if (!result.ok()) die(result.error());
  return std::move(result).value();
}

double now_us() {
  struct timespec now;
  ::clock_gettime(CLOCK_MONOTONIC, &now);
  return static_cast<double>(now.tv_sec) * 1e6 + static_cast<double>(now.tv_nsec) / 1e3;
}

double timed(const std::function<void()>& work) {
  const double begin = now_us();
  work();
  return now_us() - begin;
}

// In a child: a filter stays for good. The time comes back in shared memory.
double time_to_load(const Program& program, double* shared) {
  struct clone_args args = {};
  args.exit_signal = SIGCHLD;
  const pid_t pid = must(sys::clone3(args));
  if (pid == 0) {
    (void)sys::prctl(PR_SET_NO_NEW_PRIVS, 1);
    *shared = timed([&] { (void)sys::seccomp_load(program, SECCOMP_FILTER_FLAG_SPEC_ALLOW); });
    ::_exit(sys::prctl(PR_GET_SECCOMP).ok() ? 0 : 1);
  }
  (void)must(sys::wait_pid(pid));
  return *shared;
}

struct Way {
  const char* name;
  std::function<Program()> make;
  std::vector<double> compile, load;
  size_t instructions = 0;
};

void print(Way& way) {
  std::ranges::sort(way.compile);
  std::ranges::sort(way.load);
  const size_t middle = way.load.size() / 2;
  printf("| %s | %zu | %.0f | %.0f | %.0f | %.0f |\n", way.name, way.instructions, way.compile[0],
         way.compile[middle], way.load[0], way.load[middle]);
}

}  // namespace

int main(int argc, char** argv) {
  if (argc < 2) return 2;
  const int rounds = argc > 2 ? ::atoi(argv[2]) : 100;
  const spec::Spec spec = must(spec::load_config(must(files::read_all(FdView::cwd(), argv[1], 16 << 20))));
  const spec::Seccomp& profile = *spec.linux->seccomp;
  Way ways[] = {
      {"by ranges", [&] { return must(compile_seccomp(profile)); }, {}, {}},
      {"by libseccomp", [&] { return must(export_seccomp(profile)); }, {}, {}},
  };
  auto* shared = static_cast<double*>(
      ::mmap(nullptr, sizeof(double), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0));
  for (int i = 0; i < rounds; ++i) {
    for (Way& way : ways) {
      Program program;
      way.compile.push_back(timed([&] { program = way.make(); }));
      way.load.push_back(time_to_load(program, shared));
      way.instructions = program.size();
    }
  }
  printf(
      "| filter | instructions | compile, us: minimum | median | load, us: minimum | median "
      "|\n|---|---|---|---|---|---|\n");
  for (Way& way : ways) print(way);
}
