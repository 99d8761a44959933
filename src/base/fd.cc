// SPDX-License-Identifier: Apache-2.0
// Descriptors: closing, and the working directory as a descriptor.
#include "estiva/base/fd.h"

#include <fcntl.h>
#include <unistd.h>

namespace estiva {

void Fd::reset() {
  if (number_ >= 0) ::close(std::exchange(number_, -1));
}

FdView FdView::cwd() { return FdView(AT_FDCWD); }

}  // namespace estiva
