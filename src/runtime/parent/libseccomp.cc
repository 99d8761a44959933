// SPDX-License-Identifier: Apache-2.0
// The only user of libseccomp.
#include "runtime/parent/libseccomp.h"

#include <errno.h>
#include <linux/audit.h>
#include <seccomp.h>
#include <signal.h>
#include <string.h>
#include <sys/prctl.h>
#include <unistd.h>

#include <algorithm>
#include <memory>

#include "estiva/base/files.h"
#include "estiva/base/process.h"
#include "estiva/base/sys_process.h"
#include "estiva/base/text.h"
#include "estiva/spec/linux.h"
#include "runtime/sync/protocol.h"

namespace estiva {

namespace {

constexpr size_t kMaxProgram = 65535 * sizeof(sock_filter);  // what struct sock_fprog can count

struct Release {
  void operator()(scmp_filter_ctx context) const { seccomp_release(context); }
};
using Filter = std::unique_ptr<void, Release>;

Error error_of(std::string_view call, int negative) { return Error::system(call, -negative); }

// "SCMP_ARCH_X86_64" is "x86_64" to libseccomp.
std::string library_name(spec::SeccompArch arch) {
  std::string text(spec::name(arch).substr(strlen("SCMP_ARCH_")));
  std::ranges::transform(text, text.begin(),
                         [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; });
  return text;
}

// libseccomp's number of an architecture is AUDIT_ARCH_* but for x32, which shares x86-64's.
struct Architecture {
  uint32_t number;
  bool listed;  // by the profile; libseccomp counts the host's in, listed or not
};

Result<std::vector<Architecture>> architectures_of(const spec::Seccomp& profile) {
  std::vector<Architecture> result = {{seccomp_arch_native(), false}};
  for (size_t i = 0; i < profile.architectures.size(); ++i) {
    const std::string object = text::cat("/linux/seccomp/architectures/", i);
    const std::string_view name = spec::name(profile.architectures[i]);
    const uint32_t number = seccomp_arch_resolve_name(library_name(profile.architectures[i]).c_str());
    if (number == 0) return Error::unsupported(object, text::cat(name, " is unknown to this libseccomp"));
    if (((number ^ seccomp_arch_native()) & __AUDIT_ARCH_LE) != 0)
      return Error::unsupported(object, text::cat(name, " has another byte order than this machine"));
    const auto known = std::ranges::find(result, number, &Architecture::number);
    if (known == result.end()) {
      result.push_back({number, true});
    } else {
      known->listed = true;
    }
  }
  return result;
}

seccomp::Abi abi_of(uint32_t architecture) {
  constexpr uint32_t kN32 = __AUDIT_ARCH_CONVENTION_MIPS64_N32;
  seccomp::Abi abi;
  abi.x32 = architecture == SCMP_ARCH_X32;
  abi.machine = abi.x32 ? AUDIT_ARCH_X86_64 : architecture;
  abi.wide = (architecture & __AUDIT_ARCH_64BIT) != 0 && (architecture & kN32) == 0;
  return abi;
}

// The profile's rules from `first` up to `last`, for one name.
struct NewRules {
  uint32_t first, last;
};

class Resolver {
 public:
  Resolver(const spec::Seccomp& profile, std::vector<Architecture> architectures)
      : architectures_(std::move(architectures)) {
    result_.default_action = seccomp::action_value(profile.default_action, profile.default_errno_ret);
    for (const Architecture& each : architectures_) result_.abis.push_back(abi_of(each.number));
  }

  void add(const spec::SeccompSyscall& call) {
    const NewRules rules = add_rules(call);
    for (const std::string& name : call.names) add(name, rules);
  }
  seccomp::Profile take() { return std::move(result_); }

 private:
  // A rule that does what is done anyway is none; libseccomp refuses it.
  NewRules add_rules(const spec::SeccompSyscall& call) {
    const uint32_t first = static_cast<uint32_t>(result_.rules.size());
    const uint32_t action = seccomp::action_value(call.action, call.errno_ret);
    if (action == result_.default_action) return {first, first};
    for (seccomp::Rule& rule : seccomp::rules_of(call, action)) result_.rules.push_back(std::move(rule));
    return {first, static_cast<uint32_t>(result_.rules.size())};
  }

  void add(const std::string& name, const NewRules& rules) {
    const bool enosys = seccomp::wants_enosys(result_.default_action);
    for (size_t i = 0; i < architectures_.size(); ++i) {
      seccomp::Abi& abi = result_.abis[i];
      const int number = seccomp_syscall_resolve_name_arch(architectures_[i].number, name.c_str());
      if (number == __NR_SCMP_ERROR) return;  // the table has a name for all architectures or not at all
      if (enosys && architectures_[i].listed) seccomp::note_newest(abi, number);
      for (uint32_t rule = rules.first; rule < rules.last; ++rule) add_call(result_, abi, number, rule);
    }
  }

