// SPDX-License-Identifier: Apache-2.0
// Zstandard by libzstd.
#include <zstd.h>

#include "image/stream/decode.h"
#include "image/stream/encode.h"

namespace estiva::image {

namespace {

class ZstdDecoder : public Decoder {
 public:
  ZstdDecoder() : stream_(ZSTD_createDStream()), out_(decode::kOutputBytes, '\0') {}
  ZstdDecoder(const ZstdDecoder&) = delete;
  ZstdDecoder& operator=(const ZstdDecoder&) = delete;
  ~ZstdDecoder() override { ZSTD_freeDStream(stream_); }

  Result<void> write(std::string_view piece, const Output& output) override {
    ZSTD_inBuffer in{piece.data(), piece.size(), 0};
    size_t made = 0;
    do {
      ZSTD_outBuffer out{out_.data(), out_.size(), 0};
      wanted_ = ZSTD_decompressStream(stream_, &out, &in);
      if (ZSTD_isError(wanted_)) return decode::damaged("zstd", ZSTD_getErrorName(wanted_));
      made = out.pos;
      if (made > 0) TRY(output(std::string_view(out_).substr(0, made)));
    } while (in.pos < in.size || (made == out_.size() && wanted_ != 0));
    return {};
  }

  Result<void> finish() override {
    if (wanted_ != 0) return decode::cut_off("zstd");
    return {};
  }

 private:
  ZSTD_DStream* stream_;
  std::string out_;
  size_t wanted_ = 1;  // 0: at the end of a frame
};

class ZstdEncoder : public Encoder {
 public:
  explicit ZstdEncoder(int level) : stream_(ZSTD_createCStream()), out_(decode::kOutputBytes, '\0') {
    (void)ZSTD_CCtx_setParameter(stream_, ZSTD_c_compressionLevel, level);
    (void)ZSTD_CCtx_setParameter(stream_, ZSTD_c_checksumFlag, 1);
  }
  ZstdEncoder(const ZstdEncoder&) = delete;
  ZstdEncoder& operator=(const ZstdEncoder&) = delete;
  ~ZstdEncoder() override { ZSTD_freeCStream(stream_); }

  Result<void> write(std::string_view piece, const Output& output) override {
    return compress(piece, ZSTD_e_continue, output);
  }
  Result<void> finish(const Output& output) override { return compress("", ZSTD_e_end, output); }

 private:
  Result<void> compress(std::string_view piece, ZSTD_EndDirective mode, const Output& output) {
    ZSTD_inBuffer in{piece.data(), piece.size(), 0};
    size_t left = 0;
    do {
      ZSTD_outBuffer out{out_.data(), out_.size(), 0};
      left = ZSTD_compressStream2(stream_, &out, &in, mode);
      if (ZSTD_isError(left)) return Error(Code::kInternal, ZSTD_getErrorName(left));
      if (out.pos > 0) TRY(output(std::string_view(out_).substr(0, out.pos)));
    } while (in.pos < in.size || (mode == ZSTD_e_end && left != 0));
    return {};
  }

  ZSTD_CStream* stream_;
  std::string out_;
};

}  // namespace

DecoderPtr make_zstd_decoder() { return std::make_unique<ZstdDecoder>(); }
EncoderPtr make_zstd_encoder(int level) { return std::make_unique<ZstdEncoder>(level); }

}  // namespace estiva::image
