// SPDX-License-Identifier: Apache-2.0
// Containers on disk.
#include "engine/container/containers.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/file.h>

#include <algorithm>

#include "estiva/base/files.h"
#include "estiva/base/text.h"
#include "estiva/base/undo.h"

namespace estiva::engine {

namespace {

constexpr const char *kRecord = "container.json", *kLock = "lock", *kPlace = "/containers";
constexpr size_t kMaxRecord = 4 << 20;

Error no_such(const std::string& wanted) {
  return Error(Code::kNotFound, text::cat("No such container: ", text::printable(wanted)));
}

}  // namespace

std::string Containers::dir(const std::string& id) const { return text::cat(root_, kPlace, "/", id); }
std::string Containers::run_dir(const std::string& id) const { return text::cat(run_root_, kPlace, "/", id); }
std::string Containers::bundle(const std::string& id) const { return file(id, "bundle"); }
std::string Containers::file(const std::string& id, const char* name) const {
  return text::cat(dir(id), "/", name);
}
std::string Containers::run_file(const std::string& id, const char* name) const {
  return text::cat(run_dir(id), "/", name);
}

Result<Fd> Containers::make(const std::string& id) const {
  const Fd names = TRY(lock_names());
  TRY(files::make_directories(dir(id), 0700));
  Undo undo([&] { (void)files::remove_tree(FdView::cwd(), dir(id)); });
  Fd lock = TRY(sys::open(file(id, kLock), O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW, 0600));
  TRY(sys::flock(lock, LOCK_EX));
  undo.dismiss();
  return lock;
}

Result<Fd> Containers::open_lock(const std::string& id) const {
  Result<Fd> opened = sys::open(file(id, kLock), O_RDWR | O_NOFOLLOW);
  if (!opened.ok() && opened.error().errnum() == ENOENT) return no_such(id);
  return opened;
}

Result<Fd> Containers::lock_shared(const std::string& id) const {
  Fd lock = TRY(open_lock(id));
  TRY(sys::flock(lock, LOCK_SH));
  return lock;
}

Result<Fd> Containers::lock(const std::string& id, bool wait) const {
  Fd lock = TRY(open_lock(id));
  Result<void> locked = sys::flock(lock, wait ? LOCK_EX : LOCK_EX | LOCK_NB);
  if (!locked.ok() && locked.error().errnum() == EWOULDBLOCK) return Fd();
  TRY(std::move(locked));
  return lock;
}

Result<Fd> Containers::lock_names() const {
  TRY(files::make_directories(text::cat(root_, kPlace), 0700));
  Fd lock = TRY(sys::open(text::cat(root_, kPlace, "/.", kLock), O_RDWR | O_CREAT, 0600));
  TRY(sys::flock(lock, LOCK_EX));
  return lock;
}

Result<std::vector<std::string>> Containers::ids() const {
  std::vector<std::string> out;
  const Result<Fd> place = sys::open(text::cat(root_, kPlace), O_RDONLY | O_DIRECTORY);
  if (!place.ok()) return out;  // none was ever made
  for (std::string& name : TRY(files::list(place.value())))
    if (!name.starts_with('.')) out.push_back(std::move(name));
  return out;
}

Result<std::vector<ContainerRecord>> Containers::list() const {
  std::vector<ContainerRecord> out;
  for (const std::string& id : TRY(ids())) {
    // Another command makes or removes it; or it is damaged, which reconcile() tells.
    if (Result<ContainerRecord> record = read(id); record.ok()) out.push_back(std::move(record).value());
  }
  std::ranges::sort(out, std::greater(), &ContainerRecord::created_ns);
  return out;
}

Result<ContainerRecord> Containers::read(const std::string& id) const {
  Result<std::string> text = files::read_all(FdView::cwd(), file(id, kRecord), kMaxRecord);
  if (!text.ok() && text.error().errnum() == ENOENT) return no_such(id);
  const std::string content = TRY(std::move(text));
  return codec::decode<ContainerRecord>(content).context([&] { return file(id, kRecord); });
}

Result<void> Containers::write(const ContainerRecord& record) const {
  const Fd directory = TRY(sys::open(dir(record.id), O_RDONLY | O_DIRECTORY));
  return files::replace(directory, kRecord, codec::encode(record, true), 0600);
}

Result<void> Containers::forget(const std::string& id) const {
  Result<void> removed = sys::unlinkat(FdView::cwd(), file(id, kRecord));
  return !removed.ok() && removed.error().errnum() == ENOENT ? Result<void>() : std::move(removed);
}

Result<ContainerRecord> Containers::find(const std::string& wanted) const {
  std::vector<ContainerRecord> all = TRY(list()), begin_so;
  std::vector<std::string_view> names;
  for (ContainerRecord& record : all) {
    if (record.id == wanted || record.name == wanted || text::cat("/", record.name) == wanted) return record;
    names.push_back(record.name);
    if (!wanted.empty() && record.id.starts_with(wanted)) begin_so.push_back(record);
  }
  if (begin_so.size() == 1) return std::move(begin_so[0]);
  if (begin_so.size() > 1) {
    std::vector<std::string> candidates;
    candidates.reserve(begin_so.size());
    for (const ContainerRecord& each : begin_so)
      candidates.push_back(text::cat(each.short_id(), " (", each.name, ")"));
    return Error(Code::kInvalid,
                 text::cat("Multiple IDs found with provided prefix: ", text::printable(wanted)))
        .hint(text::cat("it may be ", text::join(candidates, ", ")));
  }
  if (const auto near = text::nearest(wanted, names))
    return no_such(wanted).hint(text::cat("did you mean ", *near, "?"));
  return no_such(wanted);
}

}  // namespace estiva::engine
