// SPDX-License-Identifier: Apache-2.0
// Files of the bridge network.
#include "engine/network/endpoint.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/file.h>

#include "estiva/base/files.h"
#include "estiva/base/text.h"
#include "estiva/shim_records.h"

namespace estiva::engine {

namespace {

constexpr char kNetworkFile[] = "network", kLockFile[] = "network.lock";

template <typename T>
Result<std::optional<T>> read_record(const std::string& path, std::span<const Key> keys) {
  Result<std::string> text = files::read_all(FdView::cwd(), path, shim::kMaxRecord);
  if (!text.ok() && text.error().errnum() == ENOENT) return std::optional<T>();
  T out;
  TRY(key_values::parse(keys, &out, TRY(std::move(text)), key_values::Unknown::kIgnore).context([&] {
    return path;
  }));
  return std::optional<T>(std::move(out));
}

Result<void> write_record(const std::string& directory, const char* name, std::span<const Key> keys,
                          const void* record) {
  const std::string text = TRY(key_values::write(keys, record));
  const Fd opened = TRY(sys::open(directory, O_RDONLY | O_DIRECTORY));
  return files::replace(opened, name, text, 0600);
}

}  // namespace

Result<std::optional<Endpoint>> read_endpoint(const Containers& containers, const std::string& id) {
  return read_record<Endpoint>(containers.run_file(id, kEndpointFile), kEndpointKeys);
}

Result<void> write_endpoint(const Containers& containers, const std::string& id, const Endpoint& endpoint) {
  return write_record(containers.run_dir(id), kEndpointFile, kEndpointKeys, &endpoint);
}

Result<std::vector<Endpoint>> other_endpoints(const Containers& containers, const std::string& id) {
  std::vector<Endpoint> out;
  for (const std::string& each : TRY(containers.ids())) {
    if (each == id) continue;
    std::optional<Endpoint> endpoint = TRY(read_endpoint(containers, each));
    if (endpoint) out.push_back(std::move(*endpoint));
  }
  return out;
}

Result<std::optional<NetworkState>> read_network(const Containers& containers) {
  return read_record<NetworkState>(text::cat(containers.run_root(), "/", kNetworkFile), kNetworkKeys);
}

Result<void> write_network(const Containers& containers, const NetworkState& state) {
  return write_record(containers.run_root(), kNetworkFile, kNetworkKeys, &state);
}

Result<Fd> lock_network(const Containers& containers) {
  const std::string path = text::cat(containers.run_root(), "/", kLockFile);
  Fd lock = TRY(sys::open(path, O_RDWR | O_CREAT | O_NOFOLLOW, 0600));
  TRY(sys::flock(lock, LOCK_EX));
  return lock;
}

static std::vector<PublishedPort> ports_of(const Endpoint& endpoint) {
  Result<std::vector<PublishedPort>> ports = published_ports(endpoint.ports);
  return ports.ok() ? std::move(ports).value() : std::vector<PublishedPort>();
}

std::vector<PublishedPort> ports_now(const Containers& containers, const std::string& id) {
  const Result<std::optional<Endpoint>> found = read_endpoint(containers, id);
  return found.ok() && found.value() ? ports_of(*found.value()) : std::vector<PublishedPort>();
}

std::vector<PublishedPort> places_now(const Containers& containers, const std::string& id) {
  const Result<std::optional<Endpoint>> found = read_endpoint(containers, id);
  if (!found.ok() || !found.value()) return {};
  return places_of(ports_of(*found.value()), found.value()->ipv6());
}

}  // namespace estiva::engine
