// SPDX-License-Identifier: Apache-2.0
// pause, unpause.
#include "engine/run/pause.h"

#include <fcntl.h>

#include "engine/container/status.h"
#include "estiva/base/files.h"
#include "estiva/base/identity.h"
#include "estiva/base/sys_process.h"
#include "estiva/base/text.h"
#include "estiva/spec/state.h"

namespace estiva::engine {

namespace {

Result<void> write_mark(const Containers& containers, const std::string& id, const PauseMark& mark) {
  const std::string text = TRY(key_values::write(kPauseKeys, &mark));
  const Fd directory = TRY(sys::open(containers.run_dir(id), O_RDONLY | O_DIRECTORY));
  return files::replace(directory, kPausedFile, text, 0600);
}

Result<void> mark_as_ours(const Containers& containers, const std::string& id) {
  const pid_t self = sys::getpid();
  return write_mark(containers, id, {.by = self, .by_start = TRY(process_start_time(self))});
}

Result<void> remove_mark(const Containers& containers, const std::string& id) {
  return sys::unlinkat(FdView::cwd(), containers.run_file(id, kPausedFile));
}

}  // namespace

Result<void> pause_container(const Engine& engine, const ContainerRecord& record, PausedUntil until) {
  const Containers& containers = engine.containers;
  const Fd lock = TRY(containers.lock(record.id));
  const Condition condition = TRY(condition_of(containers, record));
  if (condition == Condition::kPaused)
    return Error(Code::kState, text::cat("Container ", record.short_id(), " is already paused"));
  if (condition != Condition::kRunning) return not_running(record.short_id(), condition);
  TRY(mark_as_ours(containers, record.id));
  const Result<std::string> paused = call_runtime(record, {"pause", record.id}, lock);
  if (!paused.ok()) {
    (void)remove_mark(containers, record.id);
    return Error::from_parts(paused.error().parts());
  }
  return until == PausedUntil::kOurEnd ? Result<void>() : write_mark(containers, record.id, {});
}

Result<void> unpause_container(const Engine& engine, const ContainerRecord& record) {
  const Containers& containers = engine.containers;
  const Fd lock = TRY(containers.lock(record.id));
  if (TRY(status_of(containers, record)).condition != Condition::kPaused)
    return Error(Code::kState, text::cat("Container ", record.short_id(), " is not paused"));
  TRY(mark_as_ours(containers, record.id));
  const Result<std::string> resumed = call_runtime(record, {"resume", record.id}, lock);
  if (resumed.ok()) return remove_mark(containers, record.id);
  (void)write_mark(containers, record.id, {});
  return Error::from_parts(resumed.error().parts());
}

Result<void> resume_forgotten(const Engine& engine, const ContainerRecord& record) {
  if (!TRY(status_of(engine.containers, record)).forgotten) return {};
  // It may have been killed before it had paused anything; and a container that has ended need not go on.
  const Result<std::string> said = call_runtime(record, {"state", record.id});
  const Result<spec::State> state = spec::load_state(said.ok() ? said.value() : "");
  if (state.ok() && state.value().status == spec::Status::kPaused)
    TRY(call_runtime(record, {"resume", record.id}));
  return remove_mark(engine.containers, record.id);
}

}  // namespace estiva::engine
