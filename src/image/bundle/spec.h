// SPDX-License-Identifier: Apache-2.0
// From an image's configuration to that of a container (image-spec, conversion.md). Pure: the user has been looked up.
#pragma once

#include "estiva/spec/spec.h"
#include "image/bundle/user.h"
#include "image/documents.h"

namespace estiva::image {

// An error if the image names no program.
Result<spec::Spec> make_spec(const ImageConfig& image, const FoundUser& user);

}  // namespace estiva::image
