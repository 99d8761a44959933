// SPDX-License-Identifier: Apache-2.0
// Gzip by zlib: to read where there is no ISA-L, and to write.
#include <zlib.h>

#include "estiva/base/text.h"
#include "image/stream/decode.h"
#include "image/stream/encode.h"

namespace estiva::image {

namespace {

constexpr int kGzipWindow = 15 + 16;

class ZlibDecoder : public GzipDecoder {
 public:
  ZlibDecoder() { (void)inflateInit2(&stream_, kGzipWindow); }
  ZlibDecoder(const ZlibDecoder&) = delete;
  ZlibDecoder& operator=(const ZlibDecoder&) = delete;
  ~ZlibDecoder() override { inflateEnd(&stream_); }

 private:
  void begin_member() override { inflateReset(&stream_); }

  Result<std::string_view> inflate_some(std::string_view piece, const Output& output) override {
    stream_.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(piece.data()));
    stream_.avail_in = static_cast<uInt>(piece.size());
    do {
      stream_.next_out = reinterpret_cast<Bytef*>(out_.data());
      stream_.avail_out = static_cast<uInt>(out_.size());
      const int code = inflate(&stream_, Z_NO_FLUSH);
      if (code != Z_OK && code != Z_STREAM_END && code != Z_BUF_ERROR)
        return decode::damaged("gzip", stream_.msg == nullptr ? "zlib refuses it" : stream_.msg);
      const size_t made = out_.size() - stream_.avail_out;
      if (made > 0) TRY(output(std::string_view(out_).substr(0, made)));
      between_members_ = code == Z_STREAM_END;
    } while (!between_members_ && (stream_.avail_in > 0 || stream_.avail_out == 0));
    return piece.substr(piece.size() - stream_.avail_in);
  }

  z_stream stream_{};
};

class ZlibEncoder : public Encoder {
 public:
  explicit ZlibEncoder(int level) : out_(decode::kOutputBytes, '\0') {
    (void)deflateInit2(&stream_, level, Z_DEFLATED, kGzipWindow, 8, Z_DEFAULT_STRATEGY);
  }
  ZlibEncoder(const ZlibEncoder&) = delete;
  ZlibEncoder& operator=(const ZlibEncoder&) = delete;
  ~ZlibEncoder() override { deflateEnd(&stream_); }

  Result<void> write(std::string_view piece, const Output& output) override {
    return deflate_all(piece, Z_NO_FLUSH, output);
  }
  Result<void> finish(const Output& output) override { return deflate_all("", Z_FINISH, output); }

 private:
  Result<void> deflate_all(std::string_view piece, int flush, const Output& output) {
    stream_.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(piece.data()));
    stream_.avail_in = static_cast<uInt>(piece.size());
    do {
      stream_.next_out = reinterpret_cast<Bytef*>(out_.data());
      stream_.avail_out = static_cast<uInt>(out_.size());
      if (deflate(&stream_, flush) == Z_STREAM_ERROR)
        return Error(Code::kInternal, "zlib refuses to compress");
      const size_t made = out_.size() - stream_.avail_out;
      if (made > 0) TRY(output(std::string_view(out_).substr(0, made)));
    } while (stream_.avail_out == 0);
    return {};
  }

  z_stream stream_{};
  std::string out_;
};

}  // namespace

DecoderPtr make_zlib_decoder() { return std::make_unique<ZlibDecoder>(); }
EncoderPtr make_gzip_encoder(int level) { return std::make_unique<ZlibEncoder>(level); }

}  // namespace estiva::image
