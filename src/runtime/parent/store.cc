// SPDX-License-Identifier: Apache-2.0
// The state root.
#include "runtime/parent/store.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/file.h>

#include <algorithm>

#include "estiva/base/files.h"
#include "estiva/base/text.h"

namespace estiva {

namespace {

constexpr size_t kMaxRecord = 16 << 20;

Error unknown(const std::string& id) {
  return Error(Code::kNotFound, text::cat("container ", text::quote(id), " does not exist"));
}

// Another command may have removed it after it was opened; its id may be another container's by now.
Result<bool> is_removed(const ContainerDir& container) {
  return TRY(sys::fstat(container.dir)).st_nlink == 0;
}

}  // namespace

Result<void> check_id(const std::string& id) {
  const auto allowed = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' ||
           c == '+' || c == '-' || c == '.';
  };
  if (!id.empty() && id.size() <= 255 && id[0] != '.' && std::ranges::all_of(id, allowed)) return {};
  return Error(Code::kInvalid, text::cat("container id ", text::quote(id), " is invalid"))
      .hint("letters, digits and _ + - . are allowed, no . at the front");
}

Result<Store> Store::open(const std::string& root, bool make) {
  const std::string path = TRY(files::absolute(root));
  if (path == "/") return Error(Code::kInvalid, "the state root must not be /");
  Result<Fd> dir = sys::open(path, O_RDONLY | O_DIRECTORY);
  if (!dir.ok() && dir.error().errnum() == ENOENT) {
    if (!make) return Store(Fd(), path);
    TRY(files::make_directories(path, 0700).context([] { return "state root"; }));
    dir = sys::open(path, O_RDONLY | O_DIRECTORY);
  }
  Fd opened = TRY(std::move(dir).context([] { return "state root"; }));
  opened.close_later();
  return Store(std::move(opened), path);
}

Result<ContainerDir> Store::make(const std::string& id) const {
  TRY(check_id(id));
  Result<void> made = sys::mkdirat(root_, id, 0700);
  if (!made.ok() && made.error().errnum() == EEXIST) {
    return Error(Code::kExists, text::cat("container ", text::quote(id), " exists already"))
        .hint("choose another id or delete it");
  }
  TRY(std::move(made));
  const auto finish = [&]() -> Result<ContainerDir> {
    Fd dir = TRY(sys::openat(root_, id, O_RDONLY | O_DIRECTORY | O_NOFOLLOW));
    dir.close_later();  // the lock goes by unlock() or with the process
    ContainerDir container{std::move(dir), id, text::cat(path_, "/", id)};
    TRY(lock(container, true));
    if (TRY(is_removed(container))) return unknown(id);
    return container;
  };
  Result<ContainerDir> container = finish();
  const bool ours = container.ok() || container.error().code() != Code::kNotFound;
  if (!container.ok() && ours) (void)sys::unlinkat(root_, id, AT_REMOVEDIR);
  return container;
}

Result<ContainerDir> Store::open_container(const std::string& id) const {
  TRY(check_id(id));
  if (!root_.valid()) return unknown(id);
  Result<Fd> dir = sys::openat(root_, id, O_RDONLY | O_DIRECTORY | O_NOFOLLOW);
  if (!dir.ok() && dir.error().errnum() == ENOENT) return unknown(id);
  return ContainerDir{TRY(std::move(dir)), id, text::cat(path_, "/", id)};
}

Result<ContainerDir> Store::open_locked(const std::string& id, bool wait) const {
  ContainerDir container = TRY(open_container(id));
  TRY(lock(container, wait));
  if (TRY(is_removed(container))) return unknown(id);
  return container;
}

Result<std::vector<std::string>> Store::ids() const {
  if (!root_.valid()) return std::vector<std::string>();
  std::vector<std::string> names = TRY(files::list(root_));
  std::erase_if(names, [](const std::string& name) { return !check_id(name).ok(); });
  std::ranges::sort(names);
  return names;
}

// What an older or newer version put beside our own files goes with the tree.
Result<void> Store::remove(const ContainerDir& container) const {
  for (const char* file : {kRecordFile, kExecFile})
    (void)sys::unlinkat(container.dir, file);  // all that run leaves
  if (sys::unlinkat(root_, container.id, AT_REMOVEDIR).ok()) return {};
  return files::remove_tree(root_, container.id);
}

Result<void> lock(const ContainerDir& container, bool wait) {
  Result<void> locked = sys::flock(container.dir, LOCK_EX | (wait ? 0 : LOCK_NB));
  if (!locked.ok() && locked.error().errnum() == EWOULDBLOCK) {
    return Error(Code::kState,
                 text::cat("container ", text::quote(container.id), " is in use by another command"));
  }
  return locked;
}

Result<void> unlock(const ContainerDir& container) { return sys::flock(container.dir, LOCK_UN); }

Result<Record> load(const ContainerDir& container) {
  Result<std::string> text = files::read_all(container.dir, kRecordFile, kMaxRecord);
  if (!text.ok() && text.error().errnum() == ENOENT) {
    if (TRY(is_removed(container))) return unknown(container.id);
    return Error(Code::kState,
                 text::cat("container ", text::quote(container.id), " is half made: it has no record"))
        .hint("delete --force removes it");
  }
  return load_record(TRY(std::move(text)));
}

Result<StoredContainer> load_container(const Store& store, const std::string& id, Lock locked) {
  ContainerDir dir = TRY(locked == Lock::kWait ? store.open_locked(id, true) : store.open_container(id));
  Record record = TRY(load(dir));
  return StoredContainer{std::move(dir), std::move(record)};
}

Result<void> store(const ContainerDir& container, const Record& record) {
  return files::replace(container.dir, kRecordFile, to_json(record), 0600);
}

}  // namespace estiva
