// SPDX-License-Identifier: Apache-2.0
// One question to a registry until there is an answer that counts.
#include "image/registry/exchange.h"

#include <stdlib.h>
#include <sys/random.h>

#include <algorithm>

#include "estiva/base/json.h"
#include "estiva/base/text.h"
#include "estiva/base/time.h"
#include "image/registry/challenge.h"

namespace estiva::image {

namespace {

constexpr unsigned kMaxRedirects = 10;
constexpr unsigned kMaxChallenges = 3;  // first, wider scope, expired
constexpr size_t kMaxTold = 512;        // bytes of a registry's own words

bool is_redirect(int status) {
  return status == 301 || status == 302 || status == 303 || status == 307 || status == 308;
}

bool is_transient(int status) {
  return status == 408 || status == 429 || status == 500 || status == 502 || status == 503 || status == 504;
}

uint32_t dice() {
  uint32_t value = 0;
  (void)!getrandom(&value, sizeof value, GRND_NONBLOCK);
  return value;
}

const json::Node* first_error(const json::Document& document) {
  if (document.root().type != json::Type::kObject) return nullptr;
  const json::Node* errors = document.root().find("errors");
  if (errors == nullptr || errors->type != json::Type::kArray || errors->count() == 0) return nullptr;
  const json::Node& first = *errors->children().begin();
  return first.type == json::Type::kObject ? &first : nullptr;
}

std::string member(const Response& response, std::string_view name) {
  const Result<json::Document> document = json::Document::parse(response.body);
  if (!document.ok()) return "";
  const json::Node* error = first_error(document.value());
  const json::Node* node = error == nullptr ? nullptr : error->find(name);
  return node == nullptr || node->type != json::Type::kString
             ? ""
             : text::printable(node->text.substr(0, kMaxTold));
}

}  // namespace

std::string told_errors(const Response& response) { return member(response, "message"); }
std::string told_code(const Response& response) { return member(response, "code"); }

std::string through(const Response& response) {
  return response.proxy.empty() ? "" : text::cat("through the proxy ", response.proxy, ": ");
}

Exchange::Exchange(const Manners& manners, Ask ask, bool reached)
    : manners_(manners),
      ask_(std::move(ask)),
      at_(ask_.url),
      backoff_(manners.retry),
      reached_(reached),
      answer_(Error(Code::kInternal, "the exchange is not over")) {}

Result<Request> Exchange::next() {
  Request request;
  request.method = ask_.method;
  request.url = at_;
  request.headers = ask_.headers;
  request.upload = ask_.upload;
  request.receiver = ask_.receiver;
  request.body_limit = ask_.body_limit;
  request.trust = TRY(manners_.trust(at_.authority()));
  // What was meant for the one host is not for the one that it sends us to (object stores refuse it besides).
  if (ask_.authorizer != nullptr && at_.same_origin(ask_.url)) {
    const std::string value = TRY(ask_.authorizer->authorization(ask_.scope));
    if (!value.empty()) request.headers.push_back(text::cat("Authorization: ", value));
  }
  if (ask_.prepare) ask_.prepare(request);
  received_ = ask_.received ? ask_.received() : 0;
  return request;
}

Exchange::Step Exchange::done(Result<Response> answer) {
  answer_ = std::move(answer);
  return Step::kDone;
}

// A failed attempt begins at the registry again: the address that it redirects to is good for minutes only.
Exchange::Step Exchange::failed(Error error, std::optional<int64_t> asked_s) {
  const uint64_t now = ask_.received ? ask_.received() : 0;
  const Backoff::Next next = backoff_.after(now > received_ ? now - received_ : 0, asked_s, dice());
  if (!next.again) {
    if (asked_s && *asked_s > manners_.retry.patience_ms / 1000)
      error = std::move(error).hint(text::cat("it asks to wait for ", *asked_s, " seconds"));
    return done(std::move(error));
  }
  trouble_ = error.parts().message;
  at_ = ask_.url;
  redirects_ = 0;
  challenges_ = 0;
  wait_ms_ = next.wait_ms;
  return wait_ms_ == 0 ? Step::kAgain : Step::kWait;
}

Result<void> Exchange::allow(const Url& target) const {
  if (target.https) return {};
  if (at_.https)
    return Error(Code::kInvalid,
                 text::cat(at_.authority(), " redirects from https to http, which is not followed"));
  if (manners_.rules->transport_of(target.authority()).plain_http) return {};
  return Error(Code::kInvalid, text::cat(at_.authority(), " redirects to plain HTTP at ", target.authority(),
                                         ", which is not configured"));
}

Exchange::Step Exchange::redirected(const Response& response) {
  if (++redirects_ > kMaxRedirects)
    return done(
        Error(Code::kInvalid, text::cat(ask_.url.authority(), ": more than ", kMaxRedirects, " redirects")));
  const bool repeats_method = response.status == 307 || response.status == 308;
  if (ask_.method != "GET" && ask_.method != "HEAD" && !repeats_method) {
    return done(Error(Code::kInvalid, text::cat(at_.authority(), " redirects ", ask_.method, " by status ",
                                                response.status, ", which does not repeat it")));
  }
  Result<Url> target = at_.resolve(response.find("location"));
  if (!target.ok())
    return done(std::move(target).error().context(text::cat("redirect of ", at_.authority())));
  if (ask_.keep_origin && !target.value().same_origin(ask_.url)) {
    return done(Error(Code::kInvalid, text::cat(at_.authority(), " redirects a request with a secret to ",
                                                target.value().authority(), ", which is not followed")));
  }
  if (Result<void> allowed = allow(target.value()); !allowed.ok()) return done(std::move(allowed).error());
  at_ = std::move(target).value();
  return Step::kAgain;
}

Exchange::Step Exchange::unauthorized(const Response& response) {
  if (!at_.same_origin(ask_.url)) {
    return done(Error(Code::kInvalid, text::cat(at_.authority(), ", to which ", ask_.url.authority(),
                                                " redirects, asks for credentials; it is not given any")));
  }
  if (ask_.authorizer == nullptr || ++challenges_ > kMaxChallenges) return Step::kDone;
  Result<void> taken = ask_.authorizer->challenged(response, ask_.scope);
  if (!taken.ok()) return done(std::move(taken).error());
  return Step::kAgain;
}

Exchange::Step Exchange::answered(Response response) {
  reached_ = true;
  if (response.status == 407 && !response.proxy.empty()) {
    return done(Error(Code::kInvalid, text::cat(at_.authority(), ": the proxy ", response.proxy,
                                                " asks for a login, status 407"))
                    .hint("it stands in the proxy's address: http://NAME:PASSWORD@HOST:PORT"));
  }
  if (is_redirect(response.status) && !response.find("location").empty()) return redirected(response);
  if (is_transient(response.status)) {
    const std::string told = told_errors(response);
    Error error(Code::kSystem, text::cat(at_.authority(), ": ", through(response), "status ", response.status,
                                         told.empty() ? "" : ", ", told));
    return failed(std::move(error), parse_retry_after(response.find("retry-after"), epoch_seconds()));
  }
  const int status = response.status;
  answer_ = std::move(response);
  return status == 401 ? unauthorized(answer_.value()) : Step::kDone;
}

Exchange::Step Exchange::took(Outcome outcome) {
  if (outcome.response.ok()) return answered(std::move(outcome.response).value());
  if (!outcome.transient || !(outcome.reached || reached_)) return done(std::move(outcome.response).error());
  reached_ = true;
  return failed(std::move(outcome.response).error(), std::nullopt);
}

}  // namespace estiva::image
