// SPDX-License-Identifier: Apache-2.0
// Ports.
#include "engine/container/ports.h"

#include <algorithm>

#include "estiva/base/inet.h"
#include "estiva/base/text.h"

namespace estiva::engine {

namespace {

struct Range {
  uint16_t first = 0, last = 0;
};

std::optional<Range> range_of(const std::string& text) {
  const size_t dash = text.find('-');
  const auto first = text::number<uint16_t>(text.substr(0, dash));
  const auto last = dash == text.npos ? first : text::number<uint16_t>(text.substr(dash + 1));
  if (!first || !last || *first == 0 || *last < *first) return std::nullopt;
  return Range{*first, *last};
}

Error bad(const std::string& text, std::string_view message) {
  return Error::invalid(text::cat("option --publish ", text::quote(text)), std::string(message));
}

struct Parts {
  std::string address, host, container, protocol = "tcp";
};

Result<Parts> split(const std::string& text) {
  Parts out;
  std::string rest = text;
  if (const size_t slash = rest.rfind('/'); slash != rest.npos) {
    out.protocol = rest.substr(slash + 1);
    rest.erase(slash);
  }
  if (out.protocol != "tcp" && out.protocol != "udp" && out.protocol != "sctp")
    return bad(text, "has a protocol other than tcp, udp and sctp");
  if (rest.starts_with('[')) {
    const size_t end = rest.find("]:");
    if (end == rest.npos) return bad(text, "has no end of the address: ]");
    // One address, one text: they are compared.
    const std::string address = rest.substr(1, end - 1), bytes = inet::parse(address).value_or("");
    if (bytes.size() != inet::kV6) return bad(text, "has no IPv6 address between [ and ]");
    out.address = inet::text(bytes);
    rest.erase(0, end + 2);
  }
  const std::vector<std::string> parts = text::split(rest, ':');
  if (parts.size() > (out.address.empty() ? 3u : 2u))
    return bad(text, "is not [[IP:]HOST:]CONTAINER[/PROTOCOL]");
  out.container = parts.back();
  if (parts.size() > 1) out.host = parts[parts.size() - 2];
  if (parts.size() > 2) out.address = parts[0];
  return out;
}

std::string bracketed(const std::string& address) {
  return address.find(':') == address.npos ? address : text::cat("[", address, "]");
}

struct Shown {
  std::string address;
  uint16_t host, container;
  std::string protocol;
  uint16_t count = 1;

  bool goes_on_with(const PublishedPort& next) const {
    return address == next.address && protocol == next.protocol && host + count == next.host &&
           container + count == next.container;
  }
};

std::string span(uint16_t first, uint16_t count) {
  return count == 1 ? text::cat(first) : text::cat(first, "-", first + count - 1);
}

}  // namespace

Result<std::vector<PublishedPort>> published_ports(const Strings& publish) {
  std::vector<PublishedPort> out;
  for (const std::string& text : publish) {
    const Parts parts = TRY(split(text));
    const auto container = range_of(parts.container),
               host = parts.host.empty() ? Range{} : range_of(parts.host);
    if (!container || !host) return bad(text, "has a port that is none");
    const unsigned count = container->last - container->first + 1u;
    if (!parts.host.empty() && host->last - host->first + 1u != count)
      return bad(text, "has ranges of different length");
    for (unsigned i = 0; i < count; ++i) {
      const unsigned outer = parts.host.empty() ? 0 : host->first + i;
      out.push_back({parts.address, static_cast<uint16_t>(outer), static_cast<uint16_t>(container->first + i),
                     parts.protocol});
    }
  }
  return out;
}

std::string PublishedPort::shown_place() const {
  return text::cat(bracketed(address.empty() ? kAnyV4 : address), ":", host);
}

std::vector<PublishedPort> places_of(const std::vector<PublishedPort>& ports, Ipv6 ipv6) {
  std::vector<PublishedPort> out;
  for (const PublishedPort& each : ports) {
    out.push_back(each);
    if (!each.address.empty()) continue;
    out.back().address = kAnyV4;
    if (ipv6 == Ipv6::kNone) continue;  // what the host does not forward cais-shim passes on
    out.push_back(each);
    out.back().address = kAnyV6;
  }
  return out;
}

bool publishes(const ContainerOptions& options) {
  return options.network != "host" && options.network != "none" && !options.network.starts_with("container:");
}

std::string publish_text(const PublishedPort& port) {
  const std::string inner = text::cat(port.container, "/", port.protocol);
  const std::string at = port.address.empty() ? "" : text::cat(bracketed(port.address), ":");
  if (port.host != 0) return text::cat(at, port.host, ":", inner);
  return at.empty() ? inner : text::cat(at, ":", inner);
}

std::string shown_ports(const ContainerRecord& record, const std::vector<PublishedPort>& places) {
  // Without a network of its own nothing is published.
  if (!publishes(record.options)) return "";
  std::vector<Shown> folded;
  for (const PublishedPort& each : places) {
    const auto last = std::ranges::find_if(folded, [&](const Shown& s) { return s.goes_on_with(each); });
    if (last != folded.end()) {
      ++last->count;
    } else {
      folded.push_back({each.address, each.host, each.container, each.protocol});
    }
  }
  Strings out;
  for (const Shown& each : folded)
    out.push_back(text::cat(bracketed(each.address), ":", span(each.host, each.count), "->",
                            span(each.container, each.count), "/", each.protocol));
  for (const std::string& port : record.exposed_ports) {
    const auto is_published = [&](const PublishedPort& each) {
      return text::cat(each.container, "/", each.protocol) == port;
    };
    if (std::ranges::none_of(places, is_published)) out.push_back(port);
  }
  return text::join(out, ", ");
}

}  // namespace estiva::engine
