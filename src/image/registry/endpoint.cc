// SPDX-License-Identifier: Apache-2.0
// Where a repository is asked for.
#include "image/registry/endpoint.h"

#include <algorithm>

#include "estiva/base/text.h"

namespace estiva::image {

namespace {

constexpr std::string_view kHubApi = "registry-1.docker.io";

std::string_view host_of(std::string_view name) { return name.substr(0, name.find('/')); }

// How much of `name` the prefix stands for; 0: it does not match.
size_t match(std::string_view prefix, std::string_view name) {
  const std::string_view host = host_of(name);
  if (prefix.starts_with("*."))
    return host.size() > prefix.size() - 1 && host.ends_with(prefix.substr(1)) ? host.size() : 0;
  if (!name.starts_with(prefix)) return 0;
  const bool whole = name.size() == prefix.size() || name[prefix.size()] == '/';
  return whole ? prefix.size() : 0;
}

Result<Endpoint> endpoint_at(std::string_view location, std::string_view rest, const Transport& transport) {
  const std::string name = text::cat(location, rest);
  const size_t slash = name.find('/');
  Endpoint endpoint{name.substr(0, slash), slash == std::string::npos ? "" : name.substr(slash + 1),
                    transport};
  if (!is_registry_host(endpoint.host) || !is_repository_path(endpoint.path))
    return Error::invalid(text::quote(name),
                          "where the image is looked for by the configuration, is no valid name");
  return endpoint;
}

}  // namespace

Result<Url> api_base(std::string_view host, bool https) {
  return Url::parse(text::cat(https ? "https://" : "http://", host == kDefaultHost ? kHubApi : host));
}

const RegistryRule* RegistryRules::find(std::string_view name) const {
  const RegistryRule* best = nullptr;
  size_t best_length = 0;
  for (const RegistryRule& rule : rules) {
    // Between "*.example.com" and "a.example.com", which stand for as much, the plain one wins.
    const size_t length = 2 * match(rule.prefix, name) + (rule.prefix.starts_with('*') ? 0 : 1);
    if (length > 1 && length > best_length) {
      best = &rule;
      best_length = length;
    }
  }
  return best;
}

Transport RegistryRules::transport_of(std::string_view host) const {
  Transport transport;
  const auto join = [&](std::string_view location, const Transport& other) {
    if (match(location, host) == 0) return;
    transport.plain_http |= other.plain_http;
    transport.skip_verify |= other.skip_verify;
  };
  for (const RegistryRule& rule : rules) {
    join(rule.location.empty() ? rule.prefix : std::string(host_of(rule.location)), rule.transport);
    for (const Mirror& mirror : rule.mirrors) join(host_of(mirror.location), mirror.transport);
  }
  transport.plain_http |= is_loopback(host);
  return transport;
}

Result<std::vector<Endpoint>> RegistryRules::endpoints(const Reference& reference) const {
  const std::string name = reference.name();
  const RegistryRule* rule = find(name);
  std::vector<Endpoint> endpoints;
  if (rule == nullptr) {
    endpoints.push_back({reference.host, reference.path, transport_of(reference.host)});
    return endpoints;
  }
  if (rule->blocked)
    return Error(Code::kInvalid, text::cat(name, ": the configuration blocks ", rule->prefix));
  const std::string_view rest = std::string_view(name).substr(match(rule->prefix, name));
  for (const Mirror& mirror : rule->mirrors) {
    Transport transport = mirror.transport;
    transport.plain_http |= is_loopback(host_of(mirror.location));
    Endpoint endpoint = TRY(endpoint_at(mirror.location, rest, transport));
    endpoint.mirror = true;
    endpoint.with_tags = mirror.with_tags;
    endpoint.with_digests = mirror.with_digests;
    endpoints.push_back(std::move(endpoint));
  }
  const std::string_view whole = std::string_view(name).substr(0, match(rule->prefix, name));
  const std::string_view location = rule->location.empty() ? whole : std::string_view(rule->location);
  Transport transport = rule->transport;
  transport.plain_http |= is_loopback(host_of(location));
  endpoints.push_back(TRY(endpoint_at(location, rest, transport)));
  return endpoints;
}

}  // namespace estiva::image
