// SPDX-License-Identifier: Apache-2.0
// estiva wait: until a container's init has ended; prints its exit status.
#include "estiva/base/codec.h"
#include "estiva/base/files.h"
#include "estiva/base/sys_process.h"
#include "estiva/base/sys_socket.h"
#include "estiva/base/text.h"
#include "runtime/commands/command.h"
#include "runtime/commands/container.h"
#include "runtime/parent/exit_status.h"
#include "runtime/parent/exit_watch.h"

namespace estiva {

namespace {

// The part of exit.json that counts here.
struct ExitRecord {
  std::optional<int32_t> status;
};

}  // namespace

template <>
std::span<const codec::Row> codec::rows<ExitRecord>() {
  static constexpr Row kRows[] = {row<&ExitRecord::status>("status")};
  return kRows;
}

namespace {

constexpr size_t kMaxRecord = 65536;

// Opened while the process of the record lives: then it can be none but that one.
Result<Fd> open_init(const Record& record) {
  Result<Fd> pidfd = sys::pidfd_open(record.pid);
  if (pidfd.ok() && init_alive(record)) return pidfd;
  return Fd();
}

Result<std::optional<int32_t>> recorded_status(const ContainerDir& dir) {
  TRY(wait_for_exit_record(dir));
  const Result<std::string> text = files::read_all(dir.dir, kExitRecord, kMaxRecord);
  if (!text.ok()) return std::optional<int32_t>();  // nobody kept one
  return TRY(codec::decode<ExitRecord>(text.value()).context([] { return kExitRecord; })).status;
}

[[gnu::cold]] Result<int> wait(Invocation& in) {
  const std::vector<std::string> operands = TRY(parse_operands(kWaitCommand, nullptr, in, 1, 1));
  const Store store = TRY(Store::open(in.global.root, false));
  const StoredContainer found = TRY(load_container(store, operands[0], Lock::kNone));
  if (TRY(find_status(found.dir, found.record)) == spec::Status::kCreating)
    return wrong_state("wait for", found.record, spec::Status::kCreating);
  const Fd pidfd = TRY(open_init(found.record));
  std::optional<int32_t> status;
  if (pidfd.valid()) {
    struct pollfd end = {pidfd.number(), POLLIN, 0};
    TRY(sys::poll({&end, 1}, -1));
    if (const auto told = exit_status(pidfd, found.record.pid)) status = exit_code_of(*told);
  }
  if (!status) status = TRY(recorded_status(found.dir));
  if (status) {
    TRY(print(text::cat(*status, "\n")));
    return 0;
  }
  return Error(Code::kState, text::cat("container ", text::quote(found.record.id),
                                       " has ended, its exit status is unknown"))
      .hint(pidfd.valid() ? "Linux 6.15 and later tell it; so does create --exit-record"
                          : "wait has to be there before the end, or create --exit-record");
}

}  // namespace

const Command kWaitCommand = {"wait", "ID", "wait until a container ends; print its exit status", {}, wait};

}  // namespace estiva
