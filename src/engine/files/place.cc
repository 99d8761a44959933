// SPDX-License-Identifier: Apache-2.0
// Paths, link by link.
#include "engine/files/place.h"

#include <errno.h>
#include <fcntl.h>

#include <vector>

#include "estiva/base/sys.h"
#include "estiva/base/text.h"

namespace estiva::engine {

namespace {

constexpr int kMaxLinks = 40;  // as the kernel's MAXSYMLINKS

struct Split {
  std::string parent, name;
};

// "a/b/" is "a/" and "b".
Split split_last(std::string path) {
  while (path.size() > 1 && path.ends_with('/')) path.pop_back();
  const size_t slash = path.rfind('/');
  return slash == path.npos ? Split{"/", path} : Split{path.substr(0, slash + 1), path.substr(slash + 1)};
}

bool names_directory(const std::string& name) { return name.empty() || name == "." || name == ".."; }

Result<Place> directory_itself(const RootDir& root, const std::string& path) {
  Fd dir = TRY(root.open_at(path, O_PATH | O_DIRECTORY));
  const struct stat info = TRY(sys::fstat(dir));
  return Place{std::move(dir), ".", info};
}

}  // namespace

Result<Place> find_place(const RootDir& root, std::string path, RootDir::Links links) {
  for (int followed = 0; followed <= kMaxLinks; ++followed) {
    const Split split = split_last(path);
    if (names_directory(split.name)) return directory_itself(root, path);
    Fd dir = TRY(root.open_at(split.parent, O_PATH | O_DIRECTORY));
    Result<Fd> file = sys::openat(dir, split.name, O_PATH | O_NOFOLLOW);
    if (!file.ok() && file.error().errnum() == ENOENT) return Place{std::move(dir), split.name, std::nullopt};
    const Fd held = TRY(std::move(file));
    const struct stat info = TRY(sys::fstat(held));
    if (!S_ISLNK(info.st_mode) || links != RootDir::Links::kFollow)
      return Place{std::move(dir), split.name, info};
    const std::string target = TRY(sys::readlinkat(held, ""));
    path = target.starts_with('/') ? target : split.parent + target;
  }
  return Error::system("open", ELOOP);
}

std::string cleaned_path(const std::string& path) {
  std::vector<std::string> kept;
  for (std::string& part : text::split(path, '/')) {
    if (part.empty() || part == ".") continue;
    if (part != "..")
      kept.push_back(std::move(part));
    else if (!kept.empty())
      kept.pop_back();
  }
  return text::cat("/", text::join(kept, "/"));
}

std::string last_name(const std::string& cleaned) { return cleaned.substr(cleaned.rfind('/') + 1); }

}  // namespace estiva::engine
