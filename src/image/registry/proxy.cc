// SPDX-License-Identifier: Apache-2.0
// Variables of the environment, and the patterns of no_proxy.
#include "image/registry/proxy.h"

#include <algorithm>
#include <span>

#include "estiva/base/inet.h"
#include "estiva/base/text.h"

namespace estiva::image {

namespace {

// The first that has a value counts.
constexpr const char *kHttps[] = {"https_proxy", "HTTPS_PROXY", "all_proxy", "ALL_PROXY"},
                     *kHttp[] = {"http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY"},
                     *kDirect[] = {"no_proxy", "NO_PROXY"};

std::string_view value_of(const Variable& variable, const char* name) {
  // A web server sets HTTP_PROXY for its CGI programs by a header of who asks (CVE-2016-5385).
  if (std::string_view(name) == "HTTP_PROXY" && variable("REQUEST_METHOD") != nullptr) return {};
  const char* value = variable(name);
  return value == nullptr ? std::string_view() : text::trim(value);
}

const char* first_set(const Variable& variable, std::span<const char* const> names) {
  const auto found =
      std::ranges::find_if(names, [&](const char* name) { return !value_of(variable, name).empty(); });
  return found == names.end() ? nullptr : *found;
}

std::string_view without_brackets(std::string_view host) {
  return host.starts_with('[') && host.ends_with(']') ? host.substr(1, host.size() - 2) : host;
}

// `pattern`: an address, or one and the number of its bits that count.
bool is_address_in(const std::string& address, std::string_view pattern) {
  const size_t slash = pattern.find('/');
  const auto network = inet::parse(without_brackets(pattern.substr(0, slash)));
  if (!network || network->size() != address.size()) return false;
  const size_t all = 8 * address.size();
  const size_t bits = slash == std::string_view::npos
                          ? all
                          : text::number<size_t>(pattern.substr(slash + 1)).value_or(all + 1);
  if (bits > all) return false;
  for (size_t i = 0; i < bits; ++i) {
    const int mask = 0x80 >> i % 8;
    if (((address[i / 8] ^ (*network)[i / 8]) & mask) != 0) return false;
  }
  return true;
}

// Host, domain, address or network; a port may stand behind all but a network.
bool matches(std::string_view pattern, const Url& url) {
  if (pattern == "*") return true;
  const std::string port = text::cat(":", url.port);
  if (pattern.ends_with(port) && !inet::parse(pattern)) pattern.remove_suffix(port.size());
  if (const auto address = inet::parse(without_brackets(url.host))) return is_address_in(*address, pattern);
  if (pattern.starts_with("*.")) pattern.remove_prefix(1);
  if (pattern.starts_with('.')) pattern.remove_prefix(1);
  if (pattern.ends_with('.')) pattern.remove_suffix(1);
  if (pattern.empty() || !url.host.ends_with(pattern)) return false;
  const std::string_view front = std::string_view(url.host).substr(0, url.host.size() - pattern.size());
  return front.empty() || front.ends_with('.');
}

bool is_direct(const Url& url, std::string_view patterns) {
  std::string list = text::lower(patterns);
  std::ranges::replace(list, ' ', ',');
  return std::ranges::any_of(text::split(list, ','),
                             [&](const std::string& pattern) { return matches(pattern, url); });
}

// "http://ada:s3cret@proxy.example:3128" is "http://proxy.example:3128".
std::string without_login(std::string_view url) {
  const size_t scheme = url.find("://");
  const size_t begin = scheme == std::string_view::npos ? 0 : scheme + 3;
  const size_t at = url.substr(0, url.find('/', begin)).rfind('@');
  if (at == std::string_view::npos || at < begin) return text::printable(url);
  return text::printable(text::cat(url.substr(0, begin), url.substr(at + 1)));
}

}  // namespace

std::optional<Proxy> find_proxy(const Url& url, const Variable& variable) {
  const std::span<const char* const> names = url.https ? kHttps : kHttp;
  const char* name = first_set(variable, names);
  if (name == nullptr || url.loopback()) return std::nullopt;
  if (const char* direct = first_set(variable, kDirect))
    if (is_direct(url, value_of(variable, direct))) return std::nullopt;
  const std::string_view value = value_of(variable, name);
  return Proxy{std::string(value), without_login(value), name};
}

}  // namespace estiva::image
