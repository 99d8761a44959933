// SPDX-License-Identifier: Apache-2.0
// Makes a container: an ordered list, each step with its undo right behind it.
#include "runtime/parent/create.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include <algorithm>

#include "estiva/base/files.h"
#include "estiva/base/identity.h"
#include "estiva/base/sys_process.h"
#include "estiva/base/sys_socket.h"
#include "estiva/base/text.h"
#include "estiva/base/undo.h"
#include "runtime/cgroup/manager.h"
#include "runtime/parent/exec_defaults.h"
#include "runtime/parent/exit_watch.h"
#include "runtime/parent/handover.h"
#include "runtime/parent/host.h"
#include "runtime/parent/mountinfo.h"
#include "runtime/parent/remove.h"
#include "runtime/parent/resctrl.h"
#include "runtime/parent/seccomp.h"
#include "runtime/parent/seccomp_agent.h"
#include "runtime/parent/serve.h"
#include "runtime/parent/sources.h"
#include "runtime/parent/spawn.h"
#include "runtime/parent/status.h"
#include "runtime/plan/annotations.h"
#include "runtime/plan/notify.h"

namespace estiva {

namespace {

constexpr size_t kMaxConfig = 16 << 20;

// The directories of the cgroup that are not there yet: known before they are made, so that even a killed create
// leaves a record of them. Topmost first.
std::vector<std::string> missing_cgroups(const CgroupLayout& layout, const std::string& path) {
  std::vector<std::string> missing;
  for (const CgroupHierarchy& hierarchy : layout.hierarchies) {
    for (size_t end = path.find('/', 1);; end = path.find('/', end + 1)) {
      const std::string ancestor = hierarchy.mount_point + path.substr(0, end);
      if (end == std::string::npos || ::access(ancestor.c_str(), F_OK) != 0) missing.push_back(ancestor);
      if (end == std::string::npos) break;
    }
  }
  return missing;
}

Record first_record(const Plan& plan) {
  Record record;
  record.id = plan.id;
  record.oci_version = spec::kVersion;
  record.bundle = plan.bundle;
  record.rootfs = plan.rootfs.path;
  record.annotations = plan.annotations;
  record.created = ::time(nullptr);
  record.owner = sys::effective_uid();
  record.own_pid_namespace = plan.namespaces.creates(CLONE_NEWPID);
  record.own_mount_namespace = plan.namespaces.has(CLONE_NEWNS);
  record.has_process = plan.process.has_value();
  record.check_memory = plan.cgroup.check_updates;
  record.cgroup = cgroup::make_record(plan.cgroup_layout, plan.cgroup, {});
  record.cgroup.created = missing_cgroups(plan.cgroup_layout, plan.cgroup.path);
  if (plan.seccomp) {
    record.seccomp_listener = plan.seccomp->profile.listener_path;
    record.seccomp_metadata = plan.seccomp->profile.listener_metadata;
  }
  record.hooks.poststart = plan.hooks.poststart;
  record.hooks.poststop = plan.hooks.poststop;
  return record;
}

// Without a mount namespace of its own its mounts are the host's: what is below the true path of its root then and was
// not before.
Result<void> note_mounts(Record& record) {
  if (record.own_mount_namespace) return {};
  const Result<Fd> root = sys::open(record.rootfs, O_PATH | O_DIRECTORY);
  if (!root.ok()) return {};  // open_sources says it
  record.rootfs = TRY(sys::readlinkat(FdView::cwd(), text::cat("/proc/self/fd/", root.value().number())));
  record.mounts_before = TRY(mountinfo::below(record.rootfs));
  return {};
}

// The document with the process id cut out: the child puts in what it sees itself as.
child::HookState hook_state(const Record& record, spec::Status status) {
  constexpr int32_t kMark = 2147483647;
  spec::State state = make_state(record, status);
  state.pid = kMark;
  const std::string text = spec::to_json(state);
  const std::string mark = text::cat("\"pid\":", kMark);
  const size_t at = text.rfind(mark) + mark.size();
  const size_t digits = text::cat(kMark).size();
  return {text.substr(0, at - digits), text.substr(at)};
}

Result<void> take_start_lock(child::Context& c, const ContainerDir& dir) {
  c.start_lock = TRY(sys::openat(dir.dir, kStartLock, O_RDONLY | O_CREAT | O_EXCL | O_NOFOLLOW, 0600));
  struct flock hold = {};
  hold.l_type = F_RDLCK;
  if (::fcntl(c.start_lock.number(), F_OFD_SETLK, &hold) < 0)
    return Error::system("fcntl F_OFD_SETLK", errno);
  return {};
}

Result<void> open_start_gate(child::Context& c, const ContainerDir& dir, bool started_by_us) {
  // While its hooks run, the container is created and not running (runtime.md, lifecycle).
  const bool locked = !started_by_us || !c.plan.hooks.start_container.empty();
  if (locked) TRY(take_start_lock(c, dir));
  if (started_by_us) return {};
  c.start_socket = TRY(sys::unix_socket(SOCK_SEQPACKET));
  // By descriptor: the path may be longer than a socket's address.
  TRY(sys::bind_unix(c.start_socket, text::cat("/proc/self/fd/", dir.dir.number(), "/", kStartSocket)));
  return sys::listen(c.start_socket, 4);
}

// crun's way to ask for a pidfd is an annotation.
Result<Fd> open_pidfd_socket(const Plan& plan, const CreateRequest& request) {
  if (!request.pidfd_socket.empty()) return connect_socket(request.pidfd_socket, "pidfd socket");
  const auto annotated = plan.annotations.find(std::string(annotations::kPidfdReceiver));
  if (annotated == plan.annotations.end()) return Fd();
  Result<Fd> socket = connect_socket(annotated->second, "pidfd socket");
  if (socket.ok()) return socket;
  return std::move(socket).error().object(annotations::pointer(annotations::kPidfdReceiver));
}

Result<void> open_console(child::Context& c, CreateRequest& request) {
  c.console_socket = std::move(request.console);
  if (!request.console_socket.empty())
    c.console_socket = TRY(connect_socket(request.console_socket, "console socket"));
  return {};
}

Result<void> adjust_oom_score(const Plan& plan, pid_t pid) {
  if (!plan.process || !plan.process->oom_score_adj) return {};
  const std::string value = text::cat(*plan.process->oom_score_adj);
  Result<void> written =
      files::write_kernel(FdView::cwd(), text::cat("/proc/", pid, "/oom_score_adj"), value);
  if (written.ok()) return {};
  Error error = std::move(written).error().object("/process/oomScoreAdj");
  if (error.errnum() != EACCES) return error;
  return std::move(error).hint("lowering it needs CAP_SYS_RESOURCE");
}

// The child has its own copies. Before a long wait (run) the host's mounts must not stay in use by us.
void release_sources(child::Context& c) {
  c.rootfs_tree.reset();
  c.null_tree.reset();
  c.mount_sources.clear();
  c.device_sources.clear();
  Fd::close_waiting();
}

// The init meets the rules itself where it mounts a disk; and v1 takes them line by line, the first of which denies all.
bool device_rules_come_first(const Plan& plan) {
  return !plan.cgroup.device_lines.empty() ||
         std::ranges::any_of(plan.rootfs.mounts, [](const MountEntry& entry) {
           return entry.mount.kind == MountKind::kFilesystem &&
                  entry.mount.source.find('/') != std::string::npos;
         });
}

// What the init does not need before it is ready is done while it builds its root. Returns its filter.
Result<std::string> work_meanwhile(child::Context& c, const ContainerDir& dir,
                                   const cgroup::CgroupHandle& cgroup) {
  if (!device_rules_come_first(c.plan))
    TRY(cgroup::apply_devices(c.plan.cgroup_layout, c.plan.cgroup, cgroup));
  if (c.filtered) c.filter = TRY(make_filter(*c.plan.seccomp));
  TRY(store_exec_defaults(dir, c.plan.exec, c.filter));
  return std::string(reinterpret_cast<const char*>(c.filter.data()), c.filter.size() * sizeof(sock_filter));
}

// From the first process on, a failure is the end of a container that hooks may have seen.
Result<Created> bring_up(child::Context& c, ContainerDir& dir, Record record, const CreateRequest& request,
                         cgroup::CgroupHandle& cgroup) {
  net::MovedDevices devices;
  InitProcess init = TRY(spawn(c, cgroup.unified_dir));
  TRY(resctrl::join(record.resctrl, init.pid()));
  // The child has its own copies; those that stay open here would keep things alive.
  c.start_socket.reset();
  c.start_lock.reset();
  c.console_socket.reset();
  if (request.start) release_sources(c);
  std::string filter = TRY(work_meanwhile(c, dir, cgroup));
  cgroup.unified_dir.reset();
  TRY(adjust_oom_score(c.plan, init.pid()));
  TRY(serve(init, c.plan, record, devices, [&]() -> Result<void> {
    record.pid = init.pid();
    record.start_time = TRY(process_start_time(init.pid()));
    TRY(store(dir, record));
    if (request.exit_record) TRY(start_exit_watch(dir, record, c.plan.cgroup_layout, init.pidfd()));
    TRY(send_pidfd(c.pidfd_socket, init.pidfd(), "standard"));
    TRY(TRY(PidFile::open(request.pid_file)).write(init.pid()));
    return request.start ? Result<void>() : init.channel().send(sync::Type::kDone, filter);
  }));
  init.release();
  devices.keep();
  return Created{
      std::move(dir), std::move(record), init.take_pidfd(), {std::move(init.channel()), std::move(filter)}};
}

}  // namespace

static Result<spec::Spec> load_config(const std::string& config) {
  Result<std::string> text = files::read_all(FdView::cwd(), config, kMaxConfig);
  if (!text.ok() && text.error().errnum() == ENOENT) {
    return Error(Code::kInvalid, text::cat(text::quote(config), " is not there"))
        .hint("estiva spec writes one");
  }
  const std::string document = TRY(std::move(text));
  return spec::load_config(document).context([] { return "config.json"; });
}

Result<Plan> load_plan(const std::string& config, const RunOptions& options, Log& log) {
  const spec::Spec spec = TRY(load_config(config));
  HostFacts facts = TRY(gather_host_facts(spec));
  if (!options.cgroups) facts.cgroups = CgroupLayout();
  Plan plan = TRY(make_plan(spec, facts, options).context([] { return "config.json"; }));
  for (const std::string& warning : plan.warnings) log.warning(warning);
  return plan;
}

Result<Created> create_container(const Store& state, const Plan& plan, CreateRequest& request, Log& log) {
  child::Context c{.plan = plan};
  if (plan.seccomp) {
    c.filter_flags = TRY(seccomp_flags(plan.seccomp->profile));
    c.filtered = true;
    TRY(check_seccomp_agent(*plan.seccomp));
  }

  ResctrlRecord resctrl = TRY(resctrl::locate(plan.rdt));
  ContainerDir dir = TRY(state.make(plan.id));
  Undo no_directory([&] { (void)remove_directory(state, dir); });
  Record record = first_record(plan);
  record.resctrl = std::move(resctrl);
  TRY(note_mounts(record));
  TRY(store(dir, record));
  if (!plan.hooks.create_container.empty()) c.creating = hook_state(record, spec::Status::kCreating);
  if (!plan.hooks.start_container.empty()) c.created = hook_state(record, spec::Status::kCreated);
  if (!request.options.notify_directory.empty()) TRY(sys::mkdirat(dir.dir, plan::kNotifyDirectory, 0755));

  cgroup::CgroupHandle cgroup = TRY(cgroup::create(plan.cgroup_layout, plan.cgroup));
  Undo no_cgroup([&] { (void)remove_cgroup(record); });
  TRY(cgroup::apply_limits(plan.cgroup_layout, plan.cgroup, cgroup));
  if (device_rules_come_first(plan)) TRY(cgroup::apply_devices(plan.cgroup_layout, plan.cgroup, cgroup));
  for (const Fd& tasks : cgroup.v1_tasks) c.cgroup_tasks.push_back(TRY(sys::dup(tasks)));

  if (plan.rdt) TRY(resctrl::make(*plan.rdt, record.resctrl));
  Undo no_resctrl([&] { (void)resctrl::remove(record.resctrl); });

  TRY(open_sources(c));
  Undo no_mounts([&] { (void)remove_host_mounts(record); });
  TRY(open_start_gate(c, dir, request.start));
  TRY(open_console(c, request));
  c.pidfd_socket = TRY(open_pidfd_socket(plan, request));
  if (plan.process) give_stdio(*plan.process);

  const std::string path = dir.path;
  Result<Created> created = bring_up(c, dir, record, request, cgroup);
  if (!created.ok()) {
    (void)wait_for_exit_record(dir);
    dir = ContainerDir{Fd(), plan.id, path};
    no_mounts.run();
    no_cgroup.run();
    no_resctrl.run();
    no_directory.run();
    run_poststop(record, log);
    return created;
  }
  no_mounts.dismiss();
  no_cgroup.dismiss();
  no_resctrl.dismiss();
  no_directory.dismiss();
  return created;
}

}  // namespace estiva
