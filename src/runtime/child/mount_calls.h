// SPDX-License-Identifier: Apache-2.0
// Mounting by descriptor, twice: by the mount API of Linux 5.2 and 5.12, and by mount(2) for kernels before that,
// which names its target through the host's or the container's own procfs.
#pragma once

#include <string>

#include "runtime/child/context.h"

namespace estiva::child {

// A new file system on `target`, with its attributes and propagation. The mount, or nothing where mount(2) made it.
// Error EPERM where the namespaces that it shows are not ours.
Result<Fd> mount_filesystem(const Context& c, const MountStep& step, FdView target);
// The source of a bind mount as a detached tree with its attributes and propagation (new API).
Result<Fd> open_bind(const Context& c, const MountStep& step);
// Missing things of the host are worded unlike a missing program: engines match "no such file" as that.
Error missing_on_host(Error error, std::string_view what);
// Attributes and propagation of the mount that `mounted` is in.
Result<void> set_attributes(const Context& c, const MountStep& step, FdView mounted);
// The detached tree once more, as a younger one. The kernel copies only what is attached in our mount namespace, so
// `tree` then is, in the part of it that goes with the host's root. Invalid where that can't be done.
Result<Fd> copy_tree(const Context& c, const Fd& tree, FdView target);
Result<void> set_readonly(const Context& c, FdView mounted);
// Binds what `source` names (old API: a path of the host) on `target`.
Result<void> bind_path(const std::string& source, bool recursive, FdView target);
// The same with attributes and propagation, by mount(2).
Result<void> bind_mount(const Context& c, const MountStep& step, FdView target);
// "/proc/self/fd/N"
std::string descriptor_path(FdView fd);

}  // namespace estiva::child
