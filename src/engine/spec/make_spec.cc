// SPDX-License-Identifier: Apache-2.0
// Process, names, namespaces; limits, security and mounts are in files of their own.
#include "engine/spec/make_spec.h"

#include <algorithm>

#include "estiva/base/text.h"
#include "image/bundle/spec.h"

namespace estiva::engine {

namespace {

using spec::NamespaceType;

std::string_view name_of(const std::string& variable) {
  return std::string_view(variable).substr(0, variable.find('='));
}

auto same_name(const std::string& variable) {
  return [&variable](const std::string& each) { return name_of(each) == name_of(variable); };
}

void add_variable(Strings& env, const std::string& variable) {
  if (std::ranges::none_of(env, same_name(variable))) env.push_back(variable);
}

std::string hostname_of(const ContainerRecord& record) {
  return record.options.hostname.empty() ? record.short_id() : record.options.hostname;
}

Result<void> set_process(const SpecInput& input, spec::Process& process) {
  const ContainerOptions& options = input.record.options;
  process.args = input.record.args;
  if (!input.init.empty()) process.args.insert(process.args.begin(), kInitPath);
  process.terminal = options.tty;
  if (!options.workdir.empty()) {
    if (!options.workdir.starts_with('/')) return bad_option("workdir", options.workdir, "is not absolute");
    process.cwd = options.workdir;
  }
  process.user = input.user.user;
  for (const uint32_t group : input.groups) process.user.additional_gids.push_back(group);
  add_variable(process.env, text::cat("HOSTNAME=", hostname_of(input.record)));
  if (options.tty) add_variable(process.env, "TERM=xterm");
  for (const std::string& variable : input.record.env) set_variable(process.env, variable);
  if (!input.user.home.empty()) add_variable(process.env, text::cat("HOME=", input.user.home));
  if (options.oom_score_adj != 0) process.oom_score_adj = static_cast<int32_t>(options.oom_score_adj);
  return {};
}

// Ours, or the host's.
Result<void> set_namespace(spec::Linux& config, NamespaceType type, std::string_view option,
                           const std::string& value) {
  const bool own = value.empty() || value == "private" || value == "shareable";
  if (!own && value != "host") return bad_option(option, value, "takes host or private");
  if (!own) std::erase_if(config.namespaces, [&](const spec::Namespace& each) { return each.type == type; });
  return {};
}

Result<void> set_namespaces(const SpecInput& input, spec::Linux& config) {
  const ContainerOptions& options = input.record.options;
  TRY(set_namespace(config, NamespaceType::kPid, "pid", options.pid));
  TRY(set_namespace(config, NamespaceType::kIpc, "ipc", options.ipc));
  TRY(set_namespace(config, NamespaceType::kUts, "uts", options.uts));
  TRY(set_namespace(config, NamespaceType::kCgroup, "cgroupns", options.cgroupns));
  TRY(set_namespace(config, NamespaceType::kNetwork, "network", input.own_network ? "private" : "host"));
  for (spec::Namespace& each : config.namespaces)
    if (each.type == NamespaceType::kNetwork) each.path = input.network_path;
  return {};
}

Result<void> set_sysctls(const SpecInput& input, spec::Linux& config) {
  const ContainerOptions& options = input.record.options;
  // As docker: without capabilities for it everybody may ping and serve on low ports, in a network of its own.
  if (input.own_network && !input.shared_network) {
    config.sysctl["net.ipv4.ping_group_range"] = "0 2147483647";
    config.sysctl["net.ipv4.ip_unprivileged_port_start"] = "0";
  }
  for (const std::string& each : options.sysctl) {
    const size_t equals = each.find('=');
    if (equals == each.npos) return bad_option("sysctl", each, "is not NAME=VALUE");
    config.sysctl[each.substr(0, equals)] = each.substr(equals + 1);
  }
  return {};
}

Result<void> set_shared_memory(const ContainerOptions& options, std::vector<spec::Mount>& mounts) {
  if (options.shm_size.empty()) return {};
  const auto size = text::bytes(options.shm_size);
  if (!size || *size <= 0) return bad_option("shm-size", options.shm_size, "is no size");
  for (spec::Mount& mount : mounts) {
    if (mount.destination != "/dev/shm") continue;
    std::erase_if(mount.options, [](const std::string& each) { return each.starts_with("size="); });
    mount.options.push_back(text::cat("size=", *size));
  }
  return {};
}

}  // namespace

void set_variable(Strings& env, const std::string& variable) {
  const auto found = std::ranges::find_if(env, same_name(variable));
  if (found == env.end()) {
    env.push_back(variable);
  } else {
    *found = variable;
  }
}

Error bad_option(std::string_view option, std::string_view value, std::string message) {
  return Error::invalid(text::cat("option --", option, " ", text::quote(value)), std::move(message));
}

Result<Strings> process_args(const ContainerOptions& options, const image::ImageConfig& image,
                             const Strings& command) {
  const image::ContainerConfig config = image.config.value_or(image::ContainerConfig());
  Strings args = config.entrypoint;
  if (options.has_entrypoint) args = options.entrypoint.empty() ? Strings() : Strings{options.entrypoint};
  const bool own_command = !command.empty() || options.has_entrypoint;
  const Strings& rest = own_command ? command : config.cmd;
  args.insert(args.end(), rest.begin(), rest.end());
  if (!args.empty()) return args;
  return Error(Code::kInvalid, "No command specified")
      .hint("the image has none: give one after the name of the image");
}

bool wants_init(const ContainerOptions& options) { return options.init && options.pid != "host"; }

Result<RestartPolicy> parse_restart(const std::string& text) {
  using Kind = RestartPolicy::Kind;
  const size_t colon = text.find(':');
  if (text.substr(0, colon) == "on-failure") {
    const auto most = colon == text.npos ? 0 : text::number<uint32_t>(text.substr(colon + 1));
    if (most) return RestartPolicy{Kind::kOnFailure, *most};
  }
  if (text.empty() || text == "no") return RestartPolicy{};
  if (text == "always") return RestartPolicy{Kind::kAlways};
  if (text == "unless-stopped") return RestartPolicy{Kind::kUnlessStopped};
  return bad_option("restart", text, "is none of no, always, on-failure[:N], unless-stopped");
}

Result<spec::Spec> make_spec(const SpecInput& input) {
  const ContainerOptions& options = input.record.options;
  spec::Spec out = TRY(image::make_spec(input.image, input.user));
  TRY(set_process(input, *out.process));
  out.hostname = options.uts == "host" ? "" : hostname_of(input.record);
  out.root->readonly = options.read_only;
  out.annotations.insert(input.record.labels.begin(), input.record.labels.end());
  spec::Linux& config = *out.linux;
  const std::string parent = options.cgroup_parent.empty() ? "/cais" : options.cgroup_parent;
  config.cgroups_path = text::cat(parent.starts_with('/') ? "" : "/", parent, "/", input.record.id);
  config.devices = input.devices;
  TRY(set_namespaces(input, config));
  TRY(set_sysctls(input, config));
  for (spec::Mount& mount : TRY(make_mounts(input))) out.mounts.push_back(std::move(mount));
  TRY(set_shared_memory(options, out.mounts));
  TRY(set_limits(options, out));
  TRY(set_security(options, out));
  return out;
}

}  // namespace estiva::engine
