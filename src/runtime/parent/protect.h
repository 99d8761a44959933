// SPDX-License-Identifier: Apache-2.0
// Protection of the runtime's own binary (CVE-2019-5736): a container that gets hold of /proc/PID/exe of its init or
// of the runtime must not be able to write to the file. The process goes on from a read-only place.
#pragma once

#include "estiva/base/error.h"

namespace estiva {

// Returns when this process needs no protection (any more). In this order: it moves to a detached read-only mount of
// the binary; executes the program anew with the same arguments from that mount, from a read-only overlay, from a
// sealed copy in memory. If none is possible, an error. Call before anything is opened.
Result<void> protect_own_binary(char* const argv[]);

}  // namespace estiva
