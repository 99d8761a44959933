// SPDX-License-Identifier: Apache-2.0
// The index.json of an OCI layout that gets further images: pure. The entries of other images stay as they are, with
// members that nothing here knows.
#pragma once

#include <span>
#include <string>
#include <string_view>

#include "estiva/base/error.h"
#include "image/documents.h"

namespace estiva::image {

// Annotations of an entry: the tag, by which skopeo and podman find it, and containerd's and docker's full name.
inline constexpr const char *kRefName = "org.opencontainers.image.ref.name",
                            *kContainerdName = "io.containerd.image.name";

// `index` with `added` in it; empty: there is none yet. An entry of the same tag gives way, unless its full name is
// another one: that only loses the tag, which is the latest's, as with skopeo. So does one of the same digest and no name.
// An error if `index` is none.
Result<std::string> merge_index(std::string_view index, std::span<const Descriptor> added);

}  // namespace estiva::image
