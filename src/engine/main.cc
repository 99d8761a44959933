// SPDX-License-Identifier: Apache-2.0
// Entry of cais.
#include "engine/commands/command.h"

int main(int argc, char** argv) {
  estiva::engine::Globals global;
  global.root = "/var/lib/cais";
  global.run_root = "/run/cais";
  return estiva::run_program(estiva::engine::kProgram, global, argc, argv);
}
