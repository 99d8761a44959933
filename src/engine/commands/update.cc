// SPDX-License-Identifier: Apache-2.0
// cais update: limits and the restart policy of a container, now and for its next starts.
#include <fcntl.h>

#include "engine/commands/container_flags.h"
#include "engine/commands/containers.h"
#include "engine/container/status.h"
#include "engine/spec/make_spec.h"
#include "estiva/base/files.h"
#include "estiva/base/undo.h"
#include "image/bundle/bundle.h"
#include "spec/rows.h"

namespace estiva::engine {

namespace {

constexpr Option kUpdateRows[] = {
    options::row<&ContainerOptions::memory>('m', "memory", "SIZE", "limit of memory"),
    options::row<&ContainerOptions::memory_swap>(0, "memory-swap", "SIZE",
                                                 "limit of memory and swap together"),
    options::row<&ContainerOptions::memory_reservation>(0, "memory-reservation", "SIZE",
                                                        "memory that it keeps when memory is short"),
    options::row<&ContainerOptions::cpus>(0, "cpus", "NUMBER", "limit of CPU time, in CPUs"),
    options::row<&ContainerOptions::cpu_shares>(
        'c', "cpu-shares", "NUMBER", "weight of its CPU time beside that of others; 1024 is usual"),
    options::row<&ContainerOptions::cpuset_cpus>(0, "cpuset-cpus", "LIST", "the CPUs that it may use"),
    options::row<&ContainerOptions::cpuset_mems>(0, "cpuset-mems", "LIST",
                                                 "the memory nodes that it may use"),
    options::row<&ContainerOptions::pids_limit>(0, "pids-limit", "NUMBER",
                                                "limit of processes and threads; -1: none"),
    options::row<&ContainerOptions::restart>(0, "restart", "POLICY",
                                             "no, always, on-failure[:N] or unless-stopped"),
};
constexpr char kResources[] = "tmp-resources.json";

// The limits that were given replace those that there were.
ContainerOptions merged(const ContainerOptions& old, const ContainerOptions& given) {
  ContainerOptions out = old;
  const auto take = [](std::string& member, const std::string& value) {
    if (!value.empty()) member = value;
  };
  take(out.memory, given.memory);
  take(out.memory_swap, given.memory_swap);
  take(out.memory_reservation, given.memory_reservation);
  take(out.cpus, given.cpus);
  take(out.cpuset_cpus, given.cpuset_cpus);
  take(out.cpuset_mems, given.cpuset_mems);
  take(out.restart, given.restart);
  if (given.cpu_shares != 0) out.cpu_shares = given.cpu_shares;
  if (given.pids_limit != 0) out.pids_limit = given.pids_limit;
  return out;
}

Result<spec::Resources> limits_of(const ContainerOptions& options) {
  spec::Spec only;
  only.linux.emplace();
  only.process.emplace();
  TRY(set_limits(options, only));
  return std::move(*only.linux->resources);
}

Result<void> apply_now(const Engine& engine, const ContainerRecord& record, const spec::Resources& limits) {
  const Fd directory = TRY(sys::open(engine.containers.run_dir(record.id), O_RDONLY | O_DIRECTORY));
  TRY(files::replace(directory, kResources, codec::encode(limits), 0600));
  Undo remove([&] { (void)sys::unlinkat(directory, kResources); });
  TRY(call_runtime(record, {"update", "-r", engine.containers.run_file(record.id, kResources), record.id}));
  return {};
}

Result<void> update_one(const Engine& engine, const std::string& id, const ContainerOptions& given) {
  const Fd lock = TRY(engine.containers.lock(id));
  ContainerRecord record = TRY(engine.containers.read(id));
  if (record.options.rm && TRY(parse_restart(given.restart)).kind != RestartPolicy::Kind::kNo)
    return Error(Code::kState,
                 "Restart policy cannot be updated because AutoRemove is enabled for the container")
        .object(record.name);
  record.options = merged(record.options, given);
  const spec::Resources limits = TRY(limits_of(record.options));
  const std::string bundle = engine.containers.bundle(id);
  spec::Spec spec = TRY(image::read_bundle_spec(bundle));
  if (!spec.linux) spec.linux.emplace();
  if (!spec.linux->resources) spec.linux->resources.emplace();
  spec.linux->resources->memory = limits.memory;
  spec.linux->resources->cpu = limits.cpu;
  spec.linux->resources->pids = limits.pids;
  const Status status = TRY(status_of(engine.containers, record));
  if (status.condition == Condition::kRunning || status.condition == Condition::kPaused)
    TRY(apply_now(engine, record, limits));
  TRY(image::write_bundle_spec(bundle, spec));
  return engine.containers.write(record);
}

Result<int> update(Invocation& in) {
  ContainerOptions given;
  const Strings operands = TRY(parse_operands(kUpdate, &given, in, 1, SIZE_MAX));
  TRY(parse_restart(given.restart));
  TRY(limits_of(given));
  const Engine engine = TRY(open_containers(in));
  return for_each_container(in, engine, operands, [&](const ContainerRecord& record) {
    return update_one(engine, record.id, given);
  });
}

}  // namespace

const Command kUpdate = {"update", "CONTAINER...", "change the limits and the restart policy of containers",
                         kUpdateRows, update};

}  // namespace estiva::engine
