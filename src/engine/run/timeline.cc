// SPDX-License-Identifier: Apache-2.0
// Steps in time.
#include "engine/run/timeline.h"

#include <stdio.h>
#include <time.h>

#include <algorithm>

#include "estiva/base/json.h"
#include "estiva/base/text.h"

namespace estiva::engine {

namespace {

int64_t monotonic_ns() {
  struct timespec now = {};
  (void)::clock_gettime(CLOCK_MONOTONIC, &now);
  return int64_t{now.tv_sec} * 1'000'000'000 + now.tv_nsec;
}

std::string milliseconds(int64_t ns) {
  char text[32];
  snprintf(text, sizeof text, "%.2f", static_cast<double>(ns) / 1e6);
  return text;
}

std::string padded(std::string text, size_t width, bool right) {
  if (text.size() < width) text.insert(right ? 0 : text.size(), width - text.size(), ' ');
  return text;
}

std::vector<TimelineStep> by_start(std::vector<TimelineStep> steps) {
  std::ranges::stable_sort(steps, {}, &TimelineStep::from);
  return steps;
}

int64_t end_of(const std::vector<TimelineStep>& steps) {
  int64_t end = 1;
  for (const TimelineStep& step : steps) end = std::max(end, step.until);
  return end;
}

}  // namespace

Timeline::Timeline() : start_(monotonic_ns()) {}
int64_t Timeline::now() const { return monotonic_ns() - start_; }

std::string timeline_table(const std::vector<TimelineStep>& steps) {
  constexpr size_t kName = 34, kNumber = 12;
  std::string out = text::cat(padded("step", kName, false), padded("from ms", kNumber, true),
                              padded("for ms", kNumber, true), "\n");
  for (const TimelineStep& step : by_start(steps))
    out += text::cat(padded(step.name, kName, false), padded(milliseconds(step.from), kNumber, true),
                     padded(milliseconds(step.until - step.from), kNumber, true), "\n");
  return out;
}

std::string timeline_trace(const std::vector<TimelineStep>& steps) {
  std::string out;
  json::Writer writer(out);
  writer.begin_object();
  writer.key("traceEvents");
  writer.begin_array();
  for (const TimelineStep& step : by_start(steps)) {
    writer.begin_object();
    for (const auto& [key, value] :
         {std::pair<std::string_view, std::string_view>{"name", step.name}, {"cat", "cais"}, {"ph", "X"}}) {
      writer.key(key);
      writer.string(value);
    }
    for (const auto& [key, value] : {std::pair<std::string_view, int64_t>{"ts", step.from / 1000},
                                     {"dur", (step.until - step.from) / 1000},
                                     {"pid", 1},
                                     {"tid", 1}}) {
      writer.key(key);
      writer.number(value);
    }
    writer.end_object();
  }
  writer.end_array();
  writer.key("displayTimeUnit");
  writer.string("ms");
  writer.end_object();
  return out + "\n";
}

std::string timeline_svg(const std::vector<TimelineStep>& steps) {
  constexpr int64_t kWidth = 900, kLeft = 240, kBars = 540, kRow = 24, kTop = 12;  // pixels
  const int64_t end = end_of(steps);
  const auto height = static_cast<int64_t>(steps.size()) * kRow + 2 * kTop;
  std::string out = text::cat("<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"", kWidth, "\" height=\"",
                              height, "\" font-family=\"sans-serif\" font-size=\"13\">\n",
                              "<rect width=\"100%\" height=\"100%\" fill=\"white\"/>\n");
  int64_t y = kTop;
  for (const TimelineStep& step : by_start(steps)) {
    const int64_t x = kLeft + step.from * kBars / end;
    const int64_t width = std::max<int64_t>(1, (step.until - step.from) * kBars / end);
    out +=
        text::cat("<text x=\"10\" y=\"", y + 16, "\">", step.name, "</text><rect x=\"", x, "\" y=\"", y + 4,
                  "\" width=\"", width, "\" height=\"16\" fill=\"#3366aa\"/><text x=\"", kLeft + kBars + 10,
                  "\" y=\"", y + 16, "\">", milliseconds(step.until - step.from), " ms</text>\n");
    y += kRow;
  }
  return out + "</svg>\n";
}

}  // namespace estiva::engine
