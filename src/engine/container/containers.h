// SPDX-License-Identifier: Apache-2.0
// The containers that there are: their directories below the root and the run root, their records, looking one up.
// A directory without a record is one that is being made, or that a killed command left.
#pragma once

#include <string>
#include <vector>

#include "engine/container/record.h"
#include "estiva/base/error.h"
#include "estiva/base/fd.h"
#include "estiva/shim_records.h"

namespace estiva::engine {

class Containers {
 public:
  Containers(std::string root, std::string run_root)
      : root_(std::move(root)), run_root_(std::move(run_root)) {}

  const std::string& root() const { return root_; }
  const std::string& run_root() const { return run_root_; }
  std::string dir(const std::string& id) const;                         // kept
  std::string run_dir(const std::string& id) const;                     // until the next boot: the shim's
  std::string bundle(const std::string& id) const;                      // config.json, rootfs
  std::string file(const std::string& id, const char* name) const;      // in dir
  std::string run_file(const std::string& id, const char* name) const;  // in run_dir

  // The directory of a new container, locked before others can find it unlocked.
  Result<Fd> make(const std::string& id) const;
  // Everybody that changes something of the container holds it; nothing if somebody else does and `wait` is off.
  Result<Fd> lock(const std::string& id, bool wait = true) const;
  // By several at once that only need it to stay what it is, be it running or not.
  Result<Fd> lock_shared(const std::string& id) const;
  // Names are given, and directories without a record come and go, under it.
  Result<Fd> lock_names() const;

  Result<std::vector<std::string>> ids() const;       // of all directories
  Result<std::vector<ContainerRecord>> list() const;  // that can be read, newest first
  Result<ContainerRecord> read(const std::string& id) const;
  Result<void> write(const ContainerRecord& record) const;
  // There is no such container any more; what is left of its directory is nobody's.
  Result<void> forget(const std::string& id) const;
  // By ID, name or unique beginning of an ID. In docker's words where there is none; the hint has what is near.
  Result<ContainerRecord> find(const std::string& wanted) const;

 private:
  Result<Fd> open_lock(const std::string& id) const;

  std::string root_, run_root_;
};

}  // namespace estiva::engine
