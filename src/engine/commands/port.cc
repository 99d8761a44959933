// SPDX-License-Identifier: Apache-2.0
// cais port: where ports of a container are published, and more or fewer of them while it runs.
#include "engine/commands/containers.h"
#include "engine/container/ports.h"
#include "engine/network/endpoint.h"
#include "engine/run/live_ports.h"
#include "estiva/base/text.h"

namespace estiva::engine {

namespace {

constexpr std::string_view kAdd = "add", kRemove = "rm";

Result<int> list_ports(const Engine& engine, const Strings& operands) {
  const ContainerRecord record = TRY(engine.containers.find(operands[0]));
  std::string lines;
  for (const PublishedPort& each : places_now(engine.containers, record.id)) {
    const std::string inner = text::cat(each.container, "/", each.protocol);
    const bool one = operands.size() == 2;
    if (one && operands[1] != inner && operands[1] != text::cat(each.container)) continue;
    const std::string outer = each.shown_place();
    lines += one ? outer + "\n" : text::cat(inner, " -> ", outer, "\n");
  }
  if (lines.empty() && operands.size() == 2)
    return Error(Code::kNotFound,
                 text::cat("No public port '", operands[1], "' published for ", operands[0]));
  TRY(print(lines));
  return 0;
}

Result<int> port(Invocation& in) {
  const Strings operands = TRY(parse_operands(kPort, nullptr, in, 1, SIZE_MAX));
  const Engine engine = TRY(open_containers(in));
  const bool adds = operands[0] == kAdd, changes = adds || operands[0] == kRemove;
  // A container may have such a name.
  if (operands.size() < 3 && (!changes || engine.containers.find(operands[0]).ok()))
    return list_ports(engine, operands);
  if (!changes || operands.size() < 3)
    return Error(Code::kInvalid, text::cat("port: ", changes ? "an operand is missing" : "too many operands"))
        .hint(text::cat("usage: ", usage(in.program, kPort)));
  const ContainerRecord record = TRY(engine.containers.find(operands[1]));
  for (size_t i = 2; i < operands.size(); ++i)
    TRY(adds ? add_ports(engine, record.id, operands[i]) : remove_ports(engine, record.id, operands[i]));
  return adds ? list_ports(engine, {operands[1]}) : Result<int>(0);
}

}  // namespace

static constexpr const char* kPortExamples =
    "  cais port web\n"
    "  cais port add web 8081:80 127.0.0.1:5353:53/udp\n"
    "  cais port rm web 8081:80\n";
const Command kPort = {"port",
                       "add|rm|CONTAINER [CONTAINER|PORT] [PORT...]",
                       "list the published ports of a container; publish more; take some back",
                       {},
                       port,
                       false,
                       kPortExamples};

}  // namespace estiva::engine
