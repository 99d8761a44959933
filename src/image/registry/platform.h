// SPDX-License-Identifier: Apache-2.0
// Which image of an index is the one for a machine: operating system, architecture, and the variants that a machine of
// that architecture can run, best first. Pure, but for asking the processor what it is.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "image/documents.h"

namespace estiva::image {

struct PlatformWish {
  Platform platform;
  // Named by the user: then nothing but its own architecture will do.
  bool named = false;
};

// This machine, with the variant of its processor.
PlatformWish local_platform();
// "linux/arm/v7", "arm64", "linux/amd64"; other names of architectures (x86_64, aarch64) are understood.
Result<PlatformWish> parse_platform(std::string_view text);
// "linux/arm/v7".
std::string describe(const Platform& platform);

// The entry for the wish; the first of equals. An error that lists what there is.
Result<const Descriptor*> choose_platform(const Index& index, const PlatformWish& wish);
// Whether an image that says it is for `platform` may be taken.
bool suits(const Platform& platform, const PlatformWish& wish);

}  // namespace estiva::image
