// SPDX-License-Identifier: Apache-2.0
// Changes, while it runs, the file that this process was executed from: what /proc/PID/exe and the mappings lead to.
// As good as executing the program anew from there, at a fraction of its price. Knows nothing of why.
#pragma once

#include "estiva/base/error.h"
#include "estiva/base/fd.h"

namespace estiva {

// `file`: the same file by another mount; may be O_PATH. On an error the process may run partly from it and goes on
// all the same. Needs CAP_SYS_ADMIN or CAP_CHECKPOINT_RESTORE (prctl(2), PR_SET_MM_MAP) and a kernel with
// CONFIG_CHECKPOINT_RESTORE.
Result<void> move_to_file(FdView file);

}  // namespace estiva
