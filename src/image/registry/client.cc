// SPDX-License-Identifier: Apache-2.0
// The registry client as one object for a command.
#include "image/registry/client.h"

#include "estiva/base/text.h"

namespace estiva::image {

namespace {

constexpr size_t kMaxTold = 256;

std::optional<RateLimit> rate_of(const Response& response) {
  const auto limit = parse_rate(response.find("ratelimit-limit"));
  const auto remaining = parse_rate(response.find("ratelimit-remaining"));
  if (!limit || !remaining) return std::nullopt;
  const std::string_view source = response.find("docker-ratelimit-source");
  return RateLimit{*limit, *remaining, text::printable(source.substr(0, kMaxTold))};
}

}  // namespace

Registry::Registry(Client& client, Endpoint endpoint, Url base, std::optional<Credential> credential)
    : client_(client),
      endpoint_(std::move(endpoint)),
      base_(std::move(base)),
      auth_(client.http(), client.manners(), base_, std::move(credential)) {}

std::string Registry::scope(Access access) const {
  return text::cat("repository:", endpoint_.path, access == Access::kPush ? ":pull,push" : ":pull");
}

Ask Registry::ask(std::string_view what, Access access) {
  Ask ask;
  ask.url = base_;
  ask.url.target = text::cat("/v2/", endpoint_.path, "/", what);
  ask.scope = scope(access);
  ask.authorizer = &auth_;
  return ask;
}

Result<Ask> Registry::ask_at(std::string_view location, Access access) {
  Ask ask;
  ask.url = TRY(base_.resolve(location).context([&] { return text::cat(endpoint_.name(), ": Location"); }));
  if (base_.https && !ask.url.https) {
    return Error(Code::kInvalid,
                 text::cat(endpoint_.name(), ": leads from https to http, which is not followed"));
  }
  ask.scope = scope(access);
  if (ask.url.same_origin(base_)) ask.authorizer = &auth_;
  return ask;
}

Ask Registry::ask_base() {
  Ask ask;
  ask.url = base_;
  ask.url.target = "/v2/";
  ask.authorizer = &auth_;
  return ask;
}

Result<Response> Registry::converse_by(const Manners& manners, Ask ask) {
  Result<Response> response = converse(client_.http(), Exchange(manners, std::move(ask), reached_));
  if (!response.ok()) return response;
  reached_ = true;
  if (auto rate = rate_of(response.value())) rate_ = std::move(rate);
  return response;
}

Result<Response> Registry::run(Ask ask) { return converse_by(client_.manners(), std::move(ask)); }

Result<Response> Registry::run_once(Ask ask) {
  Manners once = client_.manners();
  once.retry.retries = 0;
  return converse_by(once, std::move(ask));
}

Client::Client(ClientSettings settings, Http http, RegistryRules rules)
    : settings_(std::move(settings)),
      http_(std::move(http)),
      rules_(std::move(rules)),
      credentials_(settings_.credentials) {
  manners_.rules = &rules_;
  manners_.retry = settings_.retry;
  manners_.trust = [this](const std::string& authority) { return trust(authority); };
}

Result<std::unique_ptr<Client>> Client::create(ClientSettings settings) {
  RegistryRules rules = TRY(load_rules(settings.rules));
  Http http = TRY(Http::create(settings.http));
  return std::unique_ptr<Client>(new Client(std::move(settings), std::move(http), std::move(rules)));
}

Result<const Trust*> Client::trust(const std::string& authority) {
  const auto known = trusts_.find(authority);
  if (known != trusts_.end()) return &known->second;
  Trust trust = TRY(load_trust(settings_.rules.certificates, authority));
  trust.verify = !rules_.transport_of(authority).skip_verify;
  return &trusts_.emplace(authority, std::move(trust)).first->second;
}

// https, but where plain HTTP is allowed and TLS does not come about. A certificate that is not trusted is an error
// there too.
Result<Url> Client::settle(const Endpoint& endpoint) {
  Url base = TRY(api_base(endpoint.host, true));
  for (;;) {
    Ask ask;
    ask.url = base;
    ask.url.target = "/v2/";
    Exchange exchange(manners_, std::move(ask), false);
    const Outcome outcome = http_.perform(TRY(exchange.next()));
    if (outcome.response.ok()) return base;
    const bool other_way = base.https && endpoint.transport.plain_http && outcome.transient;
    if (!other_way) return Error::from_parts(outcome.response.error().parts());
    base = TRY(api_base(endpoint.host, false));
  }
}

Result<Registry*> Client::open(const Endpoint& endpoint) {
  const auto known = registries_.find(endpoint.name());
  if (known != registries_.end()) return known->second.get();
  Url base = TRY(endpoint.transport.plain_http ? settle(endpoint) : api_base(endpoint.host, true));
  std::optional<Credential> credential = TRY(credentials_.find(endpoint.host, endpoint.path));
  std::unique_ptr<Registry> made(new Registry(*this, endpoint, std::move(base), std::move(credential)));
  return registries_.emplace(endpoint.name(), std::move(made)).first->second.get();
}

Result<void> Client::check_login(const Endpoint& endpoint, const Credential& credential) {
  Url base = TRY(endpoint.transport.plain_http ? settle(endpoint) : api_base(endpoint.host, true));
  Registry registry(*this, endpoint, std::move(base), credential);
  const Response response = TRY(registry.run(registry.ask_base()));
  if (response.status == 200) return {};
  return Error(Code::kInvalid, text::cat(endpoint.host, ": the login is refused, status ", response.status));
}

Error refusal(const Registry& registry, const Response& response, std::string_view what) {
  const std::string told = told_errors(response);
  return Error(response.status == 404 ? Code::kNotFound : Code::kInvalid,
               text::cat(registry.endpoint().name(), ": ", through(response), what, ": status ",
                         response.status, told.empty() ? "" : ", ", told));
}

}  // namespace estiva::image
