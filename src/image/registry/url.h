// SPDX-License-Identifier: Apache-2.0
// Addresses of registries: taken apart, compared, and relative ones resolved, so that every decision on where
// credentials may go is made on parts and never on the text. Only http and https, no user names. Pure.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "estiva/base/error.h"

namespace estiva::image {

struct Url {
  bool https = true;
  std::string host;    // lower case; an IPv6 address keeps its brackets
  uint16_t port = 0;   // never 0 once parsed
  std::string target;  // path and query, begins with a slash; no fragment

  static Result<Url> parse(std::string_view text);
  // What a Location header means in an answer to this address: absolute, or relative to it (RFC 3986, 5.2).
  Result<Url> resolve(std::string_view location) const;

  std::string to_string() const;
  // "host", with the port where it is not the scheme's own: what credentials and certificates are filed under.
  std::string authority() const;
  // The same scheme, host and port: what was meant for the one may go to the other.
  bool same_origin(const Url& other) const;
  bool loopback() const;

  bool operator==(const Url&) const = default;
};

// "name=value", both percent-encoded, appended to the query of `target`.
void add_query(std::string& target, std::string_view name, std::string_view value);
// The target without its query: queries of object stores are credentials and do not belong into messages.
std::string_view without_query(std::string_view target);
// localhost, 127.0.0.0/8 and [::1], with or without a port.
bool is_loopback(std::string_view host);

}  // namespace estiva::image
