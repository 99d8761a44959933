// SPDX-License-Identifier: Apache-2.0
// Moves network devices. The kernel takes addresses and routes away from a device that moves, so they are read before.
#include "runtime/net/devices.h"

#include <errno.h>
#include <fcntl.h>
#include <net/if.h>

#include <algorithm>
#include <limits>

#include "estiva/base/sys.h"
#include "estiva/base/text.h"

namespace estiva::net {

namespace {

struct ifinfomsg link_header(int index) {
  struct ifinfomsg header = {};
  header.ifi_index = index;
  return header;
}

Device read_device(const std::string& payload) {
  const auto header = number<struct ifinfomsg>(payload);
  const std::vector<Attribute> all = attributes(payload, sizeof header);
  Device device;
  device.index = header.ifi_index;
  device.name = text_of(find(all, IFLA_IFNAME));
  device.mtu = number<uint32_t>(find(all, IFLA_MTU));
  device.address = find(all, IFLA_ADDRESS);
  device.master = number<uint32_t>(find(all, IFLA_MASTER));
  device.up = (header.ifi_flags & IFF_UP) != 0;
  return device;
}

Result<std::optional<Device>> find_device(NetlinkSocket& route, const std::string& name) {
  Request request(RTM_GETLINK, NLM_F_ACK, link_header(0));
  request.add_text(IFLA_IFNAME, name);
  Result<std::vector<std::string>> answers = route.ask(std::move(request));
  if (!answers.ok() && answers.error().errnum() == ENODEV) return std::optional<Device>();
  const std::vector<std::string> payloads = TRY(std::move(answers));
  if (payloads.empty()) return std::optional<Device>();
  return std::optional<Device>(read_device(payloads[0]));
}

Result<std::string> first_free_name(NetlinkSocket& route, const std::string& pattern) {
  std::vector<std::string> taken;
  for (const std::string& payload : TRY(route.ask(Request(RTM_GETLINK, NLM_F_DUMP, link_header(0)))))
    taken.push_back(read_device(payload).name);
  const size_t at = pattern.find("%d");
  for (unsigned number = 0;; ++number) {
    std::string name = text::cat(pattern.substr(0, at), number, pattern.substr(at + 2));
    if (name.size() >= IFNAMSIZ) return Error::system("netlink", ENAMETOOLONG);
    if (std::ranges::find(taken, name) == taken.end()) return name;
  }
}

Result<std::string> name_in_container(NetlinkSocket& container, const NetDeviceStep& step) {
  if (step.is_template) return first_free_name(container, step.name);
  if (!TRY(find_device(container, step.name))) return step.name;
  return Error(Code::kExists,
               text::cat(text::quote(step.name), " exists in the container's network namespace"))
      .hint("a name such as \"eth%d\" takes the first that is free");
}

// The messages of `type` that belong to the device.
template <typename Header, typename Belongs>
Result<std::vector<std::string>> dump(NetlinkSocket& route, uint16_t type, Belongs belongs) {
  std::vector<std::string> kept;
  for (std::string& payload : TRY(route.ask(Request(type, NLM_F_DUMP, Header())))) {
    if (belongs(number<Header>(payload), attributes(payload, sizeof(Header))))
      kept.push_back(std::move(payload));
  }
  return kept;
}

uint32_t address_flags(const std::string& payload) {
  const auto header = number<struct ifaddrmsg>(payload);
  const std::string_view wide = find(attributes(payload, sizeof header), IFA_FLAGS);
  return wide.empty() ? header.ifa_flags : number<uint32_t>(wide);
}

Result<std::vector<std::string>> permanent_addresses(NetlinkSocket& route, int index) {
  std::vector<std::string> found = TRY(dump<struct ifaddrmsg>(
      route, RTM_GETADDR, [&](const struct ifaddrmsg& header, const std::vector<Attribute>&) {
        return static_cast<int>(header.ifa_index) == index;
      }));
  std::erase_if(found, [](const std::string& one) { return (address_flags(one) & IFA_F_PERMANENT) == 0; });
  return found;
}

// Those that somebody added; the kernel makes its own anew with the addresses.
Result<std::vector<std::string>> routes_of(NetlinkSocket& route, int index) {
  return dump<struct rtmsg>(
      route, RTM_GETROUTE, [&](const struct rtmsg& header, const std::vector<Attribute>& all) {
        return header.rtm_protocol != RTPROT_KERNEL && (header.rtm_flags & RTM_F_CLONED) == 0 &&
               number<int>(find(all, RTA_OIF)) == index;
      });
}

// The same address on the device `index` that is now called `name`.
Result<void> add_address(NetlinkSocket& route, const std::string& payload, const Device& was, int index,
                         const std::string& name) {
  // What the kernel says of an address besides what somebody chose.
  constexpr uint32_t kChosen = IFA_F_NODAD | IFA_F_HOMEADDRESS | IFA_F_MANAGETEMPADDR | IFA_F_NOPREFIXROUTE;
  auto header = number<struct ifaddrmsg>(payload);
  const uint32_t flags = address_flags(payload) & kChosen;
  header.ifa_index = static_cast<unsigned>(index);
  header.ifa_flags = 0;
  Request request(RTM_NEWADDR, NLM_F_ACK | NLM_F_CREATE | NLM_F_REPLACE, header);
  for (const Attribute& one : attributes(payload, sizeof header)) {
    if (one.type == IFA_CACHEINFO || one.type == IFA_FLAGS) continue;
    // "eth0:web" begins with the name of its device.
    if (one.type == IFA_LABEL && text_of(one.data).starts_with(was.name)) {
      const std::string label = name + text_of(one.data).substr(was.name.size());
      if (label.size() < IFNAMSIZ) request.add_text(IFA_LABEL, label);
    } else {
      request.add(one.type, one.data);
    }
  }
  request.add_number(IFA_FLAGS, flags);
  TRY(route.ask(std::move(request)));
  return {};
}

Result<void> add_route(NetlinkSocket& route, const std::string& payload, int index) {
  auto header = number<struct rtmsg>(payload);
  header.rtm_flags &= RTNH_F_ONLINK;
  Request request(RTM_NEWROUTE, NLM_F_ACK | NLM_F_CREATE | NLM_F_REPLACE, header);
  for (const Attribute& one : attributes(payload, sizeof header)) {
    if (one.type == RTA_OIF) {
      request.add_number(RTA_OIF, index);
    } else if (one.type != RTA_CACHEINFO) {
      request.add(one.type, one.data);
    }
  }
  TRY(route.ask(std::move(request)));
  return {};
}

Result<void> send_away(NetlinkSocket& from, int index, FdView to, const std::string& name) {
  Request request(RTM_NEWLINK, NLM_F_ACK, link_header(index));
  request.add_number(IFLA_NET_NS_FD, static_cast<uint32_t>(to.number()));
  request.add_text(IFLA_IFNAME, name);
  TRY(from.ask(std::move(request)));
  return {};
}

Result<void> set_up(NetlinkSocket& route, int index) {
  struct ifinfomsg header = link_header(index);
  header.ifi_flags = header.ifi_change = IFF_UP;
  TRY(route.ask(Request(RTM_NEWLINK, NLM_F_ACK, header)));
  return {};
}

// Some drivers forget them on the way.
Result<void> keep_attributes(NetlinkSocket& route, const Device& now, const Device& was) {
  Request request(RTM_NEWLINK, NLM_F_ACK, link_header(now.index));
  if (now.mtu != was.mtu) request.add_number(IFLA_MTU, was.mtu);
  if (now.address != was.address) request.add(IFLA_ADDRESS, was.address);
  if (now.mtu != was.mtu || now.address != was.address) TRY(route.ask(std::move(request)));
  return {};
}

bool is_global(const std::string& address) {
  return number<struct ifaddrmsg>(address).ifa_scope == RT_SCOPE_UNIVERSE;
}

}  // namespace

Result<void> MovedDevices::settle(const Moved& moved) {
  const std::optional<Device> now = TRY(find_device(*container_, moved.name));
  if (!now) return Error::system("netlink", ENODEV);
  TRY(keep_attributes(*container_, *now, moved.device));
  for (const std::string& address : moved.addresses) {
    if (is_global(address))
      TRY(add_address(*container_, address, moved.device, now->index, moved.name).context([] {
        return "address";
      }));
  }
  return set_up(*container_, now->index);
}

Result<void> MovedDevices::move_one(const NetDeviceStep& step, FdView container_namespace) {
  const std::optional<Device> device = TRY(find_device(*host_, step.host_name));
  if (!device) {
    return Error(Code::kNotFound, text::cat("there is no ", text::quote(step.host_name),
                                            " in the caller's network namespace"));
  }
  Moved moved{*device, TRY(name_in_container(*container_, step)),
              TRY(permanent_addresses(*host_, device->index)), TRY(routes_of(*host_, device->index))};
  Result<void> sent = send_away(*host_, device->index, container_namespace, moved.name);
  if (sent.ok()) {
    moved_.push_back(std::move(moved));
    return settle(moved_.back());
  }
  // It may have gone before its new name was refused.
  const Result<std::optional<Device>> here = find_device(*host_, device->name);
  if (here.ok() && !here.value()) moved_.push_back(std::move(moved));
  if (sent.error().errnum() != EINVAL) return sent;
  return std::move(sent).error().hint("some devices can't leave their network namespace");
}

Result<void> MovedDevices::move(const std::vector<NetDeviceStep>& steps, FdView container_namespace) {
  if (steps.empty()) return {};
  host_namespace_ = TRY(sys::open("/proc/self/ns/net", O_RDONLY));
  host_ = TRY(NetlinkSocket::open());
  container_ = TRY(NetlinkSocket::open_in(container_namespace));
  for (const NetDeviceStep& step : steps) {
    Result<void> done = move_one(step, container_namespace);
    if (!done.ok()) return std::move(done).error().object(step.object);
  }
  return {};
}

// Nobody is left to tell of an error here: what can be put back is.
void MovedDevices::put_back(const Moved& moved) {
  const auto in_container = [&](const std::string& name) -> std::optional<Device> {
    Result<std::optional<Device>> found = find_device(*container_, name);
    return found.ok() ? std::move(found).value() : std::nullopt;
  };
  std::optional<Device> there = in_container(moved.name);
  if (!there) there = in_container(moved.device.name);
  if (!there || !send_away(*container_, there->index, host_namespace_, moved.device.name).ok()) return;
  const Result<std::optional<Device>> found = find_device(*host_, moved.device.name);
  if (!found.ok() || !found.value()) return;
  const Device& here = *found.value();
  (void)keep_attributes(*host_, here, moved.device);
  if (moved.device.master != 0) {
    Request request(RTM_NEWLINK, NLM_F_ACK, link_header(here.index));
    request.add_number(IFLA_MASTER, moved.device.master);
    (void)host_->ask(std::move(request));
  }
  for (const std::string& address : moved.addresses)
    (void)add_address(*host_, address, moved.device, here.index, here.name);
  if (moved.device.up) (void)set_up(*host_, here.index);
  for (const std::string& route : moved.routes) (void)add_route(*host_, route, here.index);
}

MovedDevices::~MovedDevices() {
  for (auto moved = moved_.rbegin(); moved != moved_.rend(); ++moved) put_back(*moved);
}

}  // namespace estiva::net
