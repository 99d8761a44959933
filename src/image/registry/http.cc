// SPDX-License-Identifier: Apache-2.0
// HTTP on libcurl's multi interface: the only file that knows curl. Limits are set here, so that no answer of a server
// can hold us for ever or fill the memory.
#include "image/registry/http.h"

#include <curl/curl.h>
#include <dlfcn.h>
#include <stdlib.h>
#include <string.h>

#include <algorithm>
#include <deque>
#include <map>

#include "estiva/base/text.h"
#include "estiva/base/time.h"
#include "image/registry/proxy.h"

namespace estiva::image {

namespace {

constexpr size_t kMaxHeaders = 64 * 1024;
constexpr long kBuffer = 256 * 1024;
constexpr long kTcpIdle = 30;
constexpr uint64_t kSmallUpload = 1 << 20;

// libcurl, loaded at the first request: it comes with thirty libraries, which would cost each command that asks no
// registry 20 ms (docs/adr/0051).
struct Curl {
  decltype(&curl_easy_cleanup) easy_cleanup = nullptr;
  decltype(&curl_easy_getinfo) easy_getinfo = nullptr;
  decltype(&curl_easy_init) easy_init = nullptr;
  decltype(&curl_easy_setopt) easy_setopt = nullptr;
  decltype(&curl_easy_strerror) easy_strerror = nullptr;
  decltype(&curl_global_init) global_init = nullptr;
  decltype(&curl_multi_add_handle) multi_add_handle = nullptr;
  decltype(&curl_multi_cleanup) multi_cleanup = nullptr;
  decltype(&curl_multi_info_read) multi_info_read = nullptr;
  decltype(&curl_multi_init) multi_init = nullptr;
  decltype(&curl_multi_perform) multi_perform = nullptr;
  decltype(&curl_multi_poll) multi_poll = nullptr;
  decltype(&curl_multi_remove_handle) multi_remove_handle = nullptr;
  decltype(&curl_multi_strerror) multi_strerror = nullptr;
  decltype(&curl_slist_append) slist_append = nullptr;
  decltype(&curl_slist_free_all) slist_free_all = nullptr;
};

Curl& api() {
  static Curl curl;
  return curl;
}

Result<void> load_library() {
  Curl& curl = api();
  if (curl.global_init != nullptr) return {};
  void* library = ::dlopen("libcurl.so.4", RTLD_NOW);
  if (library == nullptr) {
    return Error(Code::kUnsupported, text::cat("libcurl: ", text::printable(::dlerror())))
        .hint("Debian's package libcurl4 has it");
  }
  const struct {
    const char* name;
    void* pointer;  // to one of the pointers
  } symbols[] = {
      {"curl_easy_cleanup", &curl.easy_cleanup},
      {"curl_easy_getinfo", &curl.easy_getinfo},
      {"curl_easy_init", &curl.easy_init},
      {"curl_easy_setopt", &curl.easy_setopt},
      {"curl_easy_strerror", &curl.easy_strerror},
      {"curl_global_init", &curl.global_init},
      {"curl_multi_add_handle", &curl.multi_add_handle},
      {"curl_multi_cleanup", &curl.multi_cleanup},
      {"curl_multi_info_read", &curl.multi_info_read},
      {"curl_multi_init", &curl.multi_init},
      {"curl_multi_perform", &curl.multi_perform},
      {"curl_multi_poll", &curl.multi_poll},
      {"curl_multi_remove_handle", &curl.multi_remove_handle},
      {"curl_multi_strerror", &curl.multi_strerror},
      {"curl_slist_append", &curl.slist_append},
      {"curl_slist_free_all", &curl.slist_free_all},
  };
  for (const auto& symbol : symbols) {
    void* address = ::dlsym(library, symbol.name);
    if (address == nullptr)
      return Error(Code::kUnsupported, text::cat("libcurl: ", symbol.name, " is missing"));
    memcpy(symbol.pointer, &address, sizeof address);
  }
  return {};
}

// NOLINTBEGIN(clang-analyzer-core.CallAndMessage): the analyzer does not see that load_library() sets the pointers.
struct Transfer {
  explicit Transfer(const Request& asked) : request(asked) {}
  Transfer(const Transfer&) = delete;
  Transfer& operator=(const Transfer&) = delete;
  ~Transfer() {
    api().easy_cleanup(easy);
    api().slist_free_all(headers);
  }

