// SPDX-License-Identifier: Apache-2.0
// The rows of the image's documents, in the order of the specification, and what is checked while they are read.
#include "image/documents.h"

#include <sys/utsname.h>

#include <algorithm>

namespace estiva::codec {

using namespace image;

Result<void> Codec<Digest>::decode(const json::Node& node, const Path& path, Digest& value) {
  if (node.type != json::Type::kString) return wrong_type(node, path, "a string");
  Result<Digest> parsed = Digest::parse(node.text);
  if (!parsed.ok()) return std::move(parsed).error().object(path.pointer());
  value = std::move(parsed).value();
  return {};
}

template <>
std::span<const Row> rows<Platform>() {
  static constexpr Row kRows[] = {
      row<&Platform::architecture>("architecture", kRequired),
      row<&Platform::os>("os", kRequired),
      row<&Platform::os_version>("os.version"),
      row<&Platform::os_features>("os.features"),
      row<&Platform::variant>("variant"),
  };
  return kRows;
}

template <>
std::span<const Row> rows<Descriptor>() {
  static constexpr Row kRows[] = {
      row<&Descriptor::media_type>("mediaType", kRequired),
      row<&Descriptor::digest>("digest", kRequired),
      row<&Descriptor::size>("size", kRequired),
      row<&Descriptor::urls>("urls"),
      row<&Descriptor::annotations>("annotations"),
      row<&Descriptor::platform>("platform"),
      row<&Descriptor::artifact_type>("artifactType"),
  };
  return kRows;
}

template <>
std::span<const Row> rows<Manifest>() {
  static constexpr Row kRows[] = {
      row<&Manifest::schema_version>("schemaVersion", kRequired),
      row<&Manifest::media_type>("mediaType"),
      row<&Manifest::artifact_type>("artifactType"),
      row<&Manifest::config>("config", kRequired),
      row<&Manifest::layers>("layers", kKeep),
      row<&Manifest::subject>("subject"),
      row<&Manifest::annotations>("annotations"),
  };
  return kRows;
}

template <>
std::span<const Row> rows<Index>() {
  static constexpr Row kRows[] = {
      row<&Index::schema_version>("schemaVersion", kRequired),
      row<&Index::media_type>("mediaType"),
      row<&Index::artifact_type>("artifactType"),
      row<&Index::manifests>("manifests", kKeep),
      row<&Index::subject>("subject"),
      row<&Index::annotations>("annotations"),
  };
  return kRows;
}

template <>
std::span<const Row> rows<Healthcheck>() {
  static constexpr Row kRows[] = {
      row<&Healthcheck::test>("Test"),
      row<&Healthcheck::interval>("Interval"),
      row<&Healthcheck::timeout>("Timeout"),
      row<&Healthcheck::start_period>("StartPeriod"),
      row<&Healthcheck::start_interval>("StartInterval"),
      row<&Healthcheck::retries>("Retries"),
  };
  return kRows;
}

template <>
std::span<const Row> rows<ContainerConfig>() {
  using C = ContainerConfig;
  static constexpr Row kRows[] = {
      row<&C::hostname>("Hostname"),
      row<&C::domainname>("Domainname"),
      row<&C::user>("User"),
      row<&C::exposed_ports>("ExposedPorts"),
      row<&C::env>("Env"),
      row<&C::entrypoint>("Entrypoint"),
      row<&C::cmd>("Cmd"),
      row<&C::volumes>("Volumes"),
      row<&C::working_dir>("WorkingDir"),
      row<&C::labels>("Labels"),
      row<&C::stop_signal>("StopSignal"),
      row<&C::stop_timeout>("StopTimeout"),
      row<&C::healthcheck>("Healthcheck"),
      row<&C::on_build>("OnBuild"),
      row<&C::shell>("Shell"),
      row<&C::args_escaped>("ArgsEscaped"),
  };
  return kRows;
}

template <>
std::span<const Row> rows<RootFs>() {
  static constexpr Row kRows[] = {
      row<&RootFs::type>("type", kRequired),
      row<&RootFs::diff_ids>("diff_ids", kKeep),
  };
  return kRows;
}

template <>
std::span<const Row> rows<History>() {
  static constexpr Row kRows[] = {
      row<&History::created>("created"),         row<&History::created_by>("created_by"),
      row<&History::author>("author"),           row<&History::comment>("comment"),
      row<&History::empty_layer>("empty_layer"),
  };
  return kRows;
}

template <>
std::span<const Row> rows<ImageConfig>() {
  using I = ImageConfig;
  static constexpr Row kRows[] = {
      row<&I::created>("created"),
      row<&I::author>("author"),
      row<&I::architecture>("architecture", kRequired),
      row<&I::variant>("variant"),
      row<&I::os>("os", kRequired),
      row<&I::os_version>("os.version"),
      row<&I::os_features>("os.features"),
      row<&I::config>("config"),
      row<&I::rootfs>("rootfs", kRequired),
      row<&I::history>("history"),
  };
  return kRows;
}

}  // namespace estiva::codec

