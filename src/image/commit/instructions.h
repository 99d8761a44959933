// SPDX-License-Identifier: Apache-2.0
// Changes to an image's configuration, in the words of a Dockerfile: "CMD [\"nginx\"]", "ENV A=1 B=$A", "WORKDIR src".
// Between the instruction and what follows a blank or "=" may stand. Pure.
#pragma once

#include <span>
#include <string>

#include "estiva/base/error.h"
#include "image/documents.h"

namespace estiva::image {

// One after another. The error's object is the instruction.
Result<void> apply_instructions(std::span<const std::string> instructions, ContainerConfig& config);

}  // namespace estiva::image
