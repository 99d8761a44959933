// SPDX-License-Identifier: Apache-2.0
// Times of images that are made here.
#include "image/created.h"

#include <stdlib.h>

#include "estiva/base/text.h"
#include "estiva/base/time.h"

namespace estiva::image {

Result<std::optional<int64_t>> source_date_epoch() {
  const char* text = ::getenv("SOURCE_DATE_EPOCH");
  if (text == nullptr || *text == '\0') return std::optional<int64_t>();
  const auto seconds = text::number<int64_t>(text);
  if (seconds && *seconds >= 0) return seconds;
  return Error(Code::kInvalid, text::cat("is ", text::quote(text), ", not a number of seconds"))
      .object("SOURCE_DATE_EPOCH");
}

std::string created_at(std::optional<int64_t> fixed) {
  return text::cat(utc_time(fixed.value_or(epoch_seconds())), "Z");
}

}  // namespace estiva::image
