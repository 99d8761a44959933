// SPDX-License-Identifier: Apache-2.0
// Modes, and the files.
#include "engine/network/network.h"

#include <fcntl.h>

#include <algorithm>
#include <iterator>

#include "estiva/base/files.h"
#include "estiva/base/text.h"

namespace estiva::engine {

namespace {

constexpr std::string_view kModes[] = {"bridge", "host", "none"};
constexpr size_t kMaxFile = 1 << 20;
constexpr char kResolver[] = "/etc/resolv.conf", kUpstream[] = "/run/systemd/resolve/resolv.conf";

struct AddedHost {
  std::string name, address;
};

Result<AddedHost> added_host(const std::string& given) {
  // An IPv6 address has colons itself.
  const size_t colon = given.find_first_of(":=");
  if (colon == given.npos || colon == 0 || colon + 1 == given.size())
    return Error::invalid(text::cat("option --add-host ", text::quote(given)), "is not NAME:ADDRESS");
  return AddedHost{given.substr(0, colon), given.substr(colon + 1)};
}

Result<std::string> hosts_of(const ContainerRecord& record, const std::string& hostname,
                             const std::optional<Endpoint>& endpoint) {
  std::string out =
      "127.0.0.1\tlocalhost\n::1\tlocalhost ip6-localhost ip6-loopback\nfe00::0\tip6-localnet\n"
      "ff00::0\tip6-mcastprefix\nff02::1\tip6-allnodes\nff02::2\tip6-allrouters\n";
  for (const std::string& each : record.options.add_host) {
    AddedHost host = TRY(added_host(each));
    if (host.address == "host-gateway") host.address = endpoint ? endpoint->gateway : "127.0.0.1";
    out += text::cat(host.address, "\t", host.name, "\n");
  }
  out += text::cat(endpoint ? endpoint->address : "127.0.1.1", "\t", hostname, "\n");
  if (endpoint && !endpoint->address_v6.empty()) out += text::cat(endpoint->address_v6, "\t", hostname, "\n");
  return out;
}

Result<std::string> resolver_of(const ContainerOptions& options) {
  if (options.dns.empty() && options.dns_search.empty() && options.dns_option.empty()) {
    const auto read = [](const char* path) {
      Result<std::string> text = files::read_all(FdView::cwd(), path, kMaxFile);
      return text.ok() ? std::move(text).value() : std::string();
    };
    std::string host = read(kResolver);
    if (TRY(network_mode(options)) != NetworkMode::kBridge) return host;
    std::string reached = without_loopback(host);
    if (reached == host || reached.find("nameserver") != reached.npos) return reached;
    const std::string upstream = without_loopback(read(kUpstream));
    return upstream.empty() ? reached : upstream;
  }
  std::string out;
  for (const std::string& each : options.dns) out += text::cat("nameserver ", each, "\n");
  if (!options.dns_search.empty()) out += text::cat("search ", text::join(options.dns_search, " "), "\n");
  if (!options.dns_option.empty()) out += text::cat("options ", text::join(options.dns_option, " "), "\n");
  return out;
}

}  // namespace

Result<NetworkMode> network_mode(const ContainerOptions& options) {
  if (options.network.empty() || options.network == "default") return NetworkMode::kBridge;
  if (options.network.starts_with(kOfContainer)) return NetworkMode::kContainer;
  for (size_t i = 0; i < std::size(kModes); ++i)
    if (options.network == kModes[i]) return static_cast<NetworkMode>(i);
  return Error::invalid(text::cat("option --network ", text::quote(options.network)),
                        "is none of the networks that there are so far: bridge, host, none, container:NAME");
}

std::string_view name_of(NetworkMode mode) { return kModes[static_cast<size_t>(mode)]; }

std::string network_owner(const ContainerOptions& options) {
  return options.network.substr(kOfContainer.size());
}

std::string without_loopback(std::string_view resolv_conf) {
  Strings kept;
  for (std::string& line : text::split(resolv_conf, '\n')) {
    std::string words = line;
    std::ranges::replace(words, '\t', ' ');
    const bool names = words.starts_with("nameserver ");
    const std::string_view server = names ? text::trim(std::string_view(words).substr(11)) : "";
    if (!server.starts_with("127.") && server != "::1") kept.push_back(std::move(line));
  }
  return text::join(kept, "\n");
}

Result<void> check_added_hosts(const ContainerOptions& options) {
  for (const std::string& each : options.add_host) (void)TRY(added_host(each));
  return {};
}

Result<void> write_network_files(const ContainerRecord& record, const std::string& directory,
                                 const std::optional<Endpoint>& endpoint) {
  const Fd dir = TRY(sys::open(directory, O_RDONLY | O_DIRECTORY));
  const std::string hostname = record.options.hostname.empty() ? record.short_id() : record.options.hostname;
  TRY(files::replace(dir, "hostname", hostname + "\n", 0644));
  TRY(files::replace(dir, "hosts", TRY(hosts_of(record, hostname, endpoint)), 0644));
  return files::replace(dir, "resolv.conf", TRY(resolver_of(record.options)), 0644);
}

}  // namespace estiva::engine
