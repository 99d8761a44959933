// SPDX-License-Identifier: Apache-2.0
// The kernel's names as tables. libcap is asked for capability names; this is its only user.
#include "runtime/plan/names.h"

#include <ctype.h>
#include <sched.h>
#include <signal.h>
#include <string.h>
#include <sys/capability.h>
#include <sys/resource.h>

#include "estiva/base/text.h"

#ifndef CLONE_NEWTIME
#define CLONE_NEWTIME 0x80
#endif

namespace estiva::names {

uint64_t clone_flag(spec::NamespaceType type) {
  constexpr uint64_t kFlags[] = {CLONE_NEWPID, CLONE_NEWNET,  CLONE_NEWNS,     CLONE_NEWIPC,
                                 CLONE_NEWUTS, CLONE_NEWUSER, CLONE_NEWCGROUP, CLONE_NEWTIME};
  return kFlags[static_cast<size_t>(type)];
}

const char* proc_file(spec::NamespaceType type) {
  constexpr const char* kFiles[] = {"pid", "net", "mnt", "ipc", "uts", "user", "cgroup", "time"};
  return kFiles[static_cast<size_t>(type)];
}

std::optional<int> capability(std::string_view name) {
  const std::string text(name);
  cap_value_t value;
  // libcap also takes plain numbers and any case; the specification does not.
  if (!name.starts_with("CAP_") || cap_from_name(text.c_str(), &value) != 0) return std::nullopt;
  return value;
}

std::string capability_name(int number) {
  char* text = cap_to_name(number);
  if (text == nullptr) return text::cat(number);
  std::string name(text);
  cap_free(text);
  for (char& c : name) c = static_cast<char>(toupper(static_cast<unsigned char>(c)));
  return name;
}

int capability_count() { return static_cast<int>(cap_max_bits()); }

std::optional<int> rlimit(std::string_view name) {
  constexpr struct {
    std::string_view name;
    int resource;
  } kLimits[] = {
      {"RLIMIT_AS", RLIMIT_AS},
      {"RLIMIT_CORE", RLIMIT_CORE},
      {"RLIMIT_CPU", RLIMIT_CPU},
      {"RLIMIT_DATA", RLIMIT_DATA},
      {"RLIMIT_FSIZE", RLIMIT_FSIZE},
      {"RLIMIT_LOCKS", RLIMIT_LOCKS},
      {"RLIMIT_MEMLOCK", RLIMIT_MEMLOCK},
      {"RLIMIT_MSGQUEUE", RLIMIT_MSGQUEUE},
      {"RLIMIT_NICE", RLIMIT_NICE},
      {"RLIMIT_NOFILE", RLIMIT_NOFILE},
      {"RLIMIT_NPROC", RLIMIT_NPROC},
      {"RLIMIT_RSS", RLIMIT_RSS},
      {"RLIMIT_RTPRIO", RLIMIT_RTPRIO},
      {"RLIMIT_RTTIME", RLIMIT_RTTIME},
      {"RLIMIT_SIGPENDING", RLIMIT_SIGPENDING},
      {"RLIMIT_STACK", RLIMIT_STACK},
  };
  for (const auto& limit : kLimits) {
    if (limit.name == name) return limit.resource;
  }
  return std::nullopt;
}

std::optional<int> signal(std::string_view name) {
  if (const auto number = text::number<int>(name)) {
    if (*number >= 0 && *number <= SIGRTMAX) return number;
    return std::nullopt;
  }
  std::string upper(name);
  for (char& c : upper) c = static_cast<char>(toupper(static_cast<unsigned char>(c)));
  std::string_view bare = upper;
  if (bare.starts_with("SIG")) bare.remove_prefix(3);
  // The C library keeps the first two real-time signals for itself; its SIGRTMIN is what users mean.
  if (bare.starts_with("RTMIN") || bare.starts_with("RTMAX")) {
    const bool from_minimum = bare.starts_with("RTMIN");
    const auto offset = text::number<int>(bare.size() > 6 ? bare.substr(6) : "0");
    const bool sign_fits = bare.size() == 5 || (bare.size() > 6 && bare[5] == (from_minimum ? '+' : '-'));
    if (!offset || !sign_fits || *offset < 0 || *offset > SIGRTMAX - SIGRTMIN) return std::nullopt;
    return from_minimum ? SIGRTMIN + *offset : SIGRTMAX - *offset;
  }
  for (int number = 1; number < 32; ++number) {
    const char* abbreviation = sigabbrev_np(number);
    if (abbreviation != nullptr && bare == abbreviation) return number;
  }
  if (bare == "IOT") return SIGABRT;
  if (bare == "CLD") return SIGCHLD;
  if (bare == "POLL") return SIGPOLL;
  return std::nullopt;
}

std::vector<std::string> signal_names() {
  std::vector<std::string> names;
  for (int number = 1; number < 32; ++number) {
    if (const char* abbreviation = sigabbrev_np(number)) names.emplace_back(abbreviation);
  }
  return names;
}

}  // namespace estiva::names
