// SPDX-License-Identifier: Apache-2.0
// The options that `run` and `create` share, one row each.
#pragma once

#include <span>

#include "engine/container/record.h"
#include "estiva/base/options.h"

namespace estiva::engine {

struct RunFlags : ContainerOptions {
  bool detach = false, quiet = false;
  std::string pull = "missing", platform, progress = "auto", detach_keys = "ctrl-p,ctrl-q", sig_proxy;
  bool timeline = false;
  std::string timeline_file;
};

extern const std::span<const Option> kCreateRows, kRunRows;

}  // namespace estiva::engine
