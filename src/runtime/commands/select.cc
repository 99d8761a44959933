// SPDX-License-Identifier: Apache-2.0
// Several containers by one word.
#include "runtime/commands/select.h"

#include <regex.h>

#include "estiva/base/text.h"
#include "estiva/base/undo.h"

namespace estiva {

Result<std::vector<std::string>> matching_ids(const Store& store, const std::string& pattern) {
  regex_t compiled;
  const int problem = regcomp(&compiled, pattern.c_str(), REG_EXTENDED | REG_NOSUB);
  if (problem != 0) {
    char reason[128];
    regerror(problem, &compiled, reason, sizeof reason);
    return Error(Code::kInvalid,
                 text::cat(text::quote(pattern), " is no regular expression: ", std::string_view(reason)));
  }
  const Undo freed([&] { regfree(&compiled); });
  std::vector<std::string> ids = TRY(store.ids());
  std::erase_if(ids,
                [&](const std::string& id) { return regexec(&compiled, id.c_str(), 0, nullptr, 0) != 0; });
  return ids;
}

Result<int> for_each_match(const Store& store, const std::string& pattern, Log& log,
                           const std::function<Result<void>(const std::string&)>& act) {
  int status = 0;
  for (const std::string& id : TRY(matching_ids(store, pattern))) {
    const Result<void> done = act(id);
    if (done.ok()) continue;
    log.error(done.error());
    status = 1;
  }
  return status;
}

}  // namespace estiva
