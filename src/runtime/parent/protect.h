// SPDX-License-Identifier: Apache-2.0
// Protection of the runtime's own binary (CVE-2019-5736): a container that gets hold of /proc/PID/exe of its init or
// of the runtime must not be able to write to the file. The process is executed once more from a read-only place.
#pragma once

#include "estiva/base/error.h"

namespace estiva {

// Returns when this process needs no protection (any more); otherwise it starts the program anew with the same
// arguments from, in this order: a detached read-only mount of the binary, a read-only overlay, a sealed copy in
// memory. If none is possible, an error. Call before anything is opened.
Result<void> protect_own_binary(char* const argv[]);

}  // namespace estiva
