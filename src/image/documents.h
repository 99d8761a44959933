// SPDX-License-Identifier: Apache-2.0
// The documents of an image as plain data (image-spec 1.1; Docker image manifest version 2, schema 2, which has the
// same members under other media types): descriptor, manifest, index, configuration. Nothing is decided here.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "estiva/base/codec.h"
#include "estiva/base/error.h"
#include "image/digest.h"

namespace estiva::image {

// A digest in a document is checked while the document is read.
struct Platform {
  std::string architecture;
  std::string os;
  std::string os_version;
  std::vector<std::string> os_features;
  std::string variant;
  bool operator==(const Platform&) const = default;
};

using Annotations = std::map<std::string, std::string>;

struct Descriptor {
  std::string media_type;
  Digest digest;
  int64_t size = 0;  // bytes
  std::vector<std::string> urls;
  Annotations annotations;
  std::optional<Platform> platform;
  std::string artifact_type;
  bool operator==(const Descriptor&) const = default;
};

struct Manifest {
  int32_t schema_version = 0;
  std::string media_type;
  std::string artifact_type;
  Descriptor config;
  std::vector<Descriptor> layers;
  std::optional<Descriptor> subject;
  Annotations annotations;
  bool operator==(const Manifest&) const = default;
};

struct Index {
  int32_t schema_version = 0;
  std::string media_type;
  std::string artifact_type;
  std::vector<Descriptor> manifests;
  std::optional<Descriptor> subject;
  Annotations annotations;
  bool operator==(const Index&) const = default;
};

struct Healthcheck {
  std::vector<std::string> test;
  std::optional<int64_t> interval, timeout, start_period, start_interval;  // nanoseconds
  std::optional<int64_t> retries;
  bool operator==(const Healthcheck&) const = default;
};

// What the container is started with.
struct ContainerConfig {
  std::string hostname;
  std::string domainname;
  std::string user;
  std::map<std::string, std::map<std::string, std::string>> exposed_ports;
  std::vector<std::string> env;
  std::vector<std::string> entrypoint;
  std::vector<std::string> cmd;
  std::map<std::string, std::map<std::string, std::string>> volumes;
  std::string working_dir;
  std::map<std::string, std::string> labels;
  std::string stop_signal;
  std::optional<int64_t> stop_timeout;
  // Docker's own.
  std::optional<Healthcheck> healthcheck;
  std::vector<std::string> on_build;
  std::vector<std::string> shell;
  bool args_escaped = false;
  bool operator==(const ContainerConfig&) const = default;
};

struct RootFs {
  std::string type;
  std::vector<Digest> diff_ids;
  bool operator==(const RootFs&) const = default;
};

struct History {
  std::string created;  // RFC 3339
  std::string created_by;
  std::string author;
  std::string comment;
  bool empty_layer = false;
  bool operator==(const History&) const = default;
};

struct ImageConfig {
  std::string created;  // RFC 3339
  std::string author;
  std::string architecture;
  std::string variant;
  std::string os;
  std::string os_version;
  std::vector<std::string> os_features;
  std::optional<ContainerConfig> config;
  RootFs rootfs;
  std::vector<History> history;
  bool operator==(const ImageConfig&) const = default;
};

// The names of media types, each once.
namespace media {
inline constexpr std::string_view kOciIndex = "application/vnd.oci.image.index.v1+json";
inline constexpr std::string_view kOciManifest = "application/vnd.oci.image.manifest.v1+json";
inline constexpr std::string_view kOciConfig = "application/vnd.oci.image.config.v1+json";
inline constexpr std::string_view kOciLayer = "application/vnd.oci.image.layer.v1.tar";
inline constexpr std::string_view kOciLayerGzip = "application/vnd.oci.image.layer.v1.tar+gzip";
inline constexpr std::string_view kOciLayerZstd = "application/vnd.oci.image.layer.v1.tar+zstd";
inline constexpr std::string_view kDockerList = "application/vnd.docker.distribution.manifest.list.v2+json";
inline constexpr std::string_view kDockerManifest = "application/vnd.docker.distribution.manifest.v2+json";
inline constexpr std::string_view kDockerManifest1 = "application/vnd.docker.distribution.manifest.v1+json";
inline constexpr std::string_view kDockerManifest1Signed =
    "application/vnd.docker.distribution.manifest.v1+prettyjws";
inline constexpr std::string_view kDockerConfig = "application/vnd.docker.container.image.v1+json";
inline constexpr std::string_view kDockerLayer = "application/vnd.docker.image.rootfs.diff.tar";
inline constexpr std::string_view kDockerLayerGzip = "application/vnd.docker.image.rootfs.diff.tar.gzip";

bool is_index(std::string_view type);
bool is_manifest(std::string_view type);  // OCI or Docker schema 2
}  // namespace media

// Documents of strangers: their size is limited, and what both a manifest and an index could be is refused
// (CVE-2021-41190). An error's object is the JSON pointer of the property.
inline constexpr size_t kManifestLimit = 4 << 20;  // bytes
inline constexpr size_t kConfigLimit = 8 << 20;
Result<Manifest> read_manifest(std::string_view text);
Result<Index> read_index(std::string_view text);
// With as many diffIDs as it takes layers for its history.
Result<ImageConfig> read_config(std::string_view text);

// "amd64", "arm64" as in documents, of this machine; with the variant of 32-bit ARM.
Platform host_platform();

}  // namespace estiva::image

namespace estiva::codec {

// A digest is a string that must be one.
template <>
struct Codec<image::Digest> : Scalar {
  static Result<void> decode(const json::Node& node, const Path& path, image::Digest& value);
  static void encode(json::Writer& writer, const image::Digest& value) { writer.string(value.to_string()); }
  static bool empty(const image::Digest& value) { return value.empty(); }
};

template <>
std::span<const Row> rows<image::Platform>();
template <>
std::span<const Row> rows<image::Descriptor>();
template <>
std::span<const Row> rows<image::Manifest>();
template <>
std::span<const Row> rows<image::Index>();
template <>
std::span<const Row> rows<image::Healthcheck>();
template <>
std::span<const Row> rows<image::ContainerConfig>();
template <>
std::span<const Row> rows<image::RootFs>();
template <>
std::span<const Row> rows<image::History>();
template <>
std::span<const Row> rows<image::ImageConfig>();

}  // namespace estiva::codec
