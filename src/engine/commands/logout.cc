// SPDX-License-Identifier: Apache-2.0
// cais logout: credentials out of docker's and podman's files and helpers. No registry is asked.
#include "engine/commands/command.h"
#include "engine/registry_flags.h"
#include "estiva/base/text.h"

namespace estiva::engine {

namespace {

Result<int> logout(Invocation& in) {
  const std::vector<std::string> operands = TRY(parse_operands(kLogout, nullptr, in, 0, 1));
  const std::string host = TRY(registry_host(operands));
  const image::Credentials credentials(image::CredentialPlaces::of_environment());
  const std::vector<std::string> places = TRY(credentials.erase(host));
  TRY(print(text::cat(places.empty() ? "Not logged in to " : "Removing login credentials for ", host, "\n")));
  return 0;
}

}  // namespace

const Command kLogout = {"logout", "[REGISTRY]", "forget the login to a registry", {}, logout};

}  // namespace estiva::engine
