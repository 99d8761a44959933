// SPDX-License-Identifier: Apache-2.0
// Mounts of images.
#include "image/mount/mount.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/mount.h>
#include <sys/file.h>
#include <sys/mount.h>
#include <sys/utsname.h>

#include "estiva/base/files.h"
#include "estiva/base/identity.h"
#include "estiva/base/sys_mount.h"
#include "estiva/base/sys_process.h"
#include "estiva/base/text.h"
#include "estiva/base/undo.h"
#include "image/layers/erofs.h"
#include "image/store/store.h"

namespace estiva::image {

namespace {

constexpr size_t kLongestValue = 255;  // of fsconfig(2)

// Short names for files and directories whose own are long or have colons: descriptors, with /proc/self/fd as the
// working directory for as long as they are needed. Nothing of them can be left.
class ShortNames {
 public:
  static Result<ShortNames> make() {
    ShortNames names;
    names.before_ = TRY(sys::open(".", O_RDONLY | O_DIRECTORY));
    TRY(sys::fchdir(TRY(sys::open("/proc/self/fd", O_RDONLY | O_DIRECTORY))));
    return names;
  }
  ShortNames(ShortNames&& other) noexcept = default;
  ~ShortNames() {
    if (before_.valid()) (void)sys::fchdir(before_);
  }

  Result<std::string> add(const std::string& target) {
    opened_.push_back(TRY(sys::open(target, O_PATH)));
    return text::cat(opened_.back().number());
  }

 private:
  ShortNames() = default;
  Fd before_;
  std::vector<Fd> opened_;
};

// The call's error, with what the kernel said beside it.
Result<void> explained(Result<void> done, FdView context) {
  if (done.ok()) return done;
  const std::string message = sys::fscontext_message(context);
  if (message.empty()) return done;
  return std::move(done).error().hint(text::cat("the kernel: ", message));
}

std::string kernel_release() {
  struct utsname name;
  ::uname(&name);
  return name.release;
}

// An index of an empty image over an empty tar: what the kernel needs is asked for by a mount.
Result<Tier> try_mount(const std::string& dir) {
  const std::string tar = text::cat(dir, "/tar"), index = text::cat(dir, "/index"),
                    target = text::cat(dir, "/mnt");
  TRY(sys::mkdirat(FdView::cwd(), target, 0700));
  const Fd data = TRY(sys::open(tar, O_WRONLY | O_CREAT, 0600));
  TRY(sys::write_all(data, std::string(512, '\0')));
  Tree tree;
  const LayerData layer{tar, 0, ""};
  {
    const Fd file = TRY(sys::open(index, O_RDWR | O_CREAT, 0600));
    TRY(write_index(tree, std::span(&layer, 1), "probe", file));
  }
  const std::vector<std::string> devices = {tar};
  if (!mount_index(index, devices, target).ok()) return Tier::kUnpacked;
  TRY(unmount(target));
  return Tier::kIndex;
}

}  // namespace

Result<void> mount_index(const std::string& index, std::span<const std::string> devices,
                         const std::string& target) {
  ShortNames names = TRY(ShortNames::make());
  const Fd context = TRY(sys::fsopen("erofs"));
  const std::string source = index.size() <= kLongestValue ? index : TRY(names.add(index));
  TRY(explained(sys::fsconfig_string(context, "source", source), context));
  for (const std::string& device : devices) {
    const std::string name = TRY(names.add(device));
    TRY(explained(sys::fsconfig_string(context, "device", name), context));
  }
  TRY(sys::fsconfig_flag(context, "ro"));
  TRY(explained(sys::fsconfig_create(context), context).context([&] { return text::cat("index ", index); }));
  const Fd mount = TRY(sys::fsmount(context, MOUNT_ATTR_RDONLY | MOUNT_ATTR_NODEV));
  return sys::move_mount(mount, "", FdView::cwd(), target, MOVE_MOUNT_F_EMPTY_PATH);
}

Result<void> mount_overlay(const Overlay& overlay, const std::string& target) {
  ShortNames names = TRY(ShortNames::make());
  std::vector<std::string> lower;
  for (const std::string& each : overlay.lower) lower.push_back(TRY(names.add(each)));
  // Renamed directories and files without data would tie a later commit to the layers below.
  std::string options =
      text::cat("redirect_dir=off,metacopy=off,index=off,lowerdir=", text::join(lower, ":"));
  if (!overlay.upper.empty()) {
    const std::string upper = TRY(names.add(overlay.upper)), work = TRY(names.add(overlay.work));
    options += text::cat(",upperdir=", upper, ",workdir=", work);
  }
  Result<void> mounted = sys::mount("overlay", target, "overlay", 0, options.c_str());
  return std::move(mounted).context([&] { return text::cat("overlay at ", target); });
}

Result<void> unmount(const std::string& target) {
  Result<void> done = sys::umount2(target, MNT_DETACH | UMOUNT_NOFOLLOW);
  if (!done.ok() && (done.error().errnum() == EINVAL || done.error().errnum() == ENOENT)) return {};
  return done;
}

bool is_mounted(const std::string& target, long type) {
  const Result<struct statfs> info = sys::statfs(target);
  return info.ok() && static_cast<uint32_t>(info.value().f_type) == static_cast<uint32_t>(type);
}

// One command tries, the others wait for what it finds.
Result<Tier> probe_tier(const std::string& work, const std::string& run_root) {
  TRY(files::make_directories(run_root, 0700));
  const Fd dir = TRY(sys::open(run_root, O_RDONLY | O_DIRECTORY));
  const std::string place = work.substr(0, work.rfind('/'));
  const std::string key = text::cat(TRY(boot_id()), " ", kernel_release(), " ", place, " ");
  const auto read_known = [&]() -> std::optional<Tier> {
    const Result<std::string> known = files::read_all(dir, "tier", 4096);
    if (known.ok() && known.value() == text::cat(key, "index\n")) return Tier::kIndex;
    if (known.ok() && known.value() == text::cat(key, "unpacked\n")) return Tier::kUnpacked;
    return std::nullopt;
  };
  if (const std::optional<Tier> known = read_known()) return *known;
  TRY(sys::flock(dir, LOCK_EX));
  if (const std::optional<Tier> known = read_known()) return *known;
  TRY(sys::mkdirat(FdView::cwd(), work, 0700));
  const Undo remove([&] { (void)files::remove_tree(FdView::cwd(), work); });
  const Tier tier = TRY(try_mount(work));
  TRY(files::replace(dir, "tier", text::cat(key, tier == Tier::kIndex ? "index\n" : "unpacked\n"), 0600));
  return tier;
}

}  // namespace estiva::image
