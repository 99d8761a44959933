// SPDX-License-Identifier: Apache-2.0
// The configuration of an image that is made of a container: its image's own, with what the options of `run` changed, as
// by docker commit. Pure.
#pragma once

#include "engine/container/record.h"
#include "image/documents.h"

namespace estiva::engine {

image::ContainerConfig committed_config(const ContainerRecord& record, image::ContainerConfig image);

}  // namespace estiva::engine
