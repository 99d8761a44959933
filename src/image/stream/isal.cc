// SPDX-License-Identifier: Apache-2.0
// Gzip by ISA-L, four times as fast as zlib.
#include "config.h"
#ifdef HAVE_ISAL
#include <isa-l/igzip_lib.h>

#include "estiva/base/text.h"
#include "image/stream/decode.h"

namespace estiva::image {

namespace {

class IsalDecoder : public GzipDecoder {
 public:
  IsalDecoder() { start(); }

 private:
  void begin_member() override { start(); }

  Result<std::string_view> inflate_some(std::string_view piece, const Output& output) override {
    state_.next_in = reinterpret_cast<uint8_t*>(const_cast<char*>(piece.data()));
    state_.avail_in = static_cast<uint32_t>(piece.size());
    do {
      state_.next_out = reinterpret_cast<uint8_t*>(out_.data());
      state_.avail_out = static_cast<uint32_t>(out_.size());
      const int code = isal_inflate(&state_);
      if (code != ISAL_DECOMP_OK && code != ISAL_END_INPUT)
        return decode::damaged("gzip", text::cat("igzip's code ", code));
      const size_t made = out_.size() - state_.avail_out;
      if (made > 0) TRY(output(std::string_view(out_).substr(0, made)));
      between_members_ = state_.block_state == ISAL_BLOCK_FINISH;
    } while (!between_members_ && (state_.avail_in > 0 || state_.avail_out == 0));
    return piece.substr(piece.size() - state_.avail_in);
  }

  void start() {
    isal_inflate_init(&state_);
    state_.crc_flag = ISAL_GZIP;
  }

  struct inflate_state state_;
};

}  // namespace

DecoderPtr make_isal_decoder() { return std::make_unique<IsalDecoder>(); }

}  // namespace estiva::image
#endif
