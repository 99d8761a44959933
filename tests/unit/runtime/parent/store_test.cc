// SPDX-License-Identifier: Apache-2.0
// Two commands on one id: what one has removed the other does not take for its own, nor what has the id by then.
#include "runtime/parent/store.h"

#include <gtest/gtest.h>

#include "../../base/temp_dir.h"

namespace estiva {
namespace {

template <typename T>
Code code_of(const Result<T>& result) {
  return result.ok() ? Code::kInternal : result.error().code();
}

TEST(Store, WhatIsRemovedDoesNotExist) {
  const TempDir root;
  const Store store = Store::open(root.path(), true).value();
  EXPECT_EQ(code_of(store.open_container("one")), Code::kNotFound);
  const ContainerDir made = store.make("one").value();
  EXPECT_EQ(code_of(store.make("one")), Code::kExists);
  const ContainerDir opened = store.open_container("one").value();
  EXPECT_EQ(code_of(load(opened)), Code::kState);
  ASSERT_TRUE(store.remove(made).ok());
  const Result<Record> record = load(opened);
  EXPECT_EQ(code_of(record), Code::kNotFound);
  EXPECT_EQ(record.error().to_string(), "container \"one\" does not exist");
  EXPECT_EQ(code_of(store.open_locked("one", true)), Code::kNotFound);
}

TEST(Store, ALockIsHeldByOne) {
  const TempDir root;
  const Store store = Store::open(root.path(), true).value();
  const ContainerDir made = store.make("one").value();
  EXPECT_EQ(code_of(store.open_locked("one", false)), Code::kState);
  ASSERT_TRUE(unlock(made).ok());
  EXPECT_TRUE(store.open_locked("one", false).ok());
}

}  // namespace
}  // namespace estiva
