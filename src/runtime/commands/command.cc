// SPDX-License-Identifier: Apache-2.0
// The tables of global options and of commands.
#include "runtime/commands/command.h"

#include <stdlib.h>

#include "estiva/base/sys_process.h"
#include "estiva/spec/spec.h"
#include "runtime/parent/libseccomp.h"
#include "runtime/parent/selinux.h"
#include "runtime/parent/store.h"
#include "runtime/plan/names.h"

namespace estiva {

namespace {

using G = RuntimeOptions;
constexpr Option kGlobalRows[] = {
    options::row<&GlobalOptions::root>(0, "root", "DIR",
                                       "where the state of containers is kept; /run/estiva if not given"),
    options::row<&G::cgroup_manager>(0, "cgroup-manager", "cgroupfs|systemd|disabled",
                                     "who makes the container's cgroup; cgroupfs if not given"),
    options::row<&G::systemd_cgroup>(0, "systemd-cgroup", nullptr,
                                     "the same as --cgroup-manager systemd, which is not built yet"),
    global_rows::kLog,
    global_rows::kLogFormat,
    global_rows::kLogLevel,
    global_rows::kDebug,
    options::row<&G::rootless>(0, "rootless", "true|false|auto", "accepted for engines, without effect"),
    options::row<&G::criu>(0, "criu", "FILE", "accepted for engines, without effect"),
    global_rows::kVersion,
    global_rows::kHelp,
};

const Command* const kCommands[] = {
    &kCreate, &kStart, &kRun, &kKill,        &kDelete, &kExec, &kPause, &kResume, &kUpdate,   &kMounts,
    &kState,  &kList,  &kPs,  &kWaitCommand, &kEvents, &kSpec, &kCheck, &kPlan,   &kFeatures, &kComplete};
constexpr Heading kHeadings[] = {
    {&kCreate, "A container's life"},        {&kExec, "Act on a container"}, {&kState, "Look at containers"},
    {&kSpec, "Before there is a container"}, {&kComplete, "For the shell"},
};
constexpr Instead kInstead[] = {
    {"checkpoint", "checkpoints are not built yet"},
    {"restore", "checkpoints are not built yet"},
    {"version", "estiva --version"},
};
constexpr const char* kExitStatus =
    "  0 on success, 1 after an error, which is one line on standard error\n"
    "  run, exec: that of the program; 128 + N if signal N ended it; exec: 255 if the program never ran\n";

Result<std::vector<std::string>> candidates(const GlobalOptions& global, std::string_view operand) {
  if (operand == "[SIGNAL]") return names::signal_names();
  if (operand == "add|remove") return std::vector<std::string>{"add", "remove"};
  if (operand != "ID") return std::vector<std::string>();
  const Store store = TRY(Store::open(global.root, false));
  return store.ids();
}

// The last line as crun prints it: what engines and their tests look for.
std::string version_lines() {
  return text::cat("spec: ", spec::kVersion, "\nrundir: ", default_root(),
                   "\nlibseccomp: ", libseccomp_version(), "\n+CAP +EBPF +SECCOMP ",
                   knows_selinux() ? "+SELINUX " : "", "+YAJL\n");
}

Result<int> complete(Invocation& in) { return complete_words(kComplete, in); }

}  // namespace

std::string default_root() {
  constexpr const char* kRoot = "/run/estiva";
  const char* user_dir = ::getenv("XDG_RUNTIME_DIR");
  if (sys::effective_uid() == 0 || user_dir == nullptr || user_dir[0] != '/') return kRoot;
  return text::cat(user_dir, "/estiva");
}

Result<bool> wants_cgroups(const Invocation& in) {
  const auto& global = static_cast<const RuntimeOptions&>(in.global);
  if (global.systemd_cgroup || global.cgroup_manager == "systemd") {
    return Error(Code::kUnsupported, "the cgroup manager systemd is not built yet")
        .hint("--cgroup-manager cgroupfs makes the cgroup itself");
  }
  return global.cgroup_manager != "disabled";
}

const Command kComplete = {
    "complete", "-- WORD...", "print the ways to complete a command line; the shells call it", {}, complete};

const Program kProgram = {"estiva",      "An OCI container runtime.",
                          version_lines, kGlobalRows,
                          kCommands,     1,
                          candidates,    kHeadings,
                          kInstead,      kExitStatus};

}  // namespace estiva
