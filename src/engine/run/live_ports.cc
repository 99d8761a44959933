// SPDX-License-Identifier: Apache-2.0
// The shim holds a port from before it is published to after that; cais makes the rest.
#include "engine/run/live_ports.h"

#include <arpa/inet.h>
#include <sys/socket.h>

#include <algorithm>

#include "engine/container/ports.h"
#include "engine/container/status.h"
#include "engine/network/bridge.h"
#include "engine/network/endpoint.h"
#include "engine/network/forwards.h"
#include "engine/network/network.h"
#include "engine/network/plan.h"
#include "engine/shim/connection.h"
#include "estiva/base/text.h"
#include "estiva/base/undo.h"

namespace estiva::engine {

namespace {

using Ports = std::vector<PublishedPort>;

Result<void> check_live(const Engine& engine, const ContainerRecord& record) {
  const NetworkMode mode = TRY(network_mode(record.options));
  if (mode == NetworkMode::kContainer)
    return Error(Code::kInvalid, "conflicting options: port publishing and the container type network mode")
        .hint("publish the ports of the container whose network it is");
  if (mode != NetworkMode::kBridge)
    return Error(Code::kInvalid, text::cat("Container ", record.name, " has the network ", name_of(mode),
                                           ": nothing is published"));
  const Condition condition = TRY(condition_of(engine.containers, record));
  if (condition == Condition::kRunning || condition == Condition::kPaused) return {};
  return Error(Code::kState, text::cat("Container ", record.name, " is not running"));
}

Result<ShimConnection> connect(const Engine& engine, const ContainerRecord& record) {
  return ShimConnection::open(engine.containers.run_file(record.id, shim::kSocketFile), {});
}

Result<void> release(const ShimConnection& shim, const PublishedPort& port) {
  const int type = port.protocol == "udp" ? SOCK_DGRAM : SOCK_STREAM;
  return shim.release({.address = htonl(parse_ipv4(port.address).value_or(0)),
                       .port = port.host,
                       .type = static_cast<uint8_t>(type)});
}

bool stands_for(const PublishedPort& wanted, const PublishedPort& port) {
  return wanted.container == port.container && wanted.protocol == port.protocol &&
         (wanted.host == 0 || wanted.host == port.host) &&
         (wanted.address.empty() || wanted.shown_address() == port.shown_address());
}

// Those that are wanted no more; the error is docker's, of a port that is not published.
Result<std::vector<bool>> choose(const ContainerRecord& record, const Ports& wanted, const Ports& now) {
  std::vector<bool> out(now.size());
  for (const PublishedPort& each : wanted) {
    bool any = false;
    for (size_t i = 0; i < now.size(); ++i) {
      if (!stands_for(each, now[i])) continue;
      out[i] = any = true;
    }
    if (!any)
      return Error(Code::kNotFound,
                   text::cat("No public port '", publish_text(each), "' published for ", record.name));
  }
  return out;
}

// Of the options, without those. Options and ports that are open now stand in the same order.
Result<Strings> without(const Strings& publish, const std::vector<bool>& gone) {
  Strings out;
  size_t index = 0;
  for (const std::string& text : publish) {
    Strings left;
    const Ports ports = TRY(published_ports({text}));
    for (const PublishedPort& each : ports)
      if (index >= gone.size() || !gone[index++]) left.push_back(publish_text(each));
    if (left.size() == ports.size()) left = {text};
    out.insert(out.end(), left.begin(), left.end());
  }
  return out;
}

}  // namespace

Result<void> add_ports(const Engine& engine, const std::string& id, const std::string& spec) {
  const Containers& containers = engine.containers;
  const Fd lock = TRY(containers.lock(id));
  ContainerRecord record = TRY(containers.read(id));
  TRY(check_live(engine, record));
  ContainerOptions alone = record.options;
  alone.publish = {spec};
  TRY(check_published(alone));
  Ports ports = TRY(published_ports(alone.publish))
  , held;
  const std::vector<Fd> sockets = TRY(hold_ports(containers, record, ports));
  const ShimConnection shim = TRY(connect(engine, record));
  Undo release_all([&] {
    for (const PublishedPort& each : held) (void)release(shim, each);
  });
  for (size_t i = 0; i < sockets.size(); ++i) {
    held.push_back(ports[i]);
    TRY(shim.hold(sockets[i]));
  }
  TRY(open_more_ports(containers, id, ports));
  Undo close([&] { (void)close_some_ports(containers, id, ports); });
  record.options.publish.push_back(spec);
  TRY(containers.write(record));
  close.dismiss();
  release_all.dismiss();
  return {};
}

Result<void> remove_ports(const Engine& engine, const std::string& id, const std::string& spec) {
  const Containers& containers = engine.containers;
  const Fd lock = TRY(containers.lock(id));
  ContainerRecord record = TRY(containers.read(id));
  TRY(check_live(engine, record));
  const Ports now = ports_now(containers, id);
  const std::vector<bool> chosen = TRY(choose(record, TRY(published_ports({spec})), now));
  const ShimConnection shim = TRY(connect(engine, record));
  Ports gone;
  for (size_t i = 0; i < now.size(); ++i)
    if (chosen[i]) gone.push_back(now[i]);
  TRY(close_some_ports(containers, id, gone));
  record.options.publish = TRY(without(record.options.publish, chosen));
  TRY(containers.write(record));
  for (const PublishedPort& each : gone)
    TRY(release(shim, each).context([&] { return text::cat("port ", each.host, " of the host"); }));
  return {};
}

}  // namespace estiva::engine
