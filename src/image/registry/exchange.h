// SPDX-License-Identifier: Apache-2.0
// One question to a registry until there is an answer that counts: redirects, authorisation and repetition, as steps
// between single HTTP exchanges, so that one can wait for its turn while others run. Decides where credentials go.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "image/registry/backoff.h"
#include "image/registry/endpoint.h"
#include "image/registry/http.h"

namespace estiva::image {

// What knows the credentials for one origin. Never asked for another.
class Authorizer {
 public:
  virtual ~Authorizer() = default;
  // The value of the Authorization header for this scope; empty: none, or none yet.
  virtual Result<std::string> authorization(const std::string& scope) = 0;
  // Takes up an answer 401; an error when there is nothing (more) to show.
  virtual Result<void> challenged(const Response& response, const std::string& scope) = 0;
};

struct Ask {
  std::string method = "GET";
  Url url;
  std::vector<std::string> headers;
  std::string scope;  // "repository:library/ubuntu:pull"
  const Upload* upload = nullptr;
  Receiver* receiver = nullptr;
  size_t body_limit = 64 * 1024;
  // The last word on each request, for what depends on what came so far (Range).
  std::function<void(Request&)> prepare;
  // Bytes of the body that have come to stay; their growth tells whether a failed attempt was worth it.
  std::function<uint64_t()> received;
  Authorizer* authorizer = nullptr;
  bool keep_origin = false;  // the body is a secret: no redirect to another host
};

// What holds for a whole conversation.
struct Manners {
  const RegistryRules* rules = nullptr;
  RetryPolicy retry;
  // Certificates for a host ("host" or "host:port").
  std::function<Result<const Trust*>(const std::string& authority)> trust;
};

class Exchange {
 public:
  // `reached`: the host has answered before, so that a connection that does not come about is worth repeating.
  Exchange(const Manners& manners, Ask ask, bool reached);

  // What to send now. May itself ask for a token.
  Result<Request> next();

  enum class Step {
    kDone,   // see answer()
    kAgain,  // next(), at once
    kWait,   // next(), in wait_ms()
  };
  Step took(Outcome outcome);
  int64_t wait_ms() const { return wait_ms_; }
  // Why it waits, without the host.
  const std::string& trouble() const { return trouble_; }
  bool reached() const { return reached_; }
  const Url& at() const { return at_; }

  Result<Response> answer() && { return std::move(answer_); }

 private:
  Step done(Result<Response> answer);
  Step failed(Error error, std::optional<int64_t> asked_s);
  Step redirected(const Response& response);
  Step unauthorized(const Response& response);
  Step answered(Response response);
  Result<void> allow(const Url& target) const;

  const Manners& manners_;
  Ask ask_;
  Url at_;
  Backoff backoff_;
  bool reached_;
  unsigned redirects_ = 0;
  unsigned challenges_ = 0;
  uint64_t received_ = 0;  // before this attempt
  int64_t wait_ms_ = 0;
  std::string trouble_;
  Result<Response> answer_;
};

// What a registry says of itself in the body of a refusal ({"errors":[{"code":...,"message":...}]}), fit for a
// terminal; empty if it says nothing.
std::string told_errors(const Response& response);
// The first code of it: "MANIFEST_UNKNOWN".
std::string told_code(const Response& response);
// "through the proxy P: " in front of what may be the proxy's own words, else empty.
std::string through(const Response& response);

}  // namespace estiva::image
