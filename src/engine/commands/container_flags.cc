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
    options::row<&RunFlags::tty>('t', "tty", nullptr, "give the container a terminal"),
    options::row<&RunFlags::rm>(0, "rm", nullptr, "remove the container when it ends"),
    options::row<&RunFlags::name>(0, "name", "NAME", "the name of the container; two words if not given"),
    options::row<&RunFlags::label>('l', "label", "NAME[=VALUE]", "add a label"),
    options::row<&RunFlags::cidfile>(0, "cidfile", "FILE",
                                     "write the ID to FILE, which must not be there yet"),
    options::row<&RunFlags::pull>(0, "pull", "missing|always|never",
                                  "when to fetch the image; missing if not given"),
    options::row<&RunFlags::platform>(0, "platform", "OS/ARCHITECTURE",
                                      "take the image for this machine type"),
    options::row<&RunFlags::progress>(0, "progress", "auto|bars|plain|json",
                                      "how a pull shows its progress; auto if not given"),
    options::row<&RunFlags::quiet>('q', "quiet", nullptr, "show nothing but the container's own output"),
    options::row<&RunFlags::runtime>(0, "runtime", "NAME",
                                     "an OCI runtime by name or path; estiva if not given"),
    options::under("The program",
                   options::row<&RunFlags::env>('e', "env", "NAME[=VALUE]",
                                                "set a variable; NAME alone takes its value from here")),
    options::row<&RunFlags::env_file>(0, "env-file", "FILE", "read variables from FILE, one a line"),
    options::row<&RunFlags::workdir>('w', "workdir", "DIR", "the working directory"),
    options::row<&RunFlags::user>('u', "user", "USER[:GROUP]",
                                  "run as this user: names or numbers of the image"),
    options::row<&RunFlags::group_add>(0, "group-add", "GROUP", "add a group"),
    {0, "entrypoint", "PROGRAM", "run PROGRAM in place of the image's entrypoint; empty: none",
     set_entrypoint},
    options::row<&RunFlags::init>(0, "init", nullptr,
                                  "start a small process 1 that passes signals on and reaps orphans"),
    options::row<&RunFlags::stop_signal>(0, "stop-signal", "SIGNAL", "the signal that cais stop sends"),
    options::row<&RunFlags::stop_timeout>(0, "stop-timeout", "SECONDS",
                                          "how long cais stop waits before it kills"),
    options::row<&RunFlags::restart>(0, "restart", "POLICY",
                                     "no, always, on-failure[:N] or unless-stopped; no if not given"),
    options::under("Network",
                   options::row<&RunFlags::network>(
                       0, "network", "MODE", "bridge, host, none or container:NAME; bridge if not given")),
    options::row<&RunFlags::network>(0, "net", "MODE", "the same as --network"),
    options::row<&RunFlags::publish>('p', "publish", "[[IP:]HOST:]CONTAINER",
                                     "make a port of the container reachable at a port of the host"),
    options::row<&RunFlags::expose>(0, "expose", "PORT", "note a port that the program listens on"),
    options::row<&RunFlags::hostname>('h', "hostname", "NAME",
                                      "the host name inside; the short ID if not given"),
    options::row<&RunFlags::add_host>(0, "add-host", "NAME:ADDRESS", "add a line to /etc/hosts"),
    options::row<&RunFlags::dns>(0, "dns", "ADDRESS", "use this name server"),
    options::row<&RunFlags::dns_search>(0, "dns-search", "DOMAIN", "search names in this domain"),
    options::row<&RunFlags::dns_option>(0, "dns-option", "OPTION", "set an option of resolv.conf"),
    options::under("Files", options::row<&RunFlags::volume>(
                                'v', "volume", "SOURCE:TARGET[:OPTIONS]",
                                "show a directory of the host, or a named volume, in the container")),
    options::row<&RunFlags::mount>(
        0, "mount", "KEY=VALUE,...",
        "the same in other words: type=bind|volume|tmpfs, source, target, readonly"),
    options::row<&RunFlags::tmpfs>(0, "tmpfs", "DIR[:OPTIONS]", "mount an empty directory in memory"),
    options::row<&RunFlags::read_only>(0, "read-only", nullptr,
                                       "let the container write to volumes and tmpfs only"),
    options::row<&RunFlags::shm_size>(0, "shm-size", "SIZE", "the size of /dev/shm"),
    options::row<&RunFlags::device>(0, "device", "DEVICE[:PATH]", "give the container a device of the host"),
    options::under("Isolation", options::row<&RunFlags::privileged>(
                                    0, "privileged", nullptr,
                                    "all capabilities, all devices, nothing masked or filtered")),
    options::row<&RunFlags::cap_add>(0, "cap-add", "CAPABILITY", "add a capability; ALL adds all"),
    options::row<&RunFlags::cap_drop>(0, "cap-drop", "CAPABILITY", "take a capability away; ALL takes all"),
    options::row<&RunFlags::security_opt>(
        0, "security-opt", "OPTION", "seccomp=unconfined or =FILE, no-new-privileges, apparmor=PROFILE, ..."),
    options::row<&RunFlags::userns>(0, "userns", "MODE",
                                    "host, or auto[:OPTIONS] for users of its own; host if not given"),
    options::row<&RunFlags::pid>(0, "pid", "MODE", "host: use the process ids of the host"),
    options::row<&RunFlags::ipc>(0, "ipc", "MODE", "host or private; private if not given"),
    options::row<&RunFlags::uts>(0, "uts", "MODE", "host or private; private if not given"),
    options::row<&RunFlags::cgroupns>(0, "cgroupns", "MODE", "host or private; private if not given"),
    options::row<&RunFlags::sysctl>(0, "sysctl", "NAME=VALUE", "set a kernel parameter"),
    options::under("Limits", options::row<&RunFlags::memory>('m', "memory", "SIZE", "limit of memory")),
    options::row<&RunFlags::memory_swap>(0, "memory-swap", "SIZE",
                                         "limit of memory and swap together; -1: none"),
    options::row<&RunFlags::memory_reservation>(0, "memory-reservation", "SIZE",
                                                "memory that it keeps when memory is short"),
    options::row<&RunFlags::cpus>(0, "cpus", "NUMBER", "limit of CPU time, in CPUs"),
    options::row<&RunFlags::cpu_shares>('c', "cpu-shares", "NUMBER",
                                        "weight of its CPU time beside that of others; 1024 is usual"),
    options::row<&RunFlags::cpuset_cpus>(0, "cpuset-cpus", "LIST", "the CPUs that it may use"),
    options::row<&RunFlags::cpuset_mems>(0, "cpuset-mems", "LIST", "the memory nodes that it may use"),
    options::row<&RunFlags::pids_limit>(0, "pids-limit", "NUMBER",
                                        "limit of processes and threads; -1: none"),
    options::row<&RunFlags::ulimit>(0, "ulimit", "NAME=SOFT[:HARD]", "set a resource limit of its processes"),
    options::row<&RunFlags::oom_score_adj>(0, "oom-score-adj", "NUMBER",
                                           "-1000 to 1000: how likely it is killed when memory is short"),
    options::row<&RunFlags::cgroup_parent>(0, "cgroup-parent", "PATH", "make its control group below PATH"),
    options::under("Log", options::row<&RunFlags::log_driver>(0, "log-driver", "NAME",
                                                              "k8s-file or none; k8s-file if not given")),
    options::row<&RunFlags::log_opt>(0, "log-opt", "NAME=VALUE", "max-size=SIZE or max-file=N"),
    options::under("The command", options::row<&RunFlags::detach>('d', "detach", nullptr,
                                                                  "run in the background; print the ID")),
    options::row<&RunFlags::detach_keys>(0, "detach-keys", "KEYS",
                                         "the keys that leave the container; ctrl-p,ctrl-q if not given"),
    options::row<&RunFlags::sig_proxy>(0, "sig-proxy", "true|false",
                                       "pass signals on if there is no terminal; true if not given"),
    options::row<&RunFlags::timeline>(0, "timeline", nullptr,
                                      "show at the end, on standard error, where the time went"),
    options::row<&RunFlags::timeline_file>(
        0, "timeline-file", "FILE",
        "write the same to FILE: *.json for Chrome, *.svg as a picture, else text"),
};
constexpr size_t kOnlyRun = 5;

}  // namespace

const std::span<const Option> kCreateRows = {kRows, std::size(kRows) - kOnlyRun};
const std::span<const Option> kRunRows = {kRows, std::size(kRows)};

}  // namespace estiva::engine
