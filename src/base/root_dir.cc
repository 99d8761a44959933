// SPDX-License-Identifier: Apache-2.0
// Resolution below an untrusted directory.
#include "estiva/base/root_dir.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/openat2.h>

#include <vector>

#include "estiva/base/sys.h"
#include "estiva/base/text.h"

namespace estiva {

namespace {

constexpr int kMaxLinks = 40;  // as the kernel's MAXSYMLINKS
constexpr int kDirectory = O_PATH | O_DIRECTORY | O_NOFOLLOW;

std::vector<std::string> components(std::string_view path) {
  std::vector<std::string> parts;
  for (std::string& part : text::split(path, '/')) {
    if (!part.empty() && part != ".") parts.push_back(std::move(part));
  }
  return parts;
}

// The walk for kernels before 5.6: a stack of O_PATH descriptors from the root down; ".." pops it and so can't
// pass the root; a link's text is put in front of what is still to be resolved.
class Walk {
 public:
  Walk(FdView root, std::string_view path, RootDir::Links links)
      : root_(root), links_(links), directory_wanted_(path.ends_with('/')) {
    push_front(path);
  }

  Result<Fd> open(int flags) {
    while (!todo_.empty()) {
      const std::string name = std::move(todo_.back());
      todo_.pop_back();
      if (name == "..") {
        if (!stack_.empty()) stack_.pop_back();
        continue;
      }
      const bool last = todo_.empty();
      if (last && (flags & O_CREAT) != 0) return sys::openat(top(), name, flags | O_NOFOLLOW, 0600);
      Fd next = TRY(sys::openat(top(), name, O_PATH | O_NOFOLLOW));
      const struct stat info = TRY(sys::fstat(next));
      if (S_ISLNK(info.st_mode) && !(last && keeps_last_link(flags))) {
        TRY(follow(next));
        continue;
      }
      if (last && !directory_wanted_) return reopen(std::move(next), name, flags);
      if (!S_ISDIR(info.st_mode)) return Error::system(text::cat("open ", name), ENOTDIR);
      stack_.push_back(std::move(next));
    }
    return sys::openat(top(), ".", flags & ~O_NOFOLLOW);
  }

 private:
  FdView top() const { return stack_.empty() ? root_ : FdView(stack_.back()); }

  bool keeps_last_link(int flags) const {
    return links_ == RootDir::Links::kFollowParents || (flags & O_NOFOLLOW) != 0;
  }

  void push_front(std::string_view path) {
    std::vector<std::string> parts = components(path);
    todo_.insert(todo_.end(), std::make_move_iterator(parts.rbegin()), std::make_move_iterator(parts.rend()));
  }

  Result<void> follow(const Fd& link) {
    if (links_ == RootDir::Links::kRefuse || ++links_followed_ > kMaxLinks)
      return Error::system("open", ELOOP);
    const std::string target = TRY(sys::readlinkat(link, ""));
    if (target.starts_with('/')) stack_.clear();
    push_front(target);
    return {};
  }

  // O_PATH is what we hold already; anything else is opened by its name again and must be the same inode.
  Result<Fd> reopen(Fd held, const std::string& name, int flags) {
    if ((flags & O_PATH) != 0 && (flags & O_DIRECTORY) == 0) return held;
    Fd opened = TRY(sys::openat(top(), name, flags | O_NOFOLLOW));
    const struct stat before = TRY(sys::fstat(held));
    const struct stat after = TRY(sys::fstat(opened));
    if (before.st_dev != after.st_dev || before.st_ino != after.st_ino) return Error::system("open", ESTALE);
    return opened;
  }

  FdView root_;
  RootDir::Links links_;
  bool directory_wanted_;
  int links_followed_ = 0;
  std::vector<Fd> stack_;
  std::vector<std::string> todo_;  // last element first
};

// What a dangling link at `name` points to, as a path below the root.
Result<std::string> link_target(const Fd& dir, const std::string& name, std::string_view dir_path) {
  const std::string target = TRY(sys::readlinkat(dir, name));
  if (target.starts_with('/')) return target;
  return text::cat(dir_path, "/", target);
}

}  // namespace

Result<RootDir> RootDir::open(const std::string& host_path) {
  return RootDir(TRY(sys::open(host_path, O_PATH | O_DIRECTORY)));
}

Result<Fd> RootDir::open_at(std::string_view path, int flags, Links links) const {
  uint64_t resolve = RESOLVE_IN_ROOT | RESOLVE_NO_MAGICLINKS;
  if (links == Links::kRefuse) resolve |= RESOLVE_NO_SYMLINKS;
  if (links == Links::kFollowParents) flags |= O_NOFOLLOW;
  const std::string name = path.empty() ? "." : std::string(path);
  Result<Fd> opened = sys::openat2(root_, name, flags, 0, resolve);
  if (opened.ok() || opened.error().errnum() != ENOSYS) return opened;
  return Walk(root_, name, links).open(flags);
}

Result<Fd> RootDir::make_directories(std::string_view path, mode_t mode, Links links) const {
  Result<Fd> whole = open_at(path, O_PATH | O_DIRECTORY, links);
  if (whole.ok() || whole.error().errnum() != ENOENT) return whole;
  return make_missing_directories(path, mode, links);
}

Result<Fd> RootDir::make_missing_directories(std::string_view path, mode_t mode, Links links) const {
  std::vector<std::string> parts = components(path);
  if (parts.empty()) return open_at("/", O_PATH | O_DIRECTORY);
  const std::string name = std::move(parts.back());
  parts.pop_back();
  const std::string parent = text::cat("/", text::join(parts, "/"));
  const Fd dir = TRY(make_directories(parent, mode, links));
  if (name == "..") return open_at(path, O_PATH | O_DIRECTORY, links);
  Result<void> made = sys::mkdirat(dir, name, mode);
  if (made.ok()) return sys::openat(dir, name, kDirectory);
  if (made.error().errnum() != EEXIST) return std::move(made).error();
  Result<Fd> there = open_at(path, O_PATH | O_DIRECTORY, links);
  if (there.ok() || there.error().errnum() != ENOENT || links == Links::kRefuse) return there;
  // A dangling link.
  return make_directories(TRY(link_target(dir, name, parent)), mode, Links::kRefuse);
}

Result<Fd> RootDir::make_file(std::string_view path, mode_t mode) const {
  Result<Fd> there = open_at(path, O_PATH);
  if (there.ok() || there.error().errnum() != ENOENT) return there;
  Parent parent = TRY(open_parent(path));
  Result<Fd> made = sys::openat(parent.dir, parent.name, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW, mode);
  if (!made.ok() && made.error().errnum() == EEXIST) {
    const size_t slash = path.rfind('/');
    const std::string target = TRY(
        link_target(parent.dir, parent.name, slash == std::string_view::npos ? "" : path.substr(0, slash)));
    parent = TRY(open_parent(target));
    made = sys::openat(parent.dir, parent.name, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW, mode);
  }
  TRY(std::move(made));
  return sys::openat(parent.dir, parent.name, O_PATH | O_NOFOLLOW);
}

Result<RootDir::Parent> RootDir::open_parent(std::string_view path) const {
  std::vector<std::string> parts = components(path);
  if (parts.empty() || parts.back() == "..") return Error::invalid(text::quote(path), "names no file");
  std::string name = std::move(parts.back());
  parts.pop_back();
  return Parent{TRY(make_directories(text::cat("/", text::join(parts, "/")), 0755)), std::move(name)};
}

}  // namespace estiva
