// SPDX-License-Identifier: Apache-2.0
// The rows of config.json but for its `linux` object (config.md).
// In the order of the specification.
#include "rows.h"

namespace estiva::codec {

using namespace spec;

template <>
std::span<const Row> rows<Root>() {
  static constexpr Row kRows[] = {
      row<&Root::path>("path", kRequired),
      row<&Root::readonly>("readonly"),
  };
  return kRows;
}

template <>
std::span<const Row> rows<Mount>() {
  static constexpr Row kRows[] = {
      row<&Mount::destination>("destination", kRequired),
      row<&Mount::source>("source"),
      row<&Mount::options>("options"),
      row<&Mount::type>("type"),
      row<&Mount::uid_mappings>("uidMappings"),
      row<&Mount::gid_mappings>("gidMappings"),
  };
  return kRows;
}

template <>
std::span<const Row> rows<ConsoleSize>() {
  static constexpr Row kRows[] = {
      row<&ConsoleSize::height>("height", kRequired),
      row<&ConsoleSize::width>("width", kRequired),
  };
  return kRows;
}

template <>
std::span<const Row> rows<User>() {
  static constexpr Row kRows[] = {
      row<&User::uid>("uid", kKeep),       row<&User::gid>("gid", kKeep),
      row<&User::umask>("umask"),          row<&User::additional_gids>("additionalGids"),
      ignored("username", kOtherPlatform),
  };
  return kRows;
}

template <>
std::span<const Row> rows<Rlimit>() {
  static constexpr Row kRows[] = {
      row<&Rlimit::type>("type", kRequired),
      row<&Rlimit::soft>("soft", kRequired),
      row<&Rlimit::hard>("hard", kRequired),
  };
  return kRows;
}

template <>
std::span<const Row> rows<Capabilities>() {
  static constexpr Row kRows[] = {
      row<&Capabilities::effective>("effective"),     row<&Capabilities::bounding>("bounding"),
      row<&Capabilities::inheritable>("inheritable"), row<&Capabilities::permitted>("permitted"),
      row<&Capabilities::ambient>("ambient"),
  };
  return kRows;
}

template <>
std::span<const Row> rows<Scheduler>() {
  static constexpr Row kRows[] = {
      row<&Scheduler::policy>("policy", kRequired),
      row<&Scheduler::nice>("nice"),
      row<&Scheduler::priority>("priority"),
      row<&Scheduler::flags>("flags"),
      row<&Scheduler::runtime>("runtime"),
      row<&Scheduler::deadline>("deadline"),
      row<&Scheduler::period>("period"),
  };
  return kRows;
}

template <>
std::span<const Row> rows<IoPriority>() {
  static constexpr Row kRows[] = {
      row<&IoPriority::io_class>("class", kRequired),
      row<&IoPriority::priority>("priority", kKeep),
  };
  return kRows;
}

template <>
std::span<const Row> rows<ExecCpuAffinity>() {
  static constexpr Row kRows[] = {
      row<&ExecCpuAffinity::initial>("initial"),
      row<&ExecCpuAffinity::final>("final"),
  };
  return kRows;
}

template <>
std::span<const Row> rows<Process>() {
  static constexpr Row kRows[] = {
      row<&Process::terminal>("terminal"),
      row<&Process::console_size>("consoleSize"),
      row<&Process::cwd>("cwd", kRequired),
      row<&Process::env>("env"),
      row<&Process::args>("args"),
      row<&Process::rlimits>("rlimits"),
      row<&Process::apparmor_profile>("apparmorProfile"),
      row<&Process::capabilities>("capabilities"),
      row<&Process::no_new_privileges>("noNewPrivileges"),
      row<&Process::oom_score_adj>("oomScoreAdj"),
      row<&Process::scheduler>("scheduler"),
      row<&Process::selinux_label>("selinuxLabel"),
      row<&Process::io_priority>("ioPriority"),
      row<&Process::exec_cpu_affinity>("execCPUAffinity"),
      row<&Process::user>("user"),
      ignored("commandLine", kOtherPlatform),
  };
  return kRows;
}

template <>
std::span<const Row> rows<Hook>() {
  static constexpr Row kRows[] = {
      row<&Hook::path>("path", kRequired),
      row<&Hook::args>("args"),
      row<&Hook::env>("env"),
      row<&Hook::timeout>("timeout"),
  };
  return kRows;
}

template <>
std::span<const Row> rows<Hooks>() {
  static constexpr Row kRows[] = {
      row<&Hooks::prestart>("prestart", kDeprecated),
      row<&Hooks::create_runtime>("createRuntime"),
      row<&Hooks::create_container>("createContainer"),
      row<&Hooks::start_container>("startContainer"),
      row<&Hooks::poststart>("poststart"),
      row<&Hooks::poststop>("poststop"),
  };
  return kRows;
}

template <>
std::span<const Row> rows<Spec>() {
  static constexpr Row kRows[] = {
      row<&Spec::oci_version>("ociVersion", kRequired),
      row<&Spec::root>("root"),
      row<&Spec::mounts>("mounts"),
      row<&Spec::process>("process"),
      row<&Spec::hostname>("hostname"),
      row<&Spec::domainname>("domainname"),
      row<&Spec::hooks>("hooks"),
      row<&Spec::annotations>("annotations"),
      row<&Spec::linux>("linux"),
      ignored("solaris", kOtherPlatform),
      ignored("windows", kOtherPlatform),
      ignored("vm", kOtherPlatform),
      ignored("zos", kOtherPlatform),
      ignored("freebsd", kOtherPlatform),
  };
  return kRows;
}

}  // namespace estiva::codec
