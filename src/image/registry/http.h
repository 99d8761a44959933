// SPDX-License-Identifier: Apache-2.0
// HTTP as the registry client needs it: single exchanges, many at once over shared connections, within limits of size
// and time. It follows no redirect, knows no credential and repeats nothing: policy is exchange.cc's. One thread.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "estiva/base/error.h"
#include "image/registry/url.h"

namespace estiva::image {

struct Response {
  int status = 0;
  std::vector<std::pair<std::string, std::string>> headers;  // names in lower case, values trimmed
  std::string body;                                          // what no receiver took
  std::string proxy;  // that the answer came through, and may be by; empty if it can't

  // The first of that name (in lower case); empty if there is none.
  std::string_view find(std::string_view name) const;
};

// Takes a body as it comes. An error of either call ends the exchange and is its outcome.
class Receiver {
 public:
  virtual ~Receiver() = default;
  // Status and headers of an answer with status 200 to 299; its body follows.
  virtual Result<void> begin(const Response& response) = 0;
  virtual Result<void> body(std::string_view bytes) = 0;
};

// What is sent; may be asked for again from the start when an exchange is repeated.
struct Upload {
  uint64_t size = 0;
  // Bytes from `offset` on into `buffer`; 0 only at the end.
  std::function<Result<size_t>(uint64_t offset, char* buffer, size_t room)> read;
};

struct Trust {
  std::string ca_pem;                          // besides the system's store
  std::string client_certificate, client_key;  // paths, or empty
  bool verify = true;
};

struct Request {
  std::string method = "GET";
  Url url;
  std::vector<std::string> headers;  // "Name: value"
  const Upload* upload = nullptr;
  Receiver* receiver = nullptr;
  const Trust* trust = nullptr;
  size_t body_limit = 64 * 1024;  // of an answer that no receiver takes
};

struct Outcome {
  Result<Response> response;
  // Of an error: the same request may well be answered the next time.
  bool transient = false;
  // Bytes were exchanged with the host, so it is there.
  bool reached = true;
};

struct HttpSettings {
  long connect_s = 30;
  // Nothing (less than kStallBytes a second) came for so long.
  long stall_s = 60;
  // For an answer that is kept in memory, which is small.
  long answer_s = 120;
  std::string user_agent;
};
inline constexpr long kStallBytes = 16;

class Http {
 public:
  static Result<Http> create(HttpSettings settings);
  Http(Http&&) noexcept;
  Http& operator=(Http&&) noexcept;
  ~Http();

  // One exchange; those that were started go on meanwhile.
  Outcome perform(const Request& request);

  // Starts an exchange; what `request` points to must live until it is finished. The number is its own.
  Result<int> start(const Request& request);
  struct Finished {
    int number;
    Outcome outcome;
  };
  // The next of the started ones to finish, or nothing within `timeout_ms`.
  std::optional<Finished> wait(int timeout_ms);
  // Lets the started ones go on for so long.
  void pass(int64_t time_ms);
  // Ends one that is under way; it will not be reported.
  void cancel(int number);

 private:
  struct Engine;
  explicit Http(std::unique_ptr<Engine> engine);
  std::unique_ptr<Engine> engine_;
};

}  // namespace estiva::image
