// SPDX-License-Identifier: Apache-2.0
// The root file system: where it is, how it is entered, what is hidden in it.
#include <sched.h>

#include "estiva/base/text.h"
#include "runtime/plan/names.h"
#include "runtime/plan/parts.h"

namespace estiva::plan {

namespace {

Result<void> check_paths(const std::vector<std::string>& paths, std::string_view object, const Plan& plan) {
  for (size_t i = 0; i < paths.size(); ++i) {
    if (paths[i].empty() || paths[i][0] != '/') {
      return Error::invalid(text::cat(object, "/", i), text::cat(text::quote(paths[i]), " is not absolute"));
    }
  }
  if (!paths.empty() && !plan.namespaces.has(CLONE_NEWNS)) {
    return Error::invalid(std::string(object), "needs a mount namespace");
  }
  return {};
}

}  // namespace

Result<RootfsPlan> plan_rootfs(const Input& in, const Plan& plan) {
  if (!in.spec.root) return Error::invalid("/root", "is required");
  RootfsPlan rootfs;
  const std::string& path = in.spec.root->path;
  if (path.empty()) return Error::invalid("/root/path", "is empty");
  rootfs.path = path[0] == '/' ? path : text::cat(in.options.bundle, "/", path);
  rootfs.readonly = in.spec.root->readonly;
  // Another container's mount namespace is not ours to turn round; its root is entered by chroot.
  rootfs.pivot = in.options.pivot && plan.namespaces.creates(CLONE_NEWNS);
  if (rootfs.readonly && !plan.namespaces.has(CLONE_NEWNS)) {
    return Error::invalid("/root/readonly", "needs a mount namespace");
  }
  const std::string& propagation = in.linux.rootfs_propagation;
  if (!propagation.empty()) {
    const auto flags = names::propagation(propagation);
    if (!flags)
      return Error::invalid("/linux/rootfsPropagation", text::cat(text::quote(propagation), " is unknown"));
    if (!plan.namespaces.has(CLONE_NEWNS))
      return Error::invalid("/linux/rootfsPropagation", "needs a mount namespace");
    rootfs.propagation = *flags;
  }
  TRY(check_paths(in.linux.masked_paths, "/linux/maskedPaths", plan));
  TRY(check_paths(in.linux.readonly_paths, "/linux/readonlyPaths", plan));
  rootfs.masked_paths = in.linux.masked_paths;
  rootfs.readonly_paths = in.linux.readonly_paths;
  return rootfs;
}

}  // namespace estiva::plan
