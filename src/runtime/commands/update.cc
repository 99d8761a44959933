// SPDX-License-Identifier: Apache-2.0
// estiva update: new limits for a container that is there, from options, a file or standard input.
#include "runtime/cgroup/update.h"
#include "estiva/base/files.h"
#include "estiva/base/text.h"
#include "estiva/base/undo.h"
#include "runtime/cgroup/layout.h"
#include "runtime/commands/command.h"
#include "runtime/commands/container.h"
#include "runtime/parent/resctrl.h"
#include "runtime/plan/parts.h"

namespace estiva {

namespace {

constexpr size_t kMaxResources = 16 << 20;

struct UpdateOptions {
  std::string file;
  spec::Resources resources;
  std::string cache_schema, bandwidth_schema;
  bool kernel_memory = false;  // one of those options was given
};

template <typename T>
T& made(std::optional<T>& part) {
  return part ? *part : part.emplace();
}

template <typename T>
Result<void> assign_number(std::optional<T>& member, std::string_view value) {
  T number{};
  TRY(options::assign(number, value));
  member = number;
  return {};
}

// An option for a number of `part`, one of the optional parts of the resources.
template <auto part, auto member>
constexpr Option number_row(const char* name, const char* help) {
  return {0, name, "N", help, [](void* target, std::string_view value) {
            return assign_number(made(static_cast<UpdateOptions*>(target)->resources.*part).*member, value);
          }};
}

template <auto member>
constexpr Option bytes_row(const char* name, const char* help) {
  return {0, name, "BYTES", help, [](void* target, std::string_view value) -> Result<void> {
            const std::optional<int64_t> bytes = text::bytes(value);
            if (!bytes)
              return Error(Code::kInvalid,
                           text::cat("takes a size such as 512m or -1, not ", text::quote(value)));
            made(static_cast<UpdateOptions*>(target)->resources.memory).*member = *bytes;
            return {};
          }};
}

template <auto member>
constexpr Option set_row(const char* name, const char* help) {
  return {0, name, "LIST", help, [](void* target, std::string_view value) {
            return options::assign(made(static_cast<UpdateOptions*>(target)->resources.cpu).*member, value);
          }};
}

constexpr Option kernel_memory_row(const char* name) {
  return {0, name, "BYTES", "ignored: Linux no longer has this limit", [](void* target, std::string_view) {
            static_cast<UpdateOptions*>(target)->kernel_memory = true;
            return Result<void>();
          }};
}

using U = UpdateOptions;
using S = spec::Resources;
constexpr Option kUpdateRows[] = {
    options::row<&U::file>('r', "resources", "FILE",
                           "read the limits from JSON as in linux.resources; - is standard input"),
    number_row<&S::block_io, &spec::BlockIo::weight>("blkio-weight", "share of block I/O, 10 to 1000"),
    number_row<&S::cpu, &spec::Cpu::period>("cpu-period", "period of the CPU quota, in microseconds"),
    number_row<&S::cpu, &spec::Cpu::quota>("cpu-quota",
                                           "CPU time in each period, in microseconds; -1: no limit"),
    number_row<&S::cpu, &spec::Cpu::burst>("cpu-burst",
                                           "unused CPU time that may be saved for later, in microseconds"),
    number_row<&S::cpu, &spec::Cpu::shares>("cpu-share", "share of CPU time, 2 to 262144"),
    number_row<&S::cpu, &spec::Cpu::realtime_period>("cpu-rt-period",
                                                     "period of realtime scheduling, in microseconds"),
    number_row<&S::cpu, &spec::Cpu::realtime_runtime>("cpu-rt-runtime",
                                                      "realtime CPU time in each period, in microseconds"),
    number_row<&S::cpu, &spec::Cpu::idle>("cpu-idle", "1: run only when nothing else does; 0: as usual"),
    set_row<&spec::Cpu::cpus>("cpuset-cpus", "the CPUs that it may use, such as 0-3,6"),
    set_row<&spec::Cpu::mems>("cpuset-mems", "the memory nodes that it may use"),
    bytes_row<&spec::Memory::limit>("memory", "limit of memory; -1: none"),
    bytes_row<&spec::Memory::reservation>("memory-reservation", "memory that it keeps when memory is short"),
    bytes_row<&spec::Memory::swap>("memory-swap", "limit of memory and swap together; -1: none"),
    kernel_memory_row("kernel-memory"),
    kernel_memory_row("kernel-memory-tcp"),
    number_row<&S::pids, &spec::Pids::limit>("pids-limit", "limit of processes and threads; -1: none"),
    options::row<&U::cache_schema>(0, "l3-cache-schema", "SCHEMA", "share of the L3 cache (Intel RDT)"),
    options::row<&U::bandwidth_schema>(0, "mem-bw-schema", "SCHEMA", "share of memory bandwidth (Intel RDT)"),
};

Result<spec::Resources> load_resources(const std::string& file) {
  Result<std::string> text = file == "-" ? files::read_fd(FdView::of_number(0), kMaxResources)
                                         : files::read_all(FdView::cwd(), file, kMaxResources);
  if (!text.ok() && text.error().errnum() == ENOENT)
    return Error(Code::kInvalid, text::cat(text::quote(file), " is not there"));
  const std::string document = TRY(std::move(text));
  return spec::load_resources(document);
}

// The options in words of the resources: what they say goes before what the file says.
Result<UpdateOptions> read_options(const Invocation& in, std::string& id) {
  UpdateOptions given;
  id = TRY(parse_operands(kUpdate, &given, in, 1, 1))[0];
  if (given.file.empty()) return given;
  UpdateOptions both;
  both.resources = TRY(load_resources(given.file).context([] { return "--resources"; }));
  TRY(parse_operands(kUpdate, &both, in, 1, 1));
  return both;
}

Result<void> check_updatable(const StoredContainer& found) {
  const spec::Status status = TRY(find_status(found.dir, found.record));
  if (status == spec::Status::kStopped) return not_running(found.record.id);
  if (status == spec::Status::kCreating) return wrong_state("update", found.record, status);
  if (!found.record.cgroup.path.empty()) return {};
  return Error(Code::kUnsupported,
               text::cat("container ", text::quote(found.record.id), " has no cgroup to limit"));
}

// Empty: nothing is asked for.
Result<std::string> plan_rdt(const UpdateOptions& given, const ResctrlRecord& record) {
  if (given.cache_schema.empty() && given.bandwidth_schema.empty()) return std::string();
  if (record.group.empty()) return Error::unsupported("/linux/intelRdt", "the container was made without it");
  spec::IntelRdt rdt;
  rdt.l3_cache_schema = given.cache_schema;
  rdt.mem_bw_schema = given.bandwidth_schema;
  return plan::plan_schemata(rdt);
}

[[gnu::cold]] Result<int> update(Invocation& in) {
  std::string id;
  UpdateOptions given = TRY(read_options(in, id));
  const Store store = TRY(Store::open(in.global.root, false));
  const StoredContainer found = TRY(load_container(store, id, Lock::kWait));
  TRY(check_updatable(found));
  const std::string schemata = TRY(plan_rdt(given, found.record.resctrl));
  if (given.kernel_memory) in.log.warning("--kernel-memory is ignored: Linux has no such limit any more");

  spec::Resources& resources = given.resources;
  Record record = found.record;
  if (resources.memory) {
    record.check_memory = resources.memory->check_before_update.value_or(record.check_memory);
    resources.memory->check_before_update = record.check_memory;
  }
  const CgroupLayout layout = TRY(cgroup::detect_layout());
  const CurrentLimits now = TRY(cgroup::current_limits(layout, record.cgroup));
  const CgroupPlan plan = TRY(plan_cgroup_update(resources, layout, now));
  const std::string before = schemata.empty() ? "" : TRY(resctrl::update(record.resctrl, schemata));
  Undo old_schemata([&] {
    if (!before.empty()) (void)resctrl::update(record.resctrl, before);
  });
  TRY(cgroup::update(layout, plan, record.cgroup, !resources.devices.empty()));
  old_schemata.dismiss();
  if (record.check_memory != found.record.check_memory) TRY(::estiva::store(found.dir, record));
  return 0;
}

}  // namespace

static constexpr const char* kUpdateExamples = "  estiva update --memory 512m --pids-limit 100 web\n";
const Command kUpdate = {"update", "ID",           "change the limits of a container", kUpdateRows, update,
                         false,    kUpdateExamples};

}  // namespace estiva
