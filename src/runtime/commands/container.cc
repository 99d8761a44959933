// SPDX-License-Identifier: Apache-2.0
// The words for the wrong state.
#include "runtime/commands/container.h"

#include "estiva/base/text.h"

namespace estiva {

Error wrong_state(std::string_view verb, const Record& record, spec::Status status) {
  return Error(Code::kState, text::cat("cannot ", verb, " container ", text::quote(record.id), " in the ",
                                       spec::name(status), " state"));
}

Error not_running(const std::string& id) {
  return Error(Code::kState, text::cat("container not running: ", text::quote(id), " has stopped"));
}

}  // namespace estiva
