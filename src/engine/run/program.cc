// SPDX-License-Identifier: Apache-2.0
// Searches of PATH.
#include "engine/run/program.h"

#include <sys/stat.h>

#include <fcntl.h>

#include "estiva/base/sys_data.h"
#include "estiva/base/text.h"

namespace estiva::engine {

namespace {

enum class Kind { kMissing, kNotExecutable, kGood };

Kind kind_of(const RootDir& root, const std::string& path) {
  const Result<Fd> file = root.open_at(path, O_PATH);
  if (!file.ok()) return Kind::kMissing;
  const Result<struct stat> info = sys::fstat(file.value());
  if (!info.ok()) return Kind::kMissing;
  return S_ISREG(info.value().st_mode) && (info.value().st_mode & 0111) != 0 ? Kind::kGood
                                                                             : Kind::kNotExecutable;
}

std::string variable(const spec::Process& process, std::string_view name) {
  for (const std::string& each : process.env)
    if (each.starts_with(name) && each.size() > name.size() && each[name.size()] == '=')
      return each.substr(name.size() + 1);
  return {};
}

}  // namespace

std::optional<std::string> check_program(const RootDir& root, const spec::Process& process) {
  const std::string& name = process.args.at(0);
  const std::string subject = text::cat("exec: ", text::quote(name), ": ");
  std::vector<std::string> candidates;
  const bool is_path = name.find('/') != std::string::npos;
  if (is_path) {
    candidates.push_back(name.starts_with('/') ? name : text::cat(process.cwd, "/", name));
  } else {
    for (const std::string& place : text::split(variable(process, "PATH"), ':'))
      candidates.push_back(text::cat(place, "/", name));
  }
  Kind best = Kind::kMissing;
  for (const std::string& candidate : candidates) {
    const Kind kind = kind_of(root, candidate);
    if (kind == Kind::kGood) return std::nullopt;
    if (kind == Kind::kNotExecutable) best = kind;
  }
  if (best == Kind::kNotExecutable) return subject + "permission denied";
  return subject + (is_path ? "no such file or directory" : "executable file not found in $PATH");
}

}  // namespace estiva::engine
