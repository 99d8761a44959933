// SPDX-License-Identifier: Apache-2.0
// What the verbs that read a bundle share (create, run, plan): their options, one row each, and what follows from them.
#pragma once

#include <string>

#include "runtime/commands/command.h"
#include "runtime/parent/create.h"

namespace estiva {

struct BundleOptions {
  std::string bundle = ".";
  std::string config;
};

struct CreateOptions : BundleOptions {
  std::string console_socket;
  std::string pidfd_socket;
  std::string pid_file;
  bool exit_record = false;
  bool no_pivot = false;
  bool no_new_keyring = false;
  unsigned preserve_fds = 0;
};

template <typename T, auto member>
constexpr Option row_of(char letter, const char* name, const char* argument, const char* help) {
  return {letter, name, argument, help, [](void* target, std::string_view value) {
            return options::assign(static_cast<T*>(target)->*member, value);
          }};
}

template <typename T>
constexpr Option kBundleRow = row_of<T, &T::bundle>('b', "bundle", "DIR",
                                                    "the bundle; the working directory if not given");
template <typename T>
constexpr Option kConfigRow = row_of<T, &T::config>('f', "config", "FILE",
                                                    "the configuration; DIR/config.json if not given");
template <typename T>
constexpr Option kConsoleRow = row_of<T, &T::console_socket>(
    0, "console-socket", "SOCKET", "send the container's terminal to this Unix socket");
template <typename T>
constexpr Option kPidfdRow = row_of<T, &T::pidfd_socket>(
    0, "pidfd-socket", "SOCKET", "send a pidfd of the container's first process to this Unix socket");
template <typename T>
constexpr Option kExitRow = row_of<T, &T::exit_record>(
    0, "exit-record", nullptr, "leave a small process that records how the container ends");
template <typename T>
constexpr Option kPidFileRow = row_of<T, &T::pid_file>(
    0, "pid-file", "FILE", "write the process id of the container's first process to FILE");
template <typename T>
constexpr Option kNoPivotRow = row_of<T, &T::no_pivot>(
    0, "no-pivot", nullptr, "do not use pivot_root, for a host that runs from an initramfs");
template <typename T>
constexpr Option kNoKeyringRow = row_of<T, &T::no_new_keyring>(0, "no-new-keyring", nullptr,
                                                               "keep the caller's session keyring");
template <typename T>
constexpr Option kPreserveRow =
    row_of<T, &T::preserve_fds>(0, "preserve-fds", "N", "pass N more descriptors, from 3 on, to the program");

// The options as the plan wants them; LISTEN_FDS of our environment is read.
Result<RunOptions> run_options(const BundleOptions& bundle, const std::string& id);
std::string config_path(const BundleOptions& bundle, const RunOptions& options);
// `in`: for --root and --cgroup-manager. LISTEN_FDS and NOTIFY_SOCKET of our environment are read.
Result<CreateRequest> make_request(const CreateOptions& given, const std::string& id, bool detached,
                                   const Invocation& in);

// sd_listen_fds(3): only if they were meant for this very process.
void read_listen_variables(RunOptions& options);

// Engines leave descriptors open by mistake; those that the container is not to have go before ours are opened, and
// those that it is to have must be there. Before protect_own_binary: what that opens takes no number that the caller means.
Result<void> settle_descriptors(const RunOptions& options);

}  // namespace estiva
