// SPDX-License-Identifier: Apache-2.0
// One blob to a registry.
#include "image/registry/upload.h"

#include <sys/random.h>

#include "estiva/base/text.h"

namespace estiva::image {

namespace {

std::string name_of(const Digest& digest) { return text::cat("blob ", digest.short_hex()); }

bool is_accepted(int status) { return status == 202 || status == 201 || status == 204; }

// Where the session is; the address belongs to the registry's own host or gets no credentials.
Result<Ask> session_ask(Registry& registry, const Response& opened) {
  const std::string_view location = opened.find("location");
  if (location.empty()) return Error(Code::kInvalid, "opens an upload and does not say where");
  return registry.ask_at(location, Access::kPush);
}

// One attempt. A failure that another may mend is of kSystem.
Result<void> try_once(Registry& registry, const BlobUpload& blob) {
  Ask open = registry.ask("blobs/uploads/", Access::kPush);
  open.method = "POST";
  const Response opened = TRY(registry.run(std::move(open)));
  if (!is_accepted(opened.status)) return refusal(registry, opened, name_of(blob.digest));
  Ask send = TRY(session_ask(registry, opened));
  send.method = "PUT";
  add_query(send.url.target, "digest", blob.digest.to_string());
  // Who sent the POST has shown who he is: no "100 Continue" is waited for.
  send.headers = {"Content-Type: application/octet-stream", "Expect:"};
  send.upload = &blob.content;
  const Response sent = TRY(registry.run_once(std::move(send)));
  if (is_accepted(sent.status)) return {};
  // The session has ended, or is not where the registry thinks it is.
  if (sent.status == 404 || sent.status == 416)
    return Error(Code::kSystem, text::cat(registry.endpoint().host, ": the upload's session is gone"));
  return refusal(registry, sent, name_of(blob.digest));
}

uint32_t dice() {
  uint32_t value = 0;
  (void)!getrandom(&value, sizeof value, GRND_NONBLOCK);
  return value;
}

}  // namespace

Result<bool> has_blob(Registry& registry, const Digest& digest) {
  Ask ask = registry.ask(text::cat("blobs/", digest.to_string()), Access::kPush);
  ask.method = "HEAD";
  const Response response = TRY(registry.run(std::move(ask)));
  return response.status == 200;
}

Result<bool> mount_blob(Registry& registry, const Digest& digest, const std::string& from) {
  std::string what = "blobs/uploads/?";
  add_query(what, "mount", digest.to_string());
  add_query(what, "from", from);
  Ask ask = registry.ask(what, Access::kPush);
  ask.method = "POST";
  ask.scope += text::cat(" repository:", from, ":pull");
  Result<Response> response = registry.run(std::move(ask));
  // No access to the other one is no trouble: then it is sent.
  if (!response.ok() && response.error().code() == Code::kNotFound) return false;
  if (!response.ok()) return std::move(response).error();
  if (response.value().status == 201) return true;
  if (response.value().status != 202) return false;
  // It has opened a session instead, which is not needed.
  Result<Ask> cancel = session_ask(registry, response.value());
  if (!cancel.ok()) return false;
  cancel.value().method = "DELETE";
  (void)registry.run_once(std::move(cancel).value());
  return false;
}

Result<void> send_blob(Registry& registry, const BlobUpload& blob) {
  Client& client = registry.client();
  Backoff backoff(client.manners().retry);
  for (;;) {
    Result<void> sent = try_once(registry, blob);
    if (sent.ok() || sent.error().code() != Code::kSystem) return sent;
    const Backoff::Next next = backoff.after(0, std::nullopt, dice());
    if (!next.again) return sent;
    blob.wait(sent.error().parts().message, static_cast<uint64_t>((next.wait_ms + 999) / 1000));
    client.http().pass(next.wait_ms);
  }
}

}  // namespace estiva::image
