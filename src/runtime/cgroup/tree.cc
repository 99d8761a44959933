// SPDX-License-Identifier: Apache-2.0
// Walks a subtree of one cgroup hierarchy.
#include "runtime/cgroup/tree.h"

#include <errno.h>
#include <fcntl.h>

#include "estiva/base/text.h"

namespace estiva::cgroup {

namespace {

constexpr int kOpenDirectory = O_RDONLY | O_DIRECTORY | O_NOFOLLOW;

Result<std::vector<std::string>> children(FdView dir) {
  std::vector<std::string> names;
  alignas(struct dirent64) char buffer[8192];
  for (;;) {
    Result<size_t> size = sys::getdents64(dir, buffer, sizeof buffer);
    if (!size.ok() && vanished(size.error())) return names;
    const size_t end = TRY(std::move(size));
    if (end == 0) return names;
    for (size_t offset = 0; offset < end;) {
      const auto* entry = reinterpret_cast<const struct dirent64*>(buffer + offset);
      const std::string_view name = entry->d_name;
      if (entry->d_type == DT_DIR && name != "." && name != "..") names.emplace_back(name);
      offset += entry->d_reclen;
    }
  }
}

enum class Removed { kYes, kBusy };

Result<Removed> remove_one(FdView dir, sys::Path name) {
  Result<void> removed = sys::unlinkat(dir, name, AT_REMOVEDIR);
  if (removed.ok() || vanished(removed.error())) return Removed::kYes;
  if (removed.error().errnum() == EBUSY || removed.error().errnum() == ENOTEMPTY) return Removed::kBusy;
  return std::move(removed).error();
}

// Removes those children of `dir` that are empty; the name of one that is not, or nothing.
Result<std::string> remove_children(FdView dir) {
  for (const std::string& name : TRY(children(dir))) {
    if (TRY(remove_one(dir, name)) == Removed::kBusy) return name;
  }
  return std::string();
}

// Removes everything below `dir`; false when a process is in the way.
Result<bool> remove_below(Fd dir) {
  std::vector<std::string> way;  // from the start to `dir`
  for (;;) {
    const std::string busy = TRY(remove_children(dir));
    if (!busy.empty()) {
      Result<Fd> child = sys::openat(dir, busy, kOpenDirectory);
      if (!child.ok() && vanished(child.error())) continue;
      dir = TRY(std::move(child));
      way.push_back(busy);
      continue;
    }
    if (way.empty()) return true;
    dir = TRY(sys::openat(dir, "..", kOpenDirectory));
    if (TRY(remove_one(dir, way.back())) == Removed::kBusy) return false;
    way.pop_back();
  }
}

}  // namespace

bool vanished(const Error& error) { return error.errnum() == ENOENT || error.errnum() == ENODEV; }

Result<std::string> read_small(FdView dir, sys::Path file) {
  Fd fd = TRY(sys::openat(dir, file, O_RDONLY));
  fd.close_later();
  char buffer[4096];
  const size_t size = TRY(sys::read(fd, buffer, sizeof buffer));
  return std::string(buffer, size);
}

bool flag(std::string_view content, std::string_view key) {
  for (const std::string& line : text::split(content, '\n')) {
    if (line == text::cat(key, " 1")) return true;
  }
  return false;
}

Result<void> visit_tree(const std::string& path, const std::function<Result<void>(FdView)>& visit) {
  Result<Fd> top = sys::open(path, kOpenDirectory);
  if (!top.ok() && vanished(top.error())) return {};
  Fd dir = TRY(std::move(top));
  TRY(visit(dir));
  std::vector<std::vector<std::string>> pending;  // what is left to visit, for each level down to `dir`
  pending.push_back(TRY(children(dir)));
  while (!pending.empty()) {
    if (pending.back().empty()) {
      pending.pop_back();
      if (!pending.empty()) dir = TRY(sys::openat(dir, "..", kOpenDirectory));
      continue;
    }
    Result<Fd> child = sys::openat(dir, pending.back().back(), kOpenDirectory);
    pending.back().pop_back();
    if (!child.ok() && vanished(child.error())) continue;
    dir = TRY(std::move(child));
    TRY(visit(dir));
    pending.push_back(TRY(children(dir)));
  }
  return {};
}

Result<bool> remove_tree(const std::string& path) {
  if (TRY(remove_one(FdView::cwd(), path)) == Removed::kYes) return true;
  Result<Fd> dir = sys::open(path, kOpenDirectory);
  if (!dir.ok() && vanished(dir.error())) return true;
  if (!TRY(remove_below(TRY(std::move(dir))))) return false;
  return TRY(remove_one(FdView::cwd(), path)) == Removed::kYes;
}

}  // namespace estiva::cgroup
