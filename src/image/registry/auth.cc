// SPDX-License-Identifier: Apache-2.0
// Passwords and tokens.
#include "image/registry/auth.h"

#include <algorithm>

#include "estiva/base/base64.h"
#include "estiva/base/text.h"
#include "estiva/base/time.h"
#include "image/registry/challenge.h"

namespace estiva::image {

namespace {

constexpr size_t kMaxToken = 256 * 1024;
constexpr int64_t kLeastLife_s = 60;    // of a token that says less, or nothing
constexpr int64_t kMargin_ms = 10'000;  // a token is renewed so long before its end
constexpr int64_t kFresh_ms = 30'000;   // a token so young that is refused will not do
constexpr std::string_view kClientId = "cais";

std::string text_member(const json::Node& object, std::string_view name) {
  const json::Node* node = object.find(name);
  return node == nullptr || node->type != json::Type::kString ? "" : std::string(node->text);
}

// A token stands in a header: no blank, no control byte.
bool is_token(std::string_view text) {
  return !text.empty() && std::ranges::all_of(text, [](char c) { return c > 0x20 && c < 0x7f; });
}

std::string basic_value(const Credential& credential) {
  return text::cat("Basic ", to_base64(text::cat(credential.user, ":", credential.secret)));
}

// For the token service: what we have to show, once, to its origin only.
class Shown : public Authorizer {
 public:
  explicit Shown(std::string value) : value_(std::move(value)) {}
  Result<std::string> authorization(const std::string&) override { return value_; }
  Result<void> challenged(const Response&, const std::string&) override {
    return Error(Code::kInvalid, value_.empty() ? "the token service wants credentials"
                                                : "the token service does not take user name and password");
  }

