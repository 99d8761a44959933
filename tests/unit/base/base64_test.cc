// SPDX-License-Identifier: Apache-2.0
// Base64: there and back, both alphabets, what is none.
#include "estiva/base/base64.h"

#include <gtest/gtest.h>

namespace estiva {
namespace {

TEST(Base64, RoundTrips) {
  std::string bytes;
  for (int i = 0; i < 300; ++i) {
    const std::optional<std::string> back = from_base64(to_base64(bytes));
    ASSERT_TRUE(back) << i;
    EXPECT_EQ(*back, bytes);
    bytes += static_cast<char>(i * 37);
  }
  EXPECT_EQ(to_base64("user:pass"), "dXNlcjpwYXNz");
  EXPECT_EQ(to_base64("a"), "YQ==");
  EXPECT_EQ(from_base64("-_-_"), from_base64("+/+/"));
  for (const char* wrong : {"a", "ab!c", "=abc", "YQ==YQ=="}) EXPECT_FALSE(from_base64(wrong)) << wrong;
}

}  // namespace
}  // namespace estiva
