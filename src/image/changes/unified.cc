// SPDX-License-Identifier: Apache-2.0
// The shortest script of insertions and deletions by Myers' O(ND) algorithm (Algorithmica 1, 1986), between what both
// texts begin and end with.
#include "image/changes/unified.h"

#include <algorithm>
#include <vector>

#include "estiva/base/text.h"
#include "estiva/base/utf8.h"

namespace estiva::image {

namespace {

constexpr size_t kContext = 3;
constexpr int kMostEdits = 1000;  // memory and time grow by the square: 4 MB

using Lines = std::vector<std::string_view>;  // each with its newline, which the last may lack

Lines lines_of(std::string_view text) {
  Lines out;
  while (!text.empty()) {
    const size_t size = std::min(text.find('\n'), text.size() - 1) + 1;
    out.push_back(text.substr(0, size));
    text.remove_prefix(size);
  }
  return out;
}

enum class Kind : char { kSame = ' ', kGone = '-', kNew = '+' };
struct Edit {
  Kind kind;
  std::string_view line;
};
using Script = std::vector<Edit>;

void add(Script& script, Kind kind, std::span<const std::string_view> lines) {
  for (const std::string_view line : lines) script.push_back({kind, line});
}

// Furthest positions in `a` on each diagonal (a's position less b's), for one number of edits.
class Frontier {
 public:
  explicit Frontier(int edits) : edits_(edits), furthest_(2 * static_cast<size_t>(edits) + 3, 0) {}
  int& at(int diagonal) { return *(furthest_.begin() + diagonal + edits_ + 1); }

 private:
  int edits_;
  std::vector<int> furthest_;
};

class Myers {
 public:
  Myers(std::span<const std::string_view> a, std::span<const std::string_view> b) : a_(a), b_(b) {}

  // False: they differ in too many lines.
  bool run(Script& script) {
    const int most = std::min(kMostEdits, static_cast<int>(a_.size() + b_.size()));
    for (int edits = 0; edits <= most; ++edits) {
      rounds_.emplace_back(edits);
      for (int diagonal = -edits; diagonal <= edits; diagonal += 2) {
        if (!extend(edits, diagonal)) continue;
        trace_back(script);
        return true;
      }
    }
    return false;
  }

 private:
  bool goes_down(int edits, int diagonal) {
    Frontier& before = rounds_[static_cast<size_t>(edits) - 1];
    return diagonal == -edits || (diagonal != edits && before.at(diagonal - 1) < before.at(diagonal + 1));
  }

  // True: this diagonal has reached both ends.
  bool extend(int edits, int diagonal) {
    int x = 0;
    if (edits > 0) {
      Frontier& before = rounds_[static_cast<size_t>(edits) - 1];
      x = goes_down(edits, diagonal) ? before.at(diagonal + 1) : before.at(diagonal - 1) + 1;
    }
    const int width = static_cast<int>(a_.size()), height = static_cast<int>(b_.size());
    while (x < width && x - diagonal < height && same(x, x - diagonal)) ++x;
    rounds_[static_cast<size_t>(edits)].at(diagonal) = x;
    return x >= width && x - diagonal >= height;
  }

  bool same(int x, int y) const { return a_[static_cast<size_t>(x)] == b_[static_cast<size_t>(y)]; }

  void trace_back(Script& script) {
    const size_t begin = script.size();
    int x = static_cast<int>(a_.size()), y = static_cast<int>(b_.size());
    for (int edits = static_cast<int>(rounds_.size()) - 1; edits > 0; --edits) {
      const bool down = goes_down(edits, x - y);
      const int diagonal = x - y + (down ? 1 : -1);
      const int from = rounds_[static_cast<size_t>(edits) - 1].at(diagonal);
      const int start = down ? from : from + 1;  // behind the edit
      for (; x > start; --x, --y) script.push_back({Kind::kSame, a_[static_cast<size_t>(x) - 1]});
      if (down) {
        script.push_back({Kind::kNew, b_[static_cast<size_t>(--y)]});
      } else {
        script.push_back({Kind::kGone, a_[static_cast<size_t>(--x)]});
      }
    }
    for (; x > 0; --x) script.push_back({Kind::kSame, a_[static_cast<size_t>(x) - 1]});
    std::reverse(script.begin() + static_cast<ptrdiff_t>(begin), script.end());
  }

