// SPDX-License-Identifier: Apache-2.0
// config.json of an OCI bundle (runtime-spec 1.3, config.md) as plain data: what the document says, nothing
// decided. std::optional where absence means something; elsewhere an absent property is the empty value.
// Strings that name something (capabilities, rlimits, mount options, policies) are judged by plan/.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "estiva/base/error.h"
#include "estiva/spec/linux.h"

namespace estiva::spec {

inline constexpr const char* kVersion = "1.3.0";

struct Root {
  std::string path;
  bool readonly = false;
  bool operator==(const Root&) const = default;
};

struct Mount {
  std::string destination;
  std::string source;
  std::vector<std::string> options;
  std::string type;
  std::vector<IdMapping> uid_mappings;
  std::vector<IdMapping> gid_mappings;
  bool operator==(const Mount&) const = default;
};

struct ConsoleSize {
  uint64_t height = 0;  // characters
  uint64_t width = 0;
  bool operator==(const ConsoleSize&) const = default;
};

struct User {
  uint32_t uid = 0;
  uint32_t gid = 0;
  std::optional<uint32_t> umask;
  std::vector<uint32_t> additional_gids;
  bool operator==(const User&) const = default;
};

struct Rlimit {
  std::string type;  // RLIMIT_*
  uint64_t soft = 0;
  uint64_t hard = 0;
  bool operator==(const Rlimit&) const = default;
};

// Names such as CAP_SYS_ADMIN.
struct Capabilities {
  std::vector<std::string> effective;
  std::vector<std::string> bounding;
  std::vector<std::string> inheritable;
  std::vector<std::string> permitted;
  std::vector<std::string> ambient;
  bool operator==(const Capabilities&) const = default;
};

// sched_setattr(2); times in nanoseconds.
struct Scheduler {
  std::string policy;  // SCHED_*
  int32_t nice = 0;
  int32_t priority = 0;
  std::vector<std::string> flags;  // SCHED_FLAG_*
  uint64_t runtime = 0;
  uint64_t deadline = 0;
  uint64_t period = 0;
  bool operator==(const Scheduler&) const = default;
};

// ioprio_set(2).
struct IoPriority {
  std::string io_class;  // IOPRIO_CLASS_*; the property is "class"
  int32_t priority = 0;
  bool operator==(const IoPriority&) const = default;
};

// CPU lists such as "0-3,7".
struct ExecCpuAffinity {
  std::string initial;
  std::string final;
  bool operator==(const ExecCpuAffinity&) const = default;
};

struct Process {
  bool terminal = false;
  std::optional<ConsoleSize> console_size;
  std::string cwd;
  std::vector<std::string> env;
  std::vector<std::string> args;
  std::vector<Rlimit> rlimits;
  std::string apparmor_profile;
  std::optional<Capabilities> capabilities;
  bool no_new_privileges = false;
  std::optional<int32_t> oom_score_adj;
  std::optional<Scheduler> scheduler;
  std::string selinux_label;
  std::optional<IoPriority> io_priority;
  std::optional<ExecCpuAffinity> exec_cpu_affinity;
  User user;
  bool operator==(const Process&) const = default;
};

struct Hook {
  std::string path;
  std::vector<std::string> args;  // with argv[0]
  std::vector<std::string> env;
  std::optional<int64_t> timeout;  // seconds
  bool operator==(const Hook&) const = default;
};

struct Hooks {
  std::vector<Hook> prestart;
  std::vector<Hook> create_runtime;
  std::vector<Hook> create_container;
  std::vector<Hook> start_container;
  std::vector<Hook> poststart;
  std::vector<Hook> poststop;
  bool operator==(const Hooks&) const = default;
};

struct Spec {
  std::string oci_version;
  std::optional<Root> root;
  std::vector<Mount> mounts;
  std::optional<Process> process;
  std::string hostname;
  std::string domainname;
  std::optional<Hooks> hooks;
  std::map<std::string, std::string> annotations;
  std::optional<Linux> linux;
  bool operator==(const Spec&) const = default;
};

// The document as a value. Unknown properties and those of other platforms are ignored. An error's object is
// the JSON pointer of the property ("/process/rlimits/1/type"); where the text is no JSON, the message has
// line and column.
Result<Spec> load_config(std::string_view text);
// process.json of `exec --process`.
Result<Process> load_process(std::string_view text);
// The document of `mounts`: an array.
Result<std::vector<Mount>> load_mounts(std::string_view text);
// The document of `update --resources`.
Result<Resources> load_resources(std::string_view text);

enum class Style : bool { kCompact, kPretty };
std::string to_json(const Spec& spec, Style style = Style::kCompact);

// What `spec` writes: a shell in a container with the usual namespaces, mounts and masks.
Spec default_config();
// The same for the user `uid`:`gid` without privilege: a user namespace that maps this one user to root.
Spec default_rootless_config(uint32_t uid, uint32_t gid);

}  // namespace estiva::spec
