// SPDX-License-Identifier: Apache-2.0
// Entries of a tar become files below a directory that strangers may change meanwhile: names are made anew and put in
// their place by rename(2), so that nothing is written through a link, and attributes are set by what is held.
#pragma once

#include <functional>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "estiva/base/error.h"
#include "estiva/base/root_dir.h"
#include "image/tar/entry.h"

namespace estiva::engine {

struct SinkOptions {
  bool owners = false;    // as the entries say; if not, this process is the owner
  bool all_bits = false;  // set-user-ID, set-group-ID and capabilities too
  bool devices = false;   // are made; if not, they are left out
  // Links among the directories of a path are followed, as if the base were the root. If not, they are refused.
  bool follow = false;
  std::function<void(const std::string& text)> warn;
};

class TreeSink {
 public:
  // In the order of calls: add(), of a file also data() or copy(), end(); finish() at last. This process has no umask.
  TreeSink(RootDir base, SinkOptions options) : base_(std::move(base)), options_(std::move(options)) {}
  ~TreeSink() { drop(); }
  TreeSink(TreeSink&&) = delete;

  Result<void> add(const image::tar::Entry& entry);
  Result<void> data(std::string_view piece);      // of a file in an archive
  Result<void> copy(FdView from, uint64_t size);  // of a file that is open
  Result<void> end();
  Result<void> finish();

  // A directory that was made by add().
  bool made(dev_t device, ino_t inode) const { return made_.contains({device, inode}); }
  uint64_t bytes() const { return bytes_; }

 private:
  struct Directory {
    std::string path;
    image::tar::Entry entry;
    dev_t device;
    ino_t inode;
  };
  struct Pending {  // a file that is not yet in its place
    Fd file;
    std::string temporary, name;
    image::tar::Entry entry;
    size_t extent = 0;
    uint64_t done = 0;  // of the extent, or of the file
  };

  Result<Fd> open_parent(const std::vector<std::string_view>& parts, bool make);
  Result<void> add_directory(const std::string& name, const image::tar::Entry& entry);
  Result<void> add_link(const std::string& name, const image::tar::Entry& entry);
  Result<void> add_node(const std::string& name, const image::tar::Entry& entry);
  Result<void> begin_file(const std::string& name, const image::tar::Entry& entry);
  Result<void> make_temporary(const std::function<Result<void>(const std::string& name)>& make);
  Result<void> place(const std::string& name);
  bool is_mount_point(const std::string& name) const;
  Result<void> set_owner(const image::tar::Entry& entry);
  Result<void> set_attributes(FdView file, const image::tar::Entry& entry);
  Result<void> finish_directory(const Directory& directory);
  uint32_t bits(const image::tar::Entry& entry) const;
  void drop();

  RootDir base_;
  SinkOptions options_;
  std::string parent_path_;
  Fd parent_;
  std::string temporary_;  // in parent_; empty: none
  std::optional<Pending> pending_;
  std::vector<Directory> directories_;
  std::set<std::pair<dev_t, ino_t>> made_;
  uint64_t bytes_ = 0;
  unsigned count_ = 0;
};

}  // namespace estiva::engine
