// SPDX-License-Identifier: Apache-2.0
// The network of a container: which modes there are, and the files that name it and others. What a mode has to set up
// and take down belongs here too.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "engine/container/record.h"
#include "engine/network/endpoint.h"
#include "estiva/base/error.h"

namespace estiva::engine {

enum class NetworkMode : uint8_t {
  kBridge,     // an address of its own on our bridge
  kHost,       // the host's
  kNone,       // its own loopback
  kContainer,  // that of another container
};
inline constexpr std::string_view kOfContainer = "container:";  // and its name or ID

// The mode that was asked for. Others are refused.
Result<NetworkMode> network_mode(const ContainerOptions& options);
std::string_view name_of(NetworkMode mode);
// The container whose network it shares.
std::string network_owner(const ContainerOptions& options);

// Refuses what is no NAME:ADDRESS.
Result<void> check_added_hosts(const ContainerOptions& options);
// hostname, hosts and resolv.conf, in the directory; they are bound over those of the image, anew at each start.
// `endpoint`: on the bridge, once it has joined.
Result<void> write_network_files(const ContainerRecord& record, const std::string& directory,
                                 const std::optional<Endpoint>& endpoint);
// Without the name servers that only the host reaches.
std::string without_loopback(std::string_view resolv_conf);

}  // namespace estiva::engine
