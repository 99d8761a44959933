// SPDX-License-Identifier: Apache-2.0
// Options of `run` and `create`. `create` takes the first kCreateCount of them.
#include "engine/commands/container_flags.h"

#include <iterator>

namespace estiva::engine {

namespace {

Result<void> set_entrypoint(void* target, std::string_view value) {
  auto* flags = static_cast<RunFlags*>(target);
  flags->entrypoint = value;
  flags->has_entrypoint = true;
  return {};
}

// Those that only `run` has come last.
constexpr Option kRows[] = {
    options::row<&RunFlags::interactive>('i', "interactive", nullptr, "keep standard input open"),
    options::row<&RunFlags::tty>('t', "tty", nullptr, "a terminal for the container"),
    options::row<&RunFlags::rm>(0, "rm", nullptr, "remove the container when it ends"),
    options::row<&RunFlags::name>(0, "name", "NAME", "its name; two words if not given"),
    options::row<&RunFlags::hostname>('h', "hostname", "NAME", "its host name; the short ID if not given"),
    options::row<&RunFlags::cidfile>(0, "cidfile", "FILE",
                                     "write the ID to FILE, which must not be there yet"),
    options::row<&RunFlags::env>('e', "env", "NAME[=VALUE]",
                                 "set a variable; without a value: as it is here"),
    options::row<&RunFlags::env_file>(0, "env-file", "FILE", "variables, one a line"),
    options::row<&RunFlags::workdir>('w', "workdir", "DIR", "working directory"),
    options::row<&RunFlags::user>('u', "user", "USER[:GROUP]", "names or numbers of the image"),
    options::row<&RunFlags::group_add>(0, "group-add", "GROUP", "a further group"),
    {0, "entrypoint", "PROGRAM", "in place of the image's; empty: none", set_entrypoint},
    options::row<&RunFlags::label>('l', "label", "NAME[=VALUE]", "a label"),
    options::row<&RunFlags::network>(0, "network", "MODE",
                                     "bridge, host, none or container:NAME; bridge if not given"),
    options::row<&RunFlags::network>(0, "net", "MODE", "as --network"),
    options::row<&RunFlags::publish>('p', "publish", "[[IP:]HOST:]CONTAINER",
                                     "a port of the container at a port of the host"),
    options::row<&RunFlags::expose>(0, "expose", "PORT", "a port that the program listens on"),
    options::row<&RunFlags::add_host>(0, "add-host", "NAME:ADDRESS", "a line of /etc/hosts"),
    options::row<&RunFlags::dns>(0, "dns", "ADDRESS", "a name server"),
    options::row<&RunFlags::dns_search>(0, "dns-search", "DOMAIN", "a domain to search names in"),
    options::row<&RunFlags::dns_option>(0, "dns-option", "OPTION", "an option of resolv.conf"),
    options::row<&RunFlags::volume>('v', "volume", "SOURCE:TARGET[:OPTIONS]",
                                    "a directory of the host, or a volume, in the container"),
    options::row<&RunFlags::mount>(0, "mount", "KEY=VALUE,...",
                                   "type=bind|volume|tmpfs, source, target, readonly"),
    options::row<&RunFlags::tmpfs>(0, "tmpfs", "DIR[:OPTIONS]", "an empty directory in memory"),
    options::row<&RunFlags::read_only>(0, "read-only", nullptr, "nothing but volumes can be written"),
    options::row<&RunFlags::shm_size>(0, "shm-size", "SIZE", "of /dev/shm"),
    options::row<&RunFlags::device>(0, "device", "DEVICE[:PATH]", "a device of the host"),
    options::row<&RunFlags::privileged>(0, "privileged", nullptr,
                                        "all capabilities, all devices, nothing masked or filtered"),
    options::row<&RunFlags::cap_add>(0, "cap-add", "CAPABILITY", "one more, or all"),
    options::row<&RunFlags::cap_drop>(0, "cap-drop", "CAPABILITY", "one less, or all"),
    options::row<&RunFlags::security_opt>(
        0, "security-opt", "OPTION", "seccomp=unconfined or =FILE, no-new-privileges, apparmor=PROFILE, ..."),
    options::row<&RunFlags::sysctl>(0, "sysctl", "NAME=VALUE", "a parameter of the kernel"),
    options::row<&RunFlags::ulimit>(0, "ulimit", "NAME=SOFT[:HARD]", "a limit of processes"),
    options::row<&RunFlags::memory>('m', "memory", "SIZE", "most memory"),
    options::row<&RunFlags::memory_swap>(0, "memory-swap", "SIZE",
                                         "most memory and swap together; -1: no limit"),
    options::row<&RunFlags::memory_reservation>(0, "memory-reservation", "SIZE",
                                                "what it keeps when memory is short"),
    options::row<&RunFlags::cpus>(0, "cpus", "NUMBER", "most CPU time, in CPUs"),
    options::row<&RunFlags::cpu_shares>('c', "cpu-shares", "NUMBER", "its weight beside others"),
    options::row<&RunFlags::cpuset_cpus>(0, "cpuset-cpus", "LIST", "the CPUs that it may use"),
    options::row<&RunFlags::cpuset_mems>(0, "cpuset-mems", "LIST", "the memory nodes that it may use"),
    options::row<&RunFlags::pids_limit>(0, "pids-limit", "NUMBER", "most processes; -1: no limit"),
    options::row<&RunFlags::oom_score_adj>(0, "oom-score-adj", "NUMBER",
                                           "how likely it is killed when memory is short"),
    options::row<&RunFlags::stop_signal>(0, "stop-signal", "SIGNAL", "what stop sends"),
    options::row<&RunFlags::stop_timeout>(0, "stop-timeout", "SECONDS", "how long stop waits"),
    options::row<&RunFlags::restart>(0, "restart", "POLICY", "no, always, on-failure[:N], unless-stopped"),
    options::row<&RunFlags::runtime>(0, "runtime", "NAME",
                                     "an OCI runtime by name or path; estiva if not given"),
    options::row<&RunFlags::log_driver>(0, "log-driver", "NAME", "k8s-file or none"),
    options::row<&RunFlags::log_opt>(0, "log-opt", "NAME=VALUE", "max-size=SIZE, max-file=N"),
    options::row<&RunFlags::pid>(0, "pid", "MODE", "host: its processes are the host's"),
    options::row<&RunFlags::init>(0, "init", nullptr,
                                  "a small process 1 that passes signals on and buries orphans"),
    options::row<&RunFlags::ipc>(0, "ipc", "MODE", "host or private"),
    options::row<&RunFlags::uts>(0, "uts", "MODE", "host or private"),
    options::row<&RunFlags::cgroupns>(0, "cgroupns", "MODE", "host or private"),
    options::row<&RunFlags::userns>(0, "userns", "MODE", "host, or auto[:OPTIONS]: users of its own"),
    options::row<&RunFlags::cgroup_parent>(0, "cgroup-parent", "PATH", "where its control group is made"),
    options::row<&RunFlags::pull>(0, "pull", "missing|always|never", "when to fetch the image"),
    options::row<&RunFlags::platform>(0, "platform", "OS/ARCHITECTURE", "take the image for that"),
    options::row<&RunFlags::progress>(0, "progress", "auto|bars|plain|json", "how a pull shows its progress"),
    options::row<&RunFlags::quiet>('q', "quiet", nullptr, "nothing but the container's own output"),
    options::row<&RunFlags::detach>('d', "detach", nullptr, "in the background; print the ID"),
    options::row<&RunFlags::detach_keys>(0, "detach-keys", "KEYS",
                                         "that leave the container; ctrl-p,ctrl-q if not given"),
    options::row<&RunFlags::sig_proxy>(0, "sig-proxy", "true|false",
                                       "pass signals on, without a terminal; true if not given"),
    options::row<&RunFlags::timeline>(0, "timeline", nullptr, "tell at the end where the time went"),
    options::row<&RunFlags::timeline_file>(0, "timeline-file", "FILE",
                                           "the same as a file: *.json for Chrome, *.svg, else text"),
};
constexpr size_t kOnlyRun = 5;

}  // namespace

const std::span<const Option> kCreateRows = {kRows, std::size(kRows) - kOnlyRun};
const std::span<const Option> kRunRows = {kRows, std::size(kRows)};

}  // namespace estiva::engine
