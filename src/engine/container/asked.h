// SPDX-License-Identifier: Apache-2.0
// What is noted of a container for the question why it does not run: signals that commands sent it, and what stood
// against its last start.
#pragma once

#include <string>
#include <vector>

#include "engine/container/containers.h"

namespace estiva::engine {

// A signal that `cais stop` or `cais kill` sent.
struct Asked {
  std::string verb;
  int signal = 0;
  int64_t at_ns = 0;  // since the epoch
};
// A note that can't be written keeps nobody from sending.
void note_signal(const Containers& containers, const std::string& id, const Asked& asked);
// Beside the exit record, for as long as that.
void keep_signals(const Containers& containers, const std::string& id);
// The last ones: of the container as it runs, or as it ran last.
std::vector<Asked> noted_signals(const Containers& containers, const std::string& id);

struct StartError {
  int64_t at_ns = 0;  // 0: the last start went well, or there was none
  std::string error;
};
void note_start(const Containers& containers, const std::string& id, const StartError& error);
StartError last_start_error(const Containers& containers, const std::string& id);

}  // namespace estiva::engine
