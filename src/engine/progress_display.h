// SPDX-License-Identifier: Apache-2.0
// What a pull or a push tells, shown to who asked for it: bars on a terminal, else each change once as a line, or JSON
// for programs (the messages of docker's interface).
#pragma once

#include <memory>

#include "estiva/base/fd.h"
#include "estiva/base/log.h"
#include "image/progress.h"

namespace estiva::engine {

enum class ProgressStyle { kQuiet, kLines, kBars, kJson };

// Lines and bars go to `out`, which is not closed; warnings to the log.
std::unique_ptr<image::Watcher> make_watcher(ProgressStyle style, FdView out, Log& log);

// "auto", "bars", "plain" or "json".
ProgressStyle progress_style(std::string_view name, bool quiet, FdView out);

// ---- pure

// "Downloading [===>      ]  1.2 MB/5 MB"; without a bar where there is not enough room for one.
std::string describe_progress(const image::Progress& progress, size_t columns);

}  // namespace estiva::engine
