// SPDX-License-Identifier: Apache-2.0
// Which forward proxy a request goes through, by the environment: pure. As curl and Go's clients (docker, podman, skopeo)
// both have it; where one has more than the other, more.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <string_view>

#include "image/registry/url.h"

namespace estiva::image {

struct Proxy {
  std::string url;       // as it is given, with name and password
  std::string shown;     // without them
  std::string variable;  // that names it
};

// The value of a variable of the environment; null: not set.
using Variable = std::function<const char*(const char* name)>;

// Nothing: the host is asked itself. Loopback always is.
std::optional<Proxy> find_proxy(const Url& url, const Variable& variable);

}  // namespace estiva::image
