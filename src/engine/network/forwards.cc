// SPDX-License-Identifier: Apache-2.0
// Sockets and forwards.
#include "engine/network/forwards.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <algorithm>

#include "estiva/base/sys_socket.h"
#include "estiva/base/text.h"

namespace estiva::engine {

namespace {

bool same_place(const Forward& a, const Forward& b) {
  return a.protocol == b.protocol && a.port == b.port && (a.at == b.at || a.at == 0 || b.at == 0);
}

std::string owner_of(const Containers& containers, const Forward& wanted) {
  const Result<std::vector<ContainerRecord>> records = containers.list();
  if (!records.ok()) return "";
  for (const ContainerRecord& record : records.value()) {
    const Result<std::optional<Endpoint>> endpoint = read_endpoint(containers, record.id);
    if (!endpoint.ok() || !endpoint.value()) continue;
    const Result<std::vector<Forward>> forwards = forwards_of(*endpoint.value());
    if (forwards.ok() &&
        std::ranges::any_of(forwards.value(), [&](const Forward& each) { return same_place(each, wanted); }))
      return record.name;
  }
  return "";
}

Error refused_port(const Containers& containers, const ContainerRecord& record, const PublishedPort& port,
                   const Error& cause) {
  const std::string place = text::cat(port.shown_address(), ":", port.host);
  const std::string subject = text::cat("driver failed programming external connectivity on endpoint ",
                                        record.name, " (", record.id, "): Bind for ", place, " failed: ");
  if (cause.errnum() != EADDRINUSE) return Error(Code::kSystem, subject + text::lower(cause.to_string()));
  Error out(Code::kExists, subject + "port is already allocated");
  const Forward wanted{number_of(port.protocol), parse_ipv4(port.address).value_or(0), port.host, 0, 0};
  const std::string owner = owner_of(containers, wanted);
  if (!owner.empty()) return std::move(out).hint(text::cat("the container ", owner, " has it"));
  return std::move(out).hint(
      text::cat("another program has it: ss -lnp 'sport = ", port.host, "' tells which"));
}

}  // namespace

uint8_t number_of(const std::string& protocol) { return protocol == "udp" ? IPPROTO_UDP : IPPROTO_TCP; }

Result<std::vector<Forward>> forwards_of(const Endpoint& endpoint) {
  std::vector<Forward> out;
  for (const PublishedPort& each : TRY(published_ports(endpoint.ports)))
    out.push_back({number_of(each.protocol), parse_ipv4(each.address).value_or(0), each.host,
                   parse_ipv4(endpoint.address).value_or(0), each.container});
  return out;
}

Result<std::vector<Forward>> unclaimed(const Containers& containers, const std::string& id,
                                       std::vector<Forward> forwards) {
  if (forwards.empty()) return forwards;
  for (const Endpoint& other : TRY(other_endpoints(containers, id)))
    for (const Forward& claim : TRY(forwards_of(other)))
      std::erase_if(forwards, [&](const Forward& each) {
        return each.protocol == claim.protocol && each.port == claim.port && each.at == claim.at;
      });
  return forwards;
}

Result<std::vector<Fd>> hold_ports(const Containers& containers, const ContainerRecord& record,
                                   std::vector<PublishedPort>& ports) {
  std::vector<Fd> out;
  for (PublishedPort& each : ports) {
    const int type = each.protocol == "udp" ? SOCK_DGRAM : SOCK_STREAM;
    const uint32_t address = htonl(parse_ipv4(each.address).value_or(0));
    Result<Fd> socket = sys::bound_inet_socket(type, address, each.host);
    if (!socket.ok()) return refused_port(containers, record, each, socket.error());
    if (each.host == 0) each.host = TRY(sys::inet_name(socket.value()))
    .port;
    out.push_back(std::move(socket).value());
  }
  return out;
}

}  // namespace estiva::engine
