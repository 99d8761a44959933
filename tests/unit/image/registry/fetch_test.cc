// SPDX-License-Identifier: Apache-2.0
// What an answer to a question for a part of a blob means.
#include "image/registry/fetch.h"

#include <gtest/gtest.h>

namespace estiva::image {
namespace {

Response partial(const char* range, const char* length) {
  return {206, {{"content-range", range}, {"content-length", length}}, ""};
}

TEST(CheckPartial, GoesOnWhereItBroke) {
  const Result<bool> goes_on = check_partial(partial("bytes 100-199/200", "100"), 100, 200);
  ASSERT_TRUE(goes_on.ok());
  EXPECT_TRUE(goes_on.value());
  EXPECT_TRUE(check_partial(partial("bytes 100-199/*", "100"), 100, 200).ok());
  // Of a blob whose size nobody told.
  EXPECT_TRUE(check_partial(partial("bytes 100-199/200", "100"), 100, 0).value());
}

TEST(CheckPartial, AllOfItFromTheStart) {
  const Result<bool> goes_on = check_partial({200, {{"content-length", "200"}}, ""}, 100, 200);
  ASSERT_TRUE(goes_on.ok());
  EXPECT_FALSE(goes_on.value());
  EXPECT_FALSE(check_partial({200, {}, ""}, 0, 200).value());
}

TEST(CheckPartial, RefusesWhatDoesNotFit) {
  const struct {
    Response response;
    const char* says;
  } kCases[] = {
      {partial("bytes 90-199/200", "110"), "from 90"},
      {partial("bytes 110-199/200", "90"), "from 110"},
      {partial("bytes 100-199/300", "100"), "300 bytes, not 200"},
      {partial("bytes 100-199/200", "101"), "announces 101"},
      {{206, {}, ""}, "does not say which"},
      {{200, {{"content-length", "201"}}, ""}, "announces 201"},
      {{200, {{"content-length", "-1"}}, ""}, "announces -1"},
      {{203, {}, ""}, "status 203"},
  };
  for (const auto& one : kCases) {
    const Result<bool> answer = check_partial(one.response, 100, 200);
    ASSERT_FALSE(answer.ok()) << one.says;
    EXPECT_NE(answer.error().to_string().find(one.says), std::string::npos) << answer.error().to_string();
  }
}

}  // namespace
}  // namespace estiva::image
