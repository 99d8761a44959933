// SPDX-License-Identifier: Apache-2.0
// Where the time of a `run` went: its steps, as a table, as Chrome's trace or as a picture. Who has no timeline passes
// a null pointer, and nothing is measured.
#pragma once

#include <stdint.h>

#include <string>
#include <vector>

namespace estiva::engine {

struct TimelineStep {
  const char* name;
  int64_t from = 0, until = 0;  // ns since the timeline's beginning
};

class Timeline {
 public:
  Timeline();
  int64_t now() const;
  void add(const TimelineStep& step) { steps_.push_back(step); }
  const std::vector<TimelineStep>& steps() const { return steps_; }

 private:
  int64_t start_;
  std::vector<TimelineStep> steps_;  // in the order of their ends
};

// From its making until its end.
class Step {
 public:
  Step(Timeline* timeline, const char* name)
      : timeline_(timeline), name_(name), from_(timeline == nullptr ? 0 : timeline->now()) {}
  ~Step() {
    if (timeline_ != nullptr) timeline_->add({name_, from_, timeline_->now()});
  }
  Step(const Step&) = delete;
  Step& operator=(const Step&) = delete;

 private:
  Timeline* timeline_;
  const char* name_;
  int64_t from_;
};

// A line for each step, with its milliseconds.
std::string timeline_table(const std::vector<TimelineStep>& steps);
// The JSON that chrome://tracing and Perfetto read ("Trace Event Format", complete events).
std::string timeline_trace(const std::vector<TimelineStep>& steps);
std::string timeline_svg(const std::vector<TimelineStep>& steps);

}  // namespace estiva::engine
