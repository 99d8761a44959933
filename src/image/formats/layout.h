// SPDX-License-Identifier: Apache-2.0
// A directory that becomes an OCI layout, or gets further images if it is one: each file takes its place when it is
// whole, index.json last, and what was added can be taken back. What lies there already may be by strangers.
#pragma once

#include <functional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "estiva/base/error.h"
#include "estiva/base/root_dir.h"
#include "image/formats/layout_index.h"

namespace estiva::image {

// The content of the file oci-layout.
inline constexpr std::string_view kLayoutText = R"({"imageLayoutVersion":"1.0.0"})";

class Layout {
 public:
  // Made if missing. An error if it has files and no oci-layout. Another command that writes to it waits.
  static Result<Layout> open(const std::string& directory);
  // The index.json to be, with these entries; an error if there is one that is none.
  Result<std::string> plan_index(std::span<const Descriptor> added) const;

  // Before any other file.
  Result<void> begin();
  Result<void> put(const std::string& path, const std::function<Result<void>(FdView file)>& fill);
  Result<void> finish(std::string_view index);
  // Files that were not there before go, and the directory if it was made.
  void undo();

 private:
  explicit Layout(RootDir root) : root_(std::move(root)) {}

  RootDir root_;
  std::string made_;     // the directory, if it was not there
  bool is_new_ = false;  // it was empty
  std::vector<std::string> added_;
};

}  // namespace estiva::image
