// SPDX-License-Identifier: Apache-2.0
// Why a container ended or does not run, in sentences. Pure: only what its records say; where they say nothing, that.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "engine/container/asked.h"
#include "engine/container/record.h"
#include "engine/container/status.h"

namespace estiva::engine {

// Whose memory was used up.
enum class MemoryLimit : uint8_t { kOwn, kOther, kUnknown };
std::string_view name_of(MemoryLimit limit);

struct Facts {
  const ContainerRecord& record;
  const Status& status;
  StartError start_error;
  std::vector<Asked> asked;
};
struct Explanation {
  std::vector<std::string> sentences;
  std::optional<MemoryLimit> memory;  // a process was ended because memory was used up
};
Explanation explain(const Facts& facts);

}  // namespace estiva::engine
