// SPDX-License-Identifier: Apache-2.0
// Compiles the seccomp profile by libseccomp; this is the library's only user.
#include "runtime/parent/seccomp.h"

#include <errno.h>
#include <linux/seccomp.h>
#include <seccomp.h>
#include <string.h>
#include <unistd.h>

#include <algorithm>
#include <memory>

#include "estiva/base/files.h"
#include "estiva/base/text.h"
#include "estiva/spec/linux.h"

namespace estiva {

namespace {

constexpr size_t kMaxProgram = 65535 * sizeof(sock_filter);  // BPF_MAXINSNS is far below

struct Release {
  void operator()(scmp_filter_ctx context) const { seccomp_release(context); }
};
using Filter = std::unique_ptr<void, Release>;

Error error_of(std::string_view call, int negative) { return Error::system(call, -negative); }

uint32_t action_value(spec::SeccompAction action, const std::optional<uint32_t>& errno_ret) {
  const uint32_t value = errno_ret.value_or(EPERM);
  switch (action) {
    case spec::SeccompAction::kKill:
    case spec::SeccompAction::kKillThread:
      return SCMP_ACT_KILL_THREAD;
    case spec::SeccompAction::kKillProcess:
      return SCMP_ACT_KILL_PROCESS;
    case spec::SeccompAction::kTrap:
      return SCMP_ACT_TRAP;
    case spec::SeccompAction::kErrno:
      return SCMP_ACT_ERRNO(value);
    case spec::SeccompAction::kTrace:
      return SCMP_ACT_TRACE(value);
    case spec::SeccompAction::kAllow:
      return SCMP_ACT_ALLOW;
    case spec::SeccompAction::kLog:
      return SCMP_ACT_LOG;
    case spec::SeccompAction::kNotify:
      return SCMP_ACT_NOTIFY;
  }
  return SCMP_ACT_KILL_PROCESS;
}

struct scmp_arg_cmp comparison(const spec::SeccompArg& arg) {
  constexpr enum scmp_compare kOperators[] = {SCMP_CMP_NE, SCMP_CMP_LT, SCMP_CMP_LE,       SCMP_CMP_EQ,
                                              SCMP_CMP_GE, SCMP_CMP_GT, SCMP_CMP_MASKED_EQ};
  struct scmp_arg_cmp compare = {};
  compare.arg = arg.index;
  compare.op = kOperators[static_cast<size_t>(arg.op)];
  compare.datum_a = arg.value;
  compare.datum_b = arg.value_two.value_or(0);
  return compare;
}

// "SCMP_ARCH_X86_64" is "x86_64" to libseccomp.
std::string library_name(spec::SeccompArch arch) {
  std::string text(spec::name(arch).substr(strlen("SCMP_ARCH_")));
  std::ranges::transform(text, text.begin(),
                         [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; });
  return text;
}

Result<void> add_architectures(const Filter& filter, const std::vector<spec::SeccompArch>& architectures) {
  for (size_t i = 0; i < architectures.size(); ++i) {
    const std::string object = text::cat("/linux/seccomp/architectures/", i);
    const uint32_t arch = seccomp_arch_resolve_name(library_name(architectures[i]).c_str());
    if (arch == 0)
      return Error::unsupported(object,
                                text::cat(spec::name(architectures[i]), " is unknown to this libseccomp"));
    const int result = seccomp_arch_add(filter.get(), arch);
    if (result < 0 && result != -EEXIST) return error_of("seccomp_arch_add", result).object(object);
  }
  return {};
}

// Comparisons of different arguments must all hold. Several of one argument can't be said in one rule: each
// becomes a rule of its own, and any of them is enough.
Result<void> add_rule(const Filter& filter, uint32_t action, int number, const spec::SeccompSyscall& rule) {
  std::vector<struct scmp_arg_cmp> comparisons;
  bool repeated = false;
  for (const spec::SeccompArg& arg : rule.args) {
    repeated =
        repeated || std::ranges::any_of(comparisons, [&](const auto& c) { return c.arg == arg.index; });
    comparisons.push_back(comparison(arg));
  }
  int result = 0;
  if (repeated) {
    for (const auto& compare : comparisons) {
      if (result == 0) result = seccomp_rule_add_array(filter.get(), action, number, 1, &compare);
    }
  } else {
    result = seccomp_rule_add_array(filter.get(), action, number, static_cast<unsigned>(comparisons.size()),
                                    comparisons.data());
  }
  if (result < 0 && result != -EEXIST) return error_of("seccomp_rule_add", result);
  return {};
}

Result<void> add_rules(const Filter& filter, const spec::Seccomp& seccomp) {
  const uint32_t default_action = action_value(seccomp.default_action, seccomp.default_errno_ret);
  for (size_t i = 0; i < seccomp.syscalls.size(); ++i) {
    const spec::SeccompSyscall& rule = seccomp.syscalls[i];
    const uint32_t action = action_value(rule.action, rule.errno_ret);
    if (action == default_action) continue;  // libseccomp refuses a rule that changes nothing
    for (const std::string& name : rule.names) {
      const int number = seccomp_syscall_resolve_name(name.c_str());
      if (number == __NR_SCMP_ERROR) continue;
      TRY(add_rule(filter, action, number, rule).context([&] {
        return text::cat("/linux/seccomp/syscalls/", i, " ", name);
      }));
    }
  }
  return {};
}

Result<std::vector<sock_filter>> export_program(const Filter& filter) {
  const Fd file = TRY(sys::memfd_create("filter", 0));
  if (const int result = seccomp_export_bpf(filter.get(), file.number()); result < 0)
    return error_of("seccomp_export_bpf", result);
  if (::lseek(file.number(), 0, SEEK_SET) < 0) return Error::system("lseek", errno);
  const std::string bytes = TRY(files::read_fd(file, kMaxProgram));
  std::vector<sock_filter> program(bytes.size() / sizeof(sock_filter));
  memcpy(program.data(), bytes.data(), program.size() * sizeof(sock_filter));
  return program;
}

}  // namespace

Result<std::vector<sock_filter>> compile_seccomp(const spec::Seccomp& seccomp) {
  const Filter filter(seccomp_init(action_value(seccomp.default_action, seccomp.default_errno_ret)));
  if (!filter) return Error(Code::kSystem, "libseccomp has no memory or does not know the default action");
  // We load the program ourselves; no_new_privs is the configuration's matter.
  (void)seccomp_attr_set(filter.get(), SCMP_FLTATR_CTL_NNP, 0);
  // A binary tree instead of a chain: loads in a third of the time.
  (void)seccomp_attr_set(filter.get(), SCMP_FLTATR_CTL_OPTIMIZE, 2);
  TRY(add_architectures(filter, seccomp.architectures));
  TRY(add_rules(filter, seccomp));
  return export_program(filter);
}

Result<unsigned> seccomp_flags(const spec::Seccomp& seccomp) {
  constexpr struct {
    std::string_view name;
    unsigned flag;
  } kFlags[] = {
      {"SECCOMP_FILTER_FLAG_TSYNC", SECCOMP_FILTER_FLAG_TSYNC},
      {"SECCOMP_FILTER_FLAG_LOG", SECCOMP_FILTER_FLAG_LOG},
      {"SECCOMP_FILTER_FLAG_SPEC_ALLOW", SECCOMP_FILTER_FLAG_SPEC_ALLOW},
  };
  unsigned flags = 0;
  if (!seccomp.flags) return flags;
  for (size_t i = 0; i < seccomp.flags->size(); ++i) {
    const std::string& word = (*seccomp.flags)[i];
    const auto known = std::ranges::find(kFlags, word, [](const auto& flag) { return flag.name; });
    const std::string object = text::cat("/linux/seccomp/flags/", i);
    if (word == "SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV")
      return Error::unsupported(object, "is only for SCMP_ACT_NOTIFY");
    if (known == std::end(kFlags)) return Error::invalid(object, text::cat(text::quote(word), " is unknown"));
    flags |= known->flag;
  }
  return flags;
}

std::string libseccomp_version() {
  const struct scmp_version* version = seccomp_version();
  return text::cat(version->major, ".", version->minor, ".", version->micro);
}

}  // namespace estiva
