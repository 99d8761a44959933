// SPDX-License-Identifier: Apache-2.0
// Settings of IPv6, by /proc/sys.
#include "engine/network/ipv6.h"

#include "estiva/base/files.h"
#include "estiva/base/text.h"

namespace estiva::engine {

namespace {

std::string path_of(std::string_view device, std::string_view setting) {
  return text::cat("/proc/sys/net/ipv6/conf/", device, "/", setting);
}

bool is_off(std::string_view device, std::string_view setting) {
  const Result<std::string> value = files::read_all(FdView::cwd(), path_of(device, setting), 16);
  return value.ok() && value.value().starts_with('0');
}

}  // namespace

Ipv6 ipv6_of_host() {
  // "default": that of devices to come, ours among them. Without the files the kernel has no IPv6.
  if (!is_off("all", "disable_ipv6") || !is_off("default", "disable_ipv6")) return Ipv6::kNone;
  return is_off("all", "forwarding") ? Ipv6::kLocal : Ipv6::kForwarded;
}

Result<void> quieten_ipv6(const std::string& device) {
  for (const char* setting : {"accept_ra", "accept_dad"})
    TRY(files::write_kernel(FdView::cwd(), path_of(device, setting), "0"));
  return {};
}

}  // namespace estiva::engine
