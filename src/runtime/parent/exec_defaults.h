// SPDX-License-Identifier: Apache-2.0
// What `exec` needs of a container's configuration, in a file beside the record: only exec reads it, and it is larger
// than all that the other commands need. One line of JSON, then the seccomp filter as the kernel takes it.
#pragma once

#include <linux/filter.h>

#include <span>
#include <vector>

#include "runtime/parent/store.h"
#include "runtime/plan/plan.h"

namespace estiva {

struct StoredDefaults {
  ExecDefaults defaults;
  std::vector<sock_filter> filter;  // empty: the container has none
};

// Once, when the container is made.
Result<void> store_exec_defaults(const ContainerDir& dir, const ExecDefaults& defaults,
                                 std::span<const sock_filter> filter);

// Code::kUnsupported for a container of a version that did not keep them.
Result<StoredDefaults> load_exec_defaults(const StoredContainer& container);

// The two halves, without the file.
std::string encode_exec_defaults(const ExecDefaults& defaults, std::span<const sock_filter> filter);
Result<StoredDefaults> decode_exec_defaults(std::string_view content);

}  // namespace estiva
