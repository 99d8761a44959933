// SPDX-License-Identifier: Apache-2.0
// What is swept out of a store.
#include "image/store/collect.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/resource.h>

#include "../base/temp_dir.h"

namespace estiva::image {
namespace {

TEST(Collect, WhatIsTooDeepToBeCountedGoesToo) {
  const TempDir dir;
  const Store store = Store::open(dir / "store", dir / "run").value();
  const std::string name = object_name(digest_of("x"));
  Fd at = store.open_dir(place::kUnpacked).value();
  ASSERT_TRUE(sys::mkdirat(at, name, 0700).ok());
  at = sys::openat(at, name, O_RDONLY | O_DIRECTORY).value();
  for (int level = 0; level < 300; ++level) {
    ASSERT_TRUE(sys::mkdirat(at, "d", 0700).ok());
    at = sys::openat(at, "d", O_RDONLY | O_DIRECTORY).value();
  }
  at = Fd();
  struct rlimit before {};
  ASSERT_EQ(::getrlimit(RLIMIT_NOFILE, &before), 0);
  struct rlimit few = before;
  few.rlim_cur = 200;
  ASSERT_EQ(::setrlimit(RLIMIT_NOFILE, &few), 0);
  const Result<Collected> done = collect(store, {});
  ASSERT_EQ(::setrlimit(RLIMIT_NOFILE, &before), 0);
  ASSERT_TRUE(done.ok()) << done.error().to_string();
  EXPECT_EQ(done.value().files, 1u);
  EXPECT_TRUE(std::filesystem::is_empty(dir / "store/unpacked"));
  EXPECT_TRUE(std::filesystem::is_empty(dir / "store/trash"));
}

}  // namespace
}  // namespace estiva::image
