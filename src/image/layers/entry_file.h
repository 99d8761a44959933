// SPDX-License-Identifier: Apache-2.0
// EntryFile: what a layer's tar holds, as records of fixed head and variable tail in one file beside the tar. Written
// while the tar passes by, read by mapping it; a tree of a million entries then needs no copy of them in memory.
// Ours alone: never taken from an image, made anew from the tar when it is of another version.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "estiva/base/error.h"
#include "estiva/base/fd.h"
#include "estiva/base/sys_data.h"
#include "image/tar/entry.h"

namespace estiva::image {

// The head of a record; then path, link and attributes, each as long as said here, and padding to 8 bytes.
struct EntryHead {
  uint32_t record_size;
  uint16_t mode;  // with its type; a hard link's has the type 0
  uint16_t sparse;
  uint32_t uid, gid;
  int64_t mtime;
  uint32_t mtime_nsec;
  uint32_t major, minor;
  uint32_t xattr_size;
  uint64_t size;
  // Of the data in the tar; in the layer's sparse file, if `sparse`.
  uint64_t data_offset;
  uint16_t path_size, link_size;
  uint32_t reserved;
};
static_assert(sizeof(EntryHead) == 64);

// A record where it lies.
class EntryView {
 public:
  explicit EntryView(const char* record) : record_(record) {}
  const EntryHead& head() const { return *reinterpret_cast<const EntryHead*>(record_); }
  std::string_view path() const { return {record_ + sizeof(EntryHead), head().path_size}; }
  std::string_view link() const { return {path().data() + head().path_size, head().link_size}; }
  bool is_hard_link() const { return (head().mode & S_IFMT) == 0; }
  bool is_directory() const { return S_ISDIR(head().mode); }

  struct Xattr {
    std::string_view name, value;
  };
  std::vector<Xattr> xattrs() const;

 private:
  const char* record_;
};

class EntryWriter {
 public:
  // `file` is empty and open for writing.
  explicit EntryWriter(FdView file) : file_(file) {}
  // `data_offset` in place of the entry's own, for sparse files.
  Result<void> add(const tar::Entry& entry, uint64_t data_offset);
  Result<void> finish();
  uint64_t count() const { return count_; }

 private:
  FdView file_;
  std::string buffer_;
  uint64_t count_ = 0;
  uint64_t bytes_ = 0;
};

class EntryFile {
 public:
  // An error where it is not whole or of another version.
  static Result<EntryFile> open(FdView file);
  uint64_t count() const { return count_; }
  // Bytes of all paths, links and attributes, and some more.
  uint64_t text_size() const { return mapping_.bytes().size() - count_ * sizeof(EntryHead); }
  // Position of the first record; 0 from next(): that was the last.
  uint32_t first() const;
  uint32_t next(uint32_t position) const;
  EntryView at(uint32_t position) const {
    return EntryView(mapping_.bytes().data() + uint64_t{position} * 8);
  }
  void forget() const { mapping_.forget(); }

 private:
  sys::Mapping mapping_;
  uint64_t count_ = 0;
};

}  // namespace estiva::image
