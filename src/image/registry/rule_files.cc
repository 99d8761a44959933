// SPDX-License-Identifier: Apache-2.0
// The files that are configured about registries: where they are, and reading them.
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>

#include <algorithm>

#include "estiva/base/files.h"
#include "estiva/base/text.h"
#include "image/registry/rules.h"

namespace estiva::image {

namespace {

constexpr size_t kMaxFile = 1 << 20;

std::string variable(const char* name) {
  const char* value = ::getenv(name);
  return value == nullptr ? "" : value;
}

bool is_missing(const Error& error) { return error.errnum() == ENOENT || error.errnum() == ENOTDIR; }

// Whether there was such a file.
Result<bool> add_file(RegistryRules& rules, const std::string& path,
                      Result<RegistryRules> (*parse)(std::string_view)) {
  Result<std::string> text = files::read_all(FdView::cwd(), path, kMaxFile);
  if (!text.ok() && is_missing(text.error())) return false;
  const std::string content = TRY(std::move(text));
  merge(rules, TRY(parse(content).context([&] { return path; })));
  return true;
}

// Absent: no names.
Result<std::vector<std::string>> names_in(const std::string& folder) {
  Result<Fd> open = sys::open(folder, O_RDONLY | O_DIRECTORY);
  if (!open.ok() && is_missing(open.error())) return std::vector<std::string>();
  std::vector<std::string> names = TRY(files::list(TRY(std::move(open))));
  std::ranges::sort(names);
  return names;
}

}  // namespace

RulePlaces RulePlaces::of_environment() {
  RulePlaces places;
  const std::string home = variable("HOME");
  std::string config = variable("XDG_CONFIG_HOME");
  if (config.empty() && !home.empty()) config = home + "/.config";
  if (!config.empty()) {
    places.ours.push_back(config + "/cais/registries");
    places.certificates.push_back(config + "/cais/certs.d");
    places.certificates.push_back(config + "/containers/certs.d");
  }
  places.ours.emplace_back("/etc/cais/registries");
  for (const char* folder : {"/etc/cais/certs.d", "/etc/containers/certs.d", "/etc/docker/certs.d"})
    places.certificates.emplace_back(folder);
  if (std::string file = variable("CONTAINERS_REGISTRIES_CONF"); !file.empty()) {
    places.containers.push_back(std::move(file));
    return places;
  }
  if (!config.empty()) places.containers.push_back(config + "/containers/registries.conf");
  places.containers.emplace_back("/etc/containers/registries.conf");
  places.drop_ins.emplace_back("/etc/containers/registries.conf.d");
  if (!config.empty()) places.drop_ins.push_back(config + "/containers/registries.conf.d");
  return places;
}

Result<RegistryRules> load_rules(const RulePlaces& places) {
  RegistryRules rules;
  for (const std::string& file : places.ours) TRY(add_file(rules, file, parse_rules));
  for (const std::string& file : places.containers)
    if (TRY(add_file(rules, file, parse_registries_conf))) break;
  for (const std::string& folder : places.drop_ins) {
    for (const std::string& name : TRY(names_in(folder)))
      if (name.ends_with(".conf")) TRY(add_file(rules, text::cat(folder, "/", name), parse_registries_conf));
  }
  return rules;
}

Result<Trust> load_trust(const std::vector<std::string>& folders, std::string_view authority) {
  for (const std::string& folder : folders) {
    const std::string of_host = text::cat(folder, "/", authority);
    Trust trust;
    for (const std::string& name : TRY(names_in(of_host))) {
      const std::string path = text::cat(of_host, "/", name);
      if (name.ends_with(".crt")) {
        trust.ca_pem += text::cat(TRY(files::read_all(FdView::cwd(), path, kMaxFile)), "\n");
      } else if (name.ends_with(".cert") && trust.client_certificate.empty()) {
        trust.client_certificate = path;
        trust.client_key = text::cat(path.substr(0, path.size() - 4), "key");
      }
    }
    if (!trust.ca_pem.empty() || !trust.client_certificate.empty()) return trust;
  }
  return Trust();
}

}  // namespace estiva::image
