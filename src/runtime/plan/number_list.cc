// SPDX-License-Identifier: Apache-2.0
// Lists of CPUs and memory nodes: text to bits and back.
#include "runtime/plan/number_list.h"

#include "estiva/base/text.h"

namespace estiva::plan {

namespace {

constexpr size_t kBits = 8 * sizeof(unsigned long);

bool has(const NumberSet& set, size_t number) {
  return number / kBits < set.size() && (set[number / kBits] >> number % kBits & 1) != 0;
}

void add(NumberSet& set, size_t number) {
  if (set.size() <= number / kBits) set.resize(number / kBits + 1);
  set[number / kBits] |= 1ul << number % kBits;
}

}  // namespace

Result<NumberSet> read_numbers(std::string_view text, size_t limit, const std::string& object) {
  NumberSet set;
  for (const std::string& element : text::split(text, ',')) {
    const std::string_view range = text::trim(element);
    if (range.empty()) continue;
    const size_t dash = range.find('-');
    const auto first = text::number<size_t>(text::trim(range.substr(0, dash)));
    const auto last =
        dash == std::string_view::npos ? first : text::number<size_t>(text::trim(range.substr(dash + 1)));
    if (!first || !last || *first > *last) {
      return Error::invalid(object, text::cat(text::quote(range), " is no number and no range"))
          .hint("a list looks like \"0-3,7\"");
    }
    if (*last >= limit) return Error::invalid(object, text::cat(*last, " is above ", limit - 1));
    for (size_t number = *first; number <= *last; ++number) add(set, number);
  }
  return set;
}

std::string print_numbers(const NumberSet& set) {
  std::string out;
  const size_t end = set.size() * kBits;
  for (size_t number = 0; number < end; ++number) {
    if (!has(set, number)) continue;
    const size_t first = number;
    while (has(set, number + 1)) ++number;
    out += text::cat(out.empty() ? "" : ",", first);
    if (number > first) out += text::cat("-", number);
  }
  return out;
}

}  // namespace estiva::plan
