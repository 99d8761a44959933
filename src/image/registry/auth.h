// SPDX-License-Identifier: Apache-2.0
// What one registry wants to see before it answers: nothing, a password, or a token that another host gives
// (distribution-spec's token authentication). One object for each endpoint; what it holds goes to that origin, and
// credentials besides to the token service that the registry itself names.
#pragma once

#include <map>
#include <optional>
#include <string>

#include "image/registry/credentials.h"
#include "image/registry/exchange.h"

namespace estiva::image {

class Auth : public Authorizer {
 public:
  // `credential`: for this endpoint, found by the caller.
  Auth(Http& http, const Manners& manners, Url base, std::optional<Credential> credential)
      : http_(http), manners_(manners), base_(std::move(base)), credential_(std::move(credential)) {}

  Result<std::string> authorization(const std::string& scope) override;
  Result<void> challenged(const Response& response, const std::string& scope) override;

  bool anonymous() const { return !credential_; }

 private:
  struct Token {
    std::string value;
    int64_t fetched = 0, expires = 0;     // monotonic, ms
    std::string realm, service, granted;  // what to ask for again
  };

  // Fills in the value and the times.
  Result<void> fetch(Token& token);
  Result<Response> ask_token(const Token& token);
  Result<Response> exchange_token(const Token& token);
  Error denied(const std::string& scope, const Response& response) const;

  Http& http_;
  const Manners& manners_;
  Url base_;
  std::optional<Credential> credential_;
  bool basic_ = false;
  std::map<std::string, Token> tokens_;  // by the scope that was wanted
};

// Runs an exchange to its end; others go on meanwhile.
Result<Response> converse(Http& http, Exchange exchange);

}  // namespace estiva::image
