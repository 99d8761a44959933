// SPDX-License-Identifier: Apache-2.0
// Ranges of ids.
#include "engine/container/id_maps.h"

#include <algorithm>

#include "estiva/base/text.h"

namespace estiva::engine {

namespace {

constexpr uint64_t kEnd = 0xFFFFFFFF;  // the last number is none (chown(2))
constexpr size_t kMostMappings = 340;  // user_namespaces(7)

using Strings = std::vector<std::string>;

Error bad_userns(const std::string& text, std::string message) {
  return Error::invalid(text::cat("option --userns ", text::quote(text)), std::move(message));
}

bool overlap(const IdRange& one, const IdRange& other) {
  return one.first < other.first + other.count && other.first < one.first + one.count;
}

IdRange inside(const spec::IdMapping& map) { return {map.container_id, map.size}; }
IdRange outside(const spec::IdMapping& map) { return {map.host_id, map.size}; }

Result<spec::IdMapping> parse_mapping(const std::string& text, const std::string& value) {
  const Strings parts = text::split(value, ':');
  std::vector<uint32_t> numbers;
  for (const std::string& part : parts)
    if (const auto number = text::number<uint32_t>(part)) numbers.push_back(*number);
  if (parts.size() != 3 || numbers.size() != 3)
    return bad_userns(text, text::cat(text::quote(value), " is not CONTAINER:HOST:COUNT"));
  const spec::IdMapping map{numbers[0], numbers[1], numbers[2]};
  if (map.size == 0 || inside(map).first + map.size > kEnd || outside(map).first + map.size > kEnd)
    return bad_userns(text, text::cat(text::quote(value), " has no ids, or ids that there are not"));
  if (map.host_id == 0) return bad_userns(text, text::cat(text::quote(value), " gives it the host's root"));
  return map;
}

Result<void> add_mapping(const std::string& text, const std::string& value, IdMap& maps) {
  const spec::IdMapping map = TRY(parse_mapping(text, value));
  for (const spec::IdMapping& each : maps)
    if (overlap(inside(each), inside(map)) || overlap(outside(each), outside(map)))
      return bad_userns(text, text::cat(text::quote(value), " has ids that are mapped already"));
  maps.push_back(map);
  if (maps.size() > kMostMappings / 4) return bad_userns(text, "has more mappings than the kernel takes");
  return {};
}

uint64_t end_of(const IdMap& maps) {
  uint64_t end = 0;
  for (const spec::IdMapping& each : maps) end = std::max(end, inside(each).first + each.size);
  return end;
}

Result<void> set_size(const std::string& text, const std::optional<std::string>& size, UsernsRequest& out) {
  const uint64_t needed = std::max(end_of(out.uids), end_of(out.gids));
  out.size = static_cast<uint32_t>(std::max<uint64_t>(out.size, needed));
  if (!size) return {};
  const auto number = text::number<uint32_t>(*size);
  if (!number || *number == 0 || *number == kEnd)
    return bad_userns(text, text::cat("the size ", text::quote(*size), " is no number of ids"));
  if (*number < needed) return bad_userns(text, "maps ids of the container that are beyond its size");
  out.size = *number;
  return {};
}

std::optional<IdRange> range_of(const Strings& fields) {
  if (fields.size() != 3) return std::nullopt;
  const auto first = text::number<uint32_t>(fields[1]), count = text::number<uint32_t>(fields[2]);
  if (!first || !count || *first == 0 || *count == 0) return std::nullopt;
  return IdRange{*first, std::min<uint64_t>(*count, kEnd - *first)};
}

std::optional<uint64_t> first_free(uint64_t size, const IdSpace& space, std::vector<IdRange> taken) {
  taken.insert(taken.end(), space.others.begin(), space.others.end());
  std::ranges::sort(taken, {}, &IdRange::first);
  for (const IdRange& range : space.free) {
    uint64_t at = range.first;
    for (const IdRange& each : taken)
      if (overlap({at, size}, each)) at = each.first + each.count;
    if (at + size <= range.first + range.count) return at;
  }
  return std::nullopt;
}

}  // namespace

Result<UsernsRequest> parse_userns(const std::string& text) {
  UsernsRequest out;
  if (text.empty() || text == "host") return out;
  const size_t colon = text.find(':');
  if (text.substr(0, colon) != "auto")
    return bad_userns(text, "is neither host nor auto[:size=N,uidmapping=C:H:N,gidmapping=C:H:N]");
  out.own = true;
  std::optional<std::string> size;
  for (const std::string& part : colon == text.npos ? Strings() : text::split(text.substr(colon + 1), ',')) {
    const size_t equals = part.find('=');
    const std::string key = part.substr(0, equals),
                      value = equals == part.npos ? "" : part.substr(equals + 1);
    if (key == "size") {
      size = value;
    } else if (key == "uidmapping") {
      TRY(add_mapping(text, value, out.uids));
    } else if (key == "gidmapping") {
      TRY(add_mapping(text, value, out.gids));
    } else {
      return bad_userns(text, text::cat(text::quote(part), " is none of size, uidmapping, gidmapping"));
    }
  }
  TRY(set_size(text, size, out));
  return out;
}

IdSpace id_space(std::string_view subordinate) {
  IdSpace named, root, unnamed;
  unnamed.free = {kUnnamed};
  for (const std::string& line : text::split(subordinate, '\n')) {
    const Strings fields = text::split(line, ':');
    const std::optional<IdRange> range = range_of(fields);
    if (!range) continue;
    if (fields[0] == "containers") named.free.push_back(*range);
    if (fields[0] == "root" || fields[0] == "0") root.free.push_back(*range);
    unnamed.others.push_back(*range);
  }
  return !named.free.empty() ? named : !root.free.empty() ? root : unnamed;
}

std::optional<IdMap> choose_ids(uint32_t size, const IdMap& wanted, const IdSpace& space,
                                const std::vector<IdMap>& taken) {
  std::vector<IdRange> used;
  for (const spec::IdMapping& each : wanted) used.push_back(outside(each));
  for (const IdMap& map : taken)
    for (const spec::IdMapping& each : map) used.push_back(outside(each));
  IdMap out = wanted;
  std::ranges::sort(out, {}, &spec::IdMapping::container_id);
  IdMap gaps;
  uint32_t next = 0;
  const auto fill = [&](uint32_t end) {
    if (end > next) gaps.push_back({next, 0, end - next});
  };
  for (const spec::IdMapping& each : out) {
    fill(each.container_id);
    next = each.container_id + each.size;
  }
  fill(size);
  uint64_t needed = 0;
  for (const spec::IdMapping& gap : gaps) needed += gap.size;
  std::optional<uint64_t> host = needed == 0 ? 0 : first_free(needed, space, std::move(used));
  if (!host) return std::nullopt;
  for (spec::IdMapping& gap : gaps) {
    gap.host_id = static_cast<uint32_t>(*host);
    *host += gap.size;
    out.push_back(gap);
  }
  std::ranges::sort(out, {}, &spec::IdMapping::container_id);
  return out;
}

std::optional<uint32_t> to_host(const IdMap& map, uint32_t id) {
  for (const spec::IdMapping& each : map)
    if (id >= each.container_id && id - each.container_id < each.size)
      return each.host_id + (id - each.container_id);
  return std::nullopt;
}

std::optional<uint32_t> to_container(const IdMap& map, uint32_t id) {
  for (const spec::IdMapping& each : map)
    if (id >= each.host_id && id - each.host_id < each.size) return each.container_id + (id - each.host_id);
  return std::nullopt;
}

uint32_t last_id(const IdMap& map) {
  const uint64_t end = end_of(map);
  return end == 0 ? 0 : static_cast<uint32_t>(end - 1);
}

std::string map_text(const IdMap& map) {
  std::string out;
  for (const spec::IdMapping& each : map)
    out += text::cat(each.container_id, " ", each.host_id, " ", each.size, "\n");
  return out;
}

std::vector<std::string> map_words(const IdMap& map) {
  Strings out;
  for (const spec::IdMapping& each : map)
    out.push_back(text::cat(each.container_id, ":", each.host_id, ":", each.size));
  return out;
}

}  // namespace estiva::engine