namespace estiva::image {

namespace {

constexpr std::string_view kIndexTypes[] = {media::kOciIndex, media::kDockerList};
constexpr std::string_view kManifestTypes[] = {media::kOciManifest, media::kDockerManifest};

bool is_one_of(std::span<const std::string_view> types, std::string_view type) {
  return std::ranges::find(types, type) != types.end();
}

// A document with the members of both could mean one thing to us and another to who signed or scanned it.
Result<json::Document> parse(std::string_view text, std::string_view wanted,
                             std::span<const std::string_view> types,
                             std::span<const std::string_view> foreign) {
  json::Document document =
      TRY(json::Document::parse(text, {.bytes = kManifestLimit, .depth = 32, .values = 1 << 17}));
  const json::Node& root = document.root();
  for (const std::string_view name : foreign) {
    if (root.find(name) != nullptr) {
      return Error::invalid(text::cat("/", name),
                            text::cat("has no place in ", wanted, ": a document is one or the other"));
    }
  }
  const json::Node* type = root.find("mediaType");
  if (type != nullptr && type->type == json::Type::kString && !type->text.empty() &&
      !is_one_of(types, type->text))
    return Error::invalid("/mediaType", text::cat("is ", text::quote(type->text), ", not that of ", wanted));
  return document;
}

Result<void> check_version(int32_t version) {
  if (version == 2) return {};
  return Error::invalid("/schemaVersion", text::cat("is ", version, "; 2 is known"));
}

Result<void> check_descriptor(const Descriptor& descriptor, const std::string& where) {
  if (descriptor.size < 0) return Error::invalid(text::cat(where, "/size"), "is less than 0");
  return {};
}

}  // namespace

bool media::is_index(std::string_view type) { return is_one_of(kIndexTypes, type); }
bool media::is_manifest(std::string_view type) { return is_one_of(kManifestTypes, type); }

Result<Manifest> read_manifest(std::string_view text) {
  static constexpr std::string_view kForeign[] = {"manifests", "fsLayers"};
  const json::Document document = TRY(parse(text, "an image manifest", kManifestTypes, kForeign));
  Manifest manifest = TRY(codec::decode<Manifest>(document));
  TRY(check_version(manifest.schema_version));
  TRY(check_descriptor(manifest.config, "/config"));
  for (size_t i = 0; i < manifest.layers.size(); ++i)
    TRY(check_descriptor(manifest.layers[i], text::cat("/layers/", i)));
  return manifest;
}

Result<Index> read_index(std::string_view text) {
  static constexpr std::string_view kForeign[] = {"config", "layers", "fsLayers"};
  const json::Document document = TRY(parse(text, "an image index", kIndexTypes, kForeign));
  Index index = TRY(codec::decode<Index>(document));
  TRY(check_version(index.schema_version));
  for (size_t i = 0; i < index.manifests.size(); ++i)
    TRY(check_descriptor(index.manifests[i], text::cat("/manifests/", i)));
  return index;
}

Result<ImageConfig> read_config(std::string_view text) {
  ImageConfig config = TRY(codec::decode<ImageConfig>(text, {.bytes = kConfigLimit, .depth = 32}));
  if (config.rootfs.type != "layers")
    return Error::invalid("/rootfs/type",
                          text::cat("is ", text::quote(config.rootfs.type), ", not \"layers\""));
  const auto counted =
      std::ranges::count_if(config.history, [](const History& entry) { return !entry.empty_layer; });
  if (!config.history.empty() && static_cast<size_t>(counted) != config.rootfs.diff_ids.size()) {
    return Error::invalid("/history", text::cat("tells of ", counted, " layers, /rootfs/diff_ids has ",
                                                config.rootfs.diff_ids.size()));
  }
  return config;
}

Platform host_platform() {
  struct Machine {
    std::string_view kernel, architecture, variant;
  };
  static constexpr Machine kMachines[] = {
      {"x86_64", "amd64", ""},        {"i686", "386", ""},        {"aarch64", "arm64", ""},
      {"armv7l", "arm", "v7"},        {"armv6l", "arm", "v6"},    {"ppc64le", "ppc64le", ""},
      {"s390x", "s390x", ""},         {"riscv64", "riscv64", ""}, {"mips64", "mips64le", ""},
      {"loongarch64", "loong64", ""},
  };
  struct utsname name;
  ::uname(&name);
  Platform platform{.architecture = name.machine, .os = "linux"};
  for (const Machine& machine : kMachines) {
    if (machine.kernel != name.machine) continue;
    platform.architecture = machine.architecture;
    platform.variant = machine.variant;
  }
  return platform;
}

}  // namespace estiva::image
