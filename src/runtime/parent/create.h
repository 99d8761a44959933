// SPDX-License-Identifier: Apache-2.0
// Makes a container up to the point where its program could start.
#pragma once

#include <string>

#include "estiva/base/log.h"
#include "runtime/parent/start.h"
#include "runtime/parent/store.h"
#include "runtime/plan/plan.h"

namespace estiva {

struct CreateRequest {
  RunOptions options;
  std::string config;          // path of config.json
  std::string pid_file;        // empty: none
  std::string console_socket;  // empty: none
  std::string pidfd_socket;    // empty: none
  Fd console;                  // the foreground's own end instead of a path
  bool exit_record = false;    // leave a watcher that writes how the init ended
  bool start = false;          // the caller itself starts the program, by Created::gate; no gate for `start`
};

struct Created {
  ContainerDir dir;  // locked
  Record record;
  Fd pidfd;        // of the init, our child
  StartGate gate;  // to it, if the request said `start`
};

// Loads and plans; touches nothing. Warnings go to the log.
Result<Plan> load_plan(const std::string& config, const RunOptions& options, Log& log);

// On failure everything is undone and poststop hooks have run if others had.
Result<Created> create_container(const Store& store, const Plan& plan, CreateRequest& request, Log& log);

}  // namespace estiva
