// SPDX-License-Identifier: Apache-2.0
// Policies and promises.
#include "engine/container/restarting.h"

#include <errno.h>
#include <fcntl.h>

#include "engine/container/status.h"
#include "engine/spec/make_spec.h"
#include "estiva/base/files.h"
#include "estiva/base/identity.h"
#include "estiva/base/key_values.h"
#include "estiva/base/sys_process.h"

namespace estiva::engine {

namespace {

using Kind = RestartPolicy::Kind;

constexpr char kPromiseFile[] = "restarting";
constexpr size_t kMaxFile = 4096;

struct Promise {
  std::string boot;
  int32_t by = 0;
  uint64_t by_start = 0;
  uint32_t restarts = 0;  // before the end that it is about
};
constexpr Key kPromiseKeys[] = {
    key_values::row<&Promise::boot>("boot"),
    key_values::row<&Promise::by>("by"),
    key_values::row<&Promise::by_start>("by-start"),
    key_values::row<&Promise::restarts>("restarts"),
};

Result<Promise> read_promise(const Containers& containers, const std::string& id) {
  const std::string text = TRY(files::read_all(FdView::cwd(), containers.file(id, kPromiseFile), kMaxFile));
  Promise promise;
  TRY(key_values::parse(kPromiseKeys, &promise, text, key_values::Unknown::kIgnore));
  return promise;
}

bool is_of_this_boot(const Promise& promise) {
  const Result<std::string> boot = boot_id();
  return boot.ok() && promise.boot == boot.value();
}

bool is_kept(const Promise& promise) {
  return is_of_this_boot(promise) && is_alive(promise.by, promise.by_start);
}

Kind kind_of(const ContainerRecord& record) {
  const Result<RestartPolicy> policy = parse_restart(record.options.restart);
  return !policy.ok() || record.stopped_by_user || record.removing ? Kind::kNo : policy.value().kind;
}

}  // namespace

bool has_policy(const ContainerRecord& record) { return kind_of(record) != Kind::kNo; }

bool wants_restart(const ContainerRecord& record, const shim::ExitRecord& exit) {
  if (exit.told_to_end) return false;
  switch (kind_of(record)) {
    case Kind::kNo:
      return false;
    case Kind::kAlways:
    case Kind::kUnlessStopped:
      return true;
    case Kind::kOnFailure: {
      const uint32_t most = parse_restart(record.options.restart).value().most;
      return exit.code != 0 && (most == 0 || record.restarts < most);
    }
  }
  return false;
}

Result<void> write_promise(const Containers& containers, const ContainerRecord& record, int32_t by) {
  const Promise promise{TRY(boot_id()), by, TRY(process_start_time(by)), record.restarts};
  const std::string text = TRY(key_values::write(kPromiseKeys, &promise));
  const Fd directory = TRY(sys::open(containers.dir(record.id), O_RDONLY | O_DIRECTORY));
  return files::replace(directory, kPromiseFile, text, 0600);
}

Result<void> forget_promise(const Containers& containers, const std::string& id) {
  Result<void> removed = sys::unlinkat(FdView::cwd(), containers.file(id, kPromiseFile));
  return !removed.ok() && removed.error().errnum() == ENOENT ? Result<void>() : std::move(removed);
}

bool is_promised(const Containers& containers, const std::string& id) {
  const Result<Promise> promise = read_promise(containers, id);
  return promise.ok() && is_of_this_boot(promise.value());
}

bool is_promise_broken(const Containers& containers, const std::string& id) {
  const Result<Promise> promise = read_promise(containers, id);
  return promise.ok() && !is_kept(promise.value());
}

bool is_promise_ours(const Containers& containers, const std::string& id) {
  const Result<Promise> promise = read_promise(containers, id);
  return promise.ok() && promise.value().by == sys::getpid() && is_kept(promise.value());
}

bool is_restarting(const Containers& containers, const ContainerRecord& record,
                   const shim::ExitRecord& exit) {
  if (!has_policy(record)) return false;
  const Result<Promise> promise = read_promise(containers, record.id);
  if (!promise.ok() || !is_kept(promise.value())) return false;
  ContainerRecord before = record;
  before.restarts = promise.value().restarts;
  return wants_restart(before, exit);
}

}  // namespace estiva::engine
