// SPDX-License-Identifier: Apache-2.0
// The words of the phases.
#include "image/progress.h"

namespace estiva::image {

namespace {

struct Words {
  std::string_view text;
  bool bar, under_way;
};
// In the order of Phase.
constexpr Words kWords[] = {
    {"Pulling fs layer", false, true},
    {"Waiting", false, true},
    {"Downloading", true, true},
    {"Retrying in", false, true},
    {"Verifying Checksum", false, true},
    {"Pull complete", false, false},
    {"Already exists", false, false},
    {"Preparing", true, true},
    {"Pushing", true, true},
    {"Pushed", false, false},
    {"Mounted", false, false},
    {"Layer already exists", false, false},
};

}  // namespace

std::string_view phase_text(Phase phase) { return kWords[static_cast<size_t>(phase)].text; }
bool has_bar(Phase phase) { return kWords[static_cast<size_t>(phase)].bar; }
bool is_under_way(Phase phase) { return kWords[static_cast<size_t>(phase)].under_way; }

}  // namespace estiva::image
