// SPDX-License-Identifier: Apache-2.0
// A running container ends: by its stop signal, or at once where that signal can have no effect.
#pragma once

#include <string>

#include "engine/run/engine.h"

namespace estiva::engine {

struct StopRequest {
  int signal = 0;        // 0: the container's own
  int64_t seconds = -1;  // until SIGKILL; -1: the container's own
  bool patient = false;  // waits even for a program that ignores the signal
};
// Returns when it is cleaned up after. The text says what was out of the ordinary, or is empty.
Result<std::string> stop_container(const Engine& engine, const ContainerRecord& record,
                                   const StopRequest& request);

// By SIGKILL, and waits for it.
Result<void> kill_container(const Engine& engine, const ContainerRecord& record);
// Only sends it.
Result<void> signal_container(const Engine& engine, const ContainerRecord& record, int signal);

}  // namespace estiva::engine