  std::span<const std::string_view> a_, b_;
  std::vector<Frontier> rounds_;
};

Script script_of(const Lines& before, const Lines& after) {
  std::span<const std::string_view> a = before, b = after;
  Script script;
  size_t front = 0, back = 0;
  while (front < std::min(a.size(), b.size()) && a[front] == b[front]) ++front;
  add(script, Kind::kSame, a.first(front));
  a = a.subspan(front);
  b = b.subspan(front);
  while (back < std::min(a.size(), b.size()) && a[a.size() - 1 - back] == b[b.size() - 1 - back]) ++back;
  const std::span<const std::string_view> end = a.last(back);
  a = a.first(a.size() - back);
  b = b.first(b.size() - back);
  if (!Myers(a, b).run(script)) {
    add(script, Kind::kGone, a);
    add(script, Kind::kNew, b);
  }
  add(script, Kind::kSame, end);
  return script;
}

// "12,3": the first line's number and how many; of none, the line before.
std::string range_text(size_t lines_before, size_t count) {
  const size_t first = count == 0 ? lines_before : lines_before + 1;
  return count == 1 ? text::cat(first) : text::cat(first, ",", count);
}

// Lines of the two texts in a part of the script.
struct Count {
  size_t before = 0, after = 0;
};
Count count_of(std::span<const Edit> part) {
  Count out;
  for (const Edit& edit : part) {
    out.before += edit.kind != Kind::kNew ? 1 : 0;
    out.after += edit.kind != Kind::kGone ? 1 : 0;
  }
  return out;
}

std::string hunk_text(const Count& passed, std::span<const Edit> part) {
  const Count count = count_of(part);
  std::string out = text::cat("@@ -", range_text(passed.before, count.before), " +",
                              range_text(passed.after, count.after), " @@\n");
  for (const Edit& edit : part) {
    out += text::cat(static_cast<char>(edit.kind), edit.line);
    if (!edit.line.ends_with('\n')) out += "\n\\ No newline at end of file\n";
  }
  return out;
}

bool is_edit(const Edit& edit) { return edit.kind != Kind::kSame; }

}  // namespace

std::string unified_diff(std::string_view before, std::string_view after) {
  const Script script = script_of(lines_of(before), lines_of(after));
  const std::span<const Edit> all = script;
  std::string out;
  Count passed;
  size_t done = 0;
  for (auto next = std::ranges::find_if(all, is_edit); next != all.end();) {
    const size_t first = static_cast<size_t>(next - all.begin());
    size_t last = first;  // the last edit of the hunk: the next is further off than twice the context
    for (size_t i = first; i < all.size() && i - last <= 2 * kContext + 1; ++i)
      if (is_edit(all[i])) last = i;
    const size_t begin = std::max(done, first - std::min(first, kContext));
    const size_t end = std::min(all.size(), last + 1 + kContext);
    const Count skipped = count_of(all.subspan(done, begin - done));
    passed = {passed.before + skipped.before, passed.after + skipped.after};
    const std::span<const Edit> part = all.subspan(begin, end - begin);
    out += hunk_text(passed, part);
    const Count shown = count_of(part);
    passed = {passed.before + shown.before, passed.after + shown.after};
    done = end;
    next = std::find_if(all.begin() + static_cast<ptrdiff_t>(end), all.end(), is_edit);
  }
  return out;
}

bool is_text(std::string_view bytes) {
  while (!bytes.empty()) {
    const size_t length = utf8::shown_length(bytes);
    const char c = bytes[0];
    if (length == 0 && c != '\n' && c != '\t' && !bytes.starts_with("\r\n")) return false;
    bytes.remove_prefix(std::max<size_t>(length, 1));
  }
  return true;
}

}  // namespace estiva::image
