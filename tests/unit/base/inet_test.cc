// SPDX-License-Identifier: Apache-2.0
// Addresses as texts and as bytes.
#include "estiva/base/inet.h"

#include <gtest/gtest.h>

namespace estiva {
namespace {

TEST(Inet, TextsAndBytes) {
  EXPECT_EQ(inet::parse("10.0.0.255"), std::string("\x0a\0\0\xff", 4));
  EXPECT_EQ(inet::parse("::1"), std::string(15, '\0') + '\1');
  EXPECT_EQ(inet::text(inet::parse("2001:DB8:0:0::1").value()), "2001:db8::1");
  EXPECT_EQ(inet::text(inet::parse("127.0.0.1").value()), "127.0.0.1");
  EXPECT_EQ(inet::text(""), "");
  const std::string with_nul("::1\0", 4);
  for (const std::string& bad :
       {std::string(), std::string("1"), std::string("10.0.0"), std::string("10.0.0.256"),
        std::string("fe80::1%lo"), std::string("::1 "), std::string(":::"), with_nul})
    EXPECT_FALSE(inet::parse(bad)) << bad;
}

}  // namespace
}  // namespace estiva
