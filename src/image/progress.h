// SPDX-License-Identifier: Apache-2.0
// What a pull or a push tells while it goes on: lines, and for each layer a phase with an amount. Who shows it, and
// how, is the engine's; texts of strangers are made printable before they get here.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace estiva::image {

enum class Phase : uint8_t {
  kQueued,
  kWaiting,
  kDownloading,
  kRetrying,
  kVerifying,
  kPulled,
  kExists,
  kPreparing,
  kPushing,
  kPushed,
  kMounted,
  kLayerExists,
};
// docker's words.
std::string_view phase_text(Phase phase);
// It has an amount that grows.
bool has_bar(Phase phase);
// More will come of it.
bool is_under_way(Phase phase);

struct Progress {
  std::string id;  // the first 12 digits of the layer's digest
  Phase phase = Phase::kQueued;
  uint64_t current = 0, total = 0;  // bytes; total 0: not known. Of kRetrying: seconds
  std::string note;                 // behind the phase: "from library/debian"
};

class Watcher {
 public:
  virtual ~Watcher() = default;
  virtual void say(std::string_view line) = 0;
  virtual void show(const Progress& progress) = 0;
  virtual void warn(std::string_view line) = 0;
};

}  // namespace estiva::image
