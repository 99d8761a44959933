// SPDX-License-Identifier: Apache-2.0
// Decoders: compressed bytes in, in pieces of any size; plain bytes out. What a stream is compressed with is read
// from its first bytes, never from what a document calls it. Bytes come from strangers.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "estiva/base/error.h"

namespace estiva::image {

enum class Compression : uint8_t { kNone, kGzip, kZstd };
inline constexpr size_t kSniffBytes = 6;
// An error for what is known and not read: bzip2, xz.
Result<Compression> sniff(std::string_view first_bytes);

class Decoder {
 public:
  using Output = std::function<Result<void>(std::string_view piece)>;
  virtual ~Decoder() = default;
  virtual Result<void> write(std::string_view piece, const Output& output) = 0;
  // The stream has ended: an error if it was cut off.
  virtual Result<void> finish() = 0;
};
using DecoderPtr = std::unique_ptr<Decoder>;

DecoderPtr make_decoder(Compression compression);

// The ways to one of them. Gzip may have several members (pigz, eStargz); zeros may follow the last.
DecoderPtr make_zlib_decoder();
DecoderPtr make_isal_decoder();  // only where configure found ISA-L
DecoderPtr make_zstd_decoder();  // several and skippable frames (zstd:chunked)

namespace decode {
inline constexpr size_t kOutputBytes = 256 << 10;
Error cut_off(std::string_view format);
Error damaged(std::string_view format, std::string_view what);
}  // namespace decode

// What the two for gzip share: members one after another.
class GzipDecoder : public Decoder {
 public:
  Result<void> write(std::string_view piece, const Output& output) override;
  Result<void> finish() override;

 protected:
  virtual void begin_member() = 0;
  // Up to the end of the piece or of the member, which sets between_members_; what is left of the piece.
  virtual Result<std::string_view> inflate_some(std::string_view piece, const Output& output) = 0;

  std::string out_ = std::string(decode::kOutputBytes, '\0');  // room for plain bytes
  bool between_members_ = false;
};

// Sniffs, then decodes.
class AutoDecoder {
 public:
  Result<void> write(std::string_view piece, const Decoder::Output& output);
  Result<void> finish(const Decoder::Output& output);
  // Known after the first bytes.
  Compression compression() const { return compression_; }

 private:
  Result<void> begin(const Decoder::Output& output);
  std::string first_;
  Compression compression_ = Compression::kNone;
  DecoderPtr decoder_;
};

}  // namespace estiva::image
