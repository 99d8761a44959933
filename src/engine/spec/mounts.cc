// SPDX-License-Identifier: Apache-2.0
// --volume, --mount, --tmpfs, and the files that every container gets.
#include <algorithm>

#include "engine/spec/make_spec.h"
#include "estiva/base/text.h"

namespace estiva::engine {

namespace {

Result<VolumeRequest> checked(VolumeRequest request, std::string_view option, const std::string& text) {
  if (!request.target.starts_with('/') || request.target == "/")
    return bad_option(option, text, "needs an absolute path in the container, other than /");
  if (request.type == "volume" &&
      (request.source.find('/') != request.source.npos || request.source.starts_with('.')))
    return bad_option(option, text, "has no name that a volume can have");
  if (request.type != "tmpfs" && request.source.empty())
    return bad_option(option, text, "has no source: volumes without a name are not supported");
  if (request.type == "volume") request.id_mapped = true;  // cais' own
  return request;
}

Result<void> set_mount_option(VolumeRequest& request, const std::string& key, const std::string& value,
                              const std::string& text) {
  if (key == "type") {
    request.type = value;
  } else if (key == "source" || key == "src") {
    request.source = value;
  } else if (key == "target" || key == "destination" || key == "dst") {
    request.target = value;
  } else if (key == "readonly" || key == "ro") {
    request.read_only = value.empty() || value == "true" || value == "1";
  } else if (key == "idmap" && value.empty()) {
    request.id_mapped = true;
  } else if (key == "bind-propagation") {
    request.options.push_back(value);
  } else if (key == "tmpfs-size") {
    request.options.push_back(text::cat("size=", value));
  } else if (key == "tmpfs-mode") {
    request.options.push_back(text::cat("mode=", value));
  } else {
    return bad_option("mount", text, text::cat("has the unknown key ", text::quote(key)));
  }
  return {};
}

bool is_propagation(const std::string& option) {
  constexpr std::string_view kAll[] = {"private", "rprivate", "shared", "rshared", "slave", "rslave"};
  return std::ranges::find(kAll, option) != std::end(kAll);
}

spec::Mount mount_of(const VolumeRequest& request, const std::string& volumes) {
  spec::Mount mount;
  mount.destination = request.target;
  if (request.type == "tmpfs") {
    mount.type = "tmpfs";
    mount.source = "tmpfs";
    mount.options = {"nosuid", "nodev", "noexec"};
    mount.options.insert(mount.options.end(), request.options.begin(), request.options.end());
  } else {
    mount.type = "bind";
    mount.source = source_of(request, volumes);
    mount.options = {"rbind"};
    mount.options.insert(mount.options.end(), request.options.begin(), request.options.end());
    if (std::ranges::none_of(mount.options, is_propagation)) mount.options.push_back("rprivate");
  }
  if (request.read_only) mount.options.push_back("ro");
  return mount;
}

}  // namespace

std::string source_of(const VolumeRequest& request, const std::string& volumes) {
  return request.type == "volume" ? text::cat(volumes, "/", request.source, "/_data") : request.source;
}

Result<VolumeRequest> parse_volume(const std::string& text) {
  const std::vector<std::string> parts = text::split(text, ':');
  VolumeRequest request;
  if (parts.size() < 2 || parts.size() > 3)
    return bad_option("volume", text, "is not SOURCE:TARGET[:OPTIONS]");
  request.source = parts[0];
  request.target = parts[1];
  request.type = request.source.starts_with('/') || request.source.starts_with('.') ? "bind" : "volume";
  for (const std::string& option : parts.size() == 3 ? text::split(parts[2], ',') : Strings()) {
    constexpr std::string_view kNothing[] = {"rw", "z", "Z", "nocopy", "cached", "delegated", "consistent"};
    if (option == "ro") {
      request.read_only = true;
    } else if (option == "idmap") {
      request.id_mapped = true;
    } else if (is_propagation(option)) {
      request.options.push_back(option);
    } else if (std::ranges::find(kNothing, option) == std::end(kNothing)) {
      return bad_option("volume", text, text::cat("has the unknown option ", text::quote(option)));
    }
  }
  return checked(std::move(request), "volume", text);
}

Result<VolumeRequest> parse_mount(const std::string& text) {
  VolumeRequest request;
  request.type = "volume";
  for (const std::string& part : text::split(text, ',')) {
    const size_t equals = part.find('=');
    const std::string value = equals == part.npos ? "" : part.substr(equals + 1);
    TRY(set_mount_option(request, part.substr(0, equals), value, text));
  }
  if (request.type != "bind" && request.type != "volume" && request.type != "tmpfs")
    return bad_option("mount", text, "has a type other than bind, volume and tmpfs");
  return checked(std::move(request), "mount", text);
}

Result<VolumeRequest> parse_tmpfs(const std::string& text) {
  const size_t colon = text.find(':');
  VolumeRequest request;
  request.type = "tmpfs";
  request.target = text.substr(0, colon);
  for (const std::string& each : colon == text.npos ? Strings() : text::split(text.substr(colon + 1), ','))
    if (!each.empty()) request.options.push_back(each);
  return checked(std::move(request), "tmpfs", text);
}

Result<std::vector<VolumeRequest>> volume_requests(const ContainerOptions& options) {
  std::vector<VolumeRequest> out;
  for (const std::string& each : options.volume) out.push_back(TRY(parse_volume(each)));
  for (const std::string& each : options.mount) out.push_back(TRY(parse_mount(each)));
  for (const std::string& each : options.tmpfs) out.push_back(TRY(parse_tmpfs(each)));
  for (size_t i = 0; i < out.size(); ++i)
    for (size_t k = 0; k < i; ++k)
      if (out[k].target == out[i].target)
        return Error(Code::kInvalid, text::cat("Duplicate mount point: ", out[i].target));
  return out;
}

Result<std::vector<spec::Mount>> make_mounts(const SpecInput& input) {
  std::vector<spec::Mount> out;
  const std::vector<VolumeRequest> requests = TRY(volume_requests(input.record.options));
  for (const std::string name : {"hostname", "hosts", "resolv.conf"}) {
    VolumeRequest file;
    file.source = text::cat(input.files, "/", name);
    file.target = text::cat("/etc/", name);
    const auto given = [&](const VolumeRequest& each) { return each.target == file.target; };
    if (std::ranges::none_of(requests, given)) out.push_back(mount_of(file, ""));
  }
  if (!input.init.empty()) {
    VolumeRequest init;
    init.source = input.init;
    init.target = kInitPath;
    init.read_only = true;
    out.push_back(mount_of(init, ""));
  }
  for (const VolumeRequest& each : requests) out.push_back(mount_of(each, input.volumes));
  return out;
}

}  // namespace estiva::engine
