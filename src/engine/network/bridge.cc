// SPDX-License-Identifier: Apache-2.0
// Joining, leaving, healing. What is made is written down first, under the network's lock.
#include "engine/network/bridge.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/sched.h>
#include <sys/mount.h>

#include <algorithm>

#include "engine/container/names.h"
#include "engine/container/status.h"
#include "engine/network/firewall.h"
#include "engine/network/forwards.h"
#include "engine/network/ipv6.h"
#include "engine/network/links.h"
#include "engine/network/network.h"
#include "estiva/base/files.h"
#include "estiva/base/inet.h"
#include "estiva/base/sys_mount.h"
#include "estiva/base/sys_process.h"
#include "estiva/base/sys_socket.h"
#include "estiva/base/text.h"
#include "image/mount/mount.h"

namespace estiva::engine {

namespace {

using net::NetlinkSocket;

constexpr char kOwnNamespace[] = "/proc/thread-self/ns/net", kForwarding[] = "/proc/sys/net/ipv4/ip_forward";

constexpr size_t kMaxFile = 1 << 20;
constexpr int kTries = 20;

Result<std::string> namespace_id() {
  const struct stat info = TRY(sys::fstatat(FdView::cwd(), kOwnNamespace, 0));
  return text::cat(info.st_dev, ":", info.st_ino);
}

// ---- the network

struct Network {
  NetworkState state;
  Firewall firewall;
  Link bridge;
};

Result<void> allow_forwarding() {
  if (TRY(files::read_all(FdView::cwd(), kForwarding, 16)).starts_with('1')) return {};
  return files::write_kernel(FdView::cwd(), kForwarding, "1");
}

Result<std::string> choose_subnet_v6(NetlinkSocket& route) {
  constexpr size_t kDigits = 10;  // 40 bits
  const std::vector<Destination> routes = TRY(ipv6_routes_of_host(route));
  for (int i = 0; i < kTries; ++i) {
    const std::string digits = TRY(make_id()).substr(0, kDigits);
    const std::string subnet = unique_subnet(text::number<uint64_t>(digits, 16).value_or(0));
    if (!meets(subnet, routes)) return inet::text(subnet);
  }
  return Error(Code::kState, "no private IPv6 subnet is free for the bridge network");
}

Result<NetworkState> choose_network(const NetworkNames& names, NetlinkSocket& route, std::string where) {
  TRY(remove_link(route, names.bridge));  // of a run root that was removed
  const std::optional<Subnet> subnet = choose_subnet(TRY(routes_of_host(route)), names.start);
  if (!subnet)
    return Error(Code::kState, "no private subnet is free for the bridge network")
        .hint("the host's routes (ip route) cover 10.90.0.0 to 10.127.0.0 and 172.16.0.0 to 172.31.0.0");
  NetworkState out;
  out.network_namespace = std::move(where);
  out.address = ipv4_text(subnet->address);
  out.prefix = subnet->prefix;
  return out;
}

Result<void> make_rules(const Containers& containers, Firewall& firewall, const NetworkState& state,
                        FdView lock) {
  TRY(firewall.make(state.subnet(), state.subnet_v6(), lock));
  std::vector<Forward> forwards;
  for (const Endpoint& each : TRY(other_endpoints(containers, "")))
    for (const Forward& one : TRY(forwards_of(each)))
      if (!one.is_v6() || !state.address_v6.empty()) forwards.push_back(one);
  return firewall.add(forwards);
}

// What was there, or what is to be; a host's IPv6 may come and go.
Result<NetworkState> planned_network(const Containers& containers, const NetworkNames& names,
                                     NetlinkSocket& route, Ipv6 ipv6) {
  const std::string here = TRY(namespace_id());
  std::optional<NetworkState> found = TRY(read_network(containers));
  const bool is_new = !found || found->network_namespace != here;
  NetworkState state = is_new ? TRY(choose_network(names, route, here)) : std::move(*found);
  const bool has_ipv6 = ipv6 != Ipv6::kNone, had_ipv6 = !state.address_v6.empty();
  if (has_ipv6 != had_ipv6) {
    state.address_v6 = has_ipv6 ? TRY(choose_subnet_v6(route)) : "";
    state.complete = false;
  }
  if (!state.complete) TRY(write_network(containers, state));
  return state;
}

// Under the lock.
Result<Network> ensure_network(const Containers& containers, Ipv6 ipv6, FdView lock) {
  const NetworkNames names = network_names(containers.run_root());
  NetlinkSocket route = TRY(NetlinkSocket::open());
  Firewall firewall = TRY(Firewall::open(names));
  NetworkState state = TRY(planned_network(containers, names, route, ipv6));
  if (!state.complete || !TRY(firewall.exists())) TRY(make_rules(containers, firewall, state, lock));
  TRY(allow_forwarding());
  const Subnet subnet = state.subnet();
  const Addresses gateways{
      subnet, subnet.gateway(), address_beside(state.subnet_v6(), subnet, subnet.gateway()), {}};
  const Link bridge = TRY(ensure_bridge(route, names.bridge, gateways, state.complete));
  state.complete = true;  // written with the first address
  return Network{std::move(state), std::move(firewall), bridge};
}

// ---- one container

// Its address is its own from here on; packets find their way as soon as it is there.
Result<Endpoint> take_place(const Containers& containers, const ContainerRecord& record, Network& network,
                            const std::vector<PublishedPort>& ports, Ipv6 ipv6) {
  std::vector<uint32_t> taken;
  for (const Endpoint& each : TRY(other_endpoints(containers, record.id)))
    taken.push_back(parse_ipv4(each.address).value_or(0));
  const Subnet subnet = network.state.subnet();
  const auto address = choose_address(subnet, parse_ipv4(network.state.last).value_or(0), taken);
  if (!address) return Error(Code::kState, "the bridge network has no address left");
  Endpoint out;
  out.address = network.state.last = ipv4_text(*address);
  out.gateway = ipv4_text(subnet.gateway());
  out.prefix = subnet.prefix;
  if (const std::string v6 = network.state.subnet_v6(); !v6.empty()) {
    out.address_v6 = inet::text(address_beside(v6, subnet, *address));
    if (ipv6 == Ipv6::kForwarded) out.gateway_v6 = inet::text(address_beside(v6, subnet, subnet.gateway()));
    out.prefix_v6 = kPrefixV6;
  }
  out.mac = mac_text(*address);
  out.link = link_name(record.id);
  for (const PublishedPort& each : ports) out.ports.push_back(publish_text(each));
  TRY(write_endpoint(containers, record.id, out));
  TRY(write_network(containers, network.state));
  TRY(network.firewall.add(TRY(forwards_of(out))));
  return out;
}

// We are in it for a moment.
Result<Fd> new_namespace() {
  const Fd own = TRY(sys::open(kOwnNamespace, O_RDONLY));
  TRY(sys::unshare(CLONE_NEWNET));
  Result<Fd> made = sys::open(kOwnNamespace, O_RDONLY);
  TRY(sys::setns(own, CLONE_NEWNET));
  return made;
}

Result<NetlinkSocket> socket_in(FdView network_namespace, bool ipv6) {
  const Fd own = TRY(sys::open(kOwnNamespace, O_RDONLY));
  TRY(sys::setns(network_namespace, CLONE_NEWNET));
  Result<NetlinkSocket> made = [&]() -> Result<NetlinkSocket> {
    if (ipv6) TRY(quieten_ipv6());
    return NetlinkSocket::open();
  }();
  TRY(sys::setns(own, CLONE_NEWNET));
  return made;
}

Result<void> close_ports(const Containers& containers, const std::string& id, const Endpoint& endpoint) {
  const std::vector<Forward> gone = TRY(unclaimed(containers, id, TRY(forwards_of(endpoint))));
  if (gone.empty()) return {};
  Firewall firewall = TRY(Firewall::open(network_names(containers.run_root())));
  return firewall.remove(gone);
}

// Those of IPv6 stand in brackets, and are addresses then.
Result<void> check_address(const PublishedPort& port, const std::string& object) {
  const std::string bytes = inet::parse(port.address).value_or("");
  if (!port.address.empty() && bytes.empty()) return Error::invalid(object, "has no address in front");
  if (port.is_v6() && port.address.starts_with("::ffff:"))
    return Error::unsupported(object, "is an IPv4 address: write it as one, without ::ffff:");
  if (port.is_v6() && bytes[0] == '\xfe' && (bytes[1] & 0xc0) == 0x80)
    return Error::unsupported(object, "nothing can be published at a link's own address (fe80::/10)");
  return {};
}

}  // namespace

Result<void> check_published(const ContainerOptions& options) {
  const bool shares = TRY(network_mode(options)) == NetworkMode::kContainer;
  if (shares && !options.publish.empty())
    return Error(Code::kInvalid, "conflicting options: port publishing and the container type network mode")
        .hint("publish the ports of the container whose network it is");
  for (const PublishedPort& each : TRY(published_ports(options.publish))) {
    if (!publishes(options)) continue;
    const std::string object = text::cat("option --publish ", publish_text(each));
    if (each.protocol == "sctp") return Error::unsupported(object, "only tcp and udp can be published");
    TRY(check_address(each, object));
  }
  return {};
}

Result<Joined> join_bridge(const Containers& containers, const ContainerRecord& record) {
  std::vector<PublishedPort> ports = TRY(published_ports(record.options.publish));
  const Ipv6 ipv6 = ipv6_of_host();
  Joined out;
  out.held = TRY(hold_ports(containers, record, ports, ipv6));
  {
    const Fd lock = TRY(lock_network(containers));
    Network network = TRY(ensure_network(containers, ipv6, lock));
    out.endpoint = TRY(take_place(containers, record, network, ports, ipv6));
    out.subnet = network.state.subnet();
    out.bridge = network.bridge.index;
  }
  if (record.maps_ids()) return out;
  out.network_namespace = TRY(new_namespace());
  TRY(pin_namespace(containers, record.id, out.network_namespace));
  return out;
}

Result<void> connect_bridge(const Joined& joined) {
  const Endpoint& endpoint = joined.endpoint;
  const auto connect = [&]() -> Result<void> {
    NetlinkSocket route = TRY(NetlinkSocket::open());
    NetlinkSocket inside = TRY(socket_in(joined.network_namespace, endpoint.ipv6() != Ipv6::kNone));
    const Addresses addresses{joined.subnet, parse_ipv4(endpoint.address).value_or(0),
                              inet::parse(endpoint.address_v6).value_or(""),
                              inet::parse(endpoint.gateway_v6).value_or("")};
    // Of a start before whose namespace the kernel has not taken down yet.
    TRY(remove_link(route, endpoint.link));
    TRY(make_pair(route, {endpoint.link, joined.bridge, addresses.address, joined.network_namespace}));
    return configure_inside(inside, addresses);
  };
  return connect().context([] { return std::string("the bridge network"); });
}

Result<void> pin_namespace(const Containers& containers, const std::string& id, FdView network_namespace) {
  const std::string path = containers.run_file(id, kNamespaceFile);
  TRY(sys::open(path, O_RDONLY | O_CREAT | O_EXCL, 0600));
  const std::string source = text::cat("/proc/self/fd/", network_namespace.number());
  return sys::mount(source.c_str(), path, nullptr, MS_BIND, nullptr);
}

Result<void> join_container(const Containers& containers, const ContainerRecord& record) {
  const std::string owner = network_owner(record.options);
  const Status status = TRY(status_of(containers, TRY(containers.read(owner))));
  const bool runs = status.condition == Condition::kRunning || status.condition == Condition::kPaused;
  const shim::State& state = status.state;
  const Result<Fd> found = sys::open(text::cat("/proc/", state.init, "/ns/net"), O_RDONLY);
  if (!runs || !found.ok() || !is_alive(state.init, state.init_start))
    return Error(Code::kState, text::cat("cannot join network of a non running container: ", owner));
  TRY(write_endpoint(containers, record.id, {}));
  TRY(pin_namespace(containers, record.id, found.value()));
  const Fd directory = TRY(sys::open(containers.dir(record.id), O_RDONLY | O_DIRECTORY));
  for (const char* name : {"hosts", "resolv.conf"}) {
    const std::string text = TRY(files::read_all(FdView::cwd(), containers.file(owner, name), kMaxFile));
    TRY(files::replace(directory, name, text, 0644));
  }
  return {};
}

Result<void> open_more_ports(const Containers& containers, const std::string& id,
                             const std::vector<PublishedPort>& ports) {
  const Fd lock = TRY(lock_network(containers));
  const std::optional<Endpoint> before = TRY(read_endpoint(containers, id));
  if (!before) return Error(Code::kState, "is not on the bridge network");
  Endpoint more = *before, all = *before;
  more.ports.clear();
  for (const PublishedPort& each : ports) more.ports.push_back(publish_text(each));
  all.ports.insert(all.ports.end(), more.ports.begin(), more.ports.end());
  TRY(write_endpoint(containers, id, all));
  Firewall firewall = TRY(Firewall::open(network_names(containers.run_root())));
  Result<void> added = firewall.add(TRY(forwards_of(more)));
  if (!added.ok()) TRY(write_endpoint(containers, id, *before));
  return added;
}

Result<void> close_some_ports(const Containers& containers, const std::string& id,
                              const std::vector<PublishedPort>& ports) {
  const Fd lock = TRY(lock_network(containers));
  std::optional<Endpoint> endpoint = TRY(read_endpoint(containers, id));
  if (!endpoint) return Error(Code::kState, "is not on the bridge network");
  Endpoint gone = *endpoint;
  gone.ports.clear();
  for (const PublishedPort& each : ports) gone.ports.push_back(publish_text(each));
  TRY(close_ports(containers, id, gone));
  std::erase_if(endpoint->ports, [&](const std::string& each) {
    return std::ranges::find(gone.ports, each) != gone.ports.end();
  });
  return write_endpoint(containers, id, *endpoint);
}

Result<void> leave_bridge(const Containers& containers, const std::string& id) {
  const std::optional<Endpoint> endpoint = TRY(read_endpoint(containers, id));
  if (!endpoint) return {};
  const Fd lock = TRY(lock_network(containers));
  const std::optional<NetworkState> state = TRY(read_network(containers));
  const bool here = state && state->network_namespace == TRY(namespace_id());
  if (here) TRY(close_ports(containers, id, *endpoint));
  const std::string pinned = containers.run_file(id, kNamespaceFile);
  TRY(image::unmount(pinned));  // and with its last user the kernel takes down the namespace and the pair
  (void)sys::unlinkat(FdView::cwd(), pinned);
  return sys::unlinkat(FdView::cwd(), containers.run_file(id, kEndpointFile));
}

Result<void> heal_bridge(const Containers& containers) {
  const std::optional<NetworkState> before = TRY(read_network(containers));
  if (!before || before->network_namespace != TRY(namespace_id())) return {};
  Firewall firewall = TRY(Firewall::open(network_names(containers.run_root())));
  if (TRY(firewall.exists()) || TRY(other_endpoints(containers, "")).empty()) return {};
  const Fd lock = TRY(lock_network(containers));
  if (TRY(firewall.exists())) return {};  // somebody was faster
  return make_rules(containers, firewall, *before, lock);
}

}  // namespace estiva::engine
