// SPDX-License-Identifier: Apache-2.0
// Ids are taken, and the host's side is made to fit.
#include "engine/run/users.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>

#include "engine/container/id_maps.h"
#include "engine/network/network.h"
#include "engine/spec/make_spec.h"
#include "estiva/base/files.h"
#include "estiva/base/sys_data.h"
#include "estiva/base/sys_mount.h"
#include "estiva/base/text.h"
#include "image/bundle/bundle.h"

namespace estiva::engine {

namespace {

constexpr size_t kMaxSubordinate = 4 << 20;
constexpr mode_t kSearch = S_IXGRP | S_IXOTH;

std::string mapped_place(const Containers& containers, const std::string& id) {
  return containers.file(id, "volumes");
}

Result<IdSpace> read_space(const char* path) {
  Result<std::string> text = files::read_all(FdView::cwd(), path, kMaxSubordinate);
  if (!text.ok() && text.error().errnum() == ENOENT) return id_space("");
  return id_space(TRY(std::move(text)));
}

Result<IdMap> choose(const char* path, uint32_t size, const IdMap& wanted, const std::vector<IdMap>& taken) {
  const IdSpace space = TRY(read_space(path));
  std::optional<IdMap> map = choose_ids(size, wanted, space, taken);
  if (map) return std::move(*map);
  return Error(Code::kState, text::cat("no range of ", size, " ids is free"))
      .object("option --userns")
      .hint(
          text::cat(path, " names ranges for the user containers; cais rm gives those of a container back"));
}

// As far as it is ours, the way can be gone by everybody; what is at its end, by the container's root alone.
Result<void> open_way(const Engine& engine, const ContainerRecord& record, gid_t gid) {
  const std::string dir = engine.containers.dir(record.id);
  for (const std::string& path : {engine.containers.root(), dir.substr(0, dir.rfind('/'))}) {
    const struct stat info = TRY(sys::fstatat(FdView::cwd(), path, 0));
    if ((info.st_mode & kSearch) != kSearch)
      TRY(sys::fchmodat(FdView::cwd(), path, (info.st_mode & 07777) | kSearch));
  }
  TRY(sys::fchownat(FdView::cwd(), dir, 0, gid, 0));
  return sys::fchmodat(FdView::cwd(), dir, 0710);
}

Result<void> mount_volume(const VolumeRequest& request, const std::string& source, const image::MountIds& ids,
                          const std::string& target) {
  const struct stat info = TRY(sys::fstatat(FdView::cwd(), source, 0));
  if (S_ISDIR(info.st_mode)) {
    TRY(sys::mkdirat(FdView::cwd(), target, 0755));
  } else {
    TRY(sys::open(target, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW, 0644));
  }
  return image::mount_mapped(source, ids, target).context([&] {
    return text::cat("the volume at ", text::quote(request.target));
  });
}

Result<void> mount_volumes(const Engine& engine, const ContainerRecord& record) {
  TRY(unmount_volumes(engine.containers, record.id));
  const std::vector<VolumeRequest> requests = TRY(volume_requests(record.options));
  const std::string place = mapped_place(engine.containers, record.id);
  for (size_t i = 0; i < requests.size(); ++i) {
    if (!requests[i].id_mapped || requests[i].type == "tmpfs") continue;
    TRY(files::make_directories(place, 0755));
    const std::string source = source_of(requests[i], engine.volumes());
    TRY(mount_volume(requests[i], source, mount_ids(record), text::cat(place, "/", i)));
  }
  return {};
}

}  // namespace

Result<void> take_ids(const Engine& engine, ContainerRecord& record) {
  const UsernsRequest request = TRY(parse_userns(record.options.userns));
  if (!request.own) return {};
  std::vector<IdMap> uids, gids;
  for (const ContainerRecord& each : TRY(engine.containers.list())) {
    uids.push_back(each.uid_map);
    gids.push_back(each.gid_map);
  }
  record.uid_map = TRY(choose("/etc/subuid", request.size, request.uids, uids));
  record.gid_map = TRY(choose("/etc/subgid", request.size, request.gids, gids));
  const std::string bundle = engine.containers.bundle(record.id);
  const NetworkMode network = TRY(network_mode(record.options));
  const bool makes_network = network == NetworkMode::kBridge || network == NetworkMode::kNone;
  spec::Spec spec =
      TRY(image::read_bundle_spec(bundle).context([] { return std::string(image::bundle_place::kConfig); }));
  TRY(set_users({record, mapped_place(engine.containers, record.id), makes_network}, spec));
  return image::write_bundle_spec(bundle, spec);
}

image::MountIds mount_ids(const ContainerRecord& record) {
  return {map_text(record.uid_map), map_text(record.gid_map), to_host(record.uid_map, 0).value_or(0),
          to_host(record.gid_map, 0).value_or(0)};
}

Result<void> provide_for_users(const Engine& engine, const ContainerRecord& record) {
  if (!record.maps_ids()) return {};
  const image::MountIds ids = mount_ids(record);
  TRY(open_way(engine, record, ids.gid));
  for (const char* name : {"hostname", "hosts", "resolv.conf"})
    TRY(sys::fchownat(FdView::cwd(), engine.containers.file(record.id, name), ids.uid, ids.gid, 0));
  return mount_volumes(engine, record);
}

Result<void> unmount_volumes(const Containers& containers, const std::string& id) {
  const std::string place = mapped_place(containers, id);
  const Result<Fd> dir = sys::open(place, O_RDONLY | O_DIRECTORY | O_NOFOLLOW);
  if (!dir.ok() && dir.error().errnum() == ENOENT) return {};
  for (const std::string& name : TRY(files::list(dir.ok() ? FdView(dir.value()) : FdView::of_number(-1)))) {
    const std::string target = text::cat(place, "/", name);
    TRY(image::unmount(target));
    const struct stat info = TRY(sys::fstatat(FdView::cwd(), target, AT_SYMLINK_NOFOLLOW));
    TRY(sys::unlinkat(FdView::cwd(), target, S_ISDIR(info.st_mode) ? AT_REMOVEDIR : 0));
  }
  return {};
}

Error explain_way(const Engine& engine, const ContainerRecord& record, Error error) {
  if (!record.maps_ids()) return error;
  const std::string& root = engine.containers.root();
  for (size_t end = root.find('/', 1); end != root.npos; end = root.find('/', end + 1)) {
    const std::string path = root.substr(0, end);
    const Result<struct stat> info = sys::fstatat(FdView::cwd(), path, 0);
    if (!info.ok() || (info.value().st_mode & S_IXOTH) != 0) continue;
    return std::move(error).hint(
        text::cat("the container's root has no way through ", path,
                  ": of the runtimes estiva alone can do without; give it the mode 0711, or another --root"));
  }
  return error;
}

}  // namespace estiva::engine
