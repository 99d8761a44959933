// SPDX-License-Identifier: Apache-2.0
// create: every refusal that can be known comes before anything runs.
#include "engine/run/create.h"

#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>

#include <set>

#include "engine/container/names.h"
#include "engine/network/bridge.h"
#include "engine/network/network.h"
#include "engine/run/remove.h"
#include "engine/run/signals.h"
#include "engine/run/start.h"
#include "engine/run/users.h"
#include "engine/spec/make_spec.h"
#include "estiva/base/files.h"
#include "estiva/base/root_dir.h"
#include "estiva/base/sys_data.h"
#include "estiva/base/text.h"
#include "estiva/base/time.h"
#include "estiva/base/undo.h"
#include "image/bundle/bundle.h"
#include "image/formats/source.h"
#include "image/mount/rootfs.h"

namespace estiva::engine {

namespace {

constexpr size_t kMaxEnvFile = 1 << 20;

Result<std::string> choose_name(const Containers& containers, const std::string& wanted) {
  std::set<std::string> taken;
  for (const ContainerRecord& each : TRY(containers.list())) {
    taken.insert(each.name);
    if (each.name == wanted) return name_conflict(wanted, each.id);
  }
  if (wanted.empty()) return make_name(taken);
  TRY(check_name(wanted));
  return wanted;
}

Result<void> set_labels(const ContainerOptions& options, std::map<std::string, std::string>& labels) {
  for (const std::string& each : options.label) {
    const size_t equals = each.find('=');
    labels[each.substr(0, equals)] = equals == each.npos ? "" : each.substr(equals + 1);
  }
  return {};
}

Result<std::vector<spec::Device>> find_devices(const Strings& wanted) {
  std::vector<spec::Device> out;
  for (const std::string& each : wanted) {
    const Strings parts = text::split(each, ':');
    const Result<struct stat> info = sys::fstatat(FdView::cwd(), parts[0], 0);
    const bool is_device = info.ok() && (S_ISCHR(info.value().st_mode) || S_ISBLK(info.value().st_mode));
    if (!is_device) return bad_option("device", each, "names no device of this host");
    spec::Device device;
    device.type = S_ISBLK(info.value().st_mode) ? "b" : "c";
    device.path = parts.size() > 1 && parts[1].starts_with('/') ? parts[1] : parts[0];
    device.major = major(info.value().st_rdev);
    device.minor = minor(info.value().st_rdev);
    device.file_mode = info.value().st_mode & 07777;
    out.push_back(std::move(device));
  }
  return out;
}

Result<void> make_volumes(const Engine& engine, const ContainerOptions& options) {
  for (const VolumeRequest& each : TRY(volume_requests(options))) {
    if (each.type == "volume") {
      TRY(files::make_directories(text::cat(engine.volumes(), "/", each.source, "/_data"), 0755));
    } else if (each.type == "bind" && !sys::fstatat(FdView::cwd(), each.source, 0).ok()) {
      TRY(files::make_directories(each.source, 0755).context([&] {
        return text::cat("volume ", each.source);
      }));
    }
  }
  return {};
}

// Paths of the host that are relative are so to where the command was given.
Result<void> make_absolute(Strings& volumes) {
  for (std::string& each : volumes)
    if (each.starts_with("./") || each.starts_with("../")) each = TRY(files::absolute(each));
  return {};
}

// A copy for each container: what is in it can't reach the program that the host has.
Result<std::string> provide_init(const Engine& engine, const ContainerRecord& record) {
  if (!wants_init(record.options)) return std::string();
  const std::string path = engine.containers.file(record.id, "init");
  const Fd from =
      TRY(sys::open(shim_program(engine), O_RDONLY).context([] { return std::string("--init"); }));
  const Fd to = TRY(sys::open(path, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW, 0700));
  const struct stat info = TRY(sys::fstat(from));
  TRY(sys::copy_range({from, 0}, {to, 0}, static_cast<size_t>(info.st_size)));
  TRY(sys::fchmod(to, 0755));
  return path;
}

Result<void> write_config(const Engine& engine, const ContainerRecord& record,
                          const image::ImageConfig& image) {
  const std::string bundle = engine.containers.bundle(record.id);
  const RootDir root = TRY(RootDir::open(bundle + "/rootfs"));
  const std::string user = !record.options.user.empty() ? record.options.user
                           : image.config               ? image.config->user
                                                        : "";
  const image::FoundUser found = TRY(image::find_user(root, user));
  SpecInput input{.record = record,
                  .image = image,
                  .user = found,
                  .devices = {},
                  .groups = {},
                  .files = engine.containers.dir(record.id),
                  .volumes = engine.volumes(),
                  .init = TRY(provide_init(engine, record)),
                  .network_path = {},
                  .shared_network = false};
  input.devices = TRY(find_devices(record.options.device));
  input.groups = TRY(added_groups(root, record.options));
  const NetworkMode network = TRY(network_mode(record.options));
  input.own_network = network != NetworkMode::kHost;
  input.shared_network = network == NetworkMode::kContainer;
  if (network == NetworkMode::kBridge || input.shared_network)
    input.network_path = engine.containers.run_file(record.id, kNamespaceFile);
  const spec::Spec spec = TRY(make_spec(input));
  TRY(root.make_directories(spec.process->cwd, 0755).context([&] {
    return text::cat("the working directory ", text::quote(spec.process->cwd));
  }));
  return image::write_bundle_spec(bundle, spec);
}

Result<void> check_options(const ContainerOptions& options) {
  TRY(network_mode(options));
  TRY(check_published(options));
  TRY(check_added_hosts(options));
  TRY(check_userns(options));
  TRY(parse_restart(options.restart));
  TRY(volume_requests(options));
  if (options.rm && parse_restart(options.restart).value().kind != RestartPolicy::Kind::kNo)
    return Error(Code::kInvalid, "Conflicting options: --restart and --rm");
  if (!options.stop_signal.empty()) TRY(signal_number(options.stop_signal));
  if (!options.log_driver.empty() && options.log_driver != "none" && options.log_driver != "k8s-file")
    return bad_option("log-driver", options.log_driver, "is none of k8s-file, none");
  TRY(log_limits(options));
  return {};
}

// By its full ID, whichever name the other has later.
Result<std::string> kept_network(const Engine& engine, const ContainerOptions& options) {
  const NetworkMode mode = TRY(network_mode(options));
  if (mode != NetworkMode::kContainer) return std::string(name_of(mode));
  return text::cat(kOfContainer, TRY(engine.containers.find(network_owner(options))).id);
}

Result<ContainerRecord> begin_record(const Engine& engine, const CreateRequest& request) {
  ContainerRecord record;
  record.id = TRY(make_id());
  record.options = request.options;
  record.options.network = TRY(kept_network(engine, request.options));
  record.image = request.image;
  record.created_ns = epoch_ns();
  record.runtime = TRY(find_runtime(engine, request.options.runtime));
  TRY(make_absolute(record.options.volume));
  return record;
}

void set_from_image(const image::ImageConfig& image, ContainerRecord& record) {
  const image::ContainerConfig config = image.config.value_or(image::ContainerConfig());
  record.labels = config.labels;
  (void)set_labels(record.options, record.labels);
  record.stop_signal = record.options.stop_signal.empty() ? config.stop_signal : record.options.stop_signal;
  std::set<std::string> ports;
  for (const auto& [port, nothing] : config.exposed_ports) ports.insert(port);
  for (const std::string& each : record.options.expose)
    ports.insert(each.find('/') == each.npos ? text::cat(each, "/tcp") : each);
  record.exposed_ports.assign(ports.begin(), ports.end());
}

Result<void> write_cidfile(const ContainerRecord& record) {
  if (record.options.cidfile.empty()) return {};
  const Fd file = TRY(sys::open(record.options.cidfile, O_WRONLY | O_CREAT | O_EXCL, 0644).context([] {
    return std::string("the file for the container's ID");
  }));
  return sys::write_all(file, record.id);
}

// What it is made of is in its bundle by now.
Result<void> fill_container(const Engine& engine, const CreateRequest& request, ContainerRecord& record) {
  const std::string bundle = engine.containers.bundle(record.id);
  const image::ImageConfig image = TRY(image::read_bundle_image(bundle));
  const image::BundleState state = TRY(image::read_bundle(bundle));
  if (!image::is_place(request.image)) record.image_id = state.config.to_string();
  set_from_image(image, record);
  record.args = TRY(process_args(record.options, image, request.command));
  record.env = TRY(read_env(record.options));
  TRY(make_volumes(engine, record.options));
  if (!request.starts) TRY(write_network_files(record, engine.containers.dir(record.id), std::nullopt));
  TRY(write_config(engine, record, image));
  return write_cidfile(record);
}

}  // namespace

Result<std::vector<uint32_t>> added_groups(const RootDir& root, const ContainerOptions& options) {
  std::vector<uint32_t> out;
  for (const std::string& group : options.group_add)
    out.push_back(TRY(image::find_user(root, text::cat("0:", group))).user.gid);
  return out;
}

Result<Strings> read_env(const ContainerOptions& options) {
  Strings given;
  for (const std::string& file : options.env_file)
    for (const std::string& line : text::split(TRY(files::read_all(FdView::cwd(), file, kMaxEnvFile)), '\n'))
      if (!line.empty() && !line.starts_with('#')) given.push_back(line);
  given.insert(given.end(), options.env.begin(), options.env.end());
  Strings out;
  for (const std::string& each : given) {
    if (each.empty() || each[0] == '=') return bad_option("env", each, "has no name");
    const char* value = each.find('=') == each.npos ? ::getenv(each.c_str()) : nullptr;
    if (each.find('=') != each.npos) out.push_back(each);
    if (value != nullptr) out.push_back(text::cat(each, "=", std::string(value)));
  }
  return out;
}

Result<ContainerRecord> create_container(const Engine& engine, const CreateRequest& request) {
  TRY(check_options(request.options));
  ContainerRecord record = TRY(begin_record(engine, request));
  const Containers& containers = engine.containers;
  TRY(choose_name(containers, request.options.name));  // early; it counts below
  const Fd lock = TRY(containers.make(record.id));
  Undo undo([&] { (void)discard(engine, record.id); });
  const image::Tier tier = TRY(image::choose_tier(engine.store, engine.storage));
  {
    const Step step(engine.timeline, "bundle of the image");
    TRY(image::make_bundle(
        engine.store,
        {.image = request.image, .directory = containers.bundle(record.id), .tier = tier, .config = false}));
  }
  const Step step(engine.timeline, "configuration and record");
  TRY(fill_container(engine, request, record));
  const Fd names = TRY(containers.lock_names());
  record.name = TRY(choose_name(containers, request.options.name));
  TRY(take_ids(engine, record));
  TRY(containers.write(record));
  undo.dismiss();
  return record;
}

}  // namespace estiva::engine
