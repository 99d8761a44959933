// SPDX-License-Identifier: Apache-2.0
// Checks the hooks (config.md, "POSIX-platform Hooks").
#include "estiva/base/text.h"
#include "runtime/plan/parts.h"

namespace estiva::plan {

Result<void> check_hooks(const spec::Hooks& hooks) {
  const struct {
    const char* name;
    const std::vector<spec::Hook>& list;
  } kinds[] = {
      {"prestart", hooks.prestart},
      {"createRuntime", hooks.create_runtime},
      {"createContainer", hooks.create_container},
      {"startContainer", hooks.start_container},
      {"poststart", hooks.poststart},
      {"poststop", hooks.poststop},
  };
  for (const auto& [name, list] : kinds) {
    for (size_t i = 0; i < list.size(); ++i) {
      const std::string object = text::cat("/hooks/", name, "/", i);
      if (list[i].path.empty() || list[i].path[0] != '/')
        return Error::invalid(object + "/path", "is not absolute");
      if (list[i].timeout && *list[i].timeout <= 0)
        return Error::invalid(object + "/timeout", "is not above 0");
      for (size_t j = 0; j < list[i].env.size(); ++j) {
        if (list[i].env[j].find('=') == std::string::npos) {
          return Error::invalid(text::cat(object, "/env/", j),
                                text::cat(text::quote(list[i].env[j]), " is not NAME=VALUE"));
        }
      }
    }
  }
  return {};
}

}  // namespace estiva::plan