  const std::vector<Architecture> architectures_;
  seccomp::Profile result_;
};

// ---- filters by libseccomp alone

Result<void> add_rule(const Filter& filter, int number, const seccomp::Rule& rule) {
  constexpr enum scmp_compare kOperators[] = {SCMP_CMP_NE, SCMP_CMP_LT, SCMP_CMP_LE,       SCMP_CMP_EQ,
                                              SCMP_CMP_GE, SCMP_CMP_GT, SCMP_CMP_MASKED_EQ};
  std::vector<struct scmp_arg_cmp> comparisons;
  for (const seccomp::Comparison& comparison : rule.comparisons) {
    struct scmp_arg_cmp library = {};
    library.arg = comparison.argument;
    library.op = kOperators[static_cast<size_t>(comparison.op)];
    const bool masked = comparison.op == spec::SeccompOperator::kMaskedEq;
    library.datum_a = masked ? comparison.mask : comparison.value;
    library.datum_b = masked ? comparison.value : 0;
    comparisons.push_back(library);
  }
  const int result = seccomp_rule_add_array(filter.get(), rule.action, number,
                                            static_cast<unsigned>(comparisons.size()), comparisons.data());
  if (result == -EEXIST) return Error(Code::kInvalid, "contradicts an earlier rule for the same arguments");
  if (result < 0) return error_of("seccomp_rule_add", result);
  return {};
}

Result<void> add_rules(const Filter& filter, const spec::Seccomp& profile) {
  const uint32_t default_action = seccomp::action_value(profile.default_action, profile.default_errno_ret);
  for (size_t i = 0; i < profile.syscalls.size(); ++i) {
    const spec::SeccompSyscall& call = profile.syscalls[i];
    const uint32_t action = seccomp::action_value(call.action, call.errno_ret);
    if (action == default_action) continue;
    const std::vector<seccomp::Rule> rules = seccomp::rules_of(call, action);
    for (const std::string& name : call.names) {
      const int number = seccomp_syscall_resolve_name(name.c_str());
      if (number == __NR_SCMP_ERROR) continue;
      for (const seccomp::Rule& rule : rules) {
        TRY(add_rule(filter, number, rule).context([&] {
          return text::cat("/linux/seccomp/syscalls/", i, " ", name);
        }));
      }
      // libseccomp 2.5.4 compares with a number that it never loads if the first call of its list is one that the
      // architecture lacks: those that it has go first.
      (void)seccomp_syscall_priority(filter.get(), number, 1);
    }
  }
  return {};
}

Result<void> write_program(const spec::Seccomp& profile, const Fd& file) {
  const Filter filter(seccomp_init(seccomp::action_value(profile.default_action, profile.default_errno_ret)));
  if (!filter) return Error(Code::kSystem, "libseccomp has no memory or does not know the default action");
  // The program is loaded by us; no_new_privs is the configuration's matter.
  (void)seccomp_attr_set(filter.get(), SCMP_FLTATR_CTL_NNP, 0);
  for (const Architecture& each : TRY(architectures_of(profile))) {
    const int result = seccomp_arch_add(filter.get(), each.number);
    if (result < 0 && result != -EEXIST) return error_of("seccomp_arch_add", result);
  }
  TRY(add_rules(filter, profile));
  const int result = seccomp_export_bpf(filter.get(), file.number());
  return result < 0 ? error_of("seccomp_export_bpf", result) : Result<void>();
}

// In a process of its own, which leaves the program or an error in the file.
[[noreturn]] void run_library(const spec::Seccomp& profile, const Fd& file) {
  constexpr struct rlimit64 kPatience = {2, 2};  // seconds of processor time; a big profile takes 0.02
  Result<void> done = [&]() -> Result<void> {
    TRY(sys::prctl(PR_SET_PDEATHSIG, SIGKILL));
    TRY(sys::prlimit(0, RLIMIT_CPU, &kPatience));
    return write_program(profile, file);
  }();
  if (done.ok()) ::_exit(0);
  const bool told = sys::write_all(file, sync::encode_error(done.error())).ok();
  ::_exit(told ? 1 : 2);
}

Result<std::string> content_of(const Fd& file) {
  if (::lseek(file.number(), 0, SEEK_SET) < 0) return Error::system("lseek", errno);
  return files::read_fd(file, kMaxProgram);
}

}  // namespace

Result<seccomp::Profile> resolve_seccomp(const spec::Seccomp& profile) {
  Resolver resolver(profile, TRY(architectures_of(profile)));
  for (const spec::SeccompSyscall& call : profile.syscalls) resolver.add(call);
  return resolver.take();
}

Result<void> check_known_calls(const spec::Seccomp& profile) {
  for (size_t i = 0; i < profile.syscalls.size(); ++i) {
    const std::vector<std::string>& names = profile.syscalls[i].names;
    for (size_t j = 0; j < names.size(); ++j) {
      if (seccomp_syscall_resolve_name(names[j].c_str()) != __NR_SCMP_ERROR) continue;
      return Error::invalid(
          text::cat("/linux/seccomp/syscalls/", i, "/names/", j),
          text::cat(text::quote(names[j]), " is unknown to libseccomp ", libseccomp_version()));
    }
  }
  return {};
}

Result<std::vector<sock_filter>> export_seccomp(const spec::Seccomp& profile) {
  const Fd file = TRY(sys::memfd_create("filter", 0));
  struct clone_args args = {};
  args.exit_signal = SIGCHLD;
  const pid_t pid = TRY(sys::clone3(args));
  if (pid == 0) run_library(profile, file);
  const siginfo_t ended = TRY(sys::wait_pid(pid));
  const std::string content = TRY(content_of(file));
  if (ended.si_code != CLD_EXITED) {
    return Error::unsupported("/linux/seccomp", text::cat("libseccomp can't make a filter of these rules: ",
                                                          process::describe(ended)))
        .hint("rules for the same system call with different actions should not overlap");
  }
  if (ended.si_status != 0) return sync::decode_error(content);
  std::vector<sock_filter> program(content.size() / sizeof(sock_filter));
  memcpy(program.data(), content.data(), program.size() * sizeof(sock_filter));
  return program;
}

std::string libseccomp_version() {
  const struct scmp_version* version = seccomp_version();
  return text::cat(version->major, ".", version->minor, ".", version->micro);
}

}  // namespace estiva
