// SPDX-License-Identifier: Apache-2.0
// Databases of package managers.
#include "image/changes/packages.h"

#include <algorithm>
#include <memory>

#include "estiva/base/text.h"

namespace estiva::image {

namespace {

constexpr uint64_t kMaxDatabase = 32 << 20;  // bytes of one file
constexpr std::string_view kDpkg = "/var/lib/dpkg", kPacman = "/var/lib/pacman", kApk = "/lib/apk/db";

// The directory, and the one above it, which it refers to.
struct Opened {
  std::vector<std::unique_ptr<Folder>> way;
  const Folder& last() const { return *way.back(); }
};

// Nothing where the path leads to no directory.
Result<std::optional<Opened>> open_directory(const Side& side, std::string_view path) {
  Opened out;
  out.way.push_back(std::make_unique<Folder>(TRY(side.root())));
  for (const std::string& name : text::split(path.substr(1), '/')) {
    const std::optional<Found> found = TRY(side.find(out.last(), name));
    if (!found || found->whiteout || !found->attributes.is_directory()) return std::optional<Opened>();
    std::optional<Folder> next = TRY(side.open(*found));
    if (!next) return std::optional<Opened>();
    out.way.push_back(std::make_unique<Folder>(std::move(*next)));
  }
  return std::optional(std::move(out));
}

// Empty for what is no file, or too large a one.
Result<std::string> read(const Side& side, const Found& found) {
  return TRY(side.read(found, kMaxDatabase)).value_or("");
}

// info/NAME.list, info/NAME:ARCHITECTURE.list
Result<void> read_dpkg(const Side& side, Packages& packages) {
  const std::optional<Opened> info = TRY(open_directory(side, text::cat(kDpkg, "/info")));
  if (!info) return {};
  constexpr std::string_view kSuffix = ".list";
  for (const auto& [file, is_file] : TRY(side.list(info->last()))) {
    if (!file.ends_with(kSuffix)) continue;
    const std::string name = file.substr(0, std::min(file.find(':'), file.size() - kSuffix.size()));
    const std::optional<Found> found = TRY(side.find(info->last(), file));
    if (!found) continue;
    if (found->whiteout)
      packages.erase(name);
    else
      packages[name] = dpkg_paths(TRY(read(side, *found)));
  }
  return {};
}

// local/NAME-VERSION-RELEASE/files
Result<void> read_pacman(const Side& side, Packages& packages) {
  const std::optional<Opened> local = TRY(open_directory(side, text::cat(kPacman, "/local")));
  if (!local) return {};
  for (const auto& [entry, is_file] : TRY(side.list(local->last()))) {
    const size_t release = entry.rfind('-');
    const size_t version = release == entry.npos || release == 0 ? entry.npos : entry.rfind('-', release - 1);
    if (version == entry.npos || version == 0) continue;
    const std::string name = entry.substr(0, version);
    const std::optional<Found> found = TRY(side.find(local->last(), entry));
    if (found && found->whiteout) packages.erase(name);
    if (!found || found->whiteout || !found->attributes.is_directory()) continue;
    const std::optional<Folder> folder = TRY(side.open(*found));
    const std::optional<Found> files = folder ? TRY(side.find(*folder, "files")) : std::nullopt;
    if (files && !files->whiteout) packages[name] = pacman_paths(TRY(read(side, *files)));
  }
  return {};
}

// One file for all: those that are no longer in it are gone.
Result<void> read_apk(const Side& side, Packages& packages) {
  const std::optional<Opened> place = TRY(open_directory(side, kApk));
  const std::optional<Found> file = place ? TRY(side.find(place->last(), "installed")) : std::nullopt;
  if (!file) return {};
  packages = file->whiteout ? Packages() : apk_packages(TRY(read(side, *file)));
  return {};
}

}  // namespace

std::vector<std::string> dpkg_paths(std::string_view list) {
  std::vector<std::string> out;
  for (std::string& line : text::split(list, '\n'))
    if (line.starts_with('/') && line != "/.") out.push_back(std::move(line));
  return out;
}

std::vector<std::string> pacman_paths(std::string_view files) {
  std::vector<std::string> out;
  bool in_files = false;
  for (const std::string& line : text::split(files, '\n')) {
    if (line.starts_with('%')) in_files = line == "%FILES%";
    if (!in_files || line.empty() || line.starts_with('%')) continue;
    out.push_back(text::cat("/", line.ends_with('/') ? line.substr(0, line.size() - 1) : line));
  }
  return out;
}

// A letter, a colon, a value in each line: P is the package, F a directory, R a file in it.
Packages apk_packages(std::string_view installed) {
  Packages out;
  std::string name, directory;
  for (const std::string& line : text::split(installed, '\n')) {
    if (line.size() < 2 || line[1] != ':') continue;
    const std::string value = line.substr(2);
    if (line[0] == 'P') out[name = value], directory.clear();
    if (name.empty()) continue;
    if (line[0] == 'F') out[name].push_back(text::cat("/", directory = value));
    if (line[0] == 'R') out[name].push_back(text::cat("/", directory, directory.empty() ? "" : "/", value));
  }
  return out;
}

Result<void> read_packages(const Side& side, Packages& packages) {
  TRY(read_apk(side, packages));
  TRY(read_dpkg(side, packages));
  return read_pacman(side, packages);
}

std::map<std::string, std::string, std::less<>> owners_of(const Packages& packages) {
  std::map<std::string, std::string, std::less<>> out;
  for (const auto& [name, paths] : packages)
    for (const std::string& path : paths) out.emplace(path, name);
  return out;
}

std::string owner_of(const std::map<std::string, std::string, std::less<>>& owners, const std::string& path) {
  constexpr std::string_view kMerged = "/usr";
  auto found = owners.find(path);
  if (found == owners.end() && path.starts_with("/usr/"))
    found = owners.find(std::string_view(path).substr(kMerged.size()));
  return found == owners.end() ? std::string() : found->second;
}

bool is_bookkeeping(std::string_view path) {
  static constexpr std::string_view kPlaces[] = {kDpkg,
                                                 kPacman,
                                                 kApk,
                                                 "/var/lib/apt",
                                                 "/var/cache/apt",
                                                 "/var/cache/pacman",
                                                 "/var/cache/debconf",
                                                 "/var/log/apt",
                                                 "/var/log/dpkg.log",
                                                 "/var/log/pacman.log",
                                                 "/var/cache/apk",
                                                 "/etc/apk/world"};
  return std::ranges::any_of(kPlaces, [&](std::string_view place) {
    return path.starts_with(place) && (path.size() == place.size() || path[place.size()] == '/');
  });
}

}  // namespace estiva::image
