// SPDX-License-Identifier: Apache-2.0
// Lists of CPUs and memory nodes in the kernel's form, "0-3,7" (cpuset(7), "List format"). Pure.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "estiva/base/error.h"

namespace estiva {

// As the kernel takes it: bit n % 64 of word n / 64 is number n. No words: an empty set.
using NumberSet = std::vector<unsigned long>;

namespace plan {

constexpr size_t kMaxCpus = 65536;  // eight times the kernel's largest NR_CPUS on x86-64
constexpr size_t kMaxNodes = 1024;  // NODES_SHIFT of the kernel is 10 at most

// Blanks around numbers and empty elements are let pass, as runc does. An empty text is an empty set. Errors name
// `object`.
Result<NumberSet> read_numbers(std::string_view text, size_t limit, const std::string& object);

// "0-3,7"
std::string print_numbers(const NumberSet& set);

}  // namespace plan
}  // namespace estiva
