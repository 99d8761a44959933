// SPDX-License-Identifier: Apache-2.0
// Files of a layout.
#include "image/formats/layout.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/file.h>

#include <algorithm>

#include "estiva/base/files.h"
#include "estiva/base/sys_data.h"
#include "estiva/base/text.h"

namespace estiva::image {

namespace {

constexpr const char *kLayoutFile = "oci-layout", *kIndexFile = "index.json", *kBlobs = "blobs";

}  // namespace

Result<Layout> Layout::open(const std::string& directory) {
  const bool was_there = sys::fstatat(FdView::cwd(), directory, 0).ok();
  if (!was_there) TRY(files::make_directories(directory, 0777));
  Layout layout(RootDir(TRY(sys::open(directory, O_RDONLY | O_DIRECTORY))));
  if (!was_there) layout.made_ = directory;
  // A file system that has no locks (NFS, of directories) has none here either.
  (void)sys::flock(layout.root_.fd(), LOCK_EX);
  const std::vector<std::string> names = TRY(files::list(layout.root_.fd()));
  layout.is_new_ = names.empty();
  if (!layout.is_new_ && std::ranges::find(names, kLayoutFile) == names.end()) {
    return Error(Code::kInvalid, text::cat("is neither empty nor an OCI layout: it has no ", kLayoutFile))
        .hint("name another directory, or one that does not exist yet");
  }
  return layout;
}

Result<std::string> Layout::plan_index(std::span<const Descriptor> added) const {
  std::string there;
  Result<Fd> file = root_.open_at(kIndexFile, O_RDONLY | O_NONBLOCK | O_NOCTTY, RootDir::Links::kRefuse);
  if (file.ok()) {
    const struct stat info = TRY(sys::fstat(file.value()));
    there = TRY(files::read_file(file.value(), info, kManifestLimit).context([] { return kIndexFile; }));
    if (there.empty()) return Error(Code::kInvalid, "is empty").context(kIndexFile);
  } else if (file.error().errnum() != ENOENT) {
    return std::move(file).error();
  }
  return merge_index(there, added).context([] { return kIndexFile; });
}

Result<void> Layout::begin() {
  if (!is_new_) return {};
  return put(kLayoutFile, [](FdView file) { return sys::write_all(file, kLayoutText); });
}

Result<void> Layout::put(const std::string& path, const std::function<Result<void>(FdView file)>& fill) {
  const size_t slash = path.rfind('/');
  const std::string directory = slash == std::string::npos ? "." : path.substr(0, slash);
  const std::string name = path.substr(slash + 1), temporary = text::cat(name, ".new");
  const Fd dir = TRY(root_.make_directories(directory, 0777, RootDir::Links::kRefuse));
  const bool was_there = sys::fstatat(dir, name, AT_SYMLINK_NOFOLLOW).ok();
  added_.push_back(text::cat(path, ".new"));
  const Fd file = TRY(sys::openat(dir, temporary, O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW, 0666));
  TRY(fill(file));
  TRY(sys::renameat(dir, temporary, dir, name));
  added_.pop_back();
  if (!was_there) added_.push_back(path);
  return {};
}

Result<void> Layout::finish(std::string_view index) {
  return files::replace(root_.fd(), kIndexFile, index, 0666);
}

void Layout::undo() {
  for (const std::string& path : added_) (void)sys::unlinkat(root_.fd(), path);
  if (is_new_) (void)files::remove_tree(root_.fd(), kBlobs);
  if (!made_.empty()) (void)sys::unlinkat(FdView::cwd(), made_, AT_REMOVEDIR);
}

}  // namespace estiva::image
