// SPDX-License-Identifier: Apache-2.0
// What the commands on containers share.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "engine/commands/command.h"
#include "engine/container/record.h"
#include "engine/run/engine.h"
#include "engine/shim/attach.h"
#include "estiva/base/json.h"

namespace estiva::engine {

// The engine, with everything that killed commands left cleaned up.
Result<Engine> open_containers(Invocation& in);

// For commands that take a bundle's directory too: nothing if no container has that name.
Result<std::optional<ContainerRecord>> named_container(const Engine& engine, const std::string& operand);

// For each operand in turn: what was typed is printed when it went well, an error is logged and the others go on.
// The exit status is 1 if there was one.
template <typename Act>
Result<int> for_each_container(Invocation& in, const Engine& engine, const Strings& operands,
                               const Act& act) {
  int status = 0;
  for (const std::string& operand : operands) {
    const Result<void> done = [&]() -> Result<void> {
      const ContainerRecord record = TRY(engine.containers.find(operand));
      TRY(act(record));
      return print(operand + "\n");
    }();
    if (done.ok()) continue;
    in.log.error(done.error());
    status = 1;
  }
  return status;
}

// Follows a container with our terminal; its exit status, or 0 after the detach keys.
Result<int> follow(const Engine& engine, const ContainerRecord& record, const ShimConnection& connection,
                   AttachOptions options);
// "KEY", or "KEY=VALUE".
bool has_label(const ContainerRecord& record, const std::string& wanted);
// An object of `inspect`.
Result<void> write_container(json::Writer& writer, const Engine& engine, const ContainerRecord& record);
// `keys` as --detach-keys gives them.
Result<AttachOptions> attach_options(const std::string& keys, bool input, bool terminal);
uint8_t attach_wants(const ContainerOptions& options);

}  // namespace estiva::engine
