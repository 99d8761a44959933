// SPDX-License-Identifier: Apache-2.0
// The packages that are installed in a file system, by the databases of dpkg, pacman and apk in it, and the paths that
// belong to each. Hostile content: a database that can't be read as one has fewer packages.
#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "estiva/base/error.h"
#include "image/changes/side.h"

namespace estiva::image {

// By name; absolute paths.
using Packages = std::map<std::string, std::vector<std::string>, std::less<>>;

// What `side` has is added; where it only has what an overlay wrote, `packages` are those that show through: new lists
// take the place of old ones, and packages whose list is gone are taken away.
Result<void> read_packages(const Side& side, Packages& packages);

// The package of each path; directories that are everybody's have many, of which one is named.
std::map<std::string, std::string, std::less<>> owners_of(const Packages& packages);
// Nobody's: "". Programs and libraries may be listed by the path that they had before / and /usr were merged.
std::string owner_of(const std::map<std::string, std::string, std::less<>>& owners, const std::string& path);
// Kept by a package manager for itself.
bool is_bookkeeping(std::string_view path);

// The lines of dpkg's info/NAME.list, of %FILES% in pacman's local/NAME-VERSION-RELEASE/files, and of apk's installed.
std::vector<std::string> dpkg_paths(std::string_view list);
std::vector<std::string> pacman_paths(std::string_view files);
Packages apk_packages(std::string_view installed);

}  // namespace estiva::image
