// SPDX-License-Identifier: Apache-2.0
// The plan of `exec`: what the container kept of its configuration, a process document and options become the plan
// of a further process. Pure, as make_plan: every refusal happens here, before there is a process.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "estiva/runtime_options.h"
#include "runtime/plan/plan.h"

namespace estiva {

// Options that errors of several places name.
inline constexpr const char* kProcessOption = runtime_options::kProcess;
inline constexpr const char* kUserOption = "--user";
inline constexpr const char* kCgroupOption = "--cgroup";

// What `exec` found out of the running container.
struct ContainerFacts {
  pid_t pid = 0;            // of the init
  uint64_t namespaces = 0;  // CLONE_NEW* of those of the init that are not our own
  std::string cgroup;       // its path; empty: it has none
  std::map<std::string, std::string> annotations;
};

// The command line. Empty or absent: not given.
struct ExecOptions {
  RunOptions run;                         // id, descriptors, detached, console_socket
  std::vector<std::string> args;          // the words behind the id
  std::optional<spec::Process> document;  // --process
  std::string document_path;
  std::string cwd;
  std::optional<std::string> user;  // UID[:GID]
  std::vector<std::string> env;
  std::vector<std::string> capabilities;
  std::vector<gid_t> additional_gids;
  std::string apparmor_profile, selinux_label;
  std::optional<bool> terminal, no_new_privileges;
  std::vector<std::string> cgroups;  // [CONTROLLER[,CONTROLLER]...:]PATH
};

// A cgroup below the container's own.
struct SubCgroup {
  std::string controller;  // of the v1 hierarchy; empty: of every hierarchy
  std::string path;        // "" or "/a/b", without "." and ".."
  bool operator==(const SubCgroup&) const = default;
};

struct ExecPlan {
  // What the steps that are shared with the init read: id, process, namespaces to join, keyring.
  Plan shared;
  bool enters_root =
      false;  // the mount namespace is not the container's own: its root has to be entered apart
  std::vector<SubCgroup> cgroups;  // --cgroup; empty: the container's own, or where its init is
  bool follows_init = false;       // its processes are not to be in its own cgroup (run.oci.delegate-cgroup)
};

// Errors name the option, or the property of the process document.
Result<ExecPlan> plan_exec(const ExecDefaults& container, const ContainerFacts& facts, const HostFacts& host,
                           const ExecOptions& options);

// An error of a process in the terms of config.json, in the terms of whoever gave its value.
Error locate(const ExecOptions& options, Error error);

// The arguments of --cgroup. A path that leads out of the container's cgroup is an error.
Result<std::vector<SubCgroup>> plan_sub_cgroups(const std::vector<std::string>& arguments);

}  // namespace estiva