  Request request;
  std::optional<Proxy> proxy;
  CURL* easy = nullptr;
  curl_slist* headers = nullptr;
  Response response;
  std::optional<Error> error;  // of a receiver, an upload or a limit
  uint64_t sent = 0;
  size_t header_bytes = 0;
  bool body_begun = false;
  bool cut = false;         // the body of a refusal was longer than we keep
  bool waited_for = false;  // by perform()
  char text[CURL_ERROR_SIZE] = {};
};

bool is_success(int status) { return status >= 200 && status < 300; }

// A status line begins an answer anew: 100 (Continue) and the like come before the one that counts.
size_t on_header(char* data, size_t, size_t size, void* target) {
  Transfer& transfer = *static_cast<Transfer*>(target);
  const std::string_view line = text::trim({data, size});
  transfer.header_bytes += size;
  if (transfer.header_bytes > kMaxHeaders) {
    transfer.error = Error(Code::kInvalid, text::cat("the headers are larger than ", kMaxHeaders, " bytes"));
    return 0;
  }
  if (line.starts_with("HTTP/")) {
    transfer.response = {};
    const size_t blank = line.find(' ');
    if (blank != std::string_view::npos)
      transfer.response.status = text::number<int>(line.substr(blank + 1, 3)).value_or(0);
    return size;
  }
  const size_t colon = line.find(':');
  if (colon != std::string_view::npos) {
    transfer.response.headers.emplace_back(text::lower(line.substr(0, colon)),
                                           text::trim(line.substr(colon + 1)));
  }
  return size;
}

Result<void> take_body(Transfer& transfer, std::string_view bytes) {
  Response& response = transfer.response;
  if (transfer.request.receiver != nullptr && is_success(response.status)) {
    if (!transfer.body_begun) TRY(transfer.request.receiver->begin(response));
    transfer.body_begun = true;
    return transfer.request.receiver->body(bytes);
  }
  const size_t room = transfer.request.body_limit - response.body.size();
  if (bytes.size() > room) {
    transfer.cut = !is_success(response.status);
    response.body += bytes.substr(0, room);
    return Error(Code::kInvalid,
                 text::cat("the answer is larger than ", transfer.request.body_limit, " bytes"));
  }
  response.body += bytes;
  return {};
}

size_t on_body(char* data, size_t, size_t size, void* target) {
  Transfer& transfer = *static_cast<Transfer*>(target);
  Result<void> taken = take_body(transfer, {data, size});
  if (taken.ok()) return size;
  transfer.error = std::move(taken).error();
  return CURL_WRITEFUNC_ERROR;
}

size_t on_upload(char* buffer, size_t, size_t room, void* target) {
  Transfer& transfer = *static_cast<Transfer*>(target);
  Result<size_t> got = transfer.request.upload->read(transfer.sent, buffer, room);
  if (!got.ok()) {
    transfer.error = std::move(got).error();
    return CURL_READFUNC_ABORT;
  }
  transfer.sent += got.value();
  return got.value();
}

// curl sends a body again when a kept connection turns out to be closed. Not a PATCH's: what arrived of it counts.
int on_seek(void* target, curl_off_t offset, int origin) {
  if (origin != SEEK_SET || offset < 0) return CURL_SEEKFUNC_CANTSEEK;
  if (static_cast<Transfer*>(target)->request.method == "PATCH") return CURL_SEEKFUNC_FAIL;
  static_cast<Transfer*>(target)->sent = static_cast<uint64_t>(offset);
  return CURL_SEEKFUNC_OK;
}

void set_destination(CURL* easy, const Url& url) {
  api().easy_setopt(easy, CURLOPT_URL, url.to_string().c_str());
  api().easy_setopt(easy, CURLOPT_PROTOCOLS_STR, url.https ? "https" : "http");
  api().easy_setopt(easy, CURLOPT_PATH_AS_IS, 1L);
  api().easy_setopt(easy, CURLOPT_SUPPRESS_CONNECT_HEADERS, 1L);
  api().easy_setopt(easy, CURLOPT_HTTP_VERSION, static_cast<long>(CURL_HTTP_VERSION_2TLS));
}

// curl is not to look at the environment again: "" is no proxy, and none that is to be passed by.
void set_proxy(Transfer& transfer) {
  transfer.proxy = find_proxy(transfer.request.url, [](const char* name) { return ::getenv(name); });
  api().easy_setopt(transfer.easy, CURLOPT_PROXY, transfer.proxy ? transfer.proxy->url.c_str() : "");
  api().easy_setopt(transfer.easy, CURLOPT_NOPROXY, "");
}

// SSL_CERT_FILE and SSL_CERT_DIR as OpenSSL and Go have them: in place of the system's store. curl keeps what it read
// from a file for further connections, which saves 20 ms for each, but not if it has a directory to look into as well.
void set_authorities(CURL* easy, const Trust& trust) {
  const char* file = ::getenv("SSL_CERT_FILE");
  const char* directory = ::getenv("SSL_CERT_DIR");
  if (file != nullptr) api().easy_setopt(easy, CURLOPT_CAINFO, file);
  api().easy_getinfo(easy, CURLINFO_CAINFO, &file);
  if (directory != nullptr || (file != nullptr && trust.ca_pem.empty()))
    api().easy_setopt(easy, CURLOPT_CAPATH, directory);
  if (trust.ca_pem.empty()) return;
  curl_blob blob{const_cast<char*>(trust.ca_pem.data()), trust.ca_pem.size(), CURL_BLOB_COPY};
  api().easy_setopt(easy, CURLOPT_CAINFO_BLOB, &blob);
}

void set_trust(CURL* easy, const Trust& trust) {
  api().easy_setopt(easy, CURLOPT_SSLVERSION, static_cast<long>(CURL_SSLVERSION_TLSv1_2));
  api().easy_setopt(easy, CURLOPT_SSL_VERIFYPEER, trust.verify ? 1L : 0L);
  api().easy_setopt(easy, CURLOPT_SSL_VERIFYHOST, trust.verify ? 2L : 0L);
  set_authorities(easy, trust);
  if (!trust.client_certificate.empty()) {
    api().easy_setopt(easy, CURLOPT_SSLCERT, trust.client_certificate.c_str());
    api().easy_setopt(easy, CURLOPT_SSLKEY, trust.client_key.c_str());
  }
}

void set_limits(CURL* easy, const HttpSettings& settings, const Request& request) {
  api().easy_setopt(easy, CURLOPT_CONNECTTIMEOUT, settings.connect_s);
  api().easy_setopt(easy, CURLOPT_LOW_SPEED_LIMIT, kStallBytes);
  api().easy_setopt(easy, CURLOPT_LOW_SPEED_TIME, settings.stall_s);
  if (request.receiver == nullptr && (request.upload == nullptr || request.upload->size < kSmallUpload))
    api().easy_setopt(easy, CURLOPT_TIMEOUT, settings.answer_s);
  api().easy_setopt(easy, CURLOPT_BUFFERSIZE, kBuffer);
  api().easy_setopt(easy, CURLOPT_UPLOAD_BUFFERSIZE, kBuffer);
  api().easy_setopt(easy, CURLOPT_TCP_KEEPALIVE, 1L);
  api().easy_setopt(easy, CURLOPT_TCP_KEEPIDLE, kTcpIdle);
}

void set_callbacks(Transfer& transfer) {
  CURL* easy = transfer.easy;
  api().easy_setopt(easy, CURLOPT_PRIVATE, &transfer);
  api().easy_setopt(easy, CURLOPT_ERRORBUFFER, transfer.text);
  api().easy_setopt(easy, CURLOPT_HEADERFUNCTION, on_header);
  api().easy_setopt(easy, CURLOPT_HEADERDATA, &transfer);
  api().easy_setopt(easy, CURLOPT_WRITEFUNCTION, on_body);
  api().easy_setopt(easy, CURLOPT_WRITEDATA, &transfer);
}

void set_method(Transfer& transfer) {
  CURL* easy = transfer.easy;
  const Request& request = transfer.request;
  if (request.method == "HEAD") {
    api().easy_setopt(easy, CURLOPT_NOBODY, 1L);
  } else if (request.upload != nullptr) {
    api().easy_setopt(easy, CURLOPT_UPLOAD, 1L);
    api().easy_setopt(easy, CURLOPT_INFILESIZE_LARGE, static_cast<curl_off_t>(request.upload->size));
    api().easy_setopt(easy, CURLOPT_READFUNCTION, on_upload);
    api().easy_setopt(easy, CURLOPT_READDATA, &transfer);
    api().easy_setopt(easy, CURLOPT_SEEKFUNCTION, on_seek);
    api().easy_setopt(easy, CURLOPT_SEEKDATA, &transfer);
  } else if (request.method != "GET") {
    // "Content-Length: 0" must be said (nginx answers 411), and no type.
    api().easy_setopt(easy, CURLOPT_POSTFIELDS, "");
    api().easy_setopt(easy, CURLOPT_POSTFIELDSIZE, 0L);
    transfer.headers = api().slist_append(transfer.headers, "Content-Type:");
  }
  if (request.method != "HEAD" && request.method != "GET")
    api().easy_setopt(easy, CURLOPT_CUSTOMREQUEST, request.method.c_str());
}

// What curl says, in words that name no more than the host.
struct Failure {
  CURLcode code;
  bool transient;
  std::string_view hint;
};
constexpr std::string_view kCaHint =
    "if its certificate is signed by a private authority, put that one's certificate into "
    "certs.d/HOST/ca.crt";
constexpr Failure kFailures[] = {
    {CURLE_COULDNT_RESOLVE_PROXY, true, ""},
    {CURLE_COULDNT_RESOLVE_HOST, true, "is the name right, and is there a network?"},
    {CURLE_COULDNT_CONNECT, true, ""},
    {CURLE_PARTIAL_FILE, true, ""},
    {CURLE_OPERATION_TIMEDOUT, true, ""},
    {CURLE_SSL_CONNECT_ERROR, true,
     "does it speak plain HTTP? Then it must be configured so, see cais-registries(5)"},
    {CURLE_GOT_NOTHING, true, ""},
    {CURLE_SEND_ERROR, true, ""},
    {CURLE_SEND_FAIL_REWIND, true, ""},
    {CURLE_RECV_ERROR, true, ""},
    {CURLE_HTTP2, true, ""},
    {CURLE_HTTP2_STREAM, true, ""},
    {CURLE_AGAIN, true, ""},
    {CURLE_PEER_FAILED_VERIFICATION, false, kCaHint},
    {CURLE_SSL_CERTPROBLEM, false, "the client certificate and its key are in certs.d"},
    {CURLE_UNSUPPORTED_PROTOCOL, false, "it may speak an old HTTP, or none"},
};

// Plain HTTP may be answered by the proxy itself; TLS goes through it unseen.
Response answer_of(Transfer& transfer) {
  if (transfer.proxy && !transfer.request.url.https) transfer.response.proxy = transfer.proxy->shown;
  return std::move(transfer.response);
}

Error error_of(const Transfer& transfer, CURLcode code) {
  const char* said = transfer.text[0] != 0 ? transfer.text : api().easy_strerror(code);
  long system = 0;
  api().easy_getinfo(transfer.easy, CURLINFO_OS_ERRNO, &system);
  std::string words = text::printable(said);
  if (code == CURLE_COULDNT_CONNECT && system != 0)
    words = text::cat(words, ": ", strerror(static_cast<int>(system)));
  if (transfer.proxy) words = text::cat("through the proxy ", transfer.proxy->shown, ": ", words);
  Error error(Code::kSystem, text::cat(transfer.request.url.authority(), ": ", words));
  const auto* known = std::ranges::find(kFailures, code, &Failure::code);
  if (known != std::end(kFailures) && !known->hint.empty())
    return std::move(error).hint(std::string(known->hint));
  if (transfer.proxy) return std::move(error).hint(text::cat(transfer.proxy->variable, " names the proxy"));
  return error;
}

Outcome outcome_of(Transfer& transfer, CURLcode code) {
  if (transfer.cut) return {answer_of(transfer), false, true};
  if (transfer.error) return {std::move(*transfer.error), false, true};
  if (code == CURLE_OK && transfer.request.receiver != nullptr && !transfer.body_begun &&
      is_success(transfer.response.status)) {
    Result<void> begun = transfer.request.receiver->begin(transfer.response);  // an empty body
    if (!begun.ok()) return {std::move(begun).error(), false, true};
  }
  if (code == CURLE_OK) return {answer_of(transfer), false, true};
  const auto* known = std::ranges::find(kFailures, code, &Failure::code);
  const bool transient = known != std::end(kFailures) && known->transient;
  return {error_of(transfer, code), transient, known != std::end(kFailures) && transfer.response.status != 0};
}

}  // namespace

std::string_view Response::find(std::string_view name) const {
  for (const auto& [known, value] : headers)
    if (known == name) return value;
  return {};
}

struct Http::Engine {
  ~Engine() {
    for (auto& [number, transfer] : under_way) api().multi_remove_handle(multi, transfer->easy);
    under_way.clear();
    api().multi_cleanup(multi);
  }

