// SPDX-License-Identifier: Apache-2.0
// The time that an image made here says of itself: now, or what SOURCE_DATE_EPOCH fixes, so that the same input gives
// the same bytes (https://reproducible-builds.org/specs/source-date-epoch/).
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "estiva/base/error.h"

namespace estiva::image {

// Seconds since the epoch; nothing where the variable is not set. An error where it is no number.
Result<std::optional<int64_t>> source_date_epoch();

// RFC 3339, in UTC.
std::string created_at(std::optional<int64_t> fixed);

}  // namespace estiva::image
