// SPDX-License-Identifier: Apache-2.0
// The state root (--root): one directory a container, named by its id, with the record, what exec needs, the start
// socket and the start lock. The directory itself is the lock between commands (flock(2)).
#pragma once

#include <string>
#include <vector>

#include "estiva/base/fd.h"
#include "runtime/parent/record.h"

namespace estiva {

// The files of a container's directory.
inline constexpr const char* kRecordFile = "record.json";
inline constexpr const char* kExecFile = "exec";
inline constexpr const char* kStartSocket = "start.sock";
inline constexpr const char* kStartLock = "start.lock";

// [A-Za-z0-9_+-][A-Za-z0-9_+.-]*, at most 255 bytes.
Result<void> check_id(const std::string& id);

struct ContainerDir {
  Fd dir;
  std::string id;
  std::string path;  // absolute
};

class Store {
 public:
  // Makes the root (mode 0700) where missing, if `make`.
  static Result<Store> open(const std::string& root, bool make);

  // A new directory, locked. Code::kExists when the id is taken.
  Result<ContainerDir> make(const std::string& id) const;
  // Code::kNotFound, with the words that engines look for.
  Result<ContainerDir> open_container(const std::string& id) const;
  // The same, locked; Code::kNotFound also where it was removed while we waited.
  Result<ContainerDir> open_locked(const std::string& id, bool wait) const;
  // In the order of their names; entries that are no container are left out.
  Result<std::vector<std::string>> ids() const;
  Result<void> remove(const ContainerDir& container) const;
  FdView dir() const { return root_; }

 private:
  Store(Fd root, std::string path) : root_(std::move(root)), path_(std::move(path)) {}
  Fd root_;  // invalid: there is no root yet
  std::string path_;
};

// Waits for other commands on this container. Code::kState at once if `wait` is false and one is at work.
Result<void> lock(const ContainerDir& container, bool wait);

Result<void> unlock(const ContainerDir& container);

struct StoredContainer {
  ContainerDir dir;
  Record record;
};

enum class Lock { kNone, kWait };
Result<StoredContainer> load_container(const Store& store, const std::string& id, Lock locked);

// Code::kNotFound where it has been removed meanwhile, Code::kState where it has no record.
Result<Record> load(const ContainerDir& container);
Result<void> store(const ContainerDir& container, const Record& record);

}  // namespace estiva
