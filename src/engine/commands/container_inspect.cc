// SPDX-License-Identifier: Apache-2.0
// A container in `inspect`: docker's members, as far as they mean something here.
#include "engine/commands/containers.h"
#include "engine/container/id_maps.h"
#include "engine/container/ports.h"
#include "engine/container/status.h"
#include "engine/network/endpoint.h"
#include "engine/spec/make_spec.h"
#include "estiva/base/text.h"
#include "image/bundle/snapshots.h"

namespace estiva::engine {

namespace {

class Members {
 public:
  explicit Members(json::Writer& writer) : writer_(writer) {}
  void text(std::string_view key, std::string_view value) {
    writer_.key(key);
    writer_.string(value);
  }
  void boolean(std::string_view key, bool value) {
    writer_.key(key);
    writer_.boolean(value);
  }
  template <typename T>
  void number(std::string_view key, T value) {
    writer_.key(key);
    writer_.number(value);
  }
  void texts(std::string_view key, const Strings& values) {
    writer_.key(key);
    writer_.begin_array();
    for (const std::string& each : values) writer_.string(each);
    writer_.end_array();
  }
  void begin(std::string_view key) {
    writer_.key(key);
    writer_.begin_object();
  }
  void end() { writer_.end_object(); }

 private:
  json::Writer& writer_;
};

void write_state(Members& out, const Status& status) {
  const bool runs = status.condition == Condition::kRunning || status.condition == Condition::kPaused;
  const bool restarts = status.condition == Condition::kRestarting;
  out.begin("State");
  out.text("Status", name_of(status.condition));
  out.boolean("Running", runs || restarts);  // as docker has it
  out.boolean("Paused", status.condition == Condition::kPaused);
  out.boolean("Restarting", restarts);
  out.boolean("OOMKilled", !runs && status.exit.oom);
  out.boolean("Dead", false);
  out.number("Pid", runs ? status.state.init : 0);
  out.number("ExitCode", runs ? 0 : status.exit.code);
  out.text("Error", runs ? "" : status.exit.reason);
  out.text("StartedAt", utc_text(runs ? status.state.started_ns : status.exit.started_ns));
  out.text("FinishedAt", utc_text(status.exit.finished_ns));
  out.end();
}

void write_config(Members& out, const ContainerRecord& record) {
  const ContainerOptions& options = record.options;
  out.begin("Config");
  out.text("Hostname", options.hostname.empty() ? record.short_id() : options.hostname);
  out.text("User", options.user);
  out.boolean("Tty", options.tty);
  out.boolean("OpenStdin", options.interactive);
  out.texts("Env", options.env);
  out.texts("Cmd", record.args);
  out.text("Image", record.image);
  out.text("WorkingDir", options.workdir);
  out.text("StopSignal", record.stop_signal);
  out.begin("Labels");
  for (const auto& [key, value] : record.labels) out.text(key, value);
  out.end();
  out.begin("ExposedPorts");
  for (const std::string& port : record.exposed_ports) {
    out.begin(port);
    out.end();
  }
  out.end();
  out.end();
}

// "80/tcp": where it is published, or null where it is not.
void write_ports(json::Writer& writer, const ContainerRecord& record,
                 const std::vector<PublishedPort>& published) {
  std::map<std::string, std::vector<PublishedPort>> all;
  for (const std::string& port : record.exposed_ports) all[port];
  for (const PublishedPort& each : published)
    all[text::cat(each.container, "/", each.protocol)].push_back(each);
  writer.begin_object();
  for (const auto& [port, places] : all) {
    writer.key(port);
    if (places.empty()) {
      writer.null();
      continue;
    }
    writer.begin_array();
    for (const PublishedPort& each : places) {
      Members out(writer);
      writer.begin_object();
      out.text("HostIp", each.address.empty() ? kAnyV4 : each.address);
      out.text("HostPort", text::cat(each.host));
      writer.end_object();
    }
    writer.end_array();
  }
  writer.end_object();
}

void write_host_config(json::Writer& writer, const ContainerRecord& record) {
  Members out(writer);
  const ContainerOptions& options = record.options;
  out.begin("HostConfig");
  out.texts("Binds", options.volume);
  out.text("NetworkMode", options.network);
  const Result<std::vector<PublishedPort>> ports = published_ports(options.publish);
  writer.key("PortBindings");
  write_ports(writer, ContainerRecord(), ports.ok() ? ports.value() : std::vector<PublishedPort>());
  out.begin("RestartPolicy");
  out.text("Name", options.restart.empty() ? "no" : options.restart.substr(0, options.restart.find(':')));
  const Result<RestartPolicy> policy = parse_restart(options.restart);
  out.number("MaximumRetryCount", policy.ok() ? policy.value().most : 0);
  out.end();
  out.boolean("AutoRemove", options.rm);
  out.boolean("Privileged", options.privileged);
  out.boolean("ReadonlyRootfs", options.read_only);
  out.boolean("Init", options.init);
  out.texts("CapAdd", options.cap_add);
  out.texts("CapDrop", options.cap_drop);
  out.text("UsernsMode", options.userns);
  if (record.maps_ids()) {
    out.begin("IDMappings");
    out.texts("UidMap", map_words(record.uid_map));
    out.texts("GidMap", map_words(record.gid_map));
    out.end();
  }
  out.text("Runtime", record.runtime.at(0));
  out.number("Memory", text::bytes(options.memory).value_or(0));
  out.number("PidsLimit", options.pids_limit);
  out.end();
}

void write_addresses(Members& out, const Endpoint& endpoint) {
  out.text("Gateway", endpoint.gateway);
  out.text("IPAddress", endpoint.address);
  out.number("IPPrefixLen", endpoint.prefix);
  out.text("IPv6Gateway", endpoint.gateway_v6);
  out.text("GlobalIPv6Address", endpoint.address_v6);
  out.number("GlobalIPv6PrefixLen", endpoint.prefix_v6);
  out.text("MacAddress", endpoint.mac);
}

void write_network(json::Writer& writer, const Engine& engine, const ContainerRecord& record) {
  const Result<std::optional<Endpoint>> found = read_endpoint(engine.containers, record.id);
  const Endpoint endpoint = found.ok() && found.value() ? *found.value() : Endpoint();
  const bool joined = !endpoint.address.empty();
  Members out(writer);
  out.begin("NetworkSettings");
  out.text("SandboxKey", joined ? engine.containers.run_file(record.id, kNamespaceFile) : "");
  writer.key("Ports");
  write_ports(writer, joined ? record : ContainerRecord(), places_now(engine.containers, record.id));
  write_addresses(out, endpoint);
  out.begin("Networks");
  out.begin(record.options.network.empty() ? "bridge" : record.options.network);
  write_addresses(out, endpoint);
  out.end();
  out.end();
  out.end();
}

void write_snapshots(json::Writer& writer, const Engine& engine, const ContainerRecord& record) {
  const Result<image::BundleState> read = image::read_bundle(engine.containers.bundle(record.id));
  const image::BundleState state = read.ok() ? read.value() : image::BundleState();
  Members out(writer);
  out.text("StandsOn", image::name_of_snapshot(state, state.base));
  writer.key("Snapshots");
  writer.begin_array();
  for (const image::Snapshot& each : state.snapshots) {
    if (each.name.empty()) continue;
    writer.begin_object();
    out.text("Name", each.name);
    out.text("StandsOn", image::name_of_snapshot(state, each.parent));
    out.text("Created", utc_text(each.created_ns));
    out.boolean("Automatic", each.automatic);
    writer.end_object();
  }
  writer.end_array();
}

}  // namespace

Result<void> write_container(json::Writer& writer, const Engine& engine, const ContainerRecord& record) {
  const Status status = TRY(status_of(engine.containers, record));
  Members out(writer);
  writer.begin_object();
  out.text("Id", record.id);
  out.text("Created", utc_text(record.created_ns));
  out.text("Path", record.args.empty() ? "" : record.args[0]);
  out.texts("Args", record.args.empty() ? Strings() : Strings(record.args.begin() + 1, record.args.end()));
  write_state(out, status);
  out.text("Image", record.image_id);
  out.text("ResolvConfPath", engine.containers.file(record.id, "resolv.conf"));
  out.text("HostnamePath", engine.containers.file(record.id, "hostname"));
  out.text("HostsPath", engine.containers.file(record.id, "hosts"));
  out.text("LogPath", engine.containers.file(record.id, "log"));
  out.text("BundlePath", engine.containers.bundle(record.id));
  out.text("Name", text::cat("/", record.name));
  out.number("RestartCount", record.restarts);
  write_config(out, record);
  write_host_config(writer, record);
  write_network(writer, engine, record);
  write_snapshots(writer, engine, record);
  writer.end_object();
  return {};
}

}  // namespace estiva::engine
