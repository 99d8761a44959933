// SPDX-License-Identifier: Apache-2.0
// What most test files include, precompiled where clang is (Makefile). A test file names what it uses all the same.
#pragma once

#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <functional>
#include <map>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <string_view>
#include <vector>
