// SPDX-License-Identifier: Apache-2.0
// Sockets and forwards.
#include "engine/network/forwards.h"

#include <errno.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <algorithm>

#include "estiva/base/inet.h"
#include "estiva/base/text.h"

namespace estiva::engine {

namespace {

constexpr int kBacklog = 4096;  // the kernel has a limit of its own
constexpr int kTries = 20;      // to find a port that is free for IPv4 and IPv6

bool same_place(const PublishedPort& a, const PublishedPort& b) {
  return a.protocol == b.protocol && a.host == b.host && a.is_v6() == b.is_v6() &&
         (a.address == b.address || is_any(a) || is_any(b));
}

std::string owner_of(const Containers& containers, const PublishedPort& wanted) {
  const Result<std::vector<ContainerRecord>> records = containers.list();
  if (!records.ok()) return "";
  for (const ContainerRecord& record : records.value()) {
    const std::vector<PublishedPort> places = places_now(containers, record.id);
    if (std::ranges::any_of(places, [&](const PublishedPort& each) { return same_place(each, wanted); }))
      return record.name;
  }
  return "";
}

std::string refusal(const ContainerRecord& record, const PublishedPort& place) {
  return text::cat("driver failed programming external connectivity on endpoint ", record.name, " (",
                   record.id, "): Bind for ", place.shown_place(), " failed: ");
}

Error refused_port(const Containers& containers, const ContainerRecord& record, const PublishedPort& place,
                   const Error& cause) {
  const std::string subject = refusal(record, place);
  if (cause.errnum() != EADDRINUSE) return Error(Code::kSystem, subject + text::lower(cause.to_string()));
  Error out(Code::kExists, subject + "port is already allocated");
  const std::string owner = owner_of(containers, place);
  if (!owner.empty()) return std::move(out).hint(text::cat("the container ", owner, " has it"));
  return std::move(out).hint(
      text::cat("another program has it: ss -lnp 'sport = ", place.host, "' tells which"));
}

// Without an address nobody asks for what is not there.
Result<void> check_v6(const ContainerRecord& record, const PublishedPort& place, Ipv6 ipv6) {
  if (!place.is_v6() || ipv6 != Ipv6::kNone) return {};
  return Error(Code::kState, refusal(record, place) + "the host has no IPv6");
}

// The sockets of one port at all its places. `failed`: the place whose socket can't be.
Result<std::vector<HeldPort>> hold_places(std::vector<PublishedPort>& places, PublishedPort& failed) {
  std::vector<HeldPort> out;
  for (PublishedPort& each : places) {
    each.host = places[0].host;
    failed = each;
    HeldPort held;
    held.port = each.is_v6() ? each.container : uint16_t{0};
    held.socket = TRY(sys::bound_inet_socket(socket_name(each), held.port != 0 ? kBacklog : 0));
    if (each.host == 0) each.host = TRY(sys::inet_name(held.socket)).port;
    out.push_back(std::move(held));
  }
  return out;
}

}  // namespace

uint8_t number_of(const std::string& protocol) { return protocol == "udp" ? IPPROTO_UDP : IPPROTO_TCP; }

Result<std::vector<Forward>> forwards_of(const Endpoint& endpoint) {
  std::vector<Forward> out;
  for (const PublishedPort& each : places_of(TRY(published_ports(endpoint.ports)), endpoint.ipv6())) {
    // What the host does not forward, and what comes to [::1], cais-shim passes on.
    if (each.is_v6() && (endpoint.ipv6() != Ipv6::kForwarded || each.address == "::1")) continue;
    const std::string& to = each.is_v6() ? endpoint.address_v6 : endpoint.address;
    out.push_back({number_of(each.protocol), is_any(each) ? "" : inet::parse(each.address).value_or(""),
                   each.host, inet::parse(to).value_or(""), each.container});
  }
  return out;
}

Result<std::vector<Forward>> unclaimed(const Containers& containers, const std::string& id,
                                       std::vector<Forward> forwards) {
  if (forwards.empty()) return forwards;
  for (const Endpoint& other : TRY(other_endpoints(containers, id)))
    for (const Forward& claim : TRY(forwards_of(other)))
      std::erase_if(forwards, [&](const Forward& each) { return each.same_place(claim); });
  return forwards;
}

Result<std::vector<HeldPort>> hold_ports(const Containers& containers, const ContainerRecord& record,
                                         std::vector<PublishedPort>& ports, Ipv6 ipv6) {
  std::vector<HeldPort> out;
  for (PublishedPort& each : ports) {
    std::vector<PublishedPort> places = places_of({each}, ipv6);
    TRY(check_v6(record, places[0], ipv6));
    PublishedPort failed;
    Result<std::vector<HeldPort>> held = hold_places(places, failed);
    // What was free for one of them may be taken for the other.
    for (int i = 0; i < kTries && !held.ok() && each.host == 0 && held.error().errnum() == EADDRINUSE; ++i) {
      places[0].host = 0;
      held = hold_places(places, failed);
    }
    if (!held.ok()) return refused_port(containers, record, failed, held.error());
    each.host = places[0].host;
    for (HeldPort& one : held.value()) out.push_back(std::move(one));
  }
  return out;
}

sys::InetName socket_name(const PublishedPort& place) {
  return {place.protocol == "udp" ? SOCK_DGRAM : SOCK_STREAM, inet::parse(place.address).value_or(""),
          place.host};
}

}  // namespace estiva::engine
