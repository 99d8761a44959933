// SPDX-License-Identifier: Apache-2.0
// Grouping by package.
#include "engine/commands/diff_packages.h"

#include <map>

#include "estiva/base/text.h"
#include "estiva/base/utf8.h"

namespace estiva::engine {

namespace {

using Group = std::map<std::string, std::vector<const OwnedChange*>>;

std::string line(std::string_view indent, const OwnedChange& change) {
  return text::cat(indent, std::string(1, change.kind), " ", utf8::printable(change.path), "\n");
}

std::string counted(const char* title, const Group& group) {
  std::string out;
  for (const auto& [name, changes] : group) {
    std::string shown = utf8::printable(name);
    shown.resize(std::max<size_t>(shown.size(), 32), ' ');
    out += text::cat("  ", shown, " ", changes.size(), changes.size() == 1 ? " file\n" : " files\n");
  }
  return out.empty() ? out : text::cat(title, ": ", group.size(), "\n", out);
}

std::string listed(const Group& group) {
  std::string out;
  for (const auto& [name, changes] : group) {
    out += text::cat("  ", utf8::printable(name), "\n");
    for (const OwnedChange* change : changes) out += line("    ", *change);
  }
  return out.empty() ? out : text::cat("packages with changed files: ", group.size(), "\n", out);
}

}  // namespace

Result<PackagesOf> packages_of(const image::Comparison& comparison) {
  PackagesOf out;
  TRY(image::read_packages(comparison.before, out.before));
  if (comparison.is_upper) out.after = out.before;
  TRY(image::read_packages(comparison.after, out.after));
  return out;
}

std::string by_package(const PackagesOf& packages, const std::vector<OwnedChange>& changes) {
  Group added, deleted, stay;
  std::string of_none;
  size_t bookkeeping = 0, none = 0;
  // Also those without a changed file: one that was installed and is empty.
  for (const auto& [name, paths] : packages.after)
    if (!packages.before.contains(name)) added[name];
  for (const auto& [name, paths] : packages.before)
    if (!packages.after.contains(name)) deleted[name];
  for (const OwnedChange& change : changes) {
    if (image::is_bookkeeping(change.path)) {
      ++bookkeeping;
    } else if (change.package.empty()) {
      ++none;
      of_none += line("  ", change);
    } else {
      Group& group = added.contains(change.package)     ? added
                     : deleted.contains(change.package) ? deleted
                                                        : stay;
      group[change.package].push_back(&change);
    }
  }
  std::string out =
      text::cat(counted("packages added", added), counted("packages deleted", deleted), listed(stay));
  if (none > 0) out += text::cat("of no package: ", none, "\n", of_none);
  if (bookkeeping > 0) out += text::cat("package managers' own files: ", bookkeeping, "\n");
  return out;
}

}  // namespace estiva::engine
