// SPDX-License-Identifier: Apache-2.0
// What the init and the processes of exec have in common: from a process inside the container's namespaces to one
// that is as the configuration wants it, but for its terminal and its filter.
#include <errno.h>
#include <linux/close_range.h>

#include <algorithm>

#include "estiva/base/sys.h"
#include "estiva/base/text.h"
#include "runtime/child/steps.h"

namespace estiva::child {

Result<void> become_program(Context& c) {
  TRY(prepare_environment(c));
  // As root, since engines give programs directories that only root may enter; else as the program's user, since root
  // may be a stranger to a file system of another host.
  const bool entered = TRY(enter_working_directory(c));
  TRY(set_limits(c));
  TRY(drop_privileges(c));
  if (!entered && !TRY(enter_working_directory(c)))
    return Error::system(text::cat("chdir ", text::quote(c.plan.process->cwd)), EACCES)
        .object("/process/cwd");
  return find_program(c);
}

Result<void> close_all_but(const Context& c, std::vector<int> kept) {
  std::ranges::sort(kept);
  unsigned first = 3 + (c.plan.process ? c.plan.process->preserve_fds : 0);
  for (const int number : kept) {
    if (number < static_cast<int>(first)) continue;
    const unsigned end = static_cast<unsigned>(number);
    if (first < end) TRY(sys::close_range(first, end - 1, 0));
    first = end + 1;
  }
  return sys::close_range(first, ~0u, 0);
}

}  // namespace estiva::child
