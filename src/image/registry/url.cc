// SPDX-License-Identifier: Apache-2.0
// Addresses of registries.
#include "image/registry/url.h"

#include <algorithm>
#include <vector>

#include "estiva/base/text.h"
#include "image/reference.h"

namespace estiva::image {

namespace {

constexpr size_t kMaxUrl = 16 * 1024;
constexpr uint16_t kHttpsPort = 443, kHttpPort = 80;

bool is_printable(char c) { return c > 0x20 && c < 0x7f; }

// RFC 3986, 5.2.4. Empty segments stay: object stores have them in their keys.
std::string remove_dot_segments(std::string_view path) {
  std::vector<std::string_view> kept;
  bool directory = false;
  for (size_t begin = 1; begin <= path.size();) {
    const size_t end = std::min(path.find('/', begin), path.size());
    const std::string_view part = path.substr(begin, end - begin);
    directory = part.empty() || part == "." || part == "..";
    if (part == "..") {
      if (!kept.empty()) kept.pop_back();
    } else if (part != "." && (!part.empty() || end != path.size())) {
      kept.push_back(part);
    }
    begin = end + 1;
  }
  std::string clean;
  for (const std::string_view part : kept) {
    clean += '/';
    clean += part;
  }
  if (directory || clean.empty()) clean += '/';
  return clean;
}

std::string clean_target(std::string_view target) {
  target = target.substr(0, target.find('#'));
  const std::string_view path = target.substr(0, target.find('?'));
  return remove_dot_segments(path.empty() ? "/" : path) + std::string(target.substr(path.size()));
}

Error bad_url(std::string_view text, std::string_view why) {
  return Error::invalid(text::quote(without_query(text)), text::cat("is not an address: ", why));
}

}  // namespace

Result<Url> Url::parse(std::string_view text) {
  if (text.size() > kMaxUrl) return Error(Code::kInvalid, text::cat("an address of ", text.size(), " bytes"));
  if (!std::ranges::all_of(text, is_printable)) return bad_url(text, "it has blanks or control bytes");
  const size_t colon = text.find("://");
  if (colon == std::string_view::npos) return bad_url(text, "it has no scheme");
  const std::string scheme = text::lower(text.substr(0, colon));
  if (scheme != "https" && scheme != "http") return bad_url(text, "its scheme is neither https nor http");
  Url url;
  url.https = scheme == "https";
  const std::string_view rest = text.substr(colon + 3);
  const size_t slash = std::min(rest.find_first_of("/?#"), rest.size());
  const std::string authority = text::lower(rest.substr(0, slash));
  if (authority.find('@') != std::string::npos) return bad_url("", "it has a user name in it");
  if (!is_registry_host(authority)) return bad_url(text, "the host is not valid");
  const size_t bracket = authority.find(']');
  const size_t port = authority.find(':', bracket == std::string::npos ? 0 : bracket);
  url.host = authority.substr(0, port);
  url.port = url.https ? kHttpsPort : kHttpPort;
  if (port != std::string::npos) url.port = text::number<uint16_t>(authority.substr(port + 1)).value_or(0);
  url.target = clean_target(rest.substr(slash));
  return url;
}

Result<Url> Url::resolve(std::string_view location) const {
  if (location.empty()) return bad_url(location, "it is empty");
  const size_t colon = location.find(':');
  const size_t slash = location.find_first_of("/?#");
  if (colon != std::string_view::npos && colon < slash) return parse(location);
  if (location.starts_with("//")) return parse(text::cat(https ? "https:" : "http:", location));
  const std::string origin = text::cat(https ? "https://" : "http://", host, ":", port);
  if (location.starts_with('/')) return parse(origin + std::string(location));
  const std::string_view path = std::string_view(target).substr(0, target.find('?'));
  if (location.starts_with('?')) return parse(text::cat(origin, path, location));
  return parse(text::cat(origin, path.substr(0, path.rfind('/') + 1), location));
}

std::string Url::authority() const {
  const bool usual = port == (https ? kHttpsPort : kHttpPort);
  return usual ? host : text::cat(host, ":", port);
}

std::string Url::to_string() const { return text::cat(https ? "https://" : "http://", authority(), target); }

bool Url::same_origin(const Url& other) const {
  return https == other.https && host == other.host && port == other.port;
}

bool Url::loopback() const { return is_loopback(host); }

void add_query(std::string& target, std::string_view name, std::string_view value) {
  constexpr char kHex[] = "0123456789ABCDEF";
  const auto encoded = [&](std::string_view text) {
    for (const char c : text) {
      const bool plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                         std::string_view("-._~:/,").find(c) != std::string_view::npos;
      if (plain) {
        target += c;
      } else {
        const auto byte = static_cast<unsigned char>(c);
        target += {'%', kHex[byte >> 4], kHex[byte & 15]};
      }
    }
  };
  target += target.find('?') == std::string::npos ? '?' : '&';
  encoded(name);
  target += '=';
  encoded(value);
}

std::string_view without_query(std::string_view target) { return target.substr(0, target.find('?')); }

bool is_loopback(std::string_view host) {
  if (host.starts_with('[')) return host.starts_with("[::1]");
  host = host.substr(0, host.find(':'));
  if (host == "localhost") return true;
  const std::vector<std::string> bytes = text::split(host, '.');
  return bytes.size() == 4 && bytes[0] == "127" && std::ranges::all_of(bytes, [](const std::string& byte) {
           return text::number<uint8_t>(byte).has_value();
         });
}

}  // namespace estiva::image
