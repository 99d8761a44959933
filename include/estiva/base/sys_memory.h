// SPDX-License-Identifier: Apache-2.0
// System calls on the memory of this process.
#pragma once

#include <stddef.h>
#include <sys/types.h>

#include "estiva/base/error.h"
#include "estiva/base/fd.h"

namespace estiva::sys {

// Private pages, zeroed and present.
Result<void*> map_memory(size_t size);
// Private pages of `file` over what is mapped there now.
Result<void> map_over(void* address, size_t size, int protection, FdView file, off_t offset);
// Moves whole pages over what is mapped at `to` now.
Result<void> move_mapping(void* from, size_t size, void* to);
Result<void> protect_memory(void* address, size_t size, int protection);
// The pages wholly inside are zero from now on and take no memory.
void forget_memory(void* address, size_t size);
// What of this program's code and constants is in memory is read from its file when it is needed again.
void forget_program();

}  // namespace estiva::sys
