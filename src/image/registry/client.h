// SPDX-License-Identifier: Apache-2.0
// The registry client as one object for a command: connections, configuration, credentials, and the registries that
// were met. A Registry is one endpoint of a repository; its methods ask one question each and check the answer.
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "image/digest.h"
#include "image/registry/auth.h"
#include "image/registry/challenge.h"
#include "image/registry/rules.h"

namespace estiva::image {

struct ClientSettings {
  RetryPolicy retry;
  HttpSettings http;
  RulePlaces rules = RulePlaces::of_environment();
  CredentialPlaces credentials = CredentialPlaces::of_environment();
};

// What a registry said of the number of questions that are left.
struct RateLimit {
  RateValue limit, remaining;
  std::string source;  // whom it counts: an address, a user
};

class Client;

// What is allowed on a repository.
enum class Access { kPull, kPush };

class Registry {
 public:
  const Endpoint& endpoint() const { return endpoint_; }
  const std::optional<RateLimit>& rate() const { return rate_; }
  bool anonymous() const { return auth_.anonymous(); }

  // "/v2/PATH/WHAT", with authorisation.
  Ask ask(std::string_view what, Access access = Access::kPull);
  // Where an answer's Location leads. Another host than the registry's gets no credentials.
  Result<Ask> ask_at(std::string_view location, Access access);
  // "/v2/", for which a login is enough.
  Ask ask_base();
  // To its end. Rate limits are noted.
  Result<Response> run(Ask ask);
  // The same without another attempt after a failure: for what can't be repeated as it is.
  Result<Response> run_once(Ask ask);
  // For asks that run beside others: whether it has answered before.
  bool reached() const { return reached_; }
  Client& client() { return client_; }

  // Uploads in pieces: not to one that has refused them, or has lost what it had twice.
  bool takes_pieces() const { return takes_pieces_ && keeps_uploads(); }
  bool keeps_uploads() const { return lost_uploads_ < 2; }
  void refuse_pieces() { takes_pieces_ = false; }
  void lost_upload() { ++lost_uploads_; }

 private:
  friend class Client;
  std::string scope(Access access) const;
  Result<Response> converse_by(const Manners& manners, Ask ask);
  Registry(Client& client, Endpoint endpoint, Url base, std::optional<Credential> credential);

  Client& client_;
  Endpoint endpoint_;
  Url base_;
  Auth auth_;
  std::optional<RateLimit> rate_;
  bool reached_ = false;
  bool takes_pieces_ = true;
  unsigned lost_uploads_ = 0;
};

class Client {
 public:
  static Result<std::unique_ptr<Client>> create(ClientSettings settings);

  // Mirrors, then the registry.
  Result<std::vector<Endpoint>> endpoints(const Reference& reference) const {
    return rules_.endpoints(reference);
  }
  // Made at the first use: finds out whether it speaks TLS where both are allowed, and who we are to it.
  Result<Registry*> open(const Endpoint& endpoint);
  // Whether the registry at this host takes the credential.
  Result<void> check_login(const Endpoint& endpoint, const Credential& credential);

  Http& http() { return http_; }
  const Manners& manners() const { return manners_; }
  const RegistryRules& rules() const { return rules_; }
  const Credentials& credentials() const { return credentials_; }

 private:
  Client(ClientSettings settings, Http http, RegistryRules rules);
  Result<const Trust*> trust(const std::string& authority);
  Result<Url> settle(const Endpoint& endpoint);

  ClientSettings settings_;
  Http http_;
  RegistryRules rules_;
  Credentials credentials_;
  Manners manners_;
  std::map<std::string, Trust> trusts_;                          // by authority
  std::map<std::string, std::unique_ptr<Registry>> registries_;  // by endpoint's name
};

// An answer that is no success, in words: status, what the registry says of it, what was asked.
Error refusal(const Registry& registry, const Response& response, std::string_view what);

}  // namespace estiva::image
