// SPDX-License-Identifier: Apache-2.0
// What to write to a cgroup file so that it is again as it was. Pure.
#pragma once

#include <string>
#include <string_view>

namespace estiva::cgroup {

// `content` is what `file` showed before `written` was written to it.
std::string old_value(std::string_view file, std::string_view written, std::string_view content);

}  // namespace estiva::cgroup
