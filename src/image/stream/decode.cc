// SPDX-License-Identifier: Apache-2.0
// Which decoder a stream takes, the one that does nothing, and what those for gzip share.
#include "image/stream/decode.h"

#include "config.h"
#include "estiva/base/text.h"

namespace estiva::image {

namespace {

class PlainDecoder : public Decoder {
 public:
  Result<void> write(std::string_view piece, const Output& output) override {
    return piece.empty() ? Result<void>() : output(piece);
  }
  Result<void> finish() override { return {}; }
};

}  // namespace

// After a member comes another, or zeros to the end.
Result<void> GzipDecoder::write(std::string_view piece, const Output& output) {
  while (!piece.empty()) {
    if (between_members_) {
      piece.remove_prefix(std::min(piece.find_first_not_of('\0'), piece.size()));
      if (piece.empty()) return {};
      if (piece[0] != '\x1f') return decode::damaged("gzip", "something else follows it");
      begin_member();
      between_members_ = false;
    }
    piece = TRY(inflate_some(piece, output));
  }
  return {};
}

Result<void> GzipDecoder::finish() {
  if (!between_members_) return decode::cut_off("gzip");
  return {};
}

Result<Compression> sniff(std::string_view first) {
  if (first.starts_with("\x1f\x8b")) return Compression::kGzip;
  if (first.starts_with("\x28\xb5\x2f\xfd")) return Compression::kZstd;
  // A skippable frame may come first: 0x184d2a50 to 5f.
  if (first.size() >= 4 && (first[0] & 0xf0) == 0x50 && first.substr(1, 3) == "\x2a\x4d\x18")
    return Compression::kZstd;
  if (first.starts_with("BZh")) return Error::unsupported("", "the data is compressed by bzip2");
  if (first.starts_with("\xfd"
                        "7zXZ"))
    return Error::unsupported("", "the data is compressed by xz");
  return Compression::kNone;
}

DecoderPtr make_decoder(Compression compression) {
  switch (compression) {
    case Compression::kGzip:
#ifdef HAVE_ISAL
      return make_isal_decoder();
#else
      return make_zlib_decoder();
#endif
    case Compression::kZstd:
      return make_zstd_decoder();
    case Compression::kNone:
      break;
  }
  return std::make_unique<PlainDecoder>();
}

Result<void> AutoDecoder::begin(const Decoder::Output& output) {
  compression_ = TRY(sniff(first_));
  decoder_ = make_decoder(compression_);
  return decoder_->write(first_, output);
}

Result<void> AutoDecoder::write(std::string_view piece, const Decoder::Output& output) {
  if (decoder_) return decoder_->write(piece, output);
  const size_t taken = std::min(kSniffBytes - first_.size(), piece.size());
  first_ += piece.substr(0, taken);
  if (first_.size() < kSniffBytes) return {};
  TRY(begin(output));
  return decoder_->write(piece.substr(taken), output);
}

Result<void> AutoDecoder::finish(const Decoder::Output& output) {
  if (!decoder_) TRY(begin(output));
  return decoder_->finish();
}

Error decode::cut_off(std::string_view format) {
  return Error(Code::kInvalid, text::cat("the ", format, " data ends in its middle"));
}

Error decode::damaged(std::string_view format, std::string_view what) {
  return Error(Code::kInvalid, text::cat("the ", format, " data is damaged: ", what));
}

}  // namespace estiva::image