 private:
  std::string value_;
};

const Challenge* find_scheme(const std::vector<Challenge>& challenges, std::string_view scheme) {
  const auto found = std::ranges::find(challenges, scheme, &Challenge::scheme);
  return found == challenges.end() ? nullptr : &*found;
}

}  // namespace

Result<Response> converse(Http& http, Exchange exchange) {
  for (;;) {
    const Request request = TRY(exchange.next());
    switch (exchange.took(http.perform(request))) {
      case Exchange::Step::kDone:
        return std::move(exchange).answer();
      case Exchange::Step::kAgain:
        break;
      case Exchange::Step::kWait:
        http.pass(exchange.wait_ms());
    }
  }
}

Result<std::string> Auth::authorization(const std::string& scope) {
  if (basic_) return basic_value(*credential_);
  const auto token = tokens_.find(scope);
  if (token == tokens_.end()) return std::string();
  if (token->second.expires - kMargin_ms < monotonic_ms()) TRY(fetch(token->second));
  return text::cat("Bearer ", token->second.value);
}

Error Auth::denied(const std::string& scope, const Response& response) const {
  const std::string told = told_errors(response);
  const std::vector<std::string> parts = text::split(scope, ':');
  const std::string what = parts.size() > 1
                               ? text::cat(base_.authority(), ": access to ", parts[1], " is denied")
                               : text::cat(base_.authority(), ": access is denied");
  Error error(Code::kNotFound, told.empty() ? what : text::cat(what, ": ", told));
  if (credential_)
    return std::move(error).hint("the repository does not exist, or the login does not suffice for it");
  return std::move(error).hint("the repository does not exist, or needs a login (cais login)");
}

// Registries name the actions of a scope in any order (docker-registry: in another one each time).
static bool is_same_scope(const std::string& a, const std::string& b) {
  const auto parts = [](const std::string& scope) {
    std::vector<std::string> actions = text::split(scope.substr(scope.rfind(':') + 1), ',');
    std::ranges::sort(actions);
    return std::pair(scope.substr(0, scope.rfind(':') + 1), std::move(actions));
  };
  return a == b || parts(a) == parts(b);
}

Result<void> Auth::challenged(const Response& response, const std::string& scope) {
  std::vector<Challenge> challenges;
  for (const auto& [name, value] : response.headers) {
    if (name != "www-authenticate") continue;
    for (Challenge& challenge : parse_challenges(value)) challenges.push_back(std::move(challenge));
  }
  if (const Challenge* bearer = find_scheme(challenges, "bearer")) {
    Token token{"",
                0,
                0,
                std::string(bearer->find("realm")),
                std::string(bearer->find("service")),
                std::string(bearer->find("scope"))};
    if (token.granted.empty()) token.granted = scope;
    const auto known = tokens_.find(scope);
    const bool fresh = known != tokens_.end() && known->second.fetched + kFresh_ms > monotonic_ms();
    if (fresh && is_same_scope(known->second.granted, token.granted) &&
        bearer->find("error") != "invalid_token")
      return denied(scope, response);
    TRY(fetch(token));
    tokens_[scope] = std::move(token);
    return {};
  }
  if (find_scheme(challenges, "basic") == nullptr) {
    return Error(Code::kUnsupported,
                 text::cat(base_.authority(), ": asks for a kind of login that is not known here: ",
                           text::quote(response.find("www-authenticate"))));
  }
  if (!credential_) {
    return Error(Code::kInvalid, text::cat(base_.authority(), ": wants user name and password"))
        .hint(text::cat("cais login ", base_.authority()));
  }
  if (basic_) return denied(scope, response);
  if (credential_->is_token)
    return Error(Code::kInvalid,
                 text::cat(base_.authority(), ": wants a password, and the login has a token only"));
  basic_ = true;
  return {};
}

// Plain HTTP for a token service only behind a registry that is spoken to in plain HTTP, and where it is allowed.
static Result<Url> realm_url(const std::string& realm, const Url& base, const RegistryRules& rules) {
  Url url = TRY(
      Url::parse(realm).context([&] { return text::cat(base.authority(), ": the realm of its challenge"); }));
  if (!url.https && (base.https || !rules.transport_of(url.authority()).plain_http)) {
    return Error(Code::kInvalid, text::cat(base.authority(), ": its token service ", url.authority(),
                                           " speaks plain HTTP, which is not configured"));
  }
  return url;
}

// With a password, or with nothing.
Result<Response> Auth::ask_token(const Token& token) {
  Ask ask;
  ask.url = TRY(realm_url(token.realm, base_, *manners_.rules));
  ask.body_limit = kMaxToken;
  if (!token.service.empty()) add_query(ask.url.target, "service", token.service);
  for (const std::string& scope : text::split(token.granted, ' '))
    if (!scope.empty()) add_query(ask.url.target, "scope", scope);
  if (credential_) add_query(ask.url.target, "account", credential_->user);
  Shown shown(credential_ ? basic_value(*credential_) : "");
  ask.authorizer = &shown;
  return converse(http_, Exchange(manners_, std::move(ask), true));
}

// With an identity token (RFC 6749, section 6).
Result<Response> Auth::exchange_token(const Token& token) {
  Ask ask;
  ask.url = TRY(realm_url(token.realm, base_, *manners_.rules));
  ask.body_limit = kMaxToken;
  ask.keep_origin = true;
  std::string form = "?";
  for (const auto& [name, value] :
       {std::pair<std::string_view, std::string_view>{"grant_type", "refresh_token"},
        {"service", token.service},
        {"client_id", kClientId},
        {"scope", token.granted},
        {"refresh_token", credential_->secret}})
    add_query(form, name, value);
  form.erase(0, form.find("grant_type"));
  const Upload upload{form.size(), [&form](uint64_t offset, char* buffer, size_t room) -> Result<size_t> {
                        return form.copy(buffer, room, std::min<size_t>(offset, form.size()));
                      }};
  ask.method = "POST";
  ask.headers.emplace_back("Content-Type: application/x-www-form-urlencoded");
  ask.upload = &upload;
  return converse(http_, Exchange(manners_, std::move(ask), true));
}

Result<void> Auth::fetch(Token& token) {
  const auto noun = [&] { return text::cat("token for ", base_.authority()); };
  const bool has_token = credential_ && credential_->is_token;
  const Response response = TRY((has_token ? exchange_token(token) : ask_token(token)).context(noun));
  if (response.status != 200) {
    const std::string told = told_errors(response);
    return Error(Code::kInvalid, text::cat("status ", response.status, told.empty() ? "" : ", ", told))
        .context(noun());
  }
  const json::Document document = TRY(json::Document::parse(response.body).context(noun));
  if (document.root().type != json::Type::kObject)
    return Error(Code::kInvalid, "is no JSON object").context(noun());
  token.value = text_member(document.root(), "token");
  if (token.value.empty()) token.value = text_member(document.root(), "access_token");
  if (!is_token(token.value)) return Error(Code::kInvalid, "is missing, or not valid").context(noun());
  const json::Node* life = document.root().find("expires_in");
  const int64_t seconds = life == nullptr ? 0 : text::number<int32_t>(life->text).value_or(0);
  token.fetched = monotonic_ms();
  token.expires = token.fetched + std::max(seconds, kLeastLife_s) * 1000;
  return {};
}

}  // namespace estiva::image
