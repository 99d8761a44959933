// SPDX-License-Identifier: Apache-2.0
// tmpcopyup: fills a new tmpfs with what is in the directory that it will cover.
#pragma once

#include "runtime/child/context.h"

namespace estiva::child {

// Copies what is in `from` into the empty file system `to`: owners, modes, times, hard links, extended attributes as
// far as a tmpfs has a place for them. Errors name the file, relative to `from`.
Result<void> copy_up(const Context& c, FdView from, FdView to);

}  // namespace estiva::child
