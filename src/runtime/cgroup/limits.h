// SPDX-License-Identifier: Apache-2.0
// The files of one cgroup's limits, as apply (create) and update write them: where each is, what its errors say,
// in which order values that bound each other go.
#pragma once

#include <errno.h>

#include <optional>
#include <string>
#include <vector>

#include "estiva/base/error.h"
#include "estiva/base/fd.h"
#include "runtime/plan/cgroup.h"

namespace estiva::cgroup {

// The cgroup that is written to.
struct Target {
  const CgroupLayout& layout;
  const std::string& path;
  FdView unified_dir;                       // invalid without cgroup2
  const std::vector<std::string>& created;  // as in CgroupHandle
};

// Where a controller's files are; v1: below an absolute path, v2: below the open directory.
struct Place {
  FdView dir;
  std::string prefix;  // "" or a path that ends in "/"
};

Result<Place> place_of(const Target& target, const std::string& controller);

// The error of writing `file`, in words for the user and with the property.
Error explain(Error error, const CgroupFile& file);

// One value; the fallback file where the first is missing.
Result<void> write_limit(const Place& place, const CgroupFile& file);

// Some values bound each other (memory and memory with swap, quota and burst, period and runtime), and which to write
// first depends on those that were there: what is refused as invalid gets a second try after all others.
// `write(place, file)` writes one.
template <typename Write>
Result<void> write_limits(const Target& target, const std::vector<CgroupFile>& files, Write write) {
  std::vector<const CgroupFile*> again;
  for (const CgroupFile& file : files) {
    Result<void> written = write(TRY(place_of(target, file.controller)), file);
    if (written.ok()) continue;
    if (written.error().errnum() != EINVAL) return explain(std::move(written).error(), file);
    again.push_back(&file);
  }
  for (const CgroupFile* file : again) {
    Result<void> written = write(TRY(place_of(target, file->controller)), *file);
    if (!written.ok()) return explain(std::move(written).error(), *file);
  }
  return {};
}

// memory.checkBeforeUpdate.
Result<void> check_memory(const Target& target, const std::optional<MemoryCheck>& check);

Result<void> write_device_lines(const Place& place, const std::vector<DeviceLine>& lines);

// The directories made for this cgroup in the hierarchy of `place`, without the cgroup itself; topmost first; each
// ends in "/".
std::vector<std::string> made_parents(const Target& target, const Place& place);

}  // namespace estiva::cgroup
