// SPDX-License-Identifier: Apache-2.0
// For a process of ours that does one thing and stays for long: waiting with next to no memory, and files without the
// heap, not even for an error.
#pragma once

#include <string_view>

#include "estiva/base/fd.h"

namespace estiva::small {

// Gives up all memory that the caller can do without, and returns when `pidfd` tells the end of its process. From then
// on nothing may be used that was on the heap, and the heap itself neither.
void wait_for_end(FdView pidfd);

// As much of the file as there is room for, and a NUL behind it.
bool read_text(FdView dir, const char* name, char* buffer, size_t size);
// Whole or not at all: written as `temporary`, then renamed.
bool replace(FdView dir, const char* temporary, const char* name, std::string_view data);

}  // namespace estiva::small
