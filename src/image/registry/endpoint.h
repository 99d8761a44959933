// SPDX-License-Identifier: Apache-2.0
// Where a repository is asked for: its registry or a mirror of it, and by which rules of transport. Pure.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "image/reference.h"
#include "image/registry/http.h"
#include "image/registry/url.h"

namespace estiva::image {

// What is allowed in the traffic with one host.
struct Transport {
  bool plain_http = false;
  bool skip_verify = false;
  bool operator==(const Transport&) const = default;
};

struct Endpoint {
  std::string host;  // credentials and certificates are filed under it: "docker.io", "localhost:5000"
  std::string path;  // of the repository there
  Transport transport;
  bool mirror = false;
  bool with_tags = true, with_digests = true;  // what it may be asked for

  // "host/path", for messages.
  std::string name() const { return host + "/" + path; }
  bool operator==(const Endpoint&) const = default;
};

// The address of the interface of `host`: docker.io's is another host.
Result<Url> api_base(std::string_view host, bool https);

struct Mirror {
  std::string location;  // host[/path] that stands in place of the rule's prefix
  Transport transport;
  bool with_tags = true, with_digests = true;
  bool operator==(const Mirror&) const = default;
};

// What is configured for all names that begin with `prefix`: host, host/path or "*.domain".
struct RegistryRule {
  std::string prefix;
  std::string location;  // in place of the prefix; empty: the prefix itself
  Transport transport;
  bool blocked = false;
  std::vector<Mirror> mirrors;
  bool operator==(const RegistryRule&) const = default;
};

struct RegistryRules {
  std::vector<RegistryRule> rules;

  // The rule with the longest prefix, or null.
  const RegistryRule* find(std::string_view name) const;
  // Of a host by itself, wherever it is named: rule or mirror. Loopback may always speak plain HTTP.
  Transport transport_of(std::string_view host) const;
  // Mirrors in their order, then the registry itself. An error if it is blocked.
  Result<std::vector<Endpoint>> endpoints(const Reference& reference) const;
};

}  // namespace estiva::image
