// SPDX-License-Identifier: Apache-2.0
// What was changed, told by packages rather than by files.
#pragma once

#include <string>
#include <vector>

#include "estiva/base/error.h"
#include "image/changes/compare.h"
#include "image/changes/packages.h"

namespace estiva::engine {

struct PackagesOf {
  image::Packages before, after;
};
Result<PackagesOf> packages_of(const image::Comparison& comparison);

struct OwnedChange {
  char kind;  // A, C, D
  std::string path;
  std::string package;  // empty: of none
};
// Packages that came and went with how many files, those that stay with the files changed in them, what belongs to no
// package, and how many files are the package managers' own.
std::string by_package(const PackagesOf& packages, const std::vector<OwnedChange>& changes);

}  // namespace estiva::engine
