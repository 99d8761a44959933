// SPDX-License-Identifier: Apache-2.0
// What stands against running a bundle on this host, as far as can be told without making anything: the document, the
// plan, and what the host has. Runs in the caller.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "estiva/base/error.h"
#include "runtime/plan/plan.h"

namespace estiva::check {

enum class Severity { kError, kWarning };

struct Finding {
  Severity severity = Severity::kError;
  // "json", "invalid", "unsupported", "host"; of warnings: "unknown", "other-platform", "removed", "deprecated", "twice",
  // "ignored", "host"
  std::string kind;
  std::string path;  // JSON pointer; empty: the whole document
  std::string message;
  std::string hint;
};

// Everything that is wrong with the document `text`, in its order of discovery: what is refused is left out, so that
// what comes after it is looked at too.
std::vector<Finding> check_config(const std::string& text, const RunOptions& options);

// What the plan needs of this host that a plan cannot know. Paths are those of the planned document.
void probe_host(const Plan& plan, std::vector<Finding>& found);
// Its parts: files and objects that the configuration names; abilities of the kernel.
void probe_files(const Plan& plan, std::vector<Finding>& found);
void probe_kernel(const Plan& plan, std::vector<Finding>& found);

}  // namespace estiva::check