  Result<int> start(const Request& request, bool waited_for);
  // Whatever can be done now, then waiting for `timeout_ms` for more; what finished goes into `finished`.
  void turn(int timeout_ms);
  std::optional<Finished> take(int number);

  CURLM* multi = nullptr;
  HttpSettings settings;
  std::map<int, std::unique_ptr<Transfer>> under_way;
  std::deque<std::pair<Finished, bool>> finished;  // with whether perform() waits for it
  int next_number = 0;
};

Result<int> Http::Engine::start(const Request& request, bool waited_for) {
  static const Trust system_trust;
  auto transfer = std::make_unique<Transfer>(request);
  transfer->waited_for = waited_for;
  transfer->easy = api().easy_init();
  if (transfer->easy == nullptr) return Error(Code::kSystem, "curl_easy_init: no memory");
  for (const std::string& header : request.headers)
    transfer->headers = api().slist_append(transfer->headers, header.c_str());
  set_destination(transfer->easy, request.url);
  set_proxy(*transfer);
  set_trust(transfer->easy, request.trust != nullptr ? *request.trust : system_trust);
  set_limits(transfer->easy, settings, request);
  set_callbacks(*transfer);
  set_method(*transfer);
  api().easy_setopt(transfer->easy, CURLOPT_USERAGENT, settings.user_agent.c_str());
  api().easy_setopt(transfer->easy, CURLOPT_HTTPHEADER, transfer->headers);
  if (const CURLMcode code = api().multi_add_handle(multi, transfer->easy); code != CURLM_OK)
    return Error(Code::kInternal, text::cat("curl_multi_add_handle: ", api().multi_strerror(code)));
  const int number = next_number++;
  under_way.emplace(number, std::move(transfer));
  return number;
}

void Http::Engine::turn(int timeout_ms) {
  int running = 0, left = 0;
  const size_t before = finished.size();
  api().multi_perform(multi, &running);
  while (CURLMsg* message = api().multi_info_read(multi, &left)) {
    if (message->msg != CURLMSG_DONE) continue;
    const CURLcode code = message->data.result;
    CURL* easy = message->easy_handle;
    const auto found =
        std::ranges::find_if(under_way, [&](const auto& one) { return one.second->easy == easy; });
    if (found == under_way.end()) continue;
    api().multi_remove_handle(multi, easy);
    Transfer& transfer = *found->second;
    finished.emplace_back(Finished{found->first, outcome_of(transfer, code)}, transfer.waited_for);
    under_way.erase(found);
  }
  if (finished.size() == before && timeout_ms > 0) api().multi_poll(multi, nullptr, 0, timeout_ms, nullptr);
}

// `number` -1: any that perform() does not wait for.
std::optional<Http::Finished> Http::Engine::take(int number) {
  const auto wanted = [&](const std::pair<Finished, bool>& one) {
    return number < 0 ? !one.second : one.first.number == number;
  };
  const auto found = std::ranges::find_if(finished, wanted);
  if (found == finished.end()) return std::nullopt;
  Finished taken = std::move(found->first);
  finished.erase(found);
  return taken;
}

Http::Http(std::unique_ptr<Engine> engine) : engine_(std::move(engine)) {}
Http::Http(Http&&) noexcept = default;
Http& Http::operator=(Http&&) noexcept = default;
Http::~Http() = default;

Result<Http> Http::create(HttpSettings settings) {
  TRY(load_library());
  if (const CURLcode code = api().global_init(CURL_GLOBAL_DEFAULT); code != CURLE_OK)
    return Error(Code::kSystem, text::cat("curl_global_init: ", api().easy_strerror(code)));
  auto engine = std::make_unique<Engine>();
  engine->multi = api().multi_init();
  if (engine->multi == nullptr) return Error(Code::kSystem, "curl_multi_init: no memory");
  engine->settings = std::move(settings);
  return Http(std::move(engine));
}

Outcome Http::perform(const Request& request) {
  Result<int> started = engine_->start(request, true);
  if (!started.ok()) return {std::move(started).error(), false, false};
  constexpr int kTurn = 1000;  // curl wakes earlier when anything happens
  for (;;) {
    if (std::optional<Finished> done = engine_->take(started.value())) return std::move(done->outcome);
    engine_->turn(kTurn);
  }
}

Result<int> Http::start(const Request& request) { return engine_->start(request, false); }

std::optional<Http::Finished> Http::wait(int timeout_ms) {
  const int64_t deadline = monotonic_ms() + timeout_ms;
  for (;;) {
    if (std::optional<Finished> done = engine_->take(-1)) return done;
    const int64_t left = deadline - monotonic_ms();
    engine_->turn(static_cast<int>(std::max<int64_t>(left, 0)));
    if (left <= 0) return engine_->take(-1);
  }
}

void Http::pass(int64_t time_ms) {
  const int64_t deadline = monotonic_ms() + time_ms;
  for (int64_t left = time_ms; left > 0; left = deadline - monotonic_ms())
    engine_->turn(static_cast<int>(std::min<int64_t>(left, 1 << 30)));
}

void Http::cancel(int number) {
  const auto found = engine_->under_way.find(number);
  if (found != engine_->under_way.end()) {
    api().multi_remove_handle(engine_->multi, found->second->easy);
    engine_->under_way.erase(found);
  }
  (void)engine_->take(number);
}

// NOLINTEND(clang-analyzer-core.CallAndMessage)

}  // namespace estiva::image
