// SPDX-License-Identifier: Apache-2.0
// One side of a comparison: directories of the host, merged as overlayfs merges them, or the merged layers of an image
// in memory. Directories are hostile, and who writes below them may do so meanwhile: everything goes name by name, by
// openat below a directory that is held open, never following a link, and nothing but regular files is ever opened.
#pragma once

#include <sys/stat.h>

#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "estiva/base/error.h"
#include "estiva/base/fd.h"
#include "image/store/view.h"

namespace estiva::image {

struct Attributes {
  uint32_t mode = 0;  // with its type
  uint32_t uid = 0, gid = 0;
  int64_t mtime = 0;
  uint32_t mtime_nsec = 0;
  struct timespec ctime = {};     // of a directory of the host: when the file was last touched in any way
  uint32_t major = 0, minor = 0;  // of a device
  uint64_t size = 0;              // of a file or a link
  uint64_t inode = 0;             // names with the same are hard links to each other
  uint64_t device = 0;            // of a file of the host: what its inode is a number of
  uint64_t links = 1;
  bool is_directory() const { return S_ISDIR(mode); }
  bool is_file() const { return S_ISREG(mode); }
};

using Xattrs = std::vector<std::pair<std::string, std::string>>;  // by name

// A directory, held open: one of the host, those below that it is merged with, or a node of a tree.
struct Folder {
  struct Part {
    Fd dir;
    bool has_white_files = false;  // whiteouts are empty files with an attribute (Linux 6.7)
  };
  std::vector<Part> parts;  // topmost first
  bool opaque = false;      // nothing of the same name in lower layers shows through
  Tree::Id node = Tree::kNone;
};
// Merged of the same directories of the host: nothing in them differs.
bool is_same_folder(const Folder& a, const Folder& b);

// What has this name in a folder, which must outlive it.
struct Found {
  const Folder* folder = nullptr;
  std::string name;
  Attributes attributes;
  bool whiteout = false;  // overlayfs: nothing has this name
  bool looked_at = true;  // else no more of the attributes is known than the type
  size_t part = 0;        // of the folder
  Tree::Id node = Tree::kNone;
};

// A name in a folder.
struct Listed {
  std::string name;
  bool is_file = false;  // known to be a regular file, and no whiteout
};

// Bytes of a file, where they lie.
struct Content {
  Fd file;
  uint64_t offset = 0, size = 0;
};

class Side {
 public:
  // The names of overlayfs' own attributes: "trusted.overlay." or, as the mount option userxattr wants it,
  // "user.overlay.".
  static constexpr const char *kTrusted = "trusted.overlay.", *kUser = "user.overlay.";

  // Directories, topmost first. Whiteouts of the last hide nothing: they are found as such.
  static Result<Side> of_directories(const std::vector<std::string>& paths, const char* marks = kTrusted);
  // The view must outlive the side.
  static Side of_view(View& view);

  Result<Folder> root() const;
  // The root itself, under the name ".".
  Result<Found> find_root(const Folder& root) const;
  // Sorted by their bytes, whiteouts among them.
  Result<std::vector<Listed>> list(const Folder& folder) const;
  // Nothing where there is no such name, or another mount is in its place.
  Result<std::optional<Found>> find(const Folder& folder, const std::string& name) const;
  // Of a directory. Nothing if it has gone since.
  Result<std::optional<Folder>> open(const Found& directory) const;
  // Of overlayfs' own attributes none is left, and what it has escaped is as it was (Linux 6.7). An error where the
  // overlay keeps the file's data, or a directory's content, elsewhere (metacopy, redirect_dir).
  Result<Xattrs> xattrs(const Found& found) const;
  // Of what came with an image: its layer's tar and its entry there. Equal origins are the same file.
  std::pair<std::string_view, uint32_t> origin(const Found& found) const;
  // Of a symbolic link. Nothing if it has gone, or is none any more.
  Result<std::optional<std::string>> link(const Found& found) const;
  // Of a regular file. Nothing if it has gone, or is none any more.
  Result<std::optional<Content>> content(const Found& found) const;
  // The whole of a regular file of at most `limit` bytes. Nothing if it is none, is larger, or has gone.
  Result<std::optional<std::string>> read(const Found& found, uint64_t limit) const;

 private:
  Result<std::optional<Found>> find_in_part(const Folder& folder, size_t part, const std::string& name) const;
  Result<bool> is_white_file(const Folder::Part& part, const std::string& name) const;
  Result<bool> add_part(Folder& folder, const Folder::Part& parent, const std::string& name) const;
  Result<Folder::Part> make_part(Fd dir, bool& opaque) const;

  std::vector<std::string> paths_;
  std::vector<dev_t> devices_;  // of the paths
  std::string marks_;
  View* view_ = nullptr;
};

}  // namespace estiva::image
