// SPDX-License-Identifier: Apache-2.0
// --filter of `ps` and of `start --all`, as docker has it: of several values of one name one is enough, of labels each
// counts, and so does each name.
#pragma once

#include <string>
#include <vector>

#include "engine/container/record.h"
#include "engine/container/status.h"
#include "estiva/base/error.h"

namespace estiva::engine {

struct Listed {
  ContainerRecord record;
  Status status;
};

class ContainerFilter {
 public:
  static Result<ContainerFilter> parse(const Strings& given);
  bool takes(const Listed& each) const;
  // A container that does not run is asked for.
  bool is_about_the_end() const;

 private:
  struct Wanted {
    size_t key;  // in the table
    std::string value;
  };
  std::vector<Wanted> wanted_;
};

inline constexpr char kContainerFilterHelp[] =
    "id, name, status, label, ancestor, exited, restart-policy, should-start-on-boot";

}  // namespace estiva::engine
