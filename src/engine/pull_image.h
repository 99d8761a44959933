// SPDX-License-Identifier: Apache-2.0
// Images by name, from a registry where they are not here: for pull, and for every command that needs an image.
#pragma once

#include "engine/commands/command.h"
#include "engine/progress_display.h"
#include "engine/registry_flags.h"
#include "image/registry/pull.h"

namespace estiva::engine {

// The first base of a command's own options.
struct PullFlags : RegistryFlags {
  std::string platform;
  std::string progress = "auto";
  bool quiet = false;
  unsigned parallel = 4;
};

// What a command does that needs an image; one more option of its own.
struct ProvideFlags : PullFlags {
  std::string pull = "missing";
};

namespace pull_rows {
using P = PullFlags;
inline constexpr Option kPlatform = options::row<&P::platform>(
    0, "platform", "OS/ARCHITECTURE", "take the image for this machine type; this machine's if not given");
inline constexpr Option kProgress = options::row<&P::progress>(0, "progress", "auto|bars|plain|json",
                                                               "how to show progress; auto if not given");
inline constexpr Option kQuiet = options::row<&P::quiet>('q', "quiet", nullptr, "show no progress");
inline constexpr Option kParallel =
    options::row<&P::parallel>(0, "parallel", "N", "fetch N layers at a time; 4 if not given");
inline constexpr Option kPull = options::row<&ProvideFlags::pull>(
    0, "pull", "missing|always|never", "when to ask the registry for the image; missing if not given");
}  // namespace pull_rows

// The image of that name, for a container: from the store, or by a pull whose progress goes to standard error. The
// caller's session keeps it; Session::sync() once it is in use.
Result<image::Image> provide_image(Invocation& in, image::Session& session, const std::string& name,
                                   const ProvideFlags& flags);

Result<image::PullOptions> pull_options(const PullFlags& flags);

}  // namespace estiva::engine
