// SPDX-License-Identifier: Apache-2.0
// Encoders: plain bytes in, compressed bytes out. The same input always gives the same output.
#pragma once

#include <functional>
#include <memory>
#include <string_view>

#include "estiva/base/error.h"

namespace estiva::image {

class Encoder {
 public:
  using Output = std::function<Result<void>(std::string_view piece)>;
  virtual ~Encoder() = default;
  virtual Result<void> write(std::string_view piece, const Output& output) = 0;
  virtual Result<void> finish(const Output& output) = 0;
};
using EncoderPtr = std::unique_ptr<Encoder>;

EncoderPtr make_gzip_encoder(int level);  // 1 to 9; without name and time
EncoderPtr make_zstd_encoder(int level);  // 1 to 19

}  // namespace estiva::image
