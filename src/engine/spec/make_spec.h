// SPDX-License-Identifier: Apache-2.0
// From an image's configuration and the options of `run` to the configuration of a container. Pure: files, users and
// devices have been looked up. Refuses what can't be done, by the option's name.
#pragma once

#include <string>
#include <vector>

#include "engine/container/record.h"
#include "estiva/spec/spec.h"
#include "image/bundle/user.h"
#include "image/documents.h"

namespace estiva::engine {

struct SpecInput {
  const ContainerRecord& record;
  const image::ImageConfig& image;
  image::FoundUser user;
  std::vector<spec::Device> devices;
  std::vector<uint32_t> groups;
  std::string files;            // directory of hostname, hosts, resolv.conf
  std::string volumes;          // directory of named volumes
  std::string init;             // the program that becomes process 1; empty: the container's own does
  bool own_network = false;     // a network namespace of its own; or else the host's
  std::string network_path;     // of one that is there when it starts; empty: the runtime makes it
  bool shared_network = false;  // which is another container's, or what that one has
};

// The command line of the process: the image's, unless options say otherwise. An error if there is none.
Result<Strings> process_args(const ContainerOptions& options, const image::ImageConfig& image,
                             const Strings& command);

Result<spec::Spec> make_spec(const SpecInput& input);

// --init, where the container has processes of its own.
bool wants_init(const ContainerOptions& options);
inline constexpr char kInitPath[] = "/sbin/docker-init";  // in the container

// ---- parts
Result<std::vector<spec::Mount>> make_mounts(const SpecInput& input);
Result<void> set_limits(const ContainerOptions& options, spec::Spec& spec);
Result<void> set_security(const ContainerOptions& options, spec::Spec& spec);

// A bind mount, a named volume or a tmpfs, as --volume, --mount and --tmpfs say it.
struct VolumeRequest {
  std::string type = "bind";
  std::string source;  // a path, or a volume's name
  std::string target;
  Strings options;
  bool read_only = false;
  bool id_mapped = false;  // for a container with users of its own: its ids on disk
};
Result<VolumeRequest> parse_volume(const std::string& text);
Result<VolumeRequest> parse_mount(const std::string& text);
Result<VolumeRequest> parse_tmpfs(const std::string& text);
Result<std::vector<VolumeRequest>> volume_requests(const ContainerOptions& options);

// Where the volume is on the host.
std::string source_of(const VolumeRequest& request, const std::string& volumes);

// --userns auto: what is refused beside it, and what it changes in a configuration of make_spec().
Result<void> check_userns(const ContainerOptions& options);
struct UsersInput {
  const ContainerRecord& record;
  std::string mapped;          // directory of its id-mapped volumes, by their place among volume_requests()
  bool makes_network = false;  // the runtime does
};
Result<void> set_users(const UsersInput& input, spec::Spec& spec);

// In place of the variable of that name, or behind the others.
void set_variable(Strings& env, const std::string& variable);

// "no", "always", "on-failure:3", "unless-stopped".
struct RestartPolicy {
  enum class Kind : uint8_t { kNo, kAlways, kOnFailure, kUnlessStopped } kind = Kind::kNo;
  uint32_t most = 0;  // 0: no limit
};
Result<RestartPolicy> parse_restart(const std::string& text);

Error bad_option(std::string_view option, std::string_view value, std::string message);

}  // namespace estiva::engine
