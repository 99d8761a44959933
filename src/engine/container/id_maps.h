// SPDX-License-Identifier: Apache-2.0
// --userns: what is asked for, and which ids of the host a container gets. Pure.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "estiva/base/error.h"
#include "estiva/spec/linux.h"

namespace estiva::engine {

using IdMap = std::vector<spec::IdMapping>;

struct UsernsRequest {
  bool own = false;       // "auto"; if not, the host's
  uint32_t size = 65536;  // ids that the container has, from 0 on
  IdMap uids, gids;       // those that were asked for
};
// "", "host", "auto[:size=N,uidmapping=C:H:N,gidmapping=C:H:N]", as podman has it.
Result<UsernsRequest> parse_userns(const std::string& text);

struct IdRange {
  uint64_t first = 0, count = 0;
};
// Where ranges may be taken from, by the text of /etc/subuid or /etc/subgid: those of the user "containers", or of
// root, or else kUnnamed without those that the file gives to others.
struct IdSpace {
  std::vector<IdRange> free, others;
};
// Linux distributions and systemd leave them to nobody (systemd's UIDS-GIDS).
inline constexpr IdRange kUnnamed = {0x70000000, 0x7FFE0000 - 0x70000000};
IdSpace id_space(std::string_view subordinate);

// The ids 0 to size - 1 of the container: those of `wanted` as it says, all others at the first range of `space` that
// is in none of the maps of `taken`. Nothing if there is no such range.
std::optional<IdMap> choose_ids(uint32_t size, const IdMap& wanted, const IdSpace& space,
                                const std::vector<IdMap>& taken);

// Of the host's id, and of the container's. Nothing where it is in no range.
std::optional<uint32_t> to_host(const IdMap& map, uint32_t id);
std::optional<uint32_t> to_container(const IdMap& map, uint32_t id);
// The largest id of the container.
uint32_t last_id(const IdMap& map);
// Lines as in /proc/PID/uid_map, and "0:1879048192:65536" each, as podman shows them.
std::string map_text(const IdMap& map);
std::vector<std::string> map_words(const IdMap& map);

}  // namespace estiva::engine
