// SPDX-License-Identifier: Apache-2.0
// Entry of estiva.
#include <cxxabi.h>
#include <stdlib.h>

#include "runtime/commands/command.h"

// In place of libstdc++'s, which brings a demangler of 0.1 MB to print the name of an exception; nothing here throws.
void __gnu_cxx::__verbose_terminate_handler() { abort(); }

// And these, which would set 73 KiB aside at each start for exceptions that are thrown when memory is short.
void* __cxxabiv1::__cxa_allocate_exception(size_t) noexcept { abort(); }
void __cxxabiv1::__cxa_free_exception(void*) noexcept {}

int main(int argc, char** argv) {
  estiva::RuntimeOptions global;
  global.root = estiva::default_root();
  return estiva::run_program(estiva::kProgram, global, argc, argv);
}
