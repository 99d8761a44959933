// SPDX-License-Identifier: Apache-2.0
// The arguments of `exec --cgroup`.
#include <algorithm>

#include "estiva/base/text.h"
#include "runtime/plan/exec.h"

namespace estiva {

namespace {

Error bad(const std::string& argument, std::string_view message) {
  return Error::invalid(kCgroupOption, text::cat(text::quote(argument), " ", message));
}

// By component: as a prefix "/ID" would let "/ID-other" pass.
Result<std::string> normalise(const std::string& argument, std::string_view path) {
  std::vector<std::string> parts;
  for (const std::string& part : text::split(path, '/')) {
    if (part.empty() || part == ".") continue;
    if (part != "..") {
      parts.push_back(part);
    } else if (parts.empty()) {
      return bad(argument, "leads out of the container's cgroup");
    } else {
      parts.pop_back();
    }
  }
  return parts.empty() ? std::string() : text::cat("/", text::join(parts, "/"));
}

Result<void> add_controllers(const std::string& argument, size_t colon, std::vector<SubCgroup>& out) {
  const std::string path = TRY(normalise(argument, std::string_view(argument).substr(colon + 1)));
  for (const std::string& controller : text::split(argument.substr(0, colon), ',')) {
    if (controller.empty()) return bad(argument, "has an empty controller");
    if (std::ranges::find(out, controller, &SubCgroup::controller) != out.end())
      return bad(argument, text::cat("is a second path for the controller ", controller));
    out.push_back({controller, path});
  }
  return {};
}

}  // namespace

Result<std::vector<SubCgroup>> plan_sub_cgroups(const std::vector<std::string>& arguments) {
  std::vector<SubCgroup> out;
  for (const std::string& argument : arguments) {
    const size_t colon = argument.find(':');
    if (colon != std::string::npos) {
      TRY(add_controllers(argument, colon, out));
    } else if (arguments.size() > 1) {
      return bad(argument, "has no controller").hint("several paths need one each, CONTROLLER:PATH");
    } else {
      out.push_back({"", TRY(normalise(argument, argument))});
    }
  }
  return out;
}

}  // namespace estiva
