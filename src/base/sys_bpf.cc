// SPDX-License-Identifier: Apache-2.0
// bpf(2). The attributes are always the whole, zeroed union: a kernel may write beyond the size of the fields
// that a command uses (Linux 6.17 does in BPF_PROG_QUERY).
#include "estiva/base/sys_bpf.h"

#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>
#include <cstdint>
#include <cstring>
#include <iterator>

namespace estiva::sys {

namespace {

long bpf(int command, union bpf_attr& attributes) {
  return ::syscall(SYS_bpf, command, &attributes, sizeof attributes);
}

uint64_t address(const void* pointer) { return reinterpret_cast<uintptr_t>(pointer); }

}  // namespace

Result<Fd> bpf_load_device_program(std::span<const struct bpf_insn> program) {
  union bpf_attr attributes;
  std::memset(&attributes, 0, sizeof attributes);
  attributes.prog_type = BPF_PROG_TYPE_CGROUP_DEVICE;
  attributes.insn_cnt = static_cast<uint32_t>(program.size());
  attributes.insns = address(program.data());
  attributes.license = address("Apache-2.0");
  static_assert(sizeof kDeviceProgramName <= sizeof attributes.prog_name);
  std::memcpy(attributes.prog_name, kDeviceProgramName, sizeof kDeviceProgramName);
  // EAGAIN: a signal was pending while the verifier ran.
  for (int attempt = 0;; ++attempt) {
    const long fd = bpf(BPF_PROG_LOAD, attributes);  // close-on-exec by itself
    if (fd >= 0) return Fd(static_cast<int>(fd), Closing::kLater);
    if (errno != EAGAIN || attempt == 4) return Error::system("bpf(BPF_PROG_LOAD)", errno);
  }
}

Result<void> bpf_attach_device_program(FdView cgroup, FdView program, unsigned flags, FdView replaced) {
  union bpf_attr attributes;
  std::memset(&attributes, 0, sizeof attributes);
  attributes.target_fd = static_cast<uint32_t>(cgroup.number());
  attributes.attach_bpf_fd = static_cast<uint32_t>(program.number());
  attributes.attach_type = BPF_CGROUP_DEVICE;
  attributes.attach_flags = flags;
  if (replaced.valid()) attributes.replace_bpf_fd = static_cast<uint32_t>(replaced.number());
  if (bpf(BPF_PROG_ATTACH, attributes) < 0) return Error::system("bpf(BPF_PROG_ATTACH)", errno);
  return {};
}

Result<void> bpf_detach_device_program(FdView cgroup, FdView program) {
  union bpf_attr attributes;
  std::memset(&attributes, 0, sizeof attributes);
  attributes.target_fd = static_cast<uint32_t>(cgroup.number());
  attributes.attach_bpf_fd = static_cast<uint32_t>(program.number());
  attributes.attach_type = BPF_CGROUP_DEVICE;
  if (bpf(BPF_PROG_DETACH, attributes) < 0) return Error::system("bpf(BPF_PROG_DETACH)", errno);
  return {};
}

Result<std::vector<Fd>> bpf_attached_device_programs(FdView cgroup) {
  uint32_t ids[64] = {};  // BPF_CGROUP_MAX_PROGS
  union bpf_attr query;
  std::memset(&query, 0, sizeof query);
  query.query.target_fd = static_cast<uint32_t>(cgroup.number());
  query.query.attach_type = BPF_CGROUP_DEVICE;
  query.query.prog_ids = address(ids);
  query.query.prog_cnt = std::size(ids);
  if (bpf(BPF_PROG_QUERY, query) < 0) return Error::system("bpf(BPF_PROG_QUERY)", errno);
  std::vector<Fd> programs;
  for (uint32_t i = 0; i < query.query.prog_cnt; ++i) {
    union bpf_attr open;
    std::memset(&open, 0, sizeof open);
    open.prog_id = ids[i];
    const long fd = bpf(BPF_PROG_GET_FD_BY_ID, open);  // close-on-exec by itself
    if (fd < 0) return Error::system("bpf(BPF_PROG_GET_FD_BY_ID)", errno);
    programs.emplace_back(static_cast<int>(fd), Closing::kLater);
  }
  return programs;
}

Result<std::string> bpf_program_name(FdView program) {
  struct bpf_prog_info info;
  std::memset(&info, 0, sizeof info);
  union bpf_attr attributes;
  std::memset(&attributes, 0, sizeof attributes);
  attributes.info.bpf_fd = static_cast<uint32_t>(program.number());
  attributes.info.info_len = sizeof info;
  attributes.info.info = address(&info);
  if (bpf(BPF_OBJ_GET_INFO_BY_FD, attributes) < 0) return Error::system("bpf(BPF_OBJ_GET_INFO_BY_FD)", errno);
  return std::string(info.name, strnlen(info.name, sizeof info.name));
}

}  // namespace estiva::sys
