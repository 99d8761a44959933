// SPDX-License-Identifier: Apache-2.0
// Images out of the store. An archive is both at once, an OCI layout and what `docker load` reads, with the layers as
// plain tars at multiples of 512 bytes: other tools read it, and it can be used in place.
#pragma once

#include <span>

#include "estiva/base/error.h"
#include "estiva/base/fd.h"
#include "image/formats/source.h"
#include "image/store/store.h"

namespace estiva::image {

struct Wanted {
  Image image;
  std::vector<std::string> names;  // full references that go with it
};

Result<void> save_archive(const Store& store, std::span<const Wanted> images, Format format, FdView out);
// Into a directory, which is made; images that are in it already stay (layout_index.h).
Result<void> save_layout(const Store& store, std::span<const Wanted> images, const std::string& directory);

// The files of all layers merged, as one plain tar.
Result<void> export_image(const Store& store, const Image& image, FdView out);
// Of a directory: all that is in it, on its own file system.
Result<void> export_directory(const std::string& directory, FdView out);

}  // namespace estiva::image
