// SPDX-License-Identifier: Apache-2.0
// Decoders: both ways, in pieces of any size, several members, what is cut off or follows.
#include "image/stream/decode.h"

#include <gtest/gtest.h>

#include "config.h"
#include "estiva/base/text.h"
#include "image/stream/encode.h"

namespace estiva::image {
namespace {

std::string content(size_t size) {
  std::string out;
  for (size_t i = 0; out.size() < size; ++i) out += text::cat("line ", i * i, "\n");
  out.resize(size);
  return out;
}

std::string encoded(EncoderPtr encoder, std::string_view plain) {
  std::string out;
  const auto add = [&](std::string_view piece) -> Result<void> {
    out += piece;
    return {};
  };
  EXPECT_TRUE(encoder->write(plain, add).ok());
  EXPECT_TRUE(encoder->finish(add).ok());
  return out;
}

// The plain bytes, or the error in brackets.
std::string decoded(DecoderPtr decoder, std::string_view bytes, size_t piece) {
  std::string out;
  const auto add = [&](std::string_view part) -> Result<void> {
    out += part;
    return {};
  };
  for (; !bytes.empty(); bytes.remove_prefix(std::min(piece, bytes.size()))) {
    const Result<void> done = decoder->write(bytes.substr(0, piece), add);
    if (!done.ok()) return "[" + done.error().to_string() + "]";
  }
  const Result<void> done = decoder->finish();
  return done.ok() ? out : "[" + done.error().to_string() + "]";
}

using Make = DecoderPtr (*)();
std::vector<Make> gzip_decoders() {
  std::vector<Make> out = {make_zlib_decoder};
#ifdef HAVE_ISAL
  out.push_back(make_isal_decoder);
#endif
  return out;
}

TEST(Decode, GzipInPieces) {
  const std::string plain = content(700'000), bytes = encoded(make_gzip_encoder(6), plain);
  for (const Make make : gzip_decoders()) {
    for (const size_t piece : {size_t{1}, size_t{7}, size_t{4096}, bytes.size()})
      EXPECT_TRUE(decoded(make(), bytes, piece) == plain) << piece;
  }
}

TEST(Decode, GzipMembersAndZeros) {
  const std::string one = content(1000), two = content(300'000);
  const std::string bytes = encoded(make_gzip_encoder(1), one) + encoded(make_gzip_encoder(9), two);
  for (const Make make : gzip_decoders()) {
    for (const size_t piece : {size_t{1}, size_t{3}, size_t{1000}, bytes.size()}) {
      EXPECT_TRUE(decoded(make(), bytes, piece) == one + two) << piece;
      EXPECT_TRUE(decoded(make(), bytes + std::string(600, '\0'), piece) == one + two) << piece;
      EXPECT_EQ(decoded(make(), bytes + "x", piece), "[the gzip data is damaged: something else follows it]");
    }
  }
}

TEST(Decode, GzipCutOrDamaged) {
  const std::string bytes = encoded(make_gzip_encoder(6), content(50'000));
  for (const Make make : gzip_decoders()) {
    for (const size_t size : {size_t{0}, size_t{5}, bytes.size() / 2, bytes.size() - 1})
      EXPECT_EQ(decoded(make(), std::string_view(bytes).substr(0, size), 1000),
                "[the gzip data ends in its middle]");
    std::string wrong = bytes;
    wrong[wrong.size() - 6] ^= 1;  // the checksum
    EXPECT_TRUE(decoded(make(), wrong, 1000).starts_with("[the gzip data is damaged"));
  }
}

TEST(Decode, ZstdFramesAndSkippableOnes) {
  const std::string plain = content(900'000), frame = encoded(make_zstd_encoder(3), plain);
  const std::string skippable = std::string("\x50\x2a\x4d\x18\x05\x00\x00\x00hello", 13);
  for (const size_t piece : {size_t{1}, size_t{4096}, frame.size() * 3}) {
    EXPECT_TRUE(decoded(make_zstd_decoder(), frame, piece) == plain);
    EXPECT_TRUE(decoded(make_zstd_decoder(), frame + skippable + frame + skippable, piece) == plain + plain);
  }
  EXPECT_EQ(decoded(make_zstd_decoder(), frame.substr(0, frame.size() - 3), 4096),
            "[the zstd data ends in its middle]");
}

TEST(Decode, Sniff) {
  EXPECT_EQ(sniff("\x1f\x8b\x08").value(), Compression::kGzip);
  EXPECT_EQ(sniff("\x28\xb5\x2f\xfd").value(), Compression::kZstd);
  EXPECT_EQ(sniff("./etc/").value(), Compression::kNone);
  EXPECT_EQ(sniff("").value(), Compression::kNone);
  EXPECT_FALSE(sniff("BZh91A").ok());
}

}  // namespace
}  // namespace estiva::image
