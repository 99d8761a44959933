// SPDX-License-Identifier: Apache-2.0
// The files and messages that cais and cais-shim exchange.
#include "estiva/shim_records.h"

#include <gtest/gtest.h>

#include "estiva/shim_protocol.h"

namespace estiva {
namespace {

TEST(ShimRecords, AConfSurvivesItsFile) {
  shim::Conf conf;
  conf.id = "abc";
  conf.runtime = {"/usr/bin/estiva", "--root", "/run/cais/runtime"};
  conf.bundle = "/run/cais/containers/abc/bundle";
  conf.terminal = true;
  conf.input = shim::Input::kOnce;
  conf.rows = 50;
  conf.log_max_size = 1 << 20;
  conf.after_exit = {"/usr/bin/cais", "_after-exit", "abc"};
  const std::string text = key_values::write(shim::kConfKeys, &conf).value();
  shim::Conf again;
  ASSERT_TRUE(key_values::parse(shim::kConfKeys, &again, text, key_values::Unknown::kRefuse).ok());
  EXPECT_EQ(key_values::write(shim::kConfKeys, &again).value(), text);
  EXPECT_EQ(again.runtime, conf.runtime);
  EXPECT_EQ(again.input, shim::Input::kOnce);
}

TEST(ShimRecords, ARuntimesErrorMayHaveLines) {
  const shim::Report report{.error = "one\ntwo"};
  EXPECT_FALSE(key_values::write(shim::kReportKeys, &report).ok());
}

TEST(ShimProtocol, AShortMessageHasNoStruct) {
  const shim::Size size{24, 80};
  const std::string_view bytes = shim::bytes_of(size);
  EXPECT_EQ(shim::read_front<shim::Size>(bytes)->columns, 80);
  EXPECT_EQ(shim::read_front<shim::Size>(std::string(bytes) + "later")->rows, 24);
  EXPECT_FALSE(shim::read_front<shim::Size>(bytes.substr(1)));
}

}  // namespace
}  // namespace estiva
