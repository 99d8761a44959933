// SPDX-License-Identifier: Apache-2.0
// The shim holds a port from before it is published to after that; cais makes the rest.
#include "engine/run/live_ports.h"

#include <algorithm>

#include "engine/container/ports.h"
#include "engine/container/status.h"
#include "engine/network/bridge.h"
#include "engine/network/endpoint.h"
#include "engine/network/forwards.h"
#include "engine/network/network.h"
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
  return not_running(record.name, condition);
}

Result<Ipv6> ipv6_of(const Containers& containers, const std::string& id) {
  const std::optional<Endpoint> endpoint = TRY(read_endpoint(containers, id));
  return endpoint ? endpoint->ipv6() : Ipv6::kNone;
}

Result<ShimConnection> connect(const Engine& engine, const ContainerRecord& record) {
  return ShimConnection::open(engine.containers.run_file(record.id, shim::kSocketFile), {});
}

// Of a place with an address.
Result<void> release(const ShimConnection& shim, const PublishedPort& port) {
  const sys::InetName name = socket_name(port);
  const auto type = static_cast<uint8_t>(name.type);
  if (port.is_v6()) {
    shim::PortV6 out = {.address = {}, .port = name.port, .type = type};
    name.address.copy(out.address, sizeof out.address);
    return shim.release(out);
  }
  shim::Port out = {.address = 0, .port = name.port, .type = type};
  name.address.copy(reinterpret_cast<char*>(&out.address), sizeof out.address);
  return shim.release(out);
}

// What is published without an address is one thing.
bool stands_for(const PublishedPort& wanted, const PublishedPort& port) {
  return wanted.container == port.container && wanted.protocol == port.protocol &&
         (wanted.host == 0 || wanted.host == port.host) &&
         (wanted.address.empty() || wanted.address == port.address ||
          (port.address.empty() && is_any(wanted)));
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
  const Ipv6 ipv6 = TRY(ipv6_of(containers, id));
  Ports ports = TRY(published_ports(alone.publish)), held;
  const std::vector<HeldPort> sockets = TRY(hold_ports(containers, record, ports, ipv6));
  const Ports places = places_of(ports, ipv6);
  const ShimConnection shim = TRY(connect(engine, record));
  Undo release_all([&] {
    for (const PublishedPort& each : held) (void)release(shim, each);
  });
  for (size_t i = 0; i < sockets.size(); ++i) {
    held.push_back(places[i]);
    TRY(shim.hold(sockets[i].socket, {sockets[i].port}));
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
  const Ipv6 ipv6 = TRY(ipv6_of(containers, id));
  const Ports now = ports_now(containers, id);
  const std::vector<bool> chosen = TRY(choose(record, TRY(published_ports({spec})), now));
  const ShimConnection shim = TRY(connect(engine, record));
  Ports gone;
  for (size_t i = 0; i < now.size(); ++i)
    if (chosen[i]) gone.push_back(now[i]);
  TRY(close_some_ports(containers, id, gone));
  record.options.publish = TRY(without(record.options.publish, chosen));
  TRY(containers.write(record));
  for (const PublishedPort& each : places_of(gone, ipv6))
    TRY(release(shim, each).context([&] { return text::cat("port ", each.shown_place(), " of the host"); }));
  return {};
}

}  // namespace estiva::engine
