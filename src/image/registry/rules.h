// SPDX-License-Identifier: Apache-2.0
// What is configured about registries: our own file of one rule a line, and the part of containers' registries.conf
// (version 2) that says where images come from. cais-registries(5) has the words.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "image/registry/endpoint.h"

namespace estiva::image {

// Lines "PREFIX WORD...". The error names the line.
Result<RegistryRules> parse_rules(std::string_view text);
// Tables [[registry]] and [[registry.mirror]]; other tables and keys are ignored.
Result<RegistryRules> parse_registries_conf(std::string_view text);
// Rules of the same prefix become one: mirrors one after another, flags joined, the first location stays.
void merge(RegistryRules& into, RegistryRules more);

struct RulePlaces {
  std::vector<std::string> ours;          // the user's before the system's
  std::vector<std::string> containers;    // files; of the first that exists
  std::vector<std::string> drop_ins;      // folders of *.conf, in the order of their names
  std::vector<std::string> certificates;  // folders with a folder for each host; of the first that has one

  static RulePlaces of_environment();
};
// What does not exist is no error.
Result<RegistryRules> load_rules(const RulePlaces& places);

// Authorities, client certificate and key for a host, from the first folder that has something for it.
Result<Trust> load_trust(const std::vector<std::string>& folders, std::string_view authority);

}  // namespace estiva::image
